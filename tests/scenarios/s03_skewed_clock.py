#!/usr/bin/env python3
"""Scenario 3: causality beats clocks. B's clock is 10 minutes ahead; a later write at A, which saw B's, wins all the same."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.log_reader import topic_times
from lib.world import World
from lib.workspace import wait_until

AHEAD_SECONDS = 600


def skewed_clock(story, log):
    with World(("a", "b"), log, clock_offsets={"b": AHEAD_SECONDS}).start() as world, \
            world["a"].client() as a, world["b"].client() as b:
        story.step("B's clock is 10 minutes ahead; B writes k = v1")
        b("SET", "k", "v1")
        wait_until(lambda: a("GET", "k") == b"v1", 10, "v1 is applied at A")
        story.step("A, whose clock is right, has seen v1 and writes k = v2")
        a("SET", "k", "v2")
        found = world.check_same_everywhere(story)
        story.equal(found[0, b"k"][1], b"v2", "the write that saw the other wins, not the clock that is ahead")
        story.equal(world.conflicts(), {"a": 0, "b": 0}, "no conflict is counted: one write saw the other")
        offset = world["a"].sidecar.metrics().one("homeport_clock_offset_seconds", peer="b")
        story.check(abs(offset - AHEAD_SECONDS) < 5, "A tells how far B's clock is ahead", f"{offset} s")
        alarms = [line for line in world["a"].sidecar.log_text().splitlines() if "clock" in line and "level=warn" in line]
        story.check(alarms, "A's log raises the alarm about the clock", world["a"].sidecar.log_text()[-500:])
        if log == "kafka":
            ahead = max(topic_times(world.broker, "homeport.b")) - time.time()
            story.check(ahead < AHEAD_SECONDS / 2, "the broker's clock, not B's, says how old a message is", f"{ahead} s ahead")


scenario.run(skewed_clock)
