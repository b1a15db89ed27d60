#!/usr/bin/env python3
"""Scenario 22 again, with a clock that is wrong: one of two datacenters is 30 s or 2 h ahead or behind, and then set right. Staleness still
flatters by no more than a heartbeat and the error that is stated for clocks."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.staleness import Probe
from lib.world import World

HEARTBEAT_SECONDS = 0.5
STAY_SECONDS = 3
OFFSETS = {"+30 s": 30, "-30 s": -30, "+2 h": 7200, "-2 h": -7200}
QUARANTINE_SECONDS = 3600   # the one that is ahead by more is not applied at the other
MUCH = 20_000


def stay():
    time.sleep(STAY_SECONDS)


def cut(world, probe, state):
    probe.enter(f"{state}, cut")
    world.cut("b")
    stay()
    world.heal("b")
    probe.enter(f"{state}, just healed")
    probe.wait_everywhere()


def replay(world, probe, state):
    """b's sidecar stands still while much is written at a."""
    sidecar = world["b"].sidecar
    sidecar.process.send_signal(signal.SIGSTOP)
    with world["a"].client(30) as client:
        for number in range(MUCH // 200):
            client.pipeline([("SET", f"much:{number % 20}:{one}", bytes(1000)) for one in range(200)])
    stay()
    probe.enter(f"{state}, replaying")
    sidecar.process.send_signal(signal.SIGCONT)
    probe.wait_everywhere()


def broken_clock(story, log, text, offset):
    with World(("a", "b"), log, clock_offsets={"a": 0}).start() as world, Probe(world) as probe:
        probe.wait_fresh()
        state = f"clock {text}"
        story.step(f"a's clock is set {text} wrong")
        probe.enter(state)
        world["a"].sidecar.set_clock(offset)
        stay()
        if abs(offset) < QUARANTINE_SECONDS:
            cut(world, probe, state)
            replay(world, probe, state)
        story.step("and right again")
        state = f"clock right after {text}"
        probe.enter(state)
        world["a"].sidecar.set_clock(0)
        probe.wait_fresh()
        stay()
        cut(world, probe, state)
        replay(world, probe, state)
        return probe


def wrong_clocks(story, log):
    errors = {}
    for text, offset in OFFSETS.items():
        probe = broken_clock(story, log, text, offset)
        errors.update(probe.errors)
    probe.errors = errors
    probe.check(story, lambda state: HEARTBEAT_SECONDS)


scenario.run(wrong_clocks)
