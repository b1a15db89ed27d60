#!/usr/bin/env python3
"""A datacenter whose own writes are gone with its log is filled anew, as docs/operating.md says ("Filling datacenters anew"): all hold what the chosen one
holds, and go on from there."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import wait_until
from lib.world import World

RESERVED = 15
NAMES = ("a", "b", "c")
FAST = "heartbeat: 100ms\n"


def findings(dc):
    return dc.sidecar.http("/readyz?verbose")[1]


def write_some(world, prefix):
    for dc in world:
        with dc.client() as client:
            client("SET", f"{prefix}:{dc.name}", dc.name)
            client("INCRBY", "count", 10)
            client("SADD", "set", f"{prefix}:{dc.name}")
            client("SET", f"{prefix}:deadline:{dc.name}", 1, "EX", 3600)


def lose(world, facts):
    """The Redis of a comes back empty; so did its log, if that is in it. Otherwise the topic is deleted."""
    a = world["a"]
    a.sidecar.kill()
    with a.redis.client() as redis:
        redis("FLUSHALL")
    if world.broker:
        world.broker.delete_topics("homeport.a")
    a.sidecar.start(wait=False)
    wait_until(lambda: re.search("broken needs-resync a", findings(a)), 60, "a needs a resync")
    facts.equal(a.sidecar.http("/readyz")[0], 503, f"{world.log}: a datacenter that lost its writes with its log says so")


def fill_anew(world, chosen):
    for dc in world:
        dc.sidecar.stop()
    if world.broker:
        world.broker.delete_topics(*(f"homeport.{dc.name}" for dc in world), *(f"homeport.{dc.name}.conflicts" for dc in world))
    for dc in world:
        with dc.redis.client(60) as redis:
            if dc is not chosen:
                redis("REPLICAOF", *chosen.redis.address)
                wait_until(lambda redis=redis: "master_link_status:up" in redis("INFO", "replication").decode(), 60, f"{dc.name} is copied")
                redis("REPLICAOF", "NO", "ONE")
    for dc in world:
        with dc.redis.client() as redis:
            redis("SELECT", RESERVED)
            redis("FLUSHDB")
    for dc in world:
        dc.sidecar.start(wait=False)
    for dc in world:
        dc.sidecar.wait_ready()


def test(facts):
    for log in ("redis-stream", "kafka"):
        facts.note(log)
        with World(NAMES, log, settings=FAST, with_links=False).start() as world:
            write_some(world, "before")
            kept = world.check_same_everywhere(facts, f"{log}: before")
            lose(world, facts)
            fill_anew(world, world["b"])
            facts.equal(world.check_same_everywhere(facts, f"{log}: filled anew"), kept, f"{log}: and all hold what the chosen one held")
            write_some(world, "after")
            world.check_same_everywhere(facts, f"{log}: and they go on from there")
            with world["a"].client() as client:
                facts.equal(client("GET", "count"), b"60", f"{log}: no increment was counted twice or lost")
            facts.check(all("needs-resync" not in findings(dc) for dc in world), f"{log}: nothing is found any more", world.describe())
            for dc in world:
                dc.sidecar.kill()
                dc.sidecar.start(wait=False)
            world.check_same_everywhere(facts, f"{log}: nor after a restart")


tap.run(test)
