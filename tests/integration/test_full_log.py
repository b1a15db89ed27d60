#!/usr/bin/env python3
"""A stream log at its size limit empties by itself once all peers read it, whatever the sizes of its messages (limits.log_retain)."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import wait_until
from lib.world import World

KIB, MIB = 1 << 10, 1 << 20
SMALL = "limits: { log_retain: 4MiB }\n"
SMALL_INBOX = "limits: { log_retain: 4MiB, inbox: 1MiB }\n"
WAIT_S = 60  # without progress


def fill(world, count, size):
    with world["a"].client(60) as client:
        for number in range(count):
            client("SET", f"k:{number}", os.urandom(size))


def check_arrived(facts, world, what):
    world.wait_zero_lag(WAIT_S)
    found = [sum(1 for key in dc.data() if key[1].startswith(b"k:")) for dc in world]
    facts.equal(found[1], found[0], f"{what}: everything arrives ({found[0]} keys)")


def with_all_up(facts, count, size, what):
    with World(settings=SMALL, with_links=False).start() as world:
        fill(world, count, size)
        check_arrived(facts, world, what)


def with_peer_away(facts, count, size, settings, what):
    with World(settings=settings, with_links=False).start() as world:
        world["b"].sidecar.kill()
        fill(world, count, size)
        world["b"].sidecar.start(wait=False)
        check_arrived(facts, world, what)


def fill_both(world):
    for dc in world:
        with dc.client(60) as client:
            for number in range(24):
                client("SET", f"k:{dc.name}:{number}", os.urandom(512 * KIB))


def log_is_full(dc):
    return "limits.log_retain" in dc.sidecar.http("/readyz?verbose")[1]


def is_recalling(dc):
    return dc.sidecar.metrics().total("homeport_findings", check="recalling") > 0


def check_recovers(facts, dc, how):
    wait_until(lambda: log_is_full(dc), WAIT_S, f"the log of {dc.name} is still full")
    wait_until(lambda: not is_recalling(dc), WAIT_S, f"{dc.name} has recovered")
    facts.check(log_is_full(dc), f"{how}: it recovers while its log is full and its peer away")


def with_peer_away_and_restarts(facts):
    with World(settings=SMALL, with_links=False).start() as world:
        dc = world["a"]
        world["b"].sidecar.kill()
        fill(world, 100, 100 * KIB)
        dc.sidecar.stop()
        dc.sidecar.start(wait=False)
        check_recovers(facts, dc, "the sidecar is restarted")
        fill(world, 20, 100 * KIB)
        dc.sidecar.kill()
        dc.sidecar.start(wait=False)
        check_recovers(facts, dc, "the sidecar is killed and started")
        dc.redis.kill()
        dc.redis.start()
        check_recovers(facts, dc, "its Redis is killed and started")
        world["b"].sidecar.start(wait=False)
        check_arrived(facts, world, "then the peer comes back")


def with_both_full_and_restarted(facts):
    """Neither inbox has room for what the other log holds, so neither log is emptied unless its reader applies what it reads."""
    with World(settings=SMALL_INBOX, with_links=True).start() as world:
        world.cut("b")
        fill_both(world)
        for dc in world:
            dc.sidecar.kill()
            dc.sidecar.start(wait=False)
        for dc in world:
            check_recovers(facts, dc, f"{dc.name} is killed and started")
        world.heal("b")
        check_arrived(facts, world, "both logs full, both sidecars restarted, inboxes smaller than a log")


def with_both_full(facts):
    """Each log is full of what the other datacenter has read: neither may wait for the other's next message."""
    with World(settings=SMALL, with_links=True).start() as world:
        world.cut("b")
        fill_both(world)
        world.heal("b")
        check_arrived(facts, world, "both logs full after a cut, 12 MiB each at a limit of 4 MiB")


def full_log(facts):
    with_all_up(facts, 20, MIB, "20 values of 1 MiB at a limit of 4 MiB")
    with_all_up(facts, 1, 6 * MIB, "a value larger than the limit")
    with_peer_away(facts, 400, 100 * KIB, SMALL, "400 values of 100 KiB at 4 MiB, the peer away meanwhile")
    with_peer_away(facts, 4000, 10 * KIB, SMALL, "4000 values of 10 KiB at 4 MiB, the peer away meanwhile")
    with_both_full(facts)
    with_peer_away_and_restarts(facts)
    with_both_full_and_restarted(facts)
    if "--all" in sys.argv:
        with_peer_away(facts, 400, MIB, "", "400 values of 1 MiB at the default limits, the peer away meanwhile")
        with_all_up(facts, 1, 400 * MIB, "a value of 400 MiB")


tap.run(full_log)
