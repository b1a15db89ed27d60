#!/usr/bin/env python3
"""Scenario 4: no write is shown before what it depends on. A's write reaches C late; B's, which saw it, overtakes it and is held back."""

import time
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.world import World
from lib.workspace import wait_until

DELAY_SECONDS = 5


def watch_order(world, client, seconds):
    """Follows C until the second write shows. Tells the states it went through, and the most events that were held."""
    states, held_most = [], 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = tuple(client.pipeline([("HGET", "o:1", "st"), ("GET", "cause")]))
        if not states or states[-1] != state:
            states.append(state)
        held_most = max(held_most, world["c"].sidecar.metrics().total("homeport_held_events"))
        if state[0] == b"paid":
            break
        time.sleep(0.02)
    return states, held_most


def overtaking(story, log):
    with World(("a", "b", "c"), log).start() as world, \
            world["a"].client() as a, world["b"].client() as b, world["c"].client() as c:
        world.slow("c", "a", DELAY_SECONDS)
        story.step(f"from now on A's writes reach C {DELAY_SECONDS} s late")
        a("SET", "cause", "1")
        a("HSET", "o:1", "st", "new")
        wait_until(lambda: b("HGET", "o:1", "st") == b"new", 10, "A's write is applied at B")
        b("HSET", "o:1", "st", "paid")
        written = time.monotonic()
        story.step("A wrote new; B saw it and wrote paid, which reaches C at once")

        states, held_most = watch_order(world, c, DELAY_SECONDS * 6)
        waited = time.monotonic() - written
        story.check(states[-1] == (b"paid", b"1"), "C shows B's write in the end, with its cause", states)
        story.check((b"paid", None) not in states, "C never shows B's write without A's", states)
        story.check(waited > DELAY_SECONDS / 2, "C held B's write back until A's arrived", f"{waited:.1f} s")
        story.check(held_most >= 1, "the gauge of held events shows it", held_most)
        world.slow("c", "a", 0)
        world.check_same_everywhere(story)
        story.equal(world.conflicts(), {"a": 0, "b": 0, "c": 0}, "no conflict is counted")


scenario.run(overtaking)
