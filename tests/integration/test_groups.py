#!/usr/bin/env python3
"""Consumer groups at several datacenters: replies are Redis's own, each entry is given to somebody, what is acknowledged is so everywhere, who has what pending is known
everywhere, an entry that comes late is given, too, and one that two datacenters gave out is told as a double pop."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError, encode
from lib.workspace import wait_until
from lib.world import World

LATE = b"homeport:late"


def answer(client, *command):
    try:
        return client(*command)
    except ReplyError as error:
        return f"-{error}"


def pending(client, key, group="g"):
    """Who has which entry, and how often it was given."""
    rows = client("XPENDING", key, group, "-", "+", 1000)
    return {row[0].decode(): (row[1].decode(), row[3]) for row in rows if row[1] != LATE}


def cursor(client, key, group="g"):
    for row in client("XINFO", "GROUPS", key):
        fields = dict(zip(row[::2], row[1::2]))
        if fields[b"name"] == group.encode():
            return fields[b"last-delivered-id"].decode()
    return None


# Each is sent to homeport and to a Redis. Idle times are left out by asking for none.
SAME = [
    "XGROUP CREATE s g $", "XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s h 0 ENTRIESREAD 0", "XGROUP CREATE s x", "XGROUP CREATE s x 0 NO",
    "XADD s 1-1 f v", "XADD s 2-1 f v g w", "XADD s 3-1 f v", "XADD s 4-1 f v",
    "XREADGROUP GROUP g c COUNT 2 STREAMS s >", "XREADGROUP GROUP g d COUNT 1 STREAMS s >", "XREADGROUP GROUP g c STREAMS s 0", "XREADGROUP GROUP g c STREAMS s 1-1",
    "XREADGROUP GROUP g d NOACK STREAMS s >", "XREADGROUP GROUP g d STREAMS s >", "XREADGROUP GROUP g d BLOCK 1 STREAMS s >", "XREADGROUP GROUP nobody c STREAMS s >",
    "XREADGROUP GROUP g c STREAMS s", "XREADGROUP GROUP g c STREAMS none >", "XREADGROUP GROUP g c COUNT x STREAMS s >", "XREADGROUP GROUP g c STREAMS s $", "XREADGROUP GROUP g c STREAMS s what",
    "XPENDING s g", "XACK s g 1-1 9-9", "XACK s g 1-1", "XACK s nobody 1-1", "XACK none g 1-1", "XACK s g what", "XACK s g 2", "XPENDING s g",
    "XCLAIM s g d 0 2-1", "XCLAIM s g d 0 2-1 JUSTID", "XCLAIM s g d 0 2-1 RETRYCOUNT 7", "XCLAIM s g d 100000 2-1", "XCLAIM s g d 0 4-1", "XCLAIM s g d 0 4-1 FORCE JUSTID", "XCLAIM s nobody d 0 4-1",
    "XCLAIM s g d what 4-1", "XCLAIM s g d 0 4-1 WHAT", "XAUTOCLAIM s g e 0 0 COUNT 1", "XAUTOCLAIM s g e 0 0 JUSTID", "XAUTOCLAIM s g e 0 what", "XAUTOCLAIM s nobody e 0 0",
    "XDEL s 2-1", "XREADGROUP GROUP g e STREAMS s 0", "XAUTOCLAIM s g d 0 0", "XADD s 5-1 f v", "XREADGROUP GROUP g c STREAMS s >", "XDEL s 5-1", "XCLAIM s g d 0 5-1", "XPENDING s g",
    "XGROUP CREATECONSUMER s g new", "XGROUP CREATECONSUMER s g new", "XGROUP DELCONSUMER s g d", "XGROUP DELCONSUMER s g none", "XGROUP SETID s g 1", "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    "XGROUP SETID s nobody 1", "XGROUP SETID none g 1", "XINFO GROUPS s", "XADD t 1-1 f v", "XGROUP CREATE t g 0", "XREADGROUP GROUP g c COUNT 9 STREAMS s t > >", "XREADGROUP GROUP h c STREAMS s t > >",
    "XREADGROUP GROUP g c STREAMS s t 0 >", "SET string v", "XGROUP CREATE string g 0", "XREADGROUP GROUP g c STREAMS string >", "XACK string g 1-1", "XCLAIM string g c 0 1-1",
    "MULTI", "XADD t 2-1 f v", "XREADGROUP GROUP g c STREAMS t >", "XACK t g 2-1", "XREADGROUP GROUP g c BLOCK 0 STREAMS t >", "XREADGROUP GROUP nobody c STREAMS t >", "EXEC",
    "XGROUP DESTROY s g", "XGROUP DESTROY s g", "XGROUP DESTROY none g", "XPENDING s g", "XGROUP HELP", "XGROUP WHAT s g",
]


def like_redis(facts, world):
    bare = RedisServer(world.workspace, "redis-bare", False)
    bare.start()
    for protocol in (2, 3):
        with bare.client() as redis, world["a"].client() as client:
            for one in (redis, client):
                one("HELLO", protocol)
                one("DEL", "s", "t", "string")
            for line in SAME:
                facts.equal(repr(answer(client, *line.split())), repr(answer(redis, *line.split())), f"RESP{protocol}: {line}")


def shared(facts, world):
    """Produced at both, consumed at both."""
    a, b = world["a"].client(), world["b"].client()
    a("XGROUP", "CREATE", "q", "g", "0", "MKSTREAM")
    world.wait_zero_lag()
    world.cut("b")
    for number in range(40):
        (a, b)[number % 2]("XADD", "q", "*", "n", str(number))
    given = [client("XREADGROUP", "GROUP", "g", name, "COUNT", 100, "STREAMS", "q", ">")[0][1] for client, name in ((a, "ca"), (b, "cb"))]
    for client, entries in zip((a, b), given):
        client("XACK", "q", "g", *[name for name, _ in entries[:10]])
    world.heal("b")
    world.wait_zero_lag()
    jobs = [fields[1] for entries in given for _, fields in entries]
    for client in (a, b, a, b):
        more = client("XREADGROUP", "GROUP", "g", "late", "STREAMS", "q", ">")
        jobs += [fields[1] for _, fields in more[0][1]] if more else []
        world.wait_zero_lag()
    facts.equal(sorted({int(job) for job in jobs}), list(range(40)), "each entry is given to somebody")
    facts.equal(len(jobs), 40, "and to one only")
    facts.equal((pending(a, "q"), cursor(a, "q")), (pending(b, "q"), cursor(b, "q")), "both know who has what, and how far the group got")
    facts.check(all(name.decode() not in pending(a, "q") for entries in given for name, _ in entries[:10]), "what was acknowledged is so everywhere")
    facts.equal(set(owner for owner, _ in pending(b, "q").values()) >= {"ca", "cb"}, True, "what is pending is known at the other")
    taken = b("XAUTOCLAIM", "q", "g", "saver", 0, "0", "COUNT", 100)
    world.wait_zero_lag()
    facts.equal({owner for owner, _ in pending(a, "q").values()}, {"saver"}, "the other datacenter can take all of it")
    facts.equal(len(pending(a, "q")), len(taken[1]), "each")
    a("XACK", "q", "g", *pending(a, "q"))
    world.wait_zero_lag()
    facts.equal((pending(a, "q"), pending(b, "q")), ({}, {}), "and acknowledge it")


def double(facts, world):
    a, b = world["a"].client(), world["b"].client()
    a("XGROUP", "CREATE", "twice", "g", "0", "MKSTREAM")
    name = a("XADD", "twice", "*", "n", "1").decode()
    other = a("XADD", "twice", "*", "n", "2").decode()
    world.wait_zero_lag()
    world.cut("b")
    before = world.conflicts()
    a("XREADGROUP", "GROUP", "g", "ca", "STREAMS", "twice", ">")
    b("XREADGROUP", "GROUP", "g", "cb", "STREAMS", "twice", ">")
    a("XACK", "twice", "g", other)
    world.heal("b")
    world.wait_zero_lag()
    facts.equal((pending(a, "twice"), len(pending(a, "twice"))), (pending(b, "twice"), 1), "one of the two has the entry that both were given, and what one has acknowledged is not pending")
    facts.check(world.conflicts() != before, "it is counted", before)
    records = a("HOMEPORT", "CONFLICTS", "MATCH", "twice", "FORMAT", "JSON")
    facts.check(b"double-pop" in (b"".join(records) if isinstance(records, list) else records), "and told as a double pop", records)
    b("XACK", "twice", "g", name)
    world.wait_zero_lag()
    facts.equal(pending(a, "twice"), {}, "acknowledged is acknowledged everywhere")


def too_long(facts, world):
    with world["a"].client() as client:
        facts.check("HOMEPORT unsupported" in str(answer(client, "XACK", "long", "g", *["1-1"] * 4000)), "a command of very many arguments is refused, and says why")
        facts.check("HOMEPORT unsupported" in str(answer(client, "EVAL", "return redis.call('xack','s','g','1-1')", 0)), "in scripts they are refused")


def whole_keys(facts, world):
    a, b = world["a"].client(), world["b"].client()
    for number in range(1, 6):
        a("XADD", "w", f"{number}-1", "f", "v")
    a("XGROUP", "CREATE", "w", "g", "0")
    a("XREADGROUP", "GROUP", "g", "c", "COUNT", 3, "STREAMS", "w", ">")
    a("XACK", "w", "g", "1-1")
    expected = {"2-1": ("c", 1), "3-1": ("c", 1)}
    dump = a("DUMP", "w")
    a("COPY", "w", "copied")
    a("RESTORE", "restored", 0, dump)
    a("RENAME", "w", "renamed")
    world.wait_zero_lag()
    for key in ("copied", "restored", "renamed"):
        facts.equal((pending(b, key), cursor(b, key)), (expected, "3-1"), f"the group comes along: {key}")
    b("DEL", "copied")
    b("XGROUP", "DESTROY", "restored", "g")
    world.wait_zero_lag()
    facts.equal((a("EXISTS", "copied"), a("XINFO", "GROUPS", "restored"), pending(a, "renamed")), (0, [], expected), "and goes with it")


def waiting(facts, world):
    a, b = world["a"].client(timeout=60), world["b"].client()
    a("XGROUP", "CREATE", "wait", "g", "$", "MKSTREAM")
    world.wait_zero_lag()
    a.send(encode("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "wait", ">"))
    name = b("XADD", "wait", "*", "f", "v")
    facts.equal(a.read(), [[b"wait", [[name, [b"f", b"v"]]]]], "who waits is woken by an entry of another datacenter")
    world.wait_zero_lag()
    facts.equal(pending(b, "wait"), {name.decode(): ("c", 1)}, "and what it got is known there")
    a.send(encode("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "wait", ">"))
    wait_until(lambda: b"blocked_clients:1" in world["a"].client()("INFO", "clients"), 60, "a client waits")
    b("XGROUP", "DESTROY", "wait", "g")
    b("XADD", "wait", "*", "f", "v")
    facts.check("NOGROUP" in str(answer_of(a)), "who waits is told that the group is gone")


def answer_of(client):
    try:
        return client.read()
    except ReplyError as error:
        return error


def test(facts):
    with World(("a", "b"), rules=(("*", "merge"),)).start() as world:
        for case in (like_redis, shared, double, too_long, whole_keys, waiting):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)


tap.run(test)
