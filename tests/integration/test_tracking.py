#!/usr/bin/env python3
"""CLIENT TRACKING: the same conversations with a bare Redis and with a sidecar: the same answers and the same messages. And what bare Redis has not: writes of other
datacenters, a Redis that goes away, a limit."""

import itertools
import random
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import encode
from lib.workspace import wait_until
from lib.world import World
from lib.raw import Raw

ON, OFF, CACHING = ("CLIENT", "TRACKING", "ON"), ("CLIENT", "TRACKING", "OFF"), ("CLIENT", "CACHING", "YES")
INFO = ("CLIENT", "TRACKINGINFO")
RESP3 = ("HELLO", "3")


class Side:
    """Four connections to one server, a b c d. Answers and messages are kept as they come, with the connections' numbers made equal."""

    def __init__(self, address):
        self.connections = {name: Raw(address) for name in "abcd"}
        self.ids = {name: re.search(rb":(\d+)", connection.ask(("CLIENT", "ID")))[1] for name, connection in self.connections.items()}
        self.connections["d"].ask(("SELECT", "1"), ("FLUSHDB",), ("SELECT", "0"), ("FLUSHALL",), ("SCRIPT", "FLUSH"))

    def play(self, steps):
        return [self.step(*step) for step in steps]

    def step(self, name, *commands):
        """NAME sends COMMANDS, or goes; then all are asked what they were told."""
        seen = {}
        if commands:
            seen[name] = self.ask(name, *(tuple(self.ids[word[1:]] if isinstance(word, str) and word[:1] == "#" else word for word in command) for command in commands))
        else:
            self.connections.pop(name).close()
            wait_until(lambda: b"id=%s " % self.ids[name] not in self.connections["d"].ask(("CLIENT", "LIST")), 30, "the server has missed it")
        for at in (*self.connections, *self.connections):
            seen[at] = seen.get(at, b"") + self.ask(at)
        return {at: data for at, data in seen.items() if data}

    def ask(self, name, *commands):
        return self.tidy(self.connections[name].ask(*commands, mark="PING"))

    def tidy(self, data):
        data = re.sub(rb"(\$\d+\r\nid\r\n):\d+", rb"\1:n", data)
        for name, number in self.ids.items():
            data = data.replace(b":%s\r\n" % number, b":<%s>\r\n" % name.encode()).replace(b"redir=%s " % number, b"redir=<%s> " % name.encode())
        return data

    def close(self):
        for connection in self.connections.values():
            connection.close()


class Pair:
    def __init__(self, facts, bare, sidecar):
        self.facts, self.addresses = facts, (bare, sidecar)
        for address in self.addresses * 10:
            Raw(address).close()           # so that no client's number is that of a version of the protocol

    def same(self, fact, *steps, tries=1):
        """TRIES: more with NOLOOP. Where the sidecar writes something of its own in that moment, a client is told of its own write all the same."""
        seen = []
        while tries > 0 and (not seen or seen[0] != seen[1]):
            seen, tries = [self.see(address, steps) for address in self.addresses], tries - 1
        if seen[0] == seen[1]:
            self.facts.check(True, fact)
            return
        at = next(i for i in range(len(steps)) if seen[0][i] != seen[1][i])
        self.facts.check(False, fact, f"\nstep    {at}: {steps[at]}\nRedis:   {seen[0][at]}\nsidecar: {seen[1][at]}")


    def see(self, address, steps):
        side = Side(address)
        seen = side.play(steps)
        side.close()
        return seen


def options(pair, is_all):
    for line in """ON|OFF|x|ON x|ON BCAST|ON BCAST NOLOOP|ON OPTIN|ON OPTOUT|ON OPTIN OPTOUT|ON BCAST OPTIN|ON BCAST OPTOUT|ON PREFIX a|ON BCAST PREFIX|ON BCAST PREFIX a PREFIX b
        ON BCAST PREFIX a PREFIX ab|ON BCAST PREFIX ab PREFIX a PREFIX c|ON REDIRECT|ON REDIRECT x|ON REDIRECT 99999999|ON REDIRECT #b|ON REDIRECT #a|ON REDIRECT #b REDIRECT #c|ON REDIRECT #b NOLOOP BCAST PREFIX z PREFIX y
        OFF OPTIN OPTOUT PREFIX x|OFF REDIRECT x|on optin noloop|off nonsense|ON OPTIN BCAST PREFIX a PREFIX ab REDIRECT 99999999""".replace("\n", "|").split("|"):
        command = ("CLIENT", "TRACKING", *line.split())
        for hello in ("2", "3") if is_all else ("3",):
            pair.same(f"TRACKING {line.strip()} (RESP{hello})", ("a", ("HELLO", hello)), ("a", command), ("a", INFO, ("CLIENT", "GETREDIR")), ("a", ("CLIENT", "CACHING", "YES"), ("CLIENT", "CACHING", "NO"), ("CLIENT", "CACHING", "x"), INFO, INFO),
                      ("a", command), ("a", INFO), ("a", ("CLIENT", "TRACKING", "ON", "OPTIN"), INFO), ("a", ("CLIENT", "TRACKING", "ON", "OPTOUT"), INFO), ("a", ("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "abc"), INFO),
                      ("a", ("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a\0c"), INFO), ("a", OFF, INFO, ("CLIENT", "GETREDIR")), ("a", command, ("RESET",), INFO))


def one_by_one(name, commands):
    """But for a transaction."""
    return [(name, *commands)] if ("MULTI",) in commands else [(name, command) for command in commands]


def keys(pair, is_all):
    """B reads keys, then somebody does something. Not in every mode, unless IS_ALL."""
    turns = itertools.count()

    def plays(share):
        return is_all or next(turns) % share == 0
    setup = (("SET", "k", "1"), ("SADD", "s", "x"), ("HSET", "h", "f", "v"), ("ZADD", "z", "1", "m"), ("RPUSH", "l", "a", "b"), ("SET", "n", "5"))
    reading = (("GET", "k"), ("SMEMBERS", "s"), ("HGETALL", "h"), ("ZRANGE", "z", "0", "-1"), ("LRANGE", "l", "0", "-1"), ("MGET", "n", "missing"), ("EXISTS", "gone"))
    for fact, commands in {
        "SET": (("SET", "k", "2"),), "SET twice": (("SET", "k", "2"), ("SET", "k", "3")), "SET to what it is": (("SET", "k", "1"),), "SETNX of what is there": (("SETNX", "k", "2"),),
        "DEL of two": (("DEL", "k", "s"),), "DEL of a missing key": (("DEL", "missing"),), "SADD of what is there": (("SADD", "s", "x"),), "HSET": (("HSET", "h", "f", "w"),), "HDEL of nothing": (("HDEL", "h", "g"),),
        "ZADD, RPUSH, INCR": (("ZADD", "z", "2", "m"), ("RPUSH", "l", "c"), ("INCR", "n")), "MSET": (("MSET", "k", "1", "missing", "2", "other", "3"),), "EXPIRE": (("EXPIRE", "k", "99"),),
        "a wrong type": (("SADD", "k", "x"),), "RENAME": (("RENAME", "k", "missing"),), "COPY": (("COPY", "k", "missing"),), "SINTERSTORE": (("SINTERSTORE", "k", "s", "gone"),), "LPOP": (("LPOP", "l", "2"),),
        "the same name in another database": (("SELECT", "1"), ("SET", "k", "1"), ("SELECT", "0")), "FLUSHDB": (("FLUSHDB",),), "FLUSHALL": (("FLUSHALL",),), "FLUSHDB elsewhere": (("SELECT", "1"), ("FLUSHDB",), ("SELECT", "0")),
        "a script": (("EVAL", "redis.call('SET', 'k', 1) redis.call('GET', 's') return redis.call('INCR', 'n')", "0"),), "a transaction": (("MULTI",), ("SET", "k", "1"), ("INCR", "n"), ("SET", "k", "2"), ("EXEC",)),
        "one that is discarded": (("MULTI",), ("SET", "k", "1"), ("DISCARD",)), "a guarded one": (("WATCH", "k"), ("MULTI",), ("SET", "k", "1"), ("EXEC",)), "SETEX and reading": (("SETEX", "k", "100", "1"), ("GET", "k")),
    }.items():
        for protocol in ("23" if is_all else "23"[next(turns) % 2]):
            pair.same(f"{fact} by another client (its protocol: {protocol})", ("a", *setup), ("b", RESP3, ON), ("b", *reading), ("c", ("HELLO", protocol)), ("c", *commands), ("c", *commands), ("b", *reading), ("c", *commands))
        pair.same(f"one's own {fact}", ("a", *setup), ("b", RESP3, ON), ("b", *reading), *one_by_one("b", commands), *(("b", command) for command in reading), *one_by_one("b", commands))
        if plays(2):
            pair.same(f"NOLOOP, one's own {fact}", ("a", *setup), ("b", RESP3, (*ON, "NOLOOP")), ("b", *reading), *one_by_one("b", commands), ("a", *setup), ("b", *reading), ("a", *commands), tries=5)
        redirected = ("b", (*ON, "REDIRECT", "#c"))
        if plays(2):
            pair.same(f"RESP2 and a subscriber, {fact}", ("a", *setup), ("c", ("SUBSCRIBE", "__redis__:invalidate")), redirected, ("b", *reading), ("a", *commands), ("b", *reading), *one_by_one("b", commands))
        if plays(3):
            pair.same(f"RESP2 and a client of RESP3, {fact}", ("a", *setup), ("c", RESP3), redirected, ("b", *reading), ("a", *commands))
        for mode in (("BCAST",), ("BCAST", "PREFIX", "k", "PREFIX", "n"), ("BCAST", "NOLOOP", "PREFIX", "")):
            if plays(2):
                pair.same(f"{' '.join(mode)}, {fact}", ("a", *setup), ("b", RESP3, (*ON, *mode)), *one_by_one("a", commands), *one_by_one("b", commands), *one_by_one("b", setup), tries=5)


def conversations(pair):
    get, put, read = ("GET", "k"), ("SET", "k", "v"), ("b", ("GET", "k"), ("GET", "l"))
    on3 = ("b", RESP3, ON)
    pair.same("OPTIN tells of nothing else", ("b", RESP3, (*ON, "OPTIN")), read, ("a", put), ("b", CACHING, get), ("b", ("GET", "l")), ("a", put, ("SET", "l", "1")))
    pair.same("OPTIN and what follows CACHING", ("b", RESP3, (*ON, "OPTIN")), ("b", CACHING, INFO, get), ("a", put), ("b", CACHING, ("PING",), get), ("a", put), ("b", CACHING, ("NONSENSE",), get), ("a", put), ("b", CACHING, ("GET",), get), ("a", put))
    pair.same("OPTIN and a transaction", ("b", RESP3, (*ON, "OPTIN")), ("b", CACHING, ("MULTI",), get, ("GET", "l"), ("EXEC",)), ("b", INFO), ("a", put, ("SET", "l", "1")), ("b", ("MULTI",), get, ("EXEC",)), ("a", put))
    pair.same("OPTOUT", ("b", RESP3, (*ON, "OPTOUT")), ("b", ("CLIENT", "CACHING", "NO"), INFO, get), ("b", ("GET", "l")), ("a", put, ("SET", "l", "1")), read, ("a", put, ("SET", "l", "1")))
    pair.same("reads in a transaction", on3, ("b", ("MULTI",), get, ("HGETALL", "h"), ("EXEC",)), ("a", put, ("HSET", "h", "f", "v")))
    pair.same("a transaction that reads and writes", on3, ("b", ("MULTI",), get, put, ("GET", "l"), ("EXEC",)), ("a", put, ("SET", "l", "1")))
    pair.same("a read behind one's own write", on3, ("b", put), ("b", get), ("b", put), ("b", get), ("a", put))
    for script in ("return redis.call('GET', KEYS[1])", "return redis.call('SET', KEYS[1], 'x')", "redis.call('SET', KEYS[1], 'x') return redis.call('GET', KEYS[1])"):
        pair.same(f"what a script reads: {script}", on3, ("b", ("EVAL", script, "1", "k")), ("a", put), ("a", put))
    pair.same("what a script may only read", on3, ("b", ("EVAL_RO", "return redis.call('GET', KEYS[1])", "1", "k")), ("a", put))
    pair.same("OFF, RESET", on3, read, ("b", OFF), ("a", put), ("b", ON), read, ("b", ("RESET",)), ("a", put), ("b", RESP3, ON), read, ("a", put))
    pair.same("default, then BCAST", on3, read, ("b", OFF, (*ON, "BCAST", "PREFIX", "z")), ("a", put), ("a", ("SET", "z1", "1")), ("b", OFF, (*ON, "OPTOUT")), ("a", ("SET", "z1", "2")), read, ("a", put))
    pair.same("prefixes are added", ("b", RESP3, (*ON, "BCAST", "PREFIX", "k"), (*ON, "BCAST", "PREFIX", "l"), (*ON, "BCAST")), ("b", INFO), ("a", put, ("SET", "l", "1"), ("SET", "m", "1")))
    pair.same("two clients that read it, in both protocols", on3, ("a", (*ON, "REDIRECT", "#c")), ("c", RESP3), ("a", get), read, ("d", put), ("d", put), read, ("d", put))
    pair.same("HELLO 3 afterwards", ("c", ("SUBSCRIBE", "x")), ("b", (*ON, "REDIRECT", "#c")), read, ("b", RESP3), ("b", ("GET", "m")), ("a", put, ("SET", "m", "1")), ("b", ("GET", "m")), ("a", ("SET", "m", "1")))
    pair.same("HELLO 2 afterwards", on3, read, ("b", ("HELLO", "2")), ("a", put), ("b", RESP3), read, ("a", put))
    pair.same("it was to be told to a client that is gone", ("b", RESP3, (*ON, "REDIRECT", "#c")), read, ("c",), ("a", put), ("b", INFO), ("b", ("GET", "l")), ("a", ("SET", "l", "1")), ("b", ON, INFO), read, ("a", put))
    pair.same("and RESP2", ("b", (*ON, "REDIRECT", "#c")), read, ("c",), ("a", put), ("b", INFO))
    pair.same("CLIENT REPLY OFF", on3, read, ("b", ("CLIENT", "REPLY", "SKIP"), get), ("a", put))
    pair.same("a subscriber that does not subscribe to it", ("c", ("SUBSCRIBE", "other")), ("b", (*ON, "REDIRECT", "#c")), read, ("a", put))
    pair.same("a client of RESP2 alone is told nothing", ("b", ON), read, ("a", put), ("b", INFO))
    pair.same("keys that are not plain", on3, ("b", ("GET", ""), ("GET", "a\0b"), ("GET", "ü\r\n")), ("a", ("SET", "", "1"), ("SET", "a\0b", "1"), ("SET", "ü\r\n", "1")))
    pair.same("streams", on3, ("b", ("XREAD", "COUNT", "1", "STREAMS", "x", "y", "0", "0")), ("a", ("XADD", "y", "1-1", "f", "v")), ("b", ("XLEN", "y")), ("a", ("XADD", "y", "1-2", "f", "v")))
    pair.same("who is gone is not told", on3, read, ("c", RESP3, ON, get), ("b",), ("a", put))
    pair.same("CLIENT TRACKING inside MULTI", ("b", RESP3, ("MULTI",), ON, INFO, ("EXEC",)), read, ("a", put), ("b", ("MULTI",), OFF, ("EXEC",)), read, ("a", put))
    pair.same("what a read that writes reads", on3, ("a", ("PFADD", "p", "x")), ("b", ("PFCOUNT", "p"), ("GETEX", "k")), ("a", ("PFADD", "p", "y"), put))
    flags = ("CLIENT", "INFO")

    def shown(data):
        return re.findall(rb"flags=\S+|redir=\S+", data)
    for fact, steps in {"off": (), "on": (ON,), "broadcast": ((*ON, "BCAST"),), "redirected": ((*ON, "REDIRECT", "#c"),)}.items():
        seen = []
        for address in pair.addresses:
            side = Side(address)
            side.play((("b", RESP3, *steps),))
            seen.append((shown(side.ask("b", flags)), [re.findall(rb"tracking_\w+:\d+", side.ask("b", ("GET", "k"), ("GET", "l"), ("INFO", "everything")))]))
            side.close()
        pair.facts.equal(seen[1], seen[0], f"CLIENT INFO and INFO, {fact}")


def expiring(pair):
    """Which of Redis's two ways of expiring comes first is chance: until both sides have said the same."""
    def seen(address):
        side = Side(address)
        side.play((("a", ("SET", "k", "1", "PX", "300")), ("b", RESP3, ON, ("GET", "k")), ("c", RESP3, (*ON, "BCAST"))))
        told = {name: side.connections[name].until(b"k\r\n") for name in "bc"}
        side.close()
        return told
    pair.facts.equal(seen(pair.addresses[1]), seen(pair.addresses[0]), "a key that expires")


def at_random(pair, count):
    """One command at a time by any of four clients in any mode; then all have been told the same."""
    modes = [ON, (*ON, "NOLOOP"), (*ON, "BCAST"), (*ON, "BCAST", "PREFIX", "k1", "PREFIX", "k2"), (*ON, "OPTIN"), (*ON, "OPTOUT"), (*ON, "BCAST", "NOLOOP")]
    for seed in range(count):
        rng = random.Random(seed)
        key = lambda: f"k{rng.randrange(4)}"
        steps = [(name, RESP3, rng.choice(modes)) for name in "abc"] + [("d", ("HELLO", rng.choice("23")))]
        for _ in range(60):
            command = rng.choice((lambda: ("GET", key()), lambda: ("GET", key()), lambda: ("MGET", key(), key()), lambda: ("SET", key(), rng.randrange(9)), lambda: ("DEL", key(), key()), lambda: ("SETNX", key(), 1),
                                  lambda: ("INCR", key()), lambda: CACHING, lambda: ("CLIENT", "CACHING", "NO"), lambda: OFF, lambda: rng.choice(modes), lambda: ("APPEND", key(), ""), lambda: ("EXPIRE", key(), 100)))()
            steps.append((rng.choice("abcd"), tuple(str(word) for word in command)))
        pair.same(f"at random, seed {seed}", *steps, tries=5)


def elsewhere(facts, world):
    """Writes of another datacenter; many at once; a Redis that goes away."""
    a, b = world["a"], world["b"]
    writer = b.client(30)
    address = a.client()._socket.getpeername()
    reader, all_keys, old, subscriber = (Raw(address) for _ in range(4))
    reader.ask(RESP3, ON), all_keys.ask(RESP3, (*ON, "BCAST", "PREFIX", "k"))
    subscriber.ask(("CLIENT", "ID"))
    subscriber_id = re.search(rb":(\d+)", subscriber.ask(("CLIENT", "ID")))[1]
    subscriber.ask(("SUBSCRIBE", "__redis__:invalidate"), mark="PING")
    old.ask((*ON, "REDIRECT", subscriber_id))
    for connection in (reader, old):
        connection.ask(("GET", "k1"))
    writer("SET", "k1", "remote")
    told = b"invalidate\r\n*1\r\n$2\r\nk1\r\n"
    facts.check(all(connection.until(told).endswith(told) for connection in (reader, all_keys, subscriber)), "clients are told of another datacenter's write, in each mode")
    facts.equal(reader.ask(("GET", "k1")), b"$6\r\nremote\r\n", "and read what it wrote")
    writer("FLUSHALL")
    wait_until(lambda: b"invalidate" in reader.ask(("PING",)), 30, "another datacenter's FLUSHALL is told")
    facts.check(True, "another datacenter's FLUSHALL takes what it had seen, and clients are told")

    # A cache that believes what it is told never stays old: pipelined reads and writes of all, then all is compared.
    caches, clients = [{}, {}, {}], [a.client(30) for _ in range(3)]
    for client, mode in zip(clients, ((), ("NOLOOP",), ("BCAST", "PREFIX", "c"))):
        client("HELLO", "3"), client("CLIENT", "TRACKING", "ON", *mode)
    rng = random.Random(1)
    writer_local = a.client(30)
    for turn in range(150):
        for who in (writer, writer_local):
            who.send(b"".join(encode("SET", f"c{rng.randrange(10)}", f"{turn}.{i}") for i in range(5)))
        for client, cache in zip(clients, caches):
            read_some(client, cache, [f"c{rng.randrange(10)}" for _ in range(6)], [f"c{rng.randrange(10)}"] if turn % 3 == 0 else [], f"own {turn}")
        for who in (writer, writer_local):
            for _ in range(5):
                who.read()
    world.wait_zero_lag()
    truth = lambda: {f"c{i}": writer_local("GET", f"c{i}") for i in range(10)}
    def agree():
        for client, cache in zip(clients, caches):
            read_some(client, cache, [], [], "")
        values = truth()
        return all(cache[key] == values[key] for cache in caches for key in cache)
    wait_until(agree, 30, "all caches agree with the data")
    facts.check(True, "what clients keep is never left old, under writes of both datacenters and their own")

    late = 0
    reader.ask(("SET", "own", "0"))
    for i in range(500):
        reader.ask(("GET", "own"))
        reader.socket.sendall(encode("SET", "own", str(i)))
        late += b"invalidate" not in reader.socket.recv(65536)
        reader.ask(("PING",))
    facts.equal(late, 0, "what a client has changed itself is told in one packet with the answer")
    reader.ask(("GET", "k1"))
    a.redis.kill()
    wait_until(lambda: a.sidecar.metrics().one("homeport_store_open") == 0, 30, "the Redis is missed")
    facts.check(reader.until(b"invalidate\r\n_\r\n").endswith(b"_\r\n"), "when Redis is lost, all that was read may have changed")
    a.redis.start()
    a.sidecar.wait_ready()
    wait_until(lambda: b"LOADING" not in reader.ask(("GET", "k1")), 30, "it reads again")
    reader.ask(("GET", "k2"))
    time.sleep(0.2)
    wait_until(lambda: (reader.ask(("GET", "k2")), a.client()("SET", "k2", "1"), b"invalidate" in reader.ask(("PING",)))[2], 30, "and is told again")
    facts.check(True, "afterwards it is told as before")


def read_some(client, cache, keys, own, value):
    """One packet of reads, own writes and a mark; messages count in the order in which they come."""
    client.send(b"".join(encode("GET", key) for key in keys) + b"".join(encode("SET", key, value) for key in own) + encode("PING", "mark"))
    due = list(keys) + [None] * len(own)
    for key in own:
        cache.pop(key, None)
    while True:
        reply = client.read()
        if isinstance(reply, list) and len(reply) == 2 and reply[0] in (b"invalidate", "invalidate"):
            for key in reply[1] or list(cache):
                cache.pop(key.decode() if isinstance(key, bytes) else key, None)
        elif reply in (b"mark", "mark"):
            return
        else:
            key = due.pop(0)
            if key is not None:
                cache[key] = reply


def limited(facts):
    with World(("a",), with_links=False, settings="limits: { tracking: 10 }\n").start() as world:
        dc = world["a"]
        reader = Raw(dc.client()._socket.getpeername())
        reader.ask(RESP3, ON)
        reader.ask(*[("GET", f"k{i}") for i in range(10)])
        facts.equal(reader.ask(("GET", "k1")), b"_\r\n", "as many keys as limits.tracking are remembered")
        facts.equal(reader.ask(("GET", "k10")).count(b"k0"), 1, "of one more the oldest counts as changed")
        facts.equal(dc.sidecar.metrics().one("homeport_tracking_dropped_total"), 1, "which is counted")
        with dc.redis.client() as redis:
            redis("CONFIG", "SET", "tracking-table-max-keys", "1")
        wait_until(lambda: b"invalidate" in reader.ask(("PING",)), 30, "Redis's own limit counts as well")
        facts.check("optin" not in str(dc.client()("INFO", "commandstats")), "nothing of it is seen")


def tracking(facts, quick):
    with World(("a",), with_links=False).start() as world:
        bare = RedisServer(world.workspace, "bare", False)
        bare.start()
        pair = Pair(facts, bare.address, world["a"].sidecar.client()._socket.getpeername())
        options(pair, not quick), keys(pair, not quick), conversations(pair), expiring(pair), at_random(pair, 10 if quick else 200)
    with World(("a", "b"), with_links=False).start() as world:
        elsewhere(facts, world)
    limited(facts)


tap.run(lambda facts: tracking(facts, "--all" not in sys.argv))
