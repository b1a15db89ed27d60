#!/usr/bin/env python3
"""A Redis that is killed comes back without its last writes, and the stream log in it without the same ones: its append-only file is cut to what it was."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

SETTINGS = "heartbeat: 100ms\nalarms: { heartbeat_age: 2s, waiting: 3s, staleness: 5s }\n"
WRITES = 20


def increment(dc, times):
    """Increments one after the other, also while Redis is being opened. Returns the last answer."""
    def answer():
        try:
            with dc.client() as client:
                return client("INCR", "n")
        except (ReplyError, OSError):
            return None
    return [wait_until(answer, 60, f"{dc.name} takes a write") for _ in range(times)][-1]


def newest_file(redis):
    return max((redis.directory / "appendonlydir").glob("*.incr.aof"), key=lambda path: path.stat().st_mtime)


def wait_appended(dc):
    wait_until(lambda: dc.sidecar.metrics().one("homeport_outbox_events") == 0, 30, f"the log of {dc.name} has all that was written there")


def lose_end(redis, path, size, meanwhile=lambda: None):
    redis.kill()
    meanwhile()
    with path.open("r+b") as file:
        file.truncate(size)
    redis.start()


def findings(dc):
    return dc.sidecar.http("/readyz?verbose")[1]


def value(dc):
    with dc.client() as client:
        return int(client("GET", "n"))


def check_ends_well(facts, world, written):
    world.wait_zero_lag()
    world.check_same_everywhere(facts)
    facts.equal([value(dc) for dc in world], [written, written], "every increment that was acknowledged is counted once everywhere")
    for dc in world:
        wait_until(lambda dc=dc: dc.sidecar.http("/readyz")[0] == 200, 30, f"{dc.name} is ready")
        facts.check("held" not in findings(dc) and "needs-resync" not in findings(dc), f"{dc.name} waits for nothing", findings(dc))


def a_peer_was_away(facts, world):
    a, b = world["a"], world["b"]
    before = increment(a, 1)
    world.wait_zero_lag()
    b.sidecar.kill()
    path = newest_file(a.redis)
    size = path.stat().st_size
    facts.equal(increment(a, WRITES), before + WRITES, "a peer is away while its datacenter's neighbour writes")
    wait_appended(a)
    lose_end(a.redis, path, size)
    after = increment(a, 2)
    wait_until(lambda: value(a) >= before + WRITES + 2, 60, "the sidecar that ran on gives Redis back what it lost")
    facts.check(after > before, "clients were served meanwhile")
    b.sidecar.start()
    check_ends_well(facts, world, before + WRITES + 2)


def a_peer_had_read_on(facts, world):
    a, b = world["a"], world["b"]
    before = increment(a, 1)
    world.wait_zero_lag()
    path = newest_file(a.redis)
    size = path.stat().st_size
    increment(a, WRITES)
    world.wait_zero_lag()
    facts.equal(increment(b, 1), before + WRITES + 1, "a peer has read what Redis loses next, and goes on from there")
    world.wait_zero_lag()
    lose_end(a.redis, path, size)
    increment(a, 1)
    check_ends_well(facts, world, before + WRITES + 2)


def the_sidecar_was_killed_too(facts, world):
    """Nobody is left who knows of the lost writes: they are gone, as Redis promises no more. All goes on without them."""
    a, b = world["a"], world["b"]
    before = increment(a, 1)
    world.wait_zero_lag()
    b.sidecar.kill()
    path = newest_file(a.redis)
    size = path.stat().st_size
    increment(a, WRITES)
    wait_appended(a)
    lose_end(a.redis, path, size, a.sidecar.kill)
    a.sidecar.start()
    facts.equal(increment(a, 1), before + 1, "with the sidecar, what Redis lost is gone")
    b.sidecar.start()
    check_ends_well(facts, world, before + 1)


def test(facts):
    with World(("a", "b"), "redis-stream", settings=SETTINGS, with_links=False).start() as world:
        for case in (a_peer_was_away, a_peer_had_read_on, the_sidecar_was_killed_too):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)


tap.run(test)
