#!/usr/bin/env python3
"""Limits that no other test meets (docs/limits.md)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import wait_until
from lib.world import World

DAY = 86400


def a_quarantine_beyond_49_days(facts):
    """2000 h are more milliseconds than 32 bits hold; 40 days are less than that."""
    with World(("a", "b"), with_links=False, clock_offsets={"b": 40 * DAY}, settings="clock: { quarantine: 2000h }\n").start() as world:
        with world["b"].client() as ahead, world["a"].client() as here:
            ahead("SET", "key", "from the future")
            facts.check(wait_until(lambda: here("GET", "key"), 20, "a write that is 40 days ahead is applied"), "clock.quarantine may be months")


def test(facts):
    a_quarantine_beyond_49_days(facts)


tap.run(test)
