#!/usr/bin/env python3
"""Scenario 6: a meeting room booked twice. Cut off from each other, both datacenters say yes; once they meet, one open conflict says so
everywhere, both names are readable, and who resolves it at one datacenter closes it at all. Halls have a home, so that they cannot be booked twice, cut off or not."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario, versions
from lib.resp import ReplyError
from lib.world import World

ROOM = "room:7:10h"
RULES = (("room:*", "record"), ("hall:*", "record"), ("desk:*", "record"), ("*", "lww"))
HOMES = """homes:
  - { match: "hall:{id}:*", default: { list: [{ match: "*", dc: a }] }, away: forward }
  - { match: "desk:{id}:*", default: { list: [{ match: "*", dc: a }] }, away: refuse }
"""


def rooms_without_a_home(story, world):
    with world["a"].client() as a, world["b"].client() as b:
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


def book(client, key, name):
    try:
        return client("SET", key, name, "NX")
    except ReplyError as error:
        return str(error)


def halls_with_a_home(story, world):
    conflicts, recorded = world.conflicts(), records.everywhere(world)
    with world["a"].client() as a, world["b"].client() as b:
        story.step("halls have their home at A, which books them for all")
        story.equal(book(a, "hall:1:10h", "alice"), "OK", "A books a hall for alice")
        story.equal(book(b, "hall:1:10h", "bob"), None, "B asks A, though it may not have heard of alice yet: the hall is taken")
        story.equal(book(b, "hall:2:10h", "bob"), "OK", "another one is booked from B, at A")
        story.equal(book(a, "hall:2:10h", "alice"), None, "and is taken at A from then on")
        refusal = book(b, "desk:1:10h", "bob")
        story.check(refusal.startswith("HOMEPORT AWAY "), "for desks the policy is to refuse: B says where they are booked", refusal)
        world.cut("b")
        story.step("B is cut off")
        story.equal(book(a, "hall:3:10h", "alice"), "OK", "A books as before")
        refusal = book(b, "hall:3:10h", "bob")
        story.check(refusal.startswith("HOMEPORT UNREACHABLE a ") and refusal.endswith("the command was not executed"), "B cannot ask, and says so, and does not say yes", refusal)
        refusal = book(b, "desk:1:10h", "bob")
        story.check(refusal.startswith("HOMEPORT AWAY "), "desks are refused as before", refusal)
        world.heal("b")
        story.step("B is back")
    found = world.check_same_everywhere(story)
    story.equal({key: value for (_, key), (_, value, *_) in found.items() if not key.startswith(b"room:")},
                {b"hall:1:10h": b"alice", b"hall:2:10h": b"bob", b"hall:3:10h": b"alice"}, "each hall is booked once")
    story.equal((world.conflicts(), records.everywhere(world)), (conflicts, recorded), "none of that is a conflict")


def double_booking(story, log):
    with World(("a", "b", "c"), log, RULES, settings=HOMES, with_peer_links=True).start() as world:
        rooms_without_a_home(story, world)
        halls_with_a_home(story, world)


scenario.run(double_booking)
