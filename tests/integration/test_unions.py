#!/usr/bin/env python3
"""What two datacenters write into one string or deadline while they cannot hear each other: HyperLogLogs count what one would that has seen all of it, bits are
merged where the rule says so, and of two deadlines the one stands that the rule names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, tap
from lib.world import World

RULES = (("m:*", "merge"), ("p:*", "priority", "order: [b, a]"), ("r:b*", "record", "bits: merge"), ("r:*", "record"), ("t:*", "merge", "ttl: longest"), ("*", "lww"))
NAMES = ("m:visits", "p:visits", "x:visits")
WORDS = 4000                                 # the first of them leave the value sparse, all of them make it dense


def add(client, key, words):
    client.pipeline([("PFADD", key, *words[at:at + 5]) for at in range(0, len(words), 5)])


def counts(world, key):
    return [dc.client()("PFCOUNT", key) for dc in world]


def registers(world, key):
    """Of copies, since PFDEBUG GETREG makes the value dense."""
    found = []
    for dc in world:
        with dc.redis.client() as client:
            client("COPY", key, "copy", "REPLACE")
            found.append(client("PFDEBUG", "GETREG", "copy"))
            client("DEL", "copy")
    return found


def one_key(facts, world, key, words):
    a, b = world["a"].client(), world["b"].client()
    add(a, key, ["both have seen it"])
    world.wait_zero_lag()
    world.cut("b")
    add(a, key, [f"a{i}" for i in range(words)])
    add(b, key, [f"b{i}" for i in range(words)])
    b("PFADD", f"{key}:other", *(f"o{i}" for i in range(words)))
    b("PFMERGE", key, f"{key}:other")
    alone = counts(world, key)
    world.heal("b")
    world.wait_zero_lag()
    add(a, "all", ["both have seen it", *(f"{dc}{i}" for dc in "abo" for i in range(words))])
    seen_all = a("PFCOUNT", "all")
    facts.equal(counts(world, key), [seen_all, seen_all], f"{key}, {words} words each: both count as one that has seen all (they had counted {alone})")
    first, second = registers(world, key)
    facts.check(first == second, f"{key}, {words} words each: all registers are the same")
    facts.check(sum(world.conflicts().values()) > 0, f"{key}, {words} words each: the conflicts are counted")
    a("DEL", key, f"{key}:other", "all")
    world.wait_zero_lag()


def against_other_writes(facts, world):
    a, b = world["a"].client(), world["b"].client()
    for key in ("x:deleted", "x:text", "x:kept"):
        a("PFADD", key, "old")
    a("EXPIRE", "x:kept", 1000)
    world.wait_zero_lag()
    world.cut("b")
    a("DEL", "x:deleted")
    a("SET", "x:text", "no HyperLogLog")
    a("PFADD", "x:kept", "new")
    for key in ("x:deleted", "x:text", "x:kept"):
        b("PFADD", key, "unseen")
    world.heal("b")
    world.wait_zero_lag()
    facts.equal(counts(world, "x:deleted"), [1, 1], "what a DEL has not seen survives it, alone")
    facts.equal([dc.client()("GET", "x:text") for dc in world], [b"no HyperLogLog"] * 2, "a string that is no HyperLogLog stands")
    facts.equal(counts(world, "x:kept"), [3, 3], "otherwise all is there")
    facts.check(all(dc.client()("TTL", "x:kept") > 900 for dc in world), "and the deadline stays")
    facts.equal([dc.client()("KEYS", "*homeport*") for dc in world], [[], []], "no key of ours is left over")


def bits(facts, world):
    """Of different bits of one byte all are kept, of one bit the later; where a rule keeps strings whole, only if it says so."""
    a, b = world["a"].client(), world["b"].client()
    keys = [f"{rule}:b1" for rule in "mpxr"]
    for key in (*keys, "r:whole"):
        a("SETBIT", key, 0, 1)
    world.wait_zero_lag()
    world.cut("b")
    for key in (*keys, "r:whole"):
        a("SETBIT", key, 1, 1)
        a("BITFIELD", key, "SET", "u4", 8, 9)
        b("SETBIT", key, 2, 1)
        b("SETBIT", key, 9, 1)
    world.heal("b")
    world.wait_zero_lag()
    for key in keys:
        facts.equal([dc.client()("GET", key) for dc in world], [bytes([0b11100000, 0b11010000])] * 2, f"{key}: the bits of both are there")
    facts.equal([dc.client()("GET", "r:whole") for dc in world], [bytes([0b10100000, 0b01000000])] * 2, "without bits: merge, record keeps strings whole")
    open_keys = {record["key"] for record in records.wait_same(world, 1, "STATUS", "open")}
    facts.equal(open_keys, {"r:whole"}, "and only there is anything open")


def deadlines(facts, world):
    a, b = world["a"].client(), world["b"].client()
    a("SET", "t:lease", "v")
    world.wait_zero_lag()
    world.cut("b")
    a("EXPIRE", "t:lease", 5000)
    b("EXPIRE", "t:lease", 1000)
    world.heal("b")
    world.wait_zero_lag()
    facts.check(all(dc.client()("TTL", "t:lease") > 4000 for dc in world), "ttl: longest: the longer deadline stands, though it is older")


def unions(facts):
    with World(("a", "b"), "redis-stream", rules=RULES).start() as world:
        for key in NAMES:
            one_key(facts, world, key, 40)
        one_key(facts, world, NAMES[0], WORDS)
        against_other_writes(facts, world)
        bits(facts, world)
        deadlines(facts, world)


tap.run(unions)
