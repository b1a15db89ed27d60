#!/usr/bin/env python3
"""Records of conflicts that ended do not take more of Redis's memory than they may: the oldest go, and the metrics tell."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.conflict_records import CONFLICTS
from lib.workspace import wait_until
from lib.world import World

KEYS, VALUE = 4000, "x" * 200
KEEP_BYTES = 1 << 20
PART = 8                             # it is measured whenever an eighth was added


def conflict(world, prefix):
    """KEYS conflicts that are over."""
    world.cut("b")
    for name in ("a", "b"):
        with world[name].client() as client:
            client.pipeline([("SET", f"{prefix}:{number}", f"{name}{VALUE}") for number in range(KEYS)])
    world.heal("b")
    world.wait_zero_lag()


def stored(world, command):
    with world["a"].redis.client() as redis:
        redis("SELECT", "15")
        return redis(*command) or 0


def retention(facts):
    with World(("a", "b"), settings="conflicts: { keep_bytes: 1MiB }\n").start() as world:
        for prefix in ("first", "second"):
            conflict(world, prefix)
            wait_until(lambda: world["a"].sidecar.metrics().one("homeport_conflict_episodes") == 0, 60, "all records are written for good")
        conflict(world, "last")
        wait_until(lambda: stored(world, ("XREVRANGE", CONFLICTS, "+", "-", "COUNT", "1"))[0][1][1].find(b"last:") >= 0, 60,
                   "the newest conflict is recorded")
        wait_until(lambda: stored(world, ("MEMORY", "USAGE", CONFLICTS)) <= KEEP_BYTES + KEEP_BYTES // PART, 60, "the records fit")
        metrics = world["a"].sidecar.metrics()
        kept = stored(world, ("XLEN", CONFLICTS))
        facts.check(0 < kept < 3 * KEYS, f"of {3 * KEYS} records the newest are kept, as many as fit", kept)
        facts.check(metrics.one("homeport_conflict_records_stored_bytes") > 0, "the memory they take is measured")
        facts.check(metrics.one("homeport_conflict_records_stored") > 0, "and how many there are")


tap.run(retention)
