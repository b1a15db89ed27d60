#!/usr/bin/env python3
"""Scenario 2: a page's title edited at two datacenters that are cut off from each other. One conflict is counted; what is visible is the same
everywhere: the newest under lww, that of the datacenter named first under priority, and both are kept under record."""

import time
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario, versions
from lib.world import World

PAGES = {"lww": "page:1", "priority": "wiki:1", "record": "legal:1"}
RULES = (("page:*", "lww"), ("wiki:*", "priority", "order: [a, b, c]"), ("legal:*", "record"), ("*", "lww"))


def edit_while_cut(story, world):
    clients = {dc.name: dc.client() for dc in world}
    for page in PAGES.values():
        clients["a"]("HSET", page, "title", "A")
    world.wait_zero_lag()
    for name in "abc":
        world.cut(name)
    for page in PAGES.values():
        clients["a"]("HSET", page, "title", "B")
    time.sleep(0.02)
    for page in PAGES.values():
        clients["b"]("HSET", page, "title", "C")
        clients["c"]("HSET", page, "body", "x")
    story.step("nobody reaches anybody. A wrote the title B; B, a little later, the title C; C meanwhile a body. Heal")
    for name in "abc":
        world.heal(name)


def counted(world):
    """{rule: {datacenter: conflicts}}."""
    return {rule: {dc.name: int(dc.sidecar.metrics().total("homeport_conflicts_total", rule=rule)) for dc in world} for rule in PAGES}


def title_conflict(story, log):
    with World(("a", "b", "c"), log, rules=RULES).start() as world:
        edit_while_cut(story, world)
        found = world.check_same_everywhere(story)
        pages = {rule: dict(found[0, page.encode()][1]) for rule, page in PAGES.items()}
        story.equal(counted(world), {rule: {"a": 1, "b": 1, "c": 1} for rule in PAGES},
                    "exactly one conflict is counted for each page at every datacenter: a body is no conflict with a title")
        story.equal({page[b"body"] for page in pages.values()}, {b"x"}, "every body is there")
        story.equal(pages["lww"][b"title"], b"C", "lww: the newest title is visible")
        story.equal(pages["priority"][b"title"], b"B", "priority: the title of the datacenter that comes first, though it is older")
        story.equal(pages["record"][b"title"], b"C", "record: the newest is visible to ordinary clients")
        check_record(story, world)


def check_record(story, world):
    both = [b"B", b"C"]
    for dc in world:
        with dc.client() as client:
            story.equal(versions.get(client, PAGES["record"], field="title").values, both, f"record: {dc.name} gives both titles on request")
    found = records.wait_same(world, 1, "STATUS", "open")
    story.check(True, "one conflict is open, and its record is the same everywhere")
    record = found[0]
    story.equal((record["kind"], record["key"], record["element"], record["type"], record["rule"], len(record["sides"])),
                ("write-write", PAGES["record"], "title", "hash", "record", 2), "it tells what, where, by which rule, and both sides")
    story.equal(records.open_metrics(world), {"a": 1, "b": 1, "c": 1}, "the gauge of open conflicts tells it, too")
    settled = records.wait_same(world, 2, "STATUS", "auto")
    story.equal(sorted(record["key"] for record in settled), sorted([PAGES["lww"], PAGES["priority"]]),
                "what lww and priority decided is written down as well")


scenario.run(title_conflict)
