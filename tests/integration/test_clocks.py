#!/usr/bin/env python3
"""Clocks that are wrong, on real servers: of three datacenters the odd one out is named, of two nobody is; what is over accuses nobody and keeps
nobody out; and a peer that is cut off does not look fresh, whatever clocks show."""

import math
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import wait_until
from lib.world import World

STALENESS, OFFSET, ERROR = "homeport_replication_staleness_seconds", "homeport_clock_offset_seconds", "homeport_clock_error_seconds"
HEARTBEAT_SECONDS, BOUND_SECONDS = 0.5, 60


def findings(dc, check):
    """{datacenter that it is about: text}"""
    lines = [line.split(" ", 3) for line in dc.sidecar.http("/readyz?verbose")[1].splitlines()[1:]]
    return {words[2].rstrip(":"): words[3] for words in lines if words[1] == check}


def wait_named(world, expected):
    """EXPECTED: {who finds it: about whom}"""
    wait_until(lambda: all(set(findings(world[name], "drift")) == about for name, about in expected.items()), BOUND_SECONDS,
               f"drift is found: {expected}, not { {dc.name: findings(dc, 'drift') for dc in world} }")


def wait_well(world):
    wait_until(lambda: not any(findings(dc, check) for dc in world for check in ("drift", "quarantined")), BOUND_SECONDS, "all clocks are right")


def value(dc, key):
    with dc.redis.client() as client:
        return client("GET", key)


def write(dc, key, text):
    with dc.client() as client:
        client("SET", key, text)


def stay_and_look(world, written, seconds):
    """The least by which staleness at b is above the age of what it lacks of a."""
    least = math.inf
    while time.monotonic() < written + seconds:
        age = time.monotonic() - written
        told = world["b"].sidecar.metrics().values(STALENESS, origin="a")  # none yet: its Redis is not connected after the restart
        least = min(least, (told[0] if told else math.inf) - age)
        time.sleep(0.05)
    return least


def cut_peer(facts, world, ahead):
    world["a"].sidecar.set_clock(ahead)
    wait_named(world, {"a": {"b"}, "b": {"a"}})
    world.cut("b")
    time.sleep(HEARTBEAT_SECONDS)
    write(world["a"], "unseen", str(ahead))
    written = time.monotonic()
    above = stay_and_look(world, written, 3)
    world["b"].sidecar.set_clock(-ahead)
    above = min(above, stay_and_look(world, written, 6))
    world["b"].sidecar.kill()
    world["b"].sidecar.start(wait=False)
    wait_until(lambda: world["b"].sidecar.http("/livez")[0] == 200, BOUND_SECONDS, "b's sidecar is back")
    above = min(above, stay_and_look(world, written, 9))
    facts.check(above > -HEARTBEAT_SECONDS,
                f"a peer {ahead} s ahead that is cut off does not look fresh, also when clocks are set and after a restart", above)
    world["b"].sidecar.set_clock(0)
    world.heal("b")
    wait_until(lambda: value(world["b"], "unseen") == str(ahead).encode(), BOUND_SECONDS, "the write arrives")
    world["a"].sidecar.set_clock(0)
    wait_well(world)


def two_differ(facts, world):
    world["a"].sidecar.set_clock(30)
    wait_named(world, {"a": {"b"}, "b": {"a"}})
    at_a, at_b = findings(world["a"], "drift")["b"], findings(world["b"], "drift")["a"]
    facts.check("behind this one" in at_a and "ahead of this one" in at_b and "nobody can tell" in at_b, "of two it is said that they differ", at_a + at_b)
    metrics = world["b"].sidecar.metrics()
    offset, error = metrics.one(OFFSET, peer="a"), metrics.one(ERROR, peer="a")
    facts.check(abs(offset - 30) <= error + 0.1 and error < 5, "and by how much, and how exactly that is known", f"{offset} +- {error}")
    world["a"].sidecar.set_clock(0)
    wait_well(world)


def quarantine_ends(facts, world, ahead, kept_out_at, other):
    """OTHER's writes are not applied at KEPT_OUT_AT while a's clock is AHEAD."""
    world["a"].sidecar.set_clock(ahead)
    wait_named(world, {"a": {"b"}, "b": {"a"}})
    write(world[other], "kept-out", str(ahead))
    wait_until(lambda: findings(world[kept_out_at], "quarantined"), BOUND_SECONDS, "a quarantine begins")
    text = findings(world[kept_out_at], "quarantined")[other]
    within = re.search(r"what waits now is applied in (\d+) s", text)
    facts.check(within and int(within[1]) > 3000, f"{ahead} s: a quarantine says when it ends", text)
    world["a"].sidecar.set_clock(0)
    wait_until(lambda: value(world[kept_out_at], "kept-out") == str(ahead).encode(), BOUND_SECONDS, "what was kept out is applied")
    wait_well(world)
    facts.check(True, f"{ahead} s: a quarantine ends once the clock is right, and nobody is accused of what is over")


def a_quarantine_with_a_full_inbox(facts):
    """Its log is paused, so nothing tells that the clock was set right. The finding says what helps."""
    with World(("a", "b"), clock_offsets={"a": 0, "b": 0}, with_links=False, settings="limits: { inbox: 1MiB }\n").start() as world:
        a, b = world["a"].sidecar, world["b"]
        wait_well(world)
        b.sidecar.set_clock(7200)
        wait_named(world, {"a": {"b"}, "b": {"a"}})
        for number in range(30):
            write(b, f"kept-out:{number}", "x" * 100_000)
        wait_until(lambda: "raise limits.inbox, and restart this sidecar" in findings(world["a"], "quarantined").get("b", ""), BOUND_SECONDS, "it says what helps")
        b.sidecar.set_clock(0)
        write(b, "kept-out:last", "here")
        wait_until(lambda: not findings(b, "drift"), BOUND_SECONDS, "b sees that the clocks agree")
        facts.check("b" in findings(world["a"], "quarantined"), "a paused log does not tell that the clock is right")
        config = a.config_path.read_text().replace("limits: { inbox: 1MiB }", "limits: { inbox: 64MiB }")
        a.stop()
        a._write_config("".join(line for line in config.splitlines(True) if not line.startswith(("listen", "admin"))))
        a.start()
        wait_until(lambda: value(world["a"], "kept-out:last") == b"here", BOUND_SECONDS, "what was kept out is applied")
        wait_well(world)
        world.check_same_everywhere(facts, "with more room the quarantine ends")


def of_two(facts):
    with World(("a", "b"), clock_offsets={"a": 0, "b": 0}).start() as world:
        wait_well(world)
        two_differ(facts, world)
        for ahead in (30, -30):
            cut_peer(facts, world, ahead)
        quarantine_ends(facts, world, 7200, "b", "a")
        quarantine_ends(facts, world, -7200, "a", "b")
        world.check_same_everywhere(facts)


def of_three(facts):
    with World(("a", "b", "c"), clock_offsets={"a": 0, "b": 0, "c": 0}).start() as world:
        for ahead in (1800, -7200):
            world["c"].sidecar.set_clock(ahead)
            wait_named(world, {name: {"c"} for name in "abc"})
            own = findings(world["c"], "drift")["c"]
            seconds = float(re.search(r"is ([\d.]+) s", own)[1])
            facts.check(("ahead of" if ahead > 0 else "behind") in own and abs(seconds - abs(ahead)) < 1,
                        f"of three, {ahead} s: the wrong one is named, by itself as well", own)
            write(world["a"], "k", str(ahead))
            wait_until(lambda: value(world["c"], "k") == str(ahead).encode(), BOUND_SECONDS, "the wrong one keeps nobody out")
            world["c"].sidecar.set_clock(0)
            wait_well(world)
        world["c"].sidecar.kill()
        world["c"].sidecar.set_clock(-30)
        world["c"].sidecar.start()
        wait_named(world, {name: {"c"} for name in "abc"})
        facts.check(True, "a sidecar that starts by a wrong clock is named, too")
        world["c"].sidecar.set_clock(0)
        wait_well(world)
        world.check_same_everywhere(facts)


def clocks(facts):
    a_quarantine_with_a_full_inbox(facts)
    of_two(facts)
    of_three(facts)


tap.run(clocks)
