#!/usr/bin/env python3
"""Scenario 6: a meeting room booked twice. Cut off from each other, both datacenters say yes; once they meet, one open conflict says so
everywhere, both names are readable, and who resolves it at one datacenter closes it at all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario, versions
from lib.world import World

ROOM = "room:7:10h"


def double_booking(story, log):
    with World(("a", "b", "c"), log, rules=(("room:*", "record"), ("*", "lww"))).start() as world, \
            world["a"].client() as a, world["b"].client() as b:
        world.cut("b")
        story.equal([a("SET", ROOM, "alice", "NX"), b("SET", ROOM, "bob", "NX")], ["OK", "OK"], "cut off from each other, both bookings succeed")
        story.step("A booked the room for alice, B for bob; heal")
        world.heal("b")
        world.check_same_everywhere(story)
        conflict, = records.wait_same(world, 1, "STATUS", "open")
        story.check(True, "one conflict is open, with the same record everywhere")
        story.equal(records.open_metrics(world), {"a": 1, "b": 1, "c": 1}, "the gauge of open conflicts says 1 everywhere")
        for dc in world:
            with dc.client() as client:
                story.equal(versions.get(client, ROOM).values, [b"alice", b"bob"], f"both names are readable at {dc.name}")
        story.step(f"the record: {conflict['id']}, {conflict['kind']}, {', '.join(side['value'] + ' at ' + side['dc'] for side in conflict['sides'])}")

        alice = next(side for side in conflict["sides"] if side["value"] == "alice")
        a("HOMEPORT", "RESOLVE", conflict["id"], "SIDE", alice["dot"])
        story.step("at A somebody resolves it: alice has the room")
        found = world.check_same_everywhere(story)
        story.equal(found[0, ROOM.encode()][1], b"alice", "alice has the room everywhere")
        ended, = records.wait_same(world, 1, "STATUS", "resolved")
        story.equal(ended["id"], conflict["id"], "the conflict is resolved everywhere")
        story.equal(records.everywhere(world, "STATUS", "open"), {"a": [], "b": [], "c": []}, "none is open anywhere")
        story.equal(records.open_metrics(world), {"a": 0, "b": 0, "c": 0}, "the gauge is back to 0 everywhere")
        for dc in world:
            with dc.client() as client:
                story.equal(versions.get(client, ROOM).values, [b"alice"], f"one version is left at {dc.name}")
        story.equal(b("SET", ROOM, "carol", "NX"), None, "the room is taken for whoever comes later")


scenario.run(double_booking)
