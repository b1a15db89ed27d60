#!/usr/bin/env python3
"""Scenario 10: a laptop is away for long, with a sidecar and a Redis of its own and little memory. It writes, and so do the others. Back again: the same everywhere,
and every overlap, and nothing else, is listed as a conflict. Past what it may hold, it says so, refuses writes, and loses nothing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

NOTES, OVERLAPS = 1000, 40
LAPTOP = "limits: { metadata: 4MiB, outbox: 2MiB, inbox: 1MiB }\n"


def write(dc, tasks):
    with dc.client(30) as client:
        replies = client.pipeline([("SET", f"note:{task}", f"by {dc.name}") for task in tasks] + [("SADD", "seen", dc.name), ("INCRBY", "written", len(tasks))])
    return [reply for reply in replies if isinstance(reply, ReplyError)]


def until_it_is_full(story, world, client):
    """What it has written is in its Redis and in memory until the others have it."""
    refusal, taken = None, 0
    for number in range(200):
        replies = client.pipeline([("SET", f"big:{number}:{i}", "x" * 1000) for i in range(100)])
        errors = [reply for reply in replies if isinstance(reply, ReplyError)]
        taken += len(replies) - len(errors)
        if errors:
            refusal = str(errors[0])
            break
    story.check(refusal is not None and "OOM" in refusal and "limits." in refusal, f"after {taken} more notes of 1 KB it has no room, and says so", refusal)
    metrics = world["laptop"].sidecar.metrics()
    story.check(metrics.one("homeport_metadata_bytes") < 5 << 20, f"its metadata stays below the limit ({metrics.one('homeport_metadata_bytes') / 1e6:.1f} MB)")
    story.equal(client("GET", "note:1"), b"by laptop", "it still reads")
    return taken


def offline_client(story, log):
    rules = [("note:*", "record"), ("*", "merge")]
    with World(("a", "b", "laptop"), log, rules=rules, settings=LAPTOP).start() as world:
        world.cut("laptop")
        story.step("the laptop is away")
        first = range(NOTES)
        second = range(NOTES - OVERLAPS, 2 * NOTES - OVERLAPS)
        story.equal((write(world["a"], first), write(world["laptop"], (*second, 1))), ([], []), f"A writes {NOTES} notes, the laptop {NOTES} and one, {OVERLAPS + 1} of them the same")
        with world["laptop"].client(30) as client:
            taken = until_it_is_full(story, world, client)
        story.step("it comes back")
        world.heal("laptop")
        world.check_same_everywhere(story)
        found = records.wait_same(world, OVERLAPS + 1, "STATUS", "open", seconds=60)
        listed = sorted(record["key"] for record in found)
        story.equal(listed, sorted(f"note:{task}" for task in (*second[:OVERLAPS], 1)), "every note that both wrote is listed, with both texts, and no other")
        data = world["a"].data()
        story.equal((int(data[0, b"written"][1]), sorted(data[0, b"seen"][1])), (2 * NOTES + 1, [b"a", b"laptop"]), "counters add up, sets are joined")
        story.equal(sum(key.startswith(b"big:") for _, key in data), taken, "and all that it was told is written is there")
        with world["laptop"].client(30) as client:
            story.equal(client("SET", "note:new", "again"), "OK", "it takes writes again")
        wait_until(lambda: all(dc.sidecar.metrics().one("homeport_owed_events", peer=peer) == 0 for dc in world for peer in world.dcs if peer != dc.name), 60, "all is there")


scenario.run(offline_client)
