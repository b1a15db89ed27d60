#!/usr/bin/env python3
"""Scenario 12: resolution by whoever reads. HOMEPORT GET gives all siblings and a context; HOMEPORT SET with that context replaces all of them in
one call; with a stale one it leaves what it did not see. Writers who read nothing cannot make the siblings explode."""

import threading
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario, versions
from lib.resp import ReplyError
from lib.world import World

RULES = (("doc:*", "record"), ("*", "lww"))
SIBLINGS_MAX = 16
WRITERS, WRITES = 100, 5


def conflict(world, a, b, key):
    """Two siblings of KEY, known everywhere."""
    world.cut("b")
    a("SET", key, "from a")
    b("SET", key, "from b")
    world.heal("b")
    world.wait_zero_lag()


def values_everywhere(world, key, field=None):
    found = []
    for dc in world:
        with dc.client() as client:
            found.append(versions.get(client, key, field).values)
    return found


def refusal(client, *command):
    try:
        return f"answered {client(*command)!r}"
    except ReplyError as error:
        return str(error)


def read_all_replace_all(story, world, a, b):
    conflict(world, a, b, "doc:1")
    story.step("A and B wrote doc:1 while they were cut off from each other")
    found = versions.get(b, "doc:1")
    story.equal(found.values, [b"from a", b"from b"], "HOMEPORT GET gives both siblings")
    story.equal({(sibling.value, sibling.dc) for sibling in found.siblings}, {(b"from a", "a"), (b"from b", "b")}, "and tells where each was written")
    answer = versions.put(b, "doc:1", "from both", found.context)
    story.equal(answer.values, [b"from both"], "HOMEPORT SET with their context replaces both in one call")
    world.check_same_everywhere(story)
    story.equal(values_everywhere(world, "doc:1"), [[b"from both"]] * 3, "one version is left everywhere")
    records.wait_same(world, 0, "STATUS", "open")
    story.check(True, "no conflict is open any more, anywhere")


def stale_contexts(story, world, a, b):
    conflict(world, a, b, "doc:2")
    seen = versions.get(a, "doc:2")
    a("SET", "doc:2", "later at a")
    world.wait_zero_lag()
    story.equal(values_everywhere(world, "doc:2"), [[b"later at a"]] * 3, "an ordinary write covers all that is there where it is written")
    versions.put(b, "doc:2", "with an old context", seen.context)
    world.check_same_everywhere(story)
    story.equal(values_everywhere(world, "doc:2"), [[b"later at a", b"with an old context"]] * 3, "a stale context leaves what it did not see, everywhere")
    versions.remove(a, "doc:2", seen.context)
    world.wait_zero_lag()
    story.equal(values_everywhere(world, "doc:2"), [[None, b"later at a", b"with an old context"]] * 3,
                "a removal with a stale context is a sibling of what it did not see")
    versions.remove(a, "doc:2", versions.get(a, "doc:2").context)
    found = world.check_same_everywhere(story)
    story.check((0, b"doc:2") not in found, "a removal with the whole context removes all of it")


def fields(story, world, a, b):
    world.cut("b")
    a("HSET", "doc:3", "title", "A", "body", "x")
    b("HSET", "doc:3", "title", "B")
    world.heal("b")
    world.wait_zero_lag()
    found = versions.get(a, "doc:3", "title")
    story.equal((found.values, versions.get(a, "doc:3", "body").values), ([b"A", b"B"], [b"x"]), "hash fields have siblings of their own")
    story.equal(versions.put(a, "doc:3", "A and B", found.context, "title").values, [b"A and B"], "a field's siblings are replaced the same way")
    found = world.check_same_everywhere(story)
    story.equal(found[0, b"doc:3"][1], [(b"body", b"x"), (b"title", b"A and B")], "and the other field stays")


def siblings_outlive_restarts(story, world, a, b):
    conflict(world, a, b, "doc:4")
    seen = versions.get(a, "doc:4")
    for dc in world:
        dc.sidecar.kill()
    for dc in world:
        dc.sidecar.start()
    world.wait_zero_lag()
    story.step("every sidecar was killed and started again")
    with world["a"].client() as again, world["c"].client() as c:
        story.equal(values_everywhere(world, "doc:4"), [[b"from a", b"from b"]] * 3, "the siblings outlive their sidecars")
        versions.put(c, "doc:4", "merged", seen.context)
        world.wait_zero_lag()
        story.equal(values_everywhere(world, "doc:4"), [[b"merged"]] * 3, "and so does a context that was given before")
        again("SET", "plain", "1")
        story.check(refusal(again, "HOMEPORT", "SET", "plain", "2", "").startswith("HOMEPORT the rule of this key keeps no versions"),
                    "a key under another rule says that it keeps no versions", refusal(again, "HOMEPORT", "SET", "plain", "2", ""))
        story.check("is no context" in refusal(again, "HOMEPORT", "SET", "doc:4", "2", "no context"), "a context that is none is refused",
                    refusal(again, "HOMEPORT", "SET", "doc:4", "2", "no context"))


class BlindWriter(threading.Thread):
    """Writes without ever having read."""

    def __init__(self, dc, number):
        super().__init__(daemon=True)
        self._client, self._number, self.refusals, self.most = dc.client(30), number, [], 0

    def run(self):
        for turn in range(WRITES):
            try:
                found = versions.put(self._client, "doc:hot", f"writer {self._number}, {turn}")
                self.most = max(self.most, len(found.siblings))
            except ReplyError as error:
                self.refusals.append(str(error))
            self._client("SET", "doc:plain", f"writer {self._number}, {turn}")


def blind_writers(story, world):
    dcs = list(world)
    world.cut("a")
    world.cut("b")
    writers = [BlindWriter(dcs[number % 3], number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    world.heal("a")
    world.heal("b")
    world.check_same_everywhere(story)
    siblings = values_everywhere(world, "doc:hot")
    refusals = [text for writer in writers for text in writer.refusals]
    story.step(f"{WRITERS} blind writers at three datacenters: {len(siblings[0])} siblings, {len(refusals)} writes refused")
    story.check(max(writer.most for writer in writers) <= SIBLINGS_MAX, f"no datacenter lets its own writers go beyond {SIBLINGS_MAX} siblings",
                max(writer.most for writer in writers))
    story.check(siblings[0] == siblings[1] == siblings[2] and len(siblings[0]) <= 3 * SIBLINGS_MAX, "the siblings are bounded, and the same everywhere",
                [len(found) for found in siblings])
    story.check(refusals and all(text.startswith("HOMEPORT ") and "siblings_max" in text for text in refusals),
                "what would go beyond is refused, with the name of the limit and the remedy", set(refusals))
    story.note(refusals[0] if refusals else "")
    story.check(len(values_everywhere(world, "doc:plain")[0]) <= 3, "plain SETs leave one sibling a datacenter at most")
    with world["c"].client() as client:
        found = versions.put(client, "doc:hot", "tidied", versions.get(client, "doc:hot").context)
        story.equal(found.values, [b"tidied"], "reading all and writing once tidies it up")
    world.check_same_everywhere(story)
    story.equal(values_everywhere(world, "doc:hot"), [[b"tidied"]] * 3, "everywhere")


def on_read_resolution(story, log):
    with World(("a", "b", "c"), log, rules=RULES, settings=f"conflicts: {{ siblings_max: {SIBLINGS_MAX} }}\n").start() as world:
        with world["a"].client() as a, world["b"].client() as b:
            read_all_replace_all(story, world, a, b)
            stale_contexts(story, world, a, b)
            fields(story, world, a, b)
            siblings_outlive_restarts(story, world, a, b)
        blind_writers(story, world)


scenario.run(on_read_resolution)
