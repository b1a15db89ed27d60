#!/usr/bin/env python3
"""Scenario 11: a handler merges what concurrent writes made of one value. It runs at one datacenter, once, and its result is replicated. One that
loops, throws, returns nothing or eats memory is stopped: the conflict stays open, replication goes on, and it can be tried again."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario, versions
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

MERGE = """
-- One line of goods, each once, in order.
function resolve(key, versions)
	local goods = {}
	for _, version in ipairs(versions) do
		for word in (version.value or ""):gmatch("%S+") do
			goods[word] = true
		end
	end
	local list = {}
	for word in pairs(goods) do
		list[#list + 1] = word
	end
	table.sort(list)
	return table.concat(list, " ")
end
"""
BROKEN = {
    "loops": "function resolve(key, versions) while true do end end",
    "throws": "function resolve(key, versions) error('no idea') end",
    "nothing": "function resolve(key, versions) return nil end",
    "eats": "function resolve(key, versions) local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end",
    "types": "function resolve(key, versions) return {} end",
}
RULES = (("cart:*", "custom", "handler: merge.lua"), *((f"{name}:*", "custom", f"handler: {name}.lua") for name in BROKEN), ("*", "lww"))
SETTINGS = "handlers: { retry: 200ms, retry_max: 1s }\n"


def write_handlers(world):
    (world.workspace.directory / "merge.lua").write_text(MERGE)
    for name, text in BROKEN.items():
        (world.workspace.directory / f"{name}.lua").write_text(text)


def runs(world):
    return {dc.name: int(dc.sidecar.metrics().total("homeport_handler_runs_total")) for dc in world}


def two_carts(world, keys, a, b):
    world.cut("b")
    for key in keys:
        a("SET", key, "milk eggs")
        b("SET", key, "ham eggs")
    world.heal("b")


def merged_once(story, world, a, b):
    two_carts(world, ["cart:1"], a, b)
    story.step("A's cart holds milk and eggs, B's ham and eggs; heal")
    wait_until(lambda: a("GET", "cart:1") == b"eggs ham milk", 20, "the handler's result is there")
    found = world.check_same_everywhere(story)
    story.equal(found[0, b"cart:1"][1], b"eggs ham milk", "the handler's result is everywhere")
    story.equal(sum(runs(world).values()), 1, "it ran at one datacenter, once")
    ended, = records.wait_same(world, 1, "MATCH", "cart:*", "STATUS", "resolved")
    story.equal((ended["rule"], len(ended["sides"])), ("custom", 2), "the record of the conflict tells both sides, and that it is resolved")
    for dc in world:
        with dc.client() as client:
            story.equal(versions.get(client, "cart:1").values, [b"eggs ham milk"], f"one version is left at {dc.name}")


def many_merged(story, world, a, b):
    """Hash fields, too, and many at a time."""
    before = sum(runs(world).values())
    world.cut("b")
    for number in range(50):
        a("HSET", "cart:many", number, "milk")
        b("HSET", "cart:many", number, "ham")
    world.heal("b")
    wait_until(lambda: set(a("HVALS", "cart:many")) == {b"ham milk"}, 20, "all fields are merged")
    world.check_same_everywhere(story)
    story.equal(sum(runs(world).values()) - before, 50, "50 fields in conflict: 50 runs in all three datacenters together")


def last_errors(found):
    return {record["key"].split(":")[0]: record.get("last_error", "") for record in found}


def broken_ones_are_stopped(story, world, a, b):
    keys = [f"{name}:1" for name in BROKEN]
    two_carts(world, keys, a, b)
    with world["c"].client() as c:
        for number in range(50):
            a("SET", f"other:{number}", number)
        wait_until(lambda: c("GET", "other:49") == b"49", 20, "other writes arrive at C")
    story.check(True, "replication goes on while handlers fail")

    def all_failed():
        found = records.listed(a, "STATUS", "open")
        return found if len(found) == len(BROKEN) and all(last_errors(found).values()) else None
    found = wait_until(all_failed, 20, "every broken handler has failed")
    story.equal(sorted(record["key"] for record in found), sorted(keys), "what a handler could not merge stays open")
    for name, error in sorted(last_errors(found).items()):
        story.note(f"{name}: {error}")
    story.check(sum(dc.sidecar.metrics().total("homeport_handler_failures_total") for dc in world) >= len(BROKEN), "failures are counted")
    for dc in world:
        story.check(dc.sidecar.is_running() and dc.sidecar.is_ready(), f"{dc.name} is ready")
        with dc.client() as client:
            story.equal([versions.get(client, key).values for key in keys], [[b"ham eggs", b"milk eggs"]] * len(keys),
                        f"both carts are readable at {dc.name}")
    world.check_same_everywhere(story)


def tried_again(story, world, a):
    """The text of a handler counts in the digest of the rules, so every datacenter takes it over."""
    for name in BROKEN:
        (world.workspace.directory / f"{name}.lua").write_text(MERGE)
    for dc in world:
        dc.sidecar.reload()
    story.step("the operator mended the handlers (SIGHUP)")
    for record in records.listed(a, "STATUS", "open"):
        try:
            a("HOMEPORT", "RETRY", record["id"])
        except ReplyError as error:
            if "no open conflict" not in str(error):  # its pause was over, and it was tried again by itself
                raise
    records.wait_same(world, 0, "STATUS", "open", seconds=30)
    found = world.check_same_everywhere(story)
    story.equal([found[0, f"{name}:1".encode()][1] for name in BROKEN], [b"eggs ham milk"] * len(BROKEN), "tried again, they merge what was left open")


def tested_without_applying(story, world):
    (world.workspace.directory / "first.lua").write_text('function resolve(key, versions) return versions[1].value .. "!" end')
    before = world["a"].data()
    status, text, complaint = world["a"].sidecar.ctl("handler", "test", "--handler", "first.lua")
    story.check(status == 0 and "ham eggs!" in text, "homeportctl handler test shows what a handler would make of recorded conflicts", text + complaint)
    story.equal(world["a"].data(), before, "and applies nothing")
    (world.workspace.directory / "bad.lua").write_text("function resolve(")
    status, text, complaint = world["a"].sidecar.ctl("handler", "test", "--handler", "bad.lua")
    story.check(status != 0 and "bad.lua" in text + complaint, "it says where a handler does not even compile", text + complaint)


def next_one_takes_over(story, world, a, b):
    """The datacenter that should run it is gone: another one does."""
    with world["c"].client() as c:
        world.cut("b")
        world.cut("c")
        b("SET", "cart:orphan", "ham")
        c("SET", "cart:orphan", "milk")
        a("SET", "cart:orphan", "eggs")
        world["a"].sidecar.kill()
        world.heal("b")
        world.heal("c")
        story.step("A, whose turn it would be, is gone")
        wait_until(lambda: b("GET", "cart:orphan") in (b"ham milk", b"eggs ham milk"), 30, "another one merged the carts")
        story.check(True, "while it is away another datacenter runs the handler")
    world["a"].sidecar.start()
    found = world.check_same_everywhere(story)
    wait_until(lambda: b("GET", "cart:orphan") == b"eggs ham milk", 20, "all three carts are merged")
    found = world.check_same_everywhere(story)
    story.equal(found[0, b"cart:orphan"][1], b"eggs ham milk", "once it is back, all three carts are in the result, the same everywhere")


def handler(story, log):
    world = World(("a", "b", "c"), log, rules=RULES, settings=SETTINGS)
    write_handlers(world)
    with world.start(), world["a"].client() as a, world["b"].client() as b:
        merged_once(story, world, a, b)
        many_merged(story, world, a, b)
        broken_ones_are_stopped(story, world, a, b)
        tested_without_applying(story, world)
        tried_again(story, world, a)
        next_one_takes_over(story, world, a, b)


scenario.run(handler)
