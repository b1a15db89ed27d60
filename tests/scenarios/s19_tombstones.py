#!/usr/bin/env python3
"""Scenario 19: tombstones need no timer. What was removed while a datacenter was off, for however long, does not come back with it, and no memory of it
stays: a key, a field, a list's element, a whole database, and what expired, also where a clock is wrong."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.workspace import wait_until
from lib.world import World


def tombstones_are_gone(world):
    return all(dc.sidecar.metrics().one("homeport_unstable_elements") == 0 and dc.sidecar.metrics().one("homeport_metadata_bytes") < 100000 for dc in world)


def fill(client):
    client.pipeline([("SET", "k", "v"), ("HSET", "h", "f", 1, "g", 2), ("SADD", "s", "m", "n"), ("ZADD", "z", 1, "m", 2, "n"), ("RPUSH", "l", "one", "two"),
                     ("XADD", "x", "1-1", "f", "v"), ("SET", "short", "v"), ("HSET", "shorthash", "f", 1), ("SET", "moved", "v"),
                     *(("SET", f"many:{i}", "v") for i in range(500))])


def a_removal_outlives_any_absence(story, world, a):
    fill(a)
    world.wait_zero_lag()
    story.step("all three hold the same; now C is off")
    world["c"].sidecar.kill()
    a.pipeline([("DEL", "k", "moved"), ("HDEL", "h", "f"), ("SREM", "s", "m"), ("ZREM", "z", "m"), ("LPOP", "l"), ("XDEL", "x", "1-1"),
                ("PEXPIRE", "short", 300), ("PEXPIRE", "shorthash", 300), *(("DEL", f"many:{i}") for i in range(500))])
    wait_until(lambda: a("EXISTS", "short", "shorthash") == 0, 30, "what expires has expired")
    story.check(world["a"].sidecar.metrics().one("homeport_unstable_keys") >= 500,
                "A remembers what it removed, as long as C has not heard of it: that is no matter of time")
    story.step("A removed, popped and let expire; C comes back")
    world["c"].sidecar.start()
    world.check_same_everywhere(story)
    gone = ("k", "moved", "short", "shorthash", "many:1", "many:499")
    story.equal([dc.client()("EXISTS", *gone) for dc in world], [0, 0, 0], "nothing that was removed came back")
    story.equal([dc.client()("HGETALL", "h") for dc in world][2], world["a"].client()("HGETALL", "h"), "nor a field")
    story.equal((world["c"].client()("LRANGE", "l", 0, -1), world["c"].client()("XLEN", "x")), ([b"two"], 0), "nor what was popped, nor an entry")
    wait_until(lambda: tombstones_are_gone(world), 60, "the memory of it is gone")
    story.check(True, "and the memory of it is back to nothing")


def nor_does_it_outlive_a_flush(story, world, a):
    fill(a)
    world.wait_zero_lag()
    world["c"].sidecar.kill()
    a("FLUSHALL")
    a("SET", "after", "v")
    world["c"].sidecar.start()
    world.check_same_everywhere(story)
    story.equal(sorted(key for _, key in world["c"].data()), [b"after"], "after a FLUSHALL that C missed, it has what came behind it, and nothing else")
    wait_until(lambda: tombstones_are_gone(world), 60, "the memory of it is gone")


def expiry_races(story, world, a):
    """A writes to what is about to expire: it is there everywhere, or nowhere."""
    b = world["b"].client()
    for number in range(40):
        a("SET", f"race:{number}", "v", "PX", 40 + 5 * (number % 8))
    for number in range(40):
        b("HSET" if number % 2 else "APPEND", *((f"hash:{number}", "f", "v") if number % 2 else (f"race:{number}", "!")))
        a("PEXPIRE", f"hash:{number}", 3)
    world.wait_zero_lag(60)
    world.check_same_everywhere(story)
    story.check(True, "80 writes that raced with deadlines ended the same at all three")


def tombstones(story, log):
    with World(("a", "b", "c"), log, with_links=False).start() as world, world["a"].client(30) as a:
        a_removal_outlives_any_absence(story, world, a)
        nor_does_it_outlive_a_flush(story, world, a)
        expiry_races(story, world, a)
    with World(("a", "b"), log, with_links=False, clock_offsets={"b": 2}).start() as world, world["a"].client(30) as a:
        story.step("again, with the sidecar of B two seconds ahead")
        expiry_races(story, world, a)


scenario.run(tombstones)
