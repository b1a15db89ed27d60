#!/usr/bin/env python3
"""Records of conflicts that ended do not take more of Redis's memory than they may, and are not more than they may: the oldest go, and the metrics tell."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.conflict_records import CONFLICTS, apart, id_of, record, side, together
from lib.workspace import wait_until
from lib.world import World

KEYS, VALUE = 4000, "x" * 200
KEEP_BYTES = 1 << 20
PART = 8                             # it is measured whenever an eighth was added
KEEP_RECORDS = 2000
NODE = 200                           # Redis drops whole nodes of a stream: more than one holds


def conflict(world, prefix, count=KEYS):
    """COUNT conflicts that are over."""
    world.cut("b")
    for name in ("a", "b"):
        with world[name].client() as client:
            client.pipeline([("SET", f"{prefix}:{i}", f"{name}{VALUE}") for i in range(count)])
    world.heal("b")
    world.wait_zero_lag()


def stored(world, command):
    with world["a"].redis.client() as redis:
        redis("SELECT", "15")
        return redis(*command) or 0


def records(world):
    return [data for _, fields in stored(world, ("XRANGE", CONFLICTS, "-", "+")) for data in apart(fields[1])]


def settled(world):
    wait_until(lambda: world["a"].sidecar.metrics().one("homeport_conflict_episodes_unsettled") == 0, 60, "all records are written for good")


def number(facts):
    """Entries of one record, from before the sidecar was started, and then of many."""
    with World(("a", "b"), settings=f"conflicts: {{ keep_records: {KEEP_RECORDS} }}\n").start() as world:
        sidecar = world["a"].sidecar
        sidecar.kill()
        with world["a"].redis.client() as redis:
            redis("SELECT", "15")
            redis.pipeline([("XADD", CONFLICTS, "*", "c", together(record(f"a-1-{i}-0", f"old:{i}", [side("a", i), side("b", i)], "auto", ended_ms=1)))
                            for i in range(1, KEEP_RECORDS + 1)])
        sidecar.start()
        world.wait_zero_lag()
        sizes = []
        for prefix in ("first", "second"):
            conflict(world, prefix, KEYS // 4)
            settled(world)
            found = records(world)
            sizes.append(len(found))
        facts.check(all(KEEP_RECORDS * 7 // 8 <= size <= KEEP_RECORDS + KEEP_RECORDS // PART + NODE for size in sizes), "as many records are kept as may be", sizes)
        facts.equal(sum(b"old:" not in data for data in found), len({id_of(data) for data in found if b"old:" not in data}), "each once")
        facts.equal(sum(b"first:" in data or b"second:" in data for data in found), KEYS // 2, "those that were there before went first")
        sidecar.kill()
        sidecar.start()
        world.wait_zero_lag()
        conflict(world, "third", KEYS // 4)
        settled(world)
        found = records(world)
        facts.check(KEEP_RECORDS * 7 // 8 <= len(found) <= KEEP_RECORDS + KEEP_RECORDS // PART + NODE, "a restart does not forget how many there are", len(found))
        facts.equal(sum(b"third:" in data for data in found), KEYS // 4, "and the newest are among them")


def memory(facts):
    with World(("a", "b"), settings="conflicts: { keep_bytes: 1MiB }\n").start() as world:
        for prefix in ("first", "second"):
            conflict(world, prefix)
            settled(world)
        conflict(world, "last")
        wait_until(lambda: stored(world, ("XREVRANGE", CONFLICTS, "+", "-", "COUNT", "1"))[0][1][1].find(b"last:") >= 0, 60,
                   "the newest conflict is recorded")
        wait_until(lambda: stored(world, ("MEMORY", "USAGE", CONFLICTS)) <= KEEP_BYTES + KEEP_BYTES // PART, 60, "the records fit")
        metrics = world["a"].sidecar.metrics()
        kept = len(records(world))
        facts.check(0 < kept < 3 * KEYS, f"of {3 * KEYS} records the newest are kept, as many as fit", kept)
        facts.check(metrics.one("homeport_conflict_records_stored_bytes") > 0, "the memory they take is measured")
        facts.check(metrics.one("homeport_conflict_records_stored") > 0, "and how many there are")


def retention(facts):
    memory(facts)
    number(facts)


tap.run(retention)
