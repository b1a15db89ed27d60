#!/usr/bin/env python3
"""A Redis at its maxmemory: reads are served, what removes goes through and is shipped, what adds is refused or waits, and with memory all goes on."""

import re
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import digest, tap
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

FILLER = "x" * 1000
MANY = 9000  # more words than a script can hand to a command


def answer(call, *words):
    try:
        return call(*words)
    except ReplyError as error:
        return str(error)


def findings(dc):
    return dc.sidecar.http("/readyz?verbose")[1]


def fill(world, name):
    """Its Redis takes nothing that adds from here on."""
    with world[name].redis.client() as direct:
        direct("CONFIG", "SET", "maxmemory", "1mb")


def free(world, name):
    with world[name].redis.client() as direct:
        direct("CONFIG", "SET", "maxmemory", "0")


def outbox_length(dc):
    with dc.redis.client() as direct:
        direct("SELECT", digest.RESERVED_DATABASE)
        return direct("XLEN", "homeport:outbox")


def same_everywhere(facts, world, fact):
    """A full Redis is not ready, so there is no waiting for zero lag."""
    digests = lambda: [digest.digest(dc.data()) for dc in world]
    try:
        wait_until(lambda: len(set(digests())) == 1, 60, fact)
    except TimeoutError:
        pass
    facts.equal(*digests(), fact)


DATA = [
    *[("SET", f"s{i}", FILLER) for i in range(300)], ("SET", "taken", "v"), ("SET", "timed", "v", "EX", 1000), ("SET", "kept", "v", "EX", 1000),
    ("SET", "moved", "v"), ("HSET", "h", "f", 1, "g", 2), ("SADD", "set", "a", "b", "c"), ("SADD", "other", "x"),
    ("ZADD", "z", 1.5, "a", 2, "b", 3, "c", 4, "d", 5, "e"), ("SET", "brief", "v", "PX", 3000),
    ("HSET", "many", *[word for i in range(MANY) for word in (f"f{i}", 1)]),
]
# What Redis itself takes at its maxmemory, and its answers with RESP2 and RESP3.
REMOVALS = [
    (("DEL", "s0", "s1", "none"), 2), (("UNLINK", "s2"), 1), (("GETDEL", "taken"), b"v"), (("GETDEL", "none"), None), (("EXPIRE", "timed", 5000), 1),
    (("PERSIST", "kept"), 1), (("HDEL", "h", "f", "none"), 1), (("SREM", "set", "a"), 1), (("ZREM", "z", "a"), 1),
    (("ZPOPMIN", "z"), ([b"b", b"2"], [b"b", 2.0])), (("ZPOPMAX", "z", 2), ([b"e", b"5", b"d", b"4"], [[b"e", 5.0], [b"d", 4.0]])),
    (("SMOVE", "set", "other", "b"), 1), (("RENAME", "moved", "there"), "OK"), (("RENAME", "none", "there"), "ERR no such key"),
    (("HDEL", "s3", "f"), "WRONGTYPE Operation against a key holding the wrong kind of value"),
    (("HDEL", "many", *[f"f{i}" for i in range(MANY)]), MANY),
]
GROWTH = [("SET", "s9", "v"), ("APPEND", "s9", "v"), ("INCR", "n"), ("HSET", "h", "x", 1), ("SADD", "set", "x"), ("ZADD", "z", 1, "x"), ("COPY", "s9", "c")]


def what_removes_goes_through(facts, world, protocol):
    with world["a"].client(30) as client:
        client("HELLO", protocol)
        client.pipeline([("FLUSHALL",), *DATA])
        world.wait_zero_lag()
        fill(world, "a")
        facts.equal([answer(client, *words)[:4] for words in GROWTH], ["OOM "] * len(GROWTH), "what adds is refused, with Redis's own error")
        for words, expected in REMOVALS:
            right = expected[protocol - 2] if isinstance(expected, tuple) else expected
            facts.equal(answer(client, *words), right, f"RESP{protocol}: {' '.join(map(str, words))[:40]}")
        replies = client.pipeline([("MULTI",), ("DEL", "s10"), ("HDEL", "h", "g"), ("GET", "s11"), ("EXEC",)])
        facts.equal(replies[-1], [1, 1, FILLER.encode()], "a transaction that only removes and reads goes through")
        replies = client.pipeline([("MULTI",), ("DEL", "s12"), ("SET", "s13", "v"), ("EXEC",)])
        facts.check(isinstance(replies[-1], ReplyError) and "OOM" in str(replies[-1]), "one that adds as well is refused", replies[-1])
        facts.equal(client("EXISTS", "s12"), 1, "whole")
        mix = client.pipeline([words for i in range(20, 60) for words in (("SET", f"s{i}", "new"), ("DEL", f"s{i}"), ("GET", f"s{i}"))])
        facts.check(all(isinstance(reply, ReplyError) and str(reply).startswith("OOM ") for reply in mix[0::3]), "of a mixed pipeline each SET is refused")
        facts.equal(mix[1::3], [1] * 40, "… each DEL is executed")
        facts.equal(mix[2::3], [None] * 40, "… and each read sees that")
        facts.equal([client("GET", "s100"), client("HOMEPORT", "EXPLAIN", "s100") is not None], [FILLER.encode(), True], "reads are served, EXPLAIN too")
    same_everywhere(facts, world, "the peer has all of it")
    wait_until(lambda: outbox_length(world["a"]) < 5, 20, "the outbox is trimmed")
    with world["a"].client() as client:
        wait_until(lambda: client("EXISTS", "brief") == 0, 20, "keys expire")
        facts.equal(client("FLUSHDB"), "OK", "all can be flushed")
    same_everywhere(facts, world, "at the peer, too")
    free(world, "a")
    world.wait_zero_lag()


def a_kill_on_the_way(facts, world):
    """kill -9 of the sidecar while a client empties a full Redis: each removal is there as a whole, here and at the peer, or not at all."""
    counted = [("SADD", f"left{i}", *range(20)) for i in range(100)]
    with world["a"].client(30) as client:
        client.pipeline([*DATA[:200], *counted])
        world.wait_zero_lag()
        fill(world, "a")
        removed = []

        def empty():
            try:
                for i in range(100):
                    removed.append(client("SPOP", f"left{i}", 5))
                    client("DEL", f"s{i}")
            except (OSError, EOFError, ReplyError):
                pass

        emptier = threading.Thread(target=empty)
        emptier.start()
        wait_until(lambda: len(removed) > 30, 30, "some is removed")
        world["a"].sidecar.kill()
        emptier.join()
    world["a"].sidecar.start(wait=False)
    wait_until(lambda: "store" not in findings(world["a"]).split(), 20, "the sidecar opens the full Redis again")
    same_everywhere(facts, world, "the peer has just what was removed")
    with world["a"].redis.client() as direct:
        left = direct.pipeline([("SCARD", f"left{i}") for i in range(len(removed))])
    facts.equal(left, [15] * len(removed), "what was acknowledged is gone, once")
    free(world, "a")
    world.wait_zero_lag()


def what_peers_write(facts, world):
    log_start = len(world["a"].sidecar.log_text())
    with world["a"].client() as here, world["b"].client() as there:
        here("SET", "kept", "v")
        there.pipeline([("FLUSHALL",), *DATA])
        world.wait_zero_lag()
        fill(world, "a")
        there("DEL", "s0", "set")
        wait_until(lambda: here("EXISTS", "s0", "set") == 0, 10, "a peer's removals are applied")
        pid = world["a"].sidecar.process.pid
        for i in range(50):
            there("SET", f"more{i}", FILLER)
            time.sleep(0.05)
        wait_until(lambda: "store-refusing" in findings(world["a"]), 10, "what it adds waits, and a finding says so")
        facts.check(re.search(r"store-refusing: .*OOM.*maxmemory", findings(world["a"])), "with Redis's words and the remedy", findings(world["a"]))
        facts.check(answer(here, "EXISTS", *[f"more{i}" for i in range(50)]) < 50, "not all of it is here")
        facts.equal([here("GET", "s5") for _ in range(50)], [FILLER.encode()] * 50, "reads are served meanwhile")
        facts.equal(here("DEL", "s6"), 1, "and removals")
        time.sleep(3)
        log = world["a"].sidecar.log_text()[log_start:]
        facts.equal((log.count("store lost"), log.count("store opened")), (0, 0), "the connection to Redis stays")
        facts.equal(log.count("Redis refuses the writes of other datacenters"), 1, "one log line tells of it")
        free(world, "a")
        wait_until(lambda: here("EXISTS", *[f"more{i}" for i in range(50)]) == 50, 20, "with memory it goes on by itself")
        facts.equal(world["a"].sidecar.process.pid, pid, "without a restart")
        wait_until(lambda: "store-refusing" not in findings(world["a"]), 20, "and the finding ends")
    same_everywhere(facts, world, "all is the same")


def edits_of_lists_and_streams(facts, world, round):
    """They are scripts of ours, which the script that a full Redis runs has to run, too."""
    items, events = f"list:{round}", f"stream:{round}"
    with world["a"].client() as here, world["b"].client() as there:
        there("RPUSH", items, "1", "2", "3")
        there.pipeline([("XADD", events, f"{number}-1", "f", number) for number in (5, 6)])
        world.wait_zero_lag()
        fill(world, "a")
        there.pipeline([("MULTI",), ("LINSERT", items, "BEFORE", "2", "x"), ("XADD", events, "7-1", "f", 7), ("EXEC",)])
        there("XDEL", events, "5-1")
        there("LREM", items, 0, "3")
        wait_until(lambda: "store-refusing" in findings(world["a"]) or here("LLEN", items) == 3, 30, "what is refused, or taken as a script, is known")
        free(world, "a")
    same_everywhere(facts, world, "edits of lists and streams that meet a full Redis are the same once it has memory")
    with world["a"].client() as here:
        facts.equal(here("LRANGE", items, 0, -1), [b"1", b"x", b"2"], "the list was edited")
        facts.equal([entry[0] for entry in here("XRANGE", events, "-", "+")], [b"6-1", b"7-1"], "and so was the stream")


def eviction(facts, world):
    sidecar = world["a"].sidecar
    with world["a"].client() as client, world["a"].redis.client() as direct:
        client.pipeline([("FLUSHALL",), ("SET", "key", "v"), ("SET", "brief", "v", "EX", 1000)])
        direct("CONFIG", "SET", "maxmemory", "100mb")
        for words in (("maxmemory-policy", "allkeys-lru"), ("maxclients", "500", "MAXMEMORY-POLICY", "AllKeys-random")):
            facts.check(re.search("HOMEPORT Redis would evict .*volatile-", answer(client, "CONFIG", "SET", *words)), "CONFIG SET of such a policy is refused", words)
        facts.equal(direct("CONFIG", "GET", "maxmemory-policy")[1], b"noeviction", "and not passed on")
        direct("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        wait_until(lambda: re.search("outage eviction: .*allkeys-lru.*noeviction", findings(world["a"])), 10, "set behind its back, it is an outage")
        facts.check("allkeys" in answer(client, "SET", "key", "other"), "a write is refused, with the remedy")
        replies = client.pipeline([("MULTI",), ("SET", "key", "other"), ("EXEC",)])
        facts.check(isinstance(replies[-1], ReplyError), "a transaction, too", replies[-1])
        facts.equal(client("GET", "key"), b"v", "reads are served")
        facts.check("homeport_findings" in sidecar.http("/metrics")[1] and sidecar.http("/readyz")[0] == 503, "it is not ready")
        sidecar.stop()
        sidecar.start(wait=False)
        wait_until(lambda: "outage eviction" in findings(world["a"]), 20, "nor is it after a restart")
        facts.check("Redis may evict keys here, which peers keep" in sidecar.log_text(), "and the log has said so at the start")
    with world["a"].client() as client, world["a"].redis.client() as direct:
        facts.check("allkeys" in answer(client, "SET", "key", "other"), "which refuses writes from its start")
        direct("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
        wait_until(lambda: answer(client, "SET", "key", "other") == "OK", 10, "with a policy that spares keys without a deadline writes are taken")
        wait_until(lambda: "warning eviction" in findings(world["a"]), 10, "and a warning is left")
        client.pipeline([("SET", f"brief{i}", FILLER, "EX", 1000) for i in range(500)])
        direct("CONFIG", "SET", "maxmemory", "1mb")
        answer(client, "SET", "more", "v")
        wait_until(lambda: sidecar.metrics().one("homeport_store_evicted_keys_total") > 0, 10, "what Redis evicts is counted")
        direct("SELECT", digest.RESERVED_DATABASE)
        facts.equal({direct("PTTL", key) for key in direct("KEYS", "homeport:*")}, {-1}, "none of the sidecar's keys has a deadline")
        direct("CONFIG", "SET", "maxmemory", "0")
        direct("CONFIG", "SET", "maxmemory-policy", "noeviction")
    wait_until(lambda: "eviction" not in findings(world["a"]), 10, "all is well again")


def test(facts):
    with World(("a", "b"), with_links=False).start() as world:
        for protocol in (2, 3):
            what_removes_goes_through(facts, world, protocol)
        a_kill_on_the_way(facts, world)
        what_peers_write(facts, world)
        for round in range(3):
            edits_of_lists_and_streams(facts, world, round)
        eviction(facts, world)
    facts.note("kafka")
    with World(("a", "b"), "kafka", with_links=False).start() as world:
        what_removes_goes_through(facts, world, 3)
        a_kill_on_the_way(facts, world)
        what_peers_write(facts, world)


tap.run(test)
