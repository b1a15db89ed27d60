#!/usr/bin/env python3
"""Dots of settled values are kept beside the data as long as there is data: homeport:versions does not grow with what expires and is deleted."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import wait_until
from lib.world import World

RULES = (("kept:*", "record"), ("*", "lww"))


def dotted(dc):
    """Of what DC's Redis keeps dots."""
    with dc.redis.client() as redis:
        redis("SELECT", "15")
        return sorted(field.decode() for field in redis("HKEYS", "homeport:versions") if field != b"made")


def wait_dotted(world, expected, fact):
    for dc in world:
        wait_until(lambda: dotted(dc) == sorted(expected), 60, fact)


def versions(facts):
    with World(("a", "b"), rules=RULES).start() as world, world["a"].client() as client:
        client("SET", "kept:stays", "v")
        client("SET", "kept:short", "v")
        client("HSET", "kept:hash", "f", "1", "g", "2")
        wait_dotted(world, ["0:string:10:kept:stays", "0:string:10:kept:short", "0:hash:9:kept:hashf", "0:hash:9:kept:hashg"],
                    "settled values have their dots beside them")
        client("PEXPIRE", "kept:short", "1")
        client("DEL", "kept:hash")
        wait_dotted(world, ["0:string:10:kept:stays"], "the dots of what expired or was deleted are dropped")
        facts.check(True, "of values that are gone no dots are kept")
        for dc in world:
            wait_until(lambda: dc.sidecar.metrics().one("homeport_versions_stored") == 1, 60, "the dots are counted")
            facts.check(dc.sidecar.metrics().one("homeport_versions_swept_total") >= 2, f"{dc.name} tells how many were dropped")
        siblings = client("HOMEPORT", "GET", "kept:stays")[1]
        facts.equal([(value, dc) for value, dc, _, _ in siblings], [(b"v", b"a")], "what is there is still known by its dot")


tap.run(versions)
