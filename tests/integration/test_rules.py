#!/usr/bin/env python3
"""Rules: datacenters whose rules differ say so everywhere, and converge again once they agree; rules change without a restart; new ones can be
tried on the conflicts that were recorded; unknown and contradictory ones are refused."""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, tap
from lib.sidecar import build_directory
from lib.workspace import wait_until
from lib.world import World

NEWEST = (("page:*", "lww"), ("*", "lww"))
FIRST = (("page:*", "priority", "order: [a, b]"), ("*", "lww"))
LAST = (("page:*", "priority", "order: [b, a]"), ("*", "lww"))


def differs(dc, peer):
    return dc.sidecar.metrics().one("homeport_rules_differ", peer=peer) == 1


def conflict(world, a, b, key):
    """A's value is the older one."""
    world.cut("b")
    a("SET", key, "A")
    time.sleep(0.02)
    b("SET", key, "B")
    world.heal("b")


def a_mismatch_is_told(facts, world):
    world.change_rules(FIRST, ["a"])
    for name, peer in (("a", "b"), ("b", "a")):
        wait_until(lambda: differs(world[name], peer), 20, f"{name} tells that the rules of {peer} differ")
        facts.check(True, f"a metric at {name} tells that the rules of {peer} differ")
        _, text = world[name].sidecar.http("/readyz?verbose")
        facts.check("rules" in text and peer in text, f"/readyz of {name} tells it", text)
        wait_until(lambda sidecar=world[name].sidecar: any("rules" in line and "level=warn" in line for line in sidecar.log_text().splitlines()), 10,
                   f"the log of {name} warns of it")
        facts.check(True, f"the log of {name} warns of it")


def rules_change_live(facts, world, a, b):
    facts.equal(a("GET", "page:1"), b"B", "under lww the newer value was visible")
    runs = [dc.sidecar.process.pid for dc in world]
    world.change_rules(FIRST)
    for name, peer in (("a", "b"), ("b", "a")):
        wait_until(lambda: not differs(world[name], peer), 20, f"{name} sees that the rules agree again")
    facts.equal([dc.sidecar.process.pid for dc in world], runs, "new rules are taken over without a restart")
    conflict(world, a, b, "page:2")
    data = world.check_same_everywhere(facts)
    facts.equal(data[0, b"page:2"][1], b"A", "and decide from then on: the datacenter named first")
    digests = {record["key"]: record["rules_digest"] for record in records.wait_same(world, 2, "MATCH", "page:*")}
    facts.equal(len(set(digests.values())), 2, "each record tells the digest of the rules that decided it")


def decided_while_they_differed(facts, world, a, b):
    """Each decides by its own rules, visibly; once they agree the datacenters end with the same."""
    world.change_rules(LAST, ["b"])
    for name, peer in (("a", "b"), ("b", "a")):
        wait_until(lambda: differs(world[name], peer), 20, "the rules differ")
    conflict(world, a, b, "page:3")
    world.wait_zero_lag()
    facts.equal([a("GET", "page:3"), b("GET", "page:3")], [b"A", b"B"], "while rules differ, each decides by its own")
    world.change_rules(FIRST, ["b"])
    wait_until(lambda: not differs(world["a"], "b") and not differs(world["b"], "a"), 20, "the rules agree")
    wait_until(lambda: a("GET", "page:3") == b("GET", "page:3"), 20, "both have the same value")
    data = world.check_same_everywhere(facts)
    facts.check((0, b"page:3") in data, "once they agree, what was decided meanwhile is settled, the same everywhere")


def new_rules_are_tried(facts, world):
    path = world.workspace.directory / "new.yaml"
    path.write_text('rules:\n  - { match: "page:*", rule: priority, order: [b, a] }\n')
    before = world["a"].data()
    status, text, complaint = world["a"].sidecar.ctl("rules", "test", "--rules", path)
    facts.check(status == 0 and "page:2" in text, "homeportctl rules test names the conflicts that new rules would decide differently", text + complaint)
    facts.equal(world["a"].data(), before, "and changes nothing")
    path.write_text('rules:\n  - { match: "page:*", rule: newest }\n')
    status, text, complaint = world["a"].sidecar.ctl("rules", "test", "--rules", path)
    facts.check(status != 0 and "newest" in text + complaint, "it refuses rules that there are not", text + complaint)


REFUSED = {
    "a rule that does not exist": ('- { match: "*", rule: newest }', "newest"),
    "priority without an order": ('- { match: "*", rule: priority }', "order"),
    "an order that names a datacenter that does not exist": ('- { match: "*", rule: priority, order: [a, mars] }', "mars"),
    "custom without a handler": ('- { match: "*", rule: custom }', "handler"),
    "a handler that is not there": ('- { match: "*", rule: custom, handler: nowhere.lua }', "nowhere.lua"),
    "an order where the rule has none": ('- { match: "*", rule: lww, order: [a, b] }', "order"),
    "a rule behind one that takes all": ('- { match: "*", rule: lww }\n  - { match: "page:*", rule: record }', "page:*"),
}


def wrong_rules_are_refused(facts, world):
    start = world["a"].sidecar.config_path.read_text().split("rules:")[0]
    for what, (line, word) in REFUSED.items():
        path = world.workspace.directory / "wrong.yml"
        path.write_text(f"{start}rules:\n  {line}\n")
        done = subprocess.run([build_directory() / "homeportd", "--check", "--config", path], capture_output=True, text=True, check=False)
        told = done.stdout + done.stderr
        facts.check(done.returncode == 1 and word in told and "wrong.yml:" in told, f"refused with its place: {what}", told)
    pid = world["a"].sidecar.process.pid
    world["a"].sidecar.config_path.write_text(f'{start}rules:\n  - {{ match: "*", rule: newest }}\n')
    world["a"].sidecar.reload()
    wait_until(lambda: "newest" in world["a"].sidecar.log_text(), 20, "the log tells")
    facts.check(world["a"].sidecar.is_running() and world["a"].sidecar.process.pid == pid and not differs(world["b"], "a"),
                "a reload with wrong rules is refused in the log, and the old ones stay")


def rules(facts):
    with World(("a", "b"), rules=NEWEST).start() as world, world["a"].client() as a, world["b"].client() as b:
        conflict(world, a, b, "page:1")
        world.wait_zero_lag()
        a_mismatch_is_told(facts, world)
        rules_change_live(facts, world, a, b)
        decided_while_they_differed(facts, world, a, b)
        new_rules_are_tried(facts, world)
        wrong_rules_are_refused(facts, world)


tap.run(rules)
