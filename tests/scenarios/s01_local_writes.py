#!/usr/bin/env python3
"""Scenario 1: a write is local. While the other datacenter is cut off, writing is as fast as before; afterwards it catches up by itself."""

import time
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.world import World
from lib.workspace import wait_until

WRITES = 400


def write_ms(client, prefix):
    """Median time of a write, one by one, as one application would feel it."""
    times = []
    for number in range(WRITES):
        started = time.perf_counter()
        client("SET", f"{prefix}:{number % 50}", number)
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[WRITES // 2]


def staleness_of_a_at_b(world):
    return world["b"].sidecar.metrics().one("homeport_replication_staleness_seconds", origin="a")


def local_writes(story, log):
    with World(("a", "b"), log).start() as world, world["a"].client() as client:
        joined_ms = write_ms(client, "joined")
        world.wait_zero_lag()
        calm = staleness_of_a_at_b(world)
        story.step(f"joined: a write takes {joined_ms:.2f} ms, B is {calm:.2f} s behind")

        world.cut("b")
        cut_ms = write_ms(client, "cut")
        story.step(f"B is cut off: a write takes {cut_ms:.2f} ms")
        story.check(cut_ms < joined_ms * 2 + 1, "a write takes no longer while the other datacenter is cut off",
                    f"{joined_ms:.2f} ms joined, {cut_ms:.2f} ms cut")
        wait_until(lambda: staleness_of_a_at_b(world) > 3, 15, "staleness rises")
        story.check(True, "staleness at the datacenter that is cut off rises")

        story.step("the link heals; nobody touches B")
        world.heal("b")
        wait_until(lambda: staleness_of_a_at_b(world) < calm + 1.5, 30, "staleness falls")
        story.check(True, "after healing, staleness falls by itself")
        found = world.check_same_everywhere(story)
        story.equal(found.get((0, b"cut:49"), (None, None))[1], b"399", "what was written during the cut is there")


scenario.run(local_writes)
