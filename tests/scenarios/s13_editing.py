#!/usr/bin/env python3
"""Scenarios 13 and 14: two editors on one document, which is kept in a list of lines. They insert, change and delete lines at their own datacenters, also
while these are cut off: afterwards the text is the same everywhere, and nothing typed is lost. Or a lock at the document's home lets one of them write at a time."""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.homes import ask
from lib.world import World

DOCUMENT = "page:{7}:lines"
START = ("Minutes", "Present: all", "1. Budget", "2. Plans", "Closed at noon")
HOMES = """homes:
  - { match: "locked:{id}:*", name: doc, default: { list: [{ match: "*", dc: a }] }, away: forward, read: home }
"""
SEED = 13


class Editor:
    """Somebody at a terminal of DC. Lines are told apart by their numbers, as an application would keep ids beside them."""

    def __init__(self, dc, seed):
        self.name, self.client, self.dice = dc.name, dc.client(), random.Random(seed)
        self.typed, self.deleted, self.count = set(), set(), 0

    def lines(self):
        return [line.decode() for line in self.client("LRANGE", DOCUMENT, 0, -1)]

    def type_line(self, before=None):
        """In front of the line BEFORE, if it is still there; else at the end."""
        self.count += 1
        line = f"{self.name.upper()}{self.count} said something"
        self.typed.add(line)
        if before is None or self.client("LINSERT", DOCUMENT, "BEFORE", before, line) < 0:
            self.client("RPUSH", DOCUMENT, line)

    def correct(self, line):
        """The new wording takes the place of LINE. By its text, not by its number: that may change between reading and writing."""
        changed = f"{line} ({self.name} corrects)"
        replies = self.client.pipeline([("MULTI",), ("LINSERT", DOCUMENT, "BEFORE", line, changed), ("LREM", DOCUMENT, 1, line), ("EXEC",)])
        self.deleted.add(line)
        if replies[-1][0] > 0:
            self.typed.add(changed)

    def edit(self):
        """One thing after another, as it comes."""
        lines, kind = self.lines(), self.dice.randrange(8)
        line = self.dice.choice(lines)
        if kind < 5:
            self.type_line(line)
        elif kind == 5:
            self.type_line()
        elif kind == 6 and len(lines) > 3:
            self.deleted.add(line)
            self.client("LREM", DOCUMENT, 1, line)
        else:
            self.correct(line)


def show(story, editors):
    """Both terminals, side by side."""
    pages = [editor.lines() for editor in editors]
    for at in range(max(map(len, pages))):
        story.note(" | ".join(f"{page[at] if at < len(page) else '':<48}" for page in pages))
    story.step("")


def a_sentence_each(story, world, editors):
    a, b = editors
    a.client("RPUSH", DOCUMENT, *START)
    world.wait_zero_lag()
    story.step("both see the same minutes; now they are cut off from each other")
    world.cut("b")
    for editor in editors:
        for _ in range(3):
            editor.type_line("2. Plans")
    a.client("LREM", DOCUMENT, 1, "Present: all")
    a.deleted.add("Present: all")
    b.client("LSET", DOCUMENT, -1, "Closed at one")
    show(story, editors)
    story.step("A wrote three lines above 2. Plans and deleted one, B wrote three at the same place and corrected the last; heal")
    world.heal("b")
    world.check_same_everywhere(story)
    show(story, editors)
    middle = a.lines()[2:-2]
    mine = [[f"{name}{i} said something" for i in (1, 2, 3)] for name in "AB"]
    story.check(middle in (mine[0] + mine[1], mine[1] + mine[0]), "what one of them wrote in a row stands together", middle)
    story.equal((a.lines()[0], a.lines()[-1]), ("Minutes", "Closed at one"), "the deleted line is gone, the corrected one is corrected")


def all_day(story, world, editors):
    for turn in range(3):
        world.cut("b")
        for _ in range(25):
            for editor in editors:
                editor.edit()
        world.heal("b")
        for _ in range(10):
            for editor in editors:
                editor.edit()
        world.wait_zero_lag()
    story.step("three more times cut off and together again, 210 edits")
    world.check_same_everywhere(story)
    text = editors[0].lines()
    story.equal(text, editors[1].lines(), f"the text is the same at both ({len(text)} lines)")
    deleted = editors[0].deleted | editors[1].deleted
    missing = [line for editor in editors for line in editor.typed if line not in deleted and line not in text]
    story.equal(missing, [], "every line that was typed, and that nobody deleted or corrected, is there")
    story.equal([line for line in text if text.count(line) > 1], [], "no line is there twice")


def one_at_a_time(story, world):
    """By lock: the document has a home, and who holds the lock writes."""
    a, b = world["a"].client(), world["b"].client()
    lock, text = "locked:9:lock", "locked:9:lines"
    story.step("now a document that has its home at A: whoever holds its lock writes")
    story.equal((ask(a, "SET", lock, "ann", "NX", "PX", 60000), ask(b, "SET", lock, "bob", "NX", "PX", 60000)), ("OK", None), "Ann has the lock, so Bob gets none, at B")
    story.equal(ask(a, "RPUSH", text, "Ann's line"), 1, "Ann writes")
    story.equal(ask(b, "GET", lock), b"ann", "Bob is told who writes")
    story.equal((ask(a, "DEL", lock), ask(b, "SET", lock, "bob", "NX", "PX", 60000)), (1, "OK"), "she lets go, he has it")
    story.equal((ask(b, "RPUSH", text, "Bob's line"), ask(b, "LRANGE", text, 0, -1)), (2, [b"Ann's line", b"Bob's line"]), "he writes behind her line, and reads his own")
    world.cut("b")
    story.check("-HOMEPORT UNREACHABLE" in str(ask(b, "RPUSH", text, "unheard")), "cut off, he is refused: nobody writes without the lock")
    world.heal("b")
    world.wait_zero_lag()


def editing(story, log):
    with World(("a", "b"), log, rules=[("page:*", "merge"), ("*", "lww")], settings=HOMES, with_peer_links=True).start() as world:
        editors = [Editor(dc, SEED + i) for i, dc in enumerate(world)]
        a_sentence_each(story, world, editors)
        all_day(story, world, editors)
        one_at_a_time(story, world)
        world.check_same_everywhere(story)


scenario.run(editing)
