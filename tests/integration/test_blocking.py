#!/usr/bin/env python3
"""Pops that wait, BLPOP and its kin, and reads that do, XREAD BLOCK: the same bytes as from a bare Redis; who has waited longest is first; whatever writes wakes them, here or at another
datacenter; no element is lost or given twice, whoever is killed or goes away."""

import re
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import Client, ReplyError, encode
from lib.workspace import wait_until
from lib.world import World

MARK = b"$8\r\n!marked!\r\n"
WAITERS = 20
READERS = 1000
JOBS = 400
HOMES = 'homes: [{ match: "u:{id}:*", default: { hash: { a: 1 } }, away: forward }]\n'


class Raw:
    """A connection that keeps what it gets as bytes."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 30)
        self.bytes = b""

    def send(self, *commands):
        self.socket.sendall(b"".join(encode(*command) for command in commands) + encode("ECHO", "!marked!"))

    def answer(self):
        """What was answered to the last `send`."""
        while MARK not in self.bytes:
            data = self.socket.recv(65536)
            if not data:
                return self.bytes + b"<closed>"
            self.bytes += data
        before, self.bytes = self.bytes.split(MARK, 1)
        return before

    def ask(self, *commands):
        self.send(*commands)
        return self.answer()

    def close(self):
        self.socket.close()


def blocked(address, count):
    with Client(address) as client:
        wait_until(lambda: f"blocked_clients:{count}\r\n" in client("INFO", "clients").decode(), 30, f"{count} clients wait")


# ---- the same bytes ----

ERRORS = [("BLPOP", "k"), ("BLPOP", "k", "-1"), ("BLPOP", "k", "x"), ("BRPOP", "k", "nan"), ("BRPOP", "k", "inf"), ("BLPOP", "k", "1e300"), ("BLMOVE", "k", "l", "UP", "LEFT", "0"),
          ("BLMOVE", "k", "l", "LEFT", "LEFT", "-1"), ("BLMPOP", "-1", "1", "k", "LEFT"), ("BLMPOP", "0", "0", "k", "LEFT"), ("BLMPOP", "0", "9", "k", "LEFT"),
          ("BLMPOP", "0.01", "1", "k", "UP"), ("BLMPOP", "0.01", "1", "k", "LEFT", "COUNT", "0"), ("BZPOPMIN", "k", "-0.1"), ("BZMPOP", "x", "1", "k", "MIN"),
          ("BZMPOP", "0.01", "1", "k", "MID"), ("BRPOPLPUSH", "k", "l", "soon"), ("BLPOP", "str", "0"), ("BLPOP", "empty", "str", "0"), ("BZPOPMAX", "str", "0"),
          ("BLMOVE", "str", "l", "LEFT", "LEFT", "0"), ("BLMPOP", "0", "1", "z", "LEFT"), ("BZMPOP", "0", "1", "l3", "MIN"), ("BLMOVE", "l3", "str", "LEFT", "LEFT", "0")]
WAITS = [("BLPOP", "k", "0.01"), ("BRPOP", "k", "l", "0.01"), ("BLMOVE", "k", "l", "LEFT", "LEFT", "0.01"), ("BRPOPLPUSH", "k", "l", "0.01"), ("BLMPOP", "0.01", "2", "k", "l", "LEFT"),
         ("BZPOPMIN", "k", "l", "0.01"), ("BZPOPMAX", "k", "0.01"), ("BZMPOP", "0.01", "1", "k", "MAX", "COUNT", "3")]
POPS = [("BLPOP", "k", "l3", "0"), ("BRPOP", "l3", "0"), ("BLMOVE", "l3", "d", "LEFT", "RIGHT", "0"), ("BRPOPLPUSH", "l3", "d", "0"), ("BLMPOP", "0", "2", "k", "l3", "RIGHT", "COUNT", "2"),
        ("BZPOPMIN", "z", "0"), ("BZPOPMAX", "k", "z", "0"), ("BZMPOP", "0", "2", "k", "z", "MAX", "COUNT", "2"), ("LRANGE", "d", 0, -1), ("LRANGE", "l3", 0, -1), ("ZRANGE", "z", 0, -1)]
FILL = [("SET", "str", "v"), ("RPUSH", "l3", *"abcdefgh"), ("ZADD", "z", 1, "a", 2.5, "b", 3, "c", 4, "d", 5, "e")]
# One client waits, another one writes.
WOKEN = [(("BLPOP", "a1", "a2", "0"), [("RPUSH", "a2", "x", "y")]), (("BRPOP", "a1", "0"), [("LPUSH", "a1", "x", "y")]),
         (("BLMOVE", "a1", "a9", "LEFT", "RIGHT", "0"), [("RPUSH", "a1", "x")]), (("BRPOPLPUSH", "a1", "a9", "0"), [("RPUSH", "a1", "x")]),
         (("BLMPOP", "0", "2", "a1", "a2", "LEFT", "COUNT", "9"), [("RPUSH", "a2", "x", "y")]), (("BZPOPMIN", "a1", "0"), [("ZADD", "a1", "1.5", "m", "2", "n")]),
         (("BZPOPMAX", "a1", "a2", "0"), [("ZINCRBY", "a2", "7", "m")]), (("BZMPOP", "0", "1", "a1", "MIN", "COUNT", "2"), [("ZADD", "a1", "1", "m", "2", "n", "3", "o")]),
         (("BLPOP", "a1", "0"), [("RPUSH", "b", "x"), ("RENAME", "b", "a1")]), (("BLPOP", "a1", "0"), [("RPUSH", "b", "3", "1"), ("SORT", "b", "STORE", "a1")]),
         (("BLPOP", "a1", "0"), [("RPUSH", "b", "x"), ("COPY", "b", "a1")]), (("BZPOPMIN", "a1", "0"), [("ZADD", "b", "1", "x"), ("ZUNIONSTORE", "a1", "1", "b")]),
         (("BLPOP", "a1", "0"), [("SELECT", 3), ("RPUSH", "a1", "other"), ("MOVE", "a1", "0"), ("SELECT", 0)]),
         (("BLPOP", "a1", "0"), [("EVAL", "redis.call('RPUSH', KEYS[1], 'x') return 1", 1, "a1")]),
         (("BLPOP", "a1", "0"), [("MULTI",), ("RPUSH", "a1", "x"), ("DEL", "a1"), ("RPUSH", "a1", "y"), ("EXEC",)]),
         (("BLPOP", "a1", "0"), [("SET", "a1", "v"), ("DEL", "a1"), ("SADD", "a1", "v"), ("DEL", "a1"), ("ZADD", "a1", 1, "v"), ("DEL", "a1"), ("RPUSH", "a1", "z")]),
         (("BLMOVE", "a1", "a9", "LEFT", "LEFT", "0"), [("SET", "a9", "string"), ("RPUSH", "a1", "x")])]


def same_bytes(facts, bare, address):
    seen = []
    for side in (bare, address):
        found = []
        for hello in (2, 3):
            one, other = Raw(side), Raw(side)
            one.ask(("FLUSHALL",), ("HELLO", hello), *FILL)
            for command in ERRORS + WAITS + POPS:
                found.append((hello, command, one.ask(command)))
            found.append((hello, "in MULTI", one.ask(("MULTI",), *WAITS, ("BLPOP", "k", "-1"), ("BLPOP", "l3", "0"), ("BZPOPMIN", "z", "0"), ("EXEC",))))
            found.append((hello, "behind a push", one.ask(("RPUSH", "p", "1"), ("BLPOP", "p", "0"), ("BLPOP", "p", "0.01"), ("RPUSH", "p", "2"), ("LLEN", "p"))))
            for waiting, writes in WOKEN:
                one.send(waiting)
                blocked(side, 1)
                wrote = other.ask(*writes)
                found.append((hello, waiting, writes, one.answer(), wrote, one.ask(*(("TYPE", key) for key in ("a1", "a2", "a9", "b")))))
                one.ask(("DEL", "a1", "a2", "a9", "b"))
            name = int(one.ask(("CLIENT", "ID")).strip()[1:])
            for reason in ((), ("TIMEOUT",), ("ERROR",)):
                one.send(("BLPOP", "a1", "a2", "0"))
                blocked(side, 1)
                found.append((hello, "UNBLOCK", reason, other.ask(("CLIENT", "UNBLOCK", name, *reason)), one.answer(), other.ask(("CLIENT", "UNBLOCK", name))))
            one.send(("BLPOP", "a1", "0"))
            blocked(side, 1)
            found.append((hello, "flags", b" flags=b " in other.ask(("CLIENT", "LIST", "ID", name))))
            other.ask(("RPUSH", "a1", "x"))
            one.answer()
            one.close()
            other.close()
        seen.append(found)
    for redis, ours in zip(*seen):
        facts.check(redis == ours, f"RESP{redis[0]}, {redis[1]}: as from Redis", None if redis == ours else f"\nRedis:   {redis}\nsidecar: {ours}") if redis != ours else None
    facts.equal(sum(redis == ours for redis, ours in zip(*seen)), len(seen[0]), "all answers are those of a bare Redis")


# ---- reads ----

READS = [("XREAD", "BLOCK", "0", "STREAMS", "s", "0"), ("XREAD", "BLOCK", "0", "COUNT", "1", "STREAMS", "none", "s", "$", "0-0"), ("XREAD", "COUNT", "2", "BLOCK", "0", "STREAMS", "s", "t", "1-1", "0"),
         ("XREAD", "BLOCK", "10", "STREAMS", "s", "$"), ("XREAD", "BLOCK", "10", "STREAMS", "none", "s", "0", "3-1"), ("XREAD", "BLOCK", "10", "STREAMS", "none", "$"),
         ("XREAD", "BLOCK", "x", "STREAMS", "s", "$"), ("XREAD", "BLOCK", "-1", "STREAMS", "s", "$"), ("XREAD", "BLOCK", "0", "STREAMS", "s", "t", "$"), ("XREAD", "BLOCK", "0", "WHAT", "1", "STREAMS", "s", "$"),
         ("XREAD", "BLOCK", "0", "STREAMS", "s", "soon"), ("XREAD", "BLOCK", "0", "STREAMS", "str", "$"), ("XREAD", "BLOCK", "0"), ("XREAD", "BLOCK", "0", "COUNT", "x", "STREAMS", "s", "$"),
         ("XREAD", "BLOCK", "0", "STREAMS", "none", "str", "0", "0"), ("XREAD", "BLOCK", "99999999999999999999", "STREAMS", "s", "$")]
READS_WOKEN = [(("XREAD", "BLOCK", "0", "STREAMS", "w", "$"), [("XADD", "w", "1-1", "f", "v")]), (("XREAD", "COUNT", "1", "BLOCK", "0", "STREAMS", "w1", "w2", "$", "$"), [("XADD", "w2", "5-1", "f", "v"), ("XADD", "w1", "5-1", "f", "v")]),
               (("XREAD", "BLOCK", "0", "STREAMS", "s", "$"), [("XDEL", "s", "3-1"), ("XADD", "s", "4-1", "f", "v")]), (("XREAD", "BLOCK", "0", "STREAMS", "w1", "5-1"), [("XADD", "w1", "5-2", "a", "1")]),
               (("XREAD", "BLOCK", "0", "STREAMS", "w1", "$"), [("MULTI",), ("XADD", "w1", "6-1", "a", "1"), ("XADD", "w1", "6-2", "a", "1"), ("EXEC",)]),
               (("XREAD", "BLOCK", "0", "STREAMS", "w3", "$"), [("SET", "w3", "v"), ("DEL", "w3"), ("XADD", "w3", "1-1", "f", "v")]),
               (("XREAD", "BLOCK", "0", "STREAMS", "w1", "w3", "$", "$"), [("DEL", "w1"), ("XADD", "w1", "1-1", "too", "old"), ("XADD", "w3", "2-1", "f", "v")])]


def reads(facts, bare, world):
    """Both sides get the entries from their Redis, so they are the same whoever replicates streams."""
    seen = []
    for side, direct in ((bare.address, bare.client()), (world["a"].sidecar.address, world["a"].redis.client())):
        found = []
        for hello in (2, 3):
            one = Raw(side)
            one.ask(("FLUSHALL",), ("SET", "str", "v"))
            for command in [("XADD", name, f"{number}-1", "f", "v") for name in ("s", "t") for number in (1, 2, 3)]:
                direct(*command)
            one.ask(("HELLO", hello))
            for command in READS:
                found.append((hello, command, one.ask(command)))
            found.append((hello, "in MULTI", one.ask(("MULTI",), *READS[:7], ("EXEC",))))
            for waiting, writes in READS_WOKEN:
                one.send(waiting)
                blocked(side, 1)
                for write in writes:
                    direct(*write)
                found.append((hello, waiting, writes, one.answer()))
            name = int(one.ask(("CLIENT", "ID")).strip()[1:])
            other = Raw(side)
            for reason in ((), ("TIMEOUT",), ("ERROR",)):
                one.send(("XREAD", "BLOCK", "0", "STREAMS", "s", "w", "$", "$"))
                blocked(side, 1)
                found.append((hello, "UNBLOCK", reason, other.ask(("CLIENT", "UNBLOCK", name, *reason)), one.answer(), other.ask(("CLIENT", "UNBLOCK", name))))
            one.ask(("FLUSHALL",))
            one.close()
            other.close()
        seen.append(found)
    for redis, ours in zip(*seen):
        facts.check(redis == ours, f"RESP{redis[0]}, {redis[1]}: as from Redis", f"\nRedis:   {redis}\nsidecar: {ours}") if redis != ours else None
    facts.equal(sum(redis == ours for redis, ours in zip(*seen)), len(seen[0]), "all answers to XREAD BLOCK are those of a bare Redis")


def many_readers(facts, world):
    """All get each entry. Each entry costs Redis one read for each of them, and one look."""
    address, direct = world["a"].sidecar.address, world["a"].redis.client()
    direct("XADD", "many", "1-1", "f", "v")
    readers = [Raw(address) for _ in range(READERS)]
    for reader in readers:
        reader.send(("XREAD", "BLOCK", "0", "STREAMS", "many", "$"))
    blocked(address, READERS)
    gone = readers.pop()
    gone.close()
    blocked(address, READERS - 1)
    direct("CONFIG", "RESETSTAT")
    direct("XADD", "many", "2-1", "f", "v")
    answers = {reader.answer() for reader in readers}
    facts.equal(answers, {b"*1\r\n*2\r\n$4\r\nmany\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"}, f"{READERS - 1} that wait get the entry")
    stats = direct("INFO", "commandstats").decode()
    count = lambda command: int(re.search(rf"cmdstat_{command}:calls=(\d+)", stats)[1])
    facts.check(count("xread") < 3 * READERS and count("type") < 20, "for that Redis is asked once or twice for each, and hardly looked at", (count("xread"), count("type")))
    for reader in readers:
        reader.close()
    world["a"].client()("FLUSHALL")


# ---- who is first, and what wakes ----

def longest_first(facts, world):
    address, other = world["a"].sidecar.address, world["a"].client()
    waiters = []
    for number in range(WAITERS):
        waiters.append(Raw(address))
        waiters[-1].send(("BLPOP", f"only{number}", "queue", "0"))
        blocked(address, number + 1)
    other("RPUSH", "queue", *range(5))
    for number in range(5, WAITERS):
        other("RPUSH", "queue", number)
    order = [waiter.answer().split(b"\r\n")[4] for waiter in waiters]
    facts.equal(order, [b"%d" % number for number in range(WAITERS)], f"of {WAITERS} that wait, who has waited longest is first")
    facts.equal(other("EXISTS", "queue"), 0, "and nothing is left")


def woken_from_afar(facts, world):
    a, b = world["a"], world["b"]
    one, other = Raw(a.sidecar.address), b.client()
    for waiting, *writes in ((("BLPOP", "far", "0"), ("RPUSH", "far", "x")), (("BZPOPMIN", "far", "0"), ("ZADD", "far", 1, "x")),
                             (("BLMOVE", "far", "there", "LEFT", "LEFT", "0"), ("EVAL", "return redis.call('RPUSH', KEYS[1], 'x')", 1, "far")),
                             (("BLPOP", "far", "0"), ("RPUSH", "near", "x"), ("RENAME", "near", "far"))):
        one.send(waiting)
        blocked(a.sidecar.address, 1)
        for write in writes:
            other(*write)
        facts.check(b"$1\r\nx\r\n" in one.answer(), f"{waiting[0]} is woken by {writes[-1][0]} at another datacenter")
        world.wait_zero_lag()
        facts.equal(other("EXISTS", "far"), 0, "and the pop is replicated")
    facts.equal(other("LRANGE", "there", 0, -1), [b"x"], "so is what was moved")


def reads_woken_from_afar(facts, world):
    a, b = world["a"], world["b"]
    local, other = a.client(), b.client()
    readers = [Raw(a.sidecar.address) for _ in range(3)]
    for number, (who, writes) in enumerate(((local, [("XADD", "read", "*", "f", "v0")]), (other, [("XADD", "read", "*", "f", "v1")]), (other, [("XADD", "r2", "*", "f", "v2"), ("RENAME", "r2", "fresh")]),
                                            (other, [("MULTI",), ("XADD", "read", "*", "f", "v3"), ("SET", "beside", "x"), ("EXEC",)]))):
        for reader in readers:
            reader.send(("XREAD", "BLOCK", "0", "STREAMS", "fresh", "read", "$", "$"))
        blocked(a.sidecar.address, len(readers))
        for write in writes:
            who(*write)
        answers = {reader.answer() for reader in readers}
        facts.check(len(answers) == 1 and b"$2\r\nv%d\r\n" % number in answers.pop(), f"all who read at a are woken by {' … '.join(write[0] for write in writes)} at {'a' if who is local else 'b'}")
        world.wait_zero_lag()


def gone_takes_nothing(facts, world):
    address, other = world["a"].sidecar.address, world["a"].client()
    gone, stays = Raw(address), Raw(address)
    gone.send(("BLPOP", "left", "0"))
    blocked(address, 1)
    stays.send(("BLPOP", "left", "0"))
    blocked(address, 2)
    gone.close()
    blocked(address, 1)
    facts.equal(world["a"].sidecar.metrics().one("homeport_blocked_clients"), 1, "one that has gone waits no more")
    other("RPUSH", "left", "x")
    facts.check(b"$1\r\nx\r\n" in stays.answer(), "what comes goes to the next")


def paused(facts, world):
    address, other = world["a"].sidecar.address, world["a"].client()
    one = Raw(address)
    one.send(("BLPOP", "paused", "0"))
    blocked(address, 1)
    other("CLIENT", "PAUSE", 600000, "WRITE")
    with world["b"].client() as far:
        far("RPUSH", "paused", "x")
    world.wait_zero_lag()
    facts.equal(other("LRANGE", "paused", 0, -1), [b"x"], "nothing is popped while CLIENT PAUSE holds writes")
    other("CLIENT", "UNPAUSE")
    facts.check(b"$1\r\nx\r\n" in one.answer(), "and it is popped afterwards")


def at_home(facts, world):
    """The home of its key is elsewhere: the pop happens there."""
    b, other = world["b"], world["a"].client()
    one = Raw(b.sidecar.address)
    one.send(("BLPOP", "u:7:jobs", "0"))
    blocked(b.sidecar.address, 1)
    other("RPUSH", "u:7:jobs", "x")
    facts.check(b"$1\r\nx\r\n" in one.answer(), "a client waits for a key whose home is elsewhere")
    facts.equal(other("EXISTS", "u:7:jobs"), 0, "the home has popped it")


# ---- sums ----

class Consumer(threading.Thread):
    """Pops until it is told to stop; over a kill it connects again."""

    def __init__(self, dc, key):
        super().__init__(daemon=True)
        self.key = key
        self.dc, self.got, self.lost, self.is_over = dc, [], 0, False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                with self.dc.client(30) as client:
                    while not self.is_over:
                        reply = client("BLPOP", self.key, "0.2")
                        if reply is not None:
                            self.got.append(int(reply[1]))
            except (OSError, EOFError, ReplyError):
                self.lost += 1
                time.sleep(0.05)


def sums(facts, world, prefix="jobs", is_killing=False):
    """Each datacenter pushes jobs for both, and pops its own; a sidecar may be killed meanwhile."""
    consumers = [Consumer(dc, f"{prefix}:{dc.name}") for dc in world for _ in range(4)]
    pushed = {dc.name: set() for dc in world}

    def push(dc, first):
        with dc.client(30) as client:
            for number in range(first, first + JOBS // 4):
                for target in pushed:
                    job = number * 10 + "ab".index(dc.name)
                    client("RPUSH", f"{prefix}:{target}", job)
                    pushed[target].add(job)

    push(world["a"], 0)
    push(world["b"], 0)
    if is_killing:
        world["b"].sidecar.kill()
    push(world["a"], JOBS)
    if is_killing:
        world["b"].sidecar.start()
    push(world["b"], JOBS)
    world.wait_zero_lag(60)
    for dc in world:
        with dc.client() as client:
            wait_until(lambda: client("EXISTS", f"{prefix}:{dc.name}") == 0, 60, f"all jobs of {dc.name} are taken")
    for consumer in consumers:
        consumer.is_over = True
    for consumer in consumers:
        consumer.join(60)
    for name, jobs in pushed.items():
        mine = [consumer for consumer in consumers if consumer.dc.name == name]
        got = [job for consumer in mine for job in consumer.got]
        facts.equal(len(got), len(set(got)), f"{name}: no job is given twice")
        facts.check(set(got) <= jobs, f"{name}: all were pushed")
        most = sum(consumer.lost for consumer in mine) if is_killing else 0
        facts.check(len(jobs - set(got)) <= most, f"{name}: none is lost, but where a connection broke", (len(jobs - set(got)), most))


def sums_are_exact(facts, world):
    sums(facts, world)
    world.check_same_everywhere(facts)


def sums_over_a_kill(facts, world):
    sums(facts, world, "again", True)


def store_restarts(facts, world):
    one = Raw(world["a"].sidecar.address)
    one.send(("BLPOP", "restart", "0"))
    blocked(world["a"].sidecar.address, 1)
    world["a"].redis.kill()
    facts.check(one.answer().endswith(b"<closed>"), "when Redis goes away, who waits has its connection closed")
    world["a"].redis.start()
    world["a"].sidecar.wait_ready()
    again, other = Raw(world["a"].sidecar.address), world["a"].client()
    again.send(("BLPOP", "restart", "0"))
    blocked(world["a"].sidecar.address, 1)
    other("RPUSH", "restart", "x")
    facts.check(b"$1\r\nx\r\n" in again.answer(), "and may wait again")


def test(facts):
    with World(("a", "b"), "redis-stream", rules=(("*", "merge"),), settings=HOMES).start() as world:
        bare = RedisServer(world.workspace, "redis-bare", False)
        bare.start()
        same_bytes(facts, bare.address, world["a"].sidecar.address)
        world.wait_zero_lag()
        reads(facts, bare, world)
        for case in (many_readers, longest_first, woken_from_afar, reads_woken_from_afar, gone_takes_nothing, paused, at_home, sums_are_exact, sums_over_a_kill, store_restarts):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)


tap.run(test)
