#!/usr/bin/env python3
"""The same bytes to a bare Redis and to a sidecar: transactions, CLIENT and tracking are answered by the same bytes."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.raw import Raw
from lib.redis_server import RedisServer
from lib.resp import encode
from lib.workspace import wait_until
from lib.world import World

class Pair:
    """A bare Redis and a sidecar, asked the same."""

    def __init__(self, facts, bare, sidecar):
        self.facts, self.addresses = facts, (bare, sidecar)

    def connect(self, count, hello=None):
        sides = [[Raw(address) for _ in range(count)] for address in self.addresses]
        for side in sides:
            for connection in side:
                if hello:
                    connection.ask(("HELLO", hello))
        return sides

    def play(self, fact, script, count=1, hello=None, tidy=lambda data: data, tries=1):
        """SCRIPT gets COUNT connections of one side, and returns what it saw there. TRIES: more where a deadline may pass too early."""
        seen = []
        while tries > 0 and (not seen or seen[0] != seen[1]):
            seen, tries = self.see(script, count, hello, tidy), tries - 1
        self.facts.check(seen[0] == seen[1], fact, None if seen[0] == seen[1] else f"\nRedis:   {seen[0]}\nsidecar: {seen[1]}")

    def see(self, script, count, hello, tidy):
        seen = []
        for side in self.connect(count, hello):
            side[0].ask(("FLUSHALL",), ("SELECT", "1"), ("FLUSHDB",), ("SELECT", "0"))
            result = script(*side)
            seen.append([tidy(part) for part in (result if isinstance(result, list) else [result])])
            for connection in side:
                connection.close()
        return seen


def without_numbers(data):
    return re.sub(rb"\b(id|addr|laddr|fd|age|idle|qbuf-free|qbuf|tot-mem|argv-mem|multi-mem|obl|oll|omem|rbs|rbp|ssub|cmd)=\S*|^\$\d+", rb"", data)


def transactions(pair):
    multi, execute = ("MULTI",), ("EXEC",)

    def same(fact, *commands, **more):
        for hello in (None, "3"):
            pair.play(f"{fact} (RESP{hello or 2})", lambda client: client.ask(*commands), hello=hello, **more)
    same("SELECT inside MULTI", ("SET", "k", "0"), multi, ("SET", "k", "a"), ("SELECT", "1"), ("SET", "k", "b"), ("GET", "k"), ("SELECT", "99"),
         ("SELECT", "x"), ("SELECT", "0"), ("GET", "k"), ("SELECT", "1"), execute, ("GET", "k"), ("SELECT", "0"), ("GET", "k"))
    same("UNWATCH, ECHO, PING, TIME's like inside MULTI", ("WATCH", "k"), multi, ("UNWATCH",), ("ECHO", "x"), ("PING",), ("PING", "y"), execute)
    same("CLIENT inside MULTI", multi, ("CLIENT", "SETNAME", "me"), ("CLIENT", "GETNAME"), ("CLIENT", "SETNAME", "a b"), ("SET", "k", "1"),
         ("CLIENT", "NO-EVICT", "ON"), ("CLIENT", "KILL", "1.2.3.4:5"), ("CLIENT", "NONSENSE"), execute, ("CLIENT", "GETNAME"), ("GET", "k"))
    same("CLIENT inside MULTI, all fine", multi, ("CLIENT", "SETNAME", "me"), ("CLIENT", "GETNAME"), ("CLIENT", "SETNAME", "a b"), ("SET", "k", "1"),
         ("CLIENT", "KILL", "1.2.3.4:5"), ("CLIENT", "ID", ), ("INCR", "k"), execute, ("CLIENT", "GETNAME"), ("GET", "k"),
         tidy=lambda data: re.sub(rb":\d+\r\n", b":n\r\n", data))
    same("INFO inside MULTI", multi, ("INFO", "nonsense"), ("SET", "k", "1"), execute)
    same("CONFIG inside MULTI", multi, ("CONFIG", "SET", "hz", "11"), ("CONFIG", "GET", "hz"), ("CONFIG", "SET", "nonsense", "1"), execute)
    same("HELLO inside MULTI", multi, ("HELLO", "9"), ("HELLO", "x"), execute, ("PING",))
    same("HELLO 3 first inside MULTI", ("HSET", "h", "f", "v"), multi, ("HELLO", "3"), ("HGETALL", "h"), execute, ("HGETALL", "h"),
         tidy=lambda data: re.sub(rb"id\r\n:\d+", b"id", data))
    same("AUTH inside MULTI", multi, ("AUTH", "x"), ("AUTH", "nobody", "x"), ("SET", "k", "1"), execute, ("GET", "k"))
    same("a command that is wrong in itself fails alone", multi, ("FLUSHALL", "FOO"), ("SET", "k", "1"), ("SET", "k", "2", "BAD"), ("INCR", "k"),
         ("EXPIRE", "k", "x"), ("LINDEX", "k", "0"), execute, ("GET", "k"))
    same("even if there is no other", multi, ("FLUSHALL", "FOO"), execute, ("PING",))
    same("a command that is not known spoils it", multi, ("NONSENSE",), ("SET", "k", "1"), execute, ("GET", "k"))
    same("a wrong number of arguments does, too", multi, ("GET",), ("SET", "k", "1"), execute, ("GET", "k"))
    same("nested MULTI, WATCH inside MULTI", multi, multi, ("WATCH", "k"), ("SET", "k", "1"), execute, ("GET", "k"))
    same("EXEC, DISCARD without MULTI", execute, ("DISCARD",), multi, ("SET", "k", "1"), ("DISCARD",), ("GET", "k"), execute)
    same("an empty transaction", multi, execute, ("WATCH", "k"), multi, execute)
    same("RESET inside MULTI", multi, ("SET", "k", "1"), ("RESET",), execute, ("GET", "k"))
    same("SAVE is not allowed", multi, ("SAVE",), execute)
    same("SUBSCRIBE inside MULTI", multi, ("SET", "k", "1"), ("SUBSCRIBE", "a", "b"), ("PSUBSCRIBE", "c*"), execute, ("PING",) , ("UNSUBSCRIBE", "a", "b"),
         ("PUNSUBSCRIBE", "c*"), ("GET", "k"))
    same("UNSUBSCRIBE inside MULTI", multi, ("UNSUBSCRIBE",), ("GET", "k"), execute)
    same("CLIENT REPLY inside MULTI", multi, ("CLIENT", "REPLY", "ON"), ("CLIENT", "REPLY", "X"), ("PING",), execute)
    same("MONITOR inside MULTI", multi, ("MONITOR",), execute)
    same("blocking inside MULTI", multi, ("XREAD", "BLOCK", "0", "STREAMS", "s", "$"), execute)

    def full(client):
        seen = [client.ask(("SET", "k", "0"), ("CONFIG", "SET", "maxmemory", "1"), multi, ("SET", "k", "1"), ("GET", "k"), execute)]
        seen.append(client.ask(multi, ("GET", "k"), ("DISCARD",), multi, ("PING",), execute))
        return seen + [client.ask(("CONFIG", "SET", "maxmemory", "0"), multi, ("SET", "k", "1"), execute)]
    pair.play("without memory nothing is queued", full)
    inline = b"MULTI\r\nSELECT 1\r\nSET k inline\r\nFLUSHALL FOO\r\nEXEC\r\nGET k\r\n"
    same("the same by inline commands", inline)


def watching(pair):
    """What touches a watched key, and what does not: SETUP, then WATCH k, then another client's COMMANDS, then EXEC."""
    cases = {
        "nothing": ((), ()), "SET": ((), (("SET", "k", "1"),)), "SET to what it is": ((("SET", "k", "1"),), (("SET", "k", "1"),)),
        "SETNX of a key that is there": ((("SET", "k", "1"),), (("SETNX", "k", "2"),)), "SETNX of a missing one": ((), (("SETNX", "k", "2"),)),
        "SET XX of a missing key": ((), (("SET", "k", "2", "XX"),)), "GET, TTL": ((("SET", "k", "1"),), (("GET", "k"), ("TTL", "k"))),
        "PERSIST without a deadline": ((("SET", "k", "1"),), (("PERSIST", "k"),)), "PERSIST": ((("SET", "k", "1", "EX", "99"),), (("PERSIST", "k"),)),
        "a wrong type": ((("SET", "k", "1"),), (("SADD", "k", "a"), ("HSET", "k", "f", "v"), ("INCRBYFLOAT", "k", "x"))),
        "SADD of a member that is there": ((("SADD", "k", "a"),), (("SADD", "k", "a"),)), "SADD": ((("SADD", "k", "a"),), (("SADD", "k", "a", "b"),)),
        "SREM of a missing member": ((("SADD", "k", "a"),), (("SREM", "k", "b"),)), "DEL of a missing key": ((), (("DEL", "k"), ("UNLINK", "k"))),
        "DEL of two, the other one is there": ((("SET", "l", "1"),), (("DEL", "k", "l"),)), "DEL": ((("SET", "k", "1"),), (("DEL", "l", "k"),)),
        "FLUSHALL of a missing key": ((), (("FLUSHALL",),)), "FLUSHALL": ((("SET", "k", "1"),), (("FLUSHALL",),)),
        "FLUSHDB elsewhere": ((("SET", "k", "1"),), (("SELECT", "1"), ("FLUSHDB",))), "FLUSHALL FOO": ((("SET", "k", "1"),), (("FLUSHALL", "FOO"),)),
        "the same name elsewhere": ((("SET", "k", "1"),), (("SELECT", "1"), ("SET", "k", "2"))), "ZADD of the same score": ((("ZADD", "k", "1", "a"),), (("ZADD", "k", "1", "a"),)),
        "ZADD of another score": ((("ZADD", "k", "1", "a"),), (("ZADD", "k", "2", "a"),)), "EXPIRE": ((("SET", "k", "1"),), (("EXPIRE", "k", "99"),)),
        "EXPIRE of a missing key": ((), (("EXPIRE", "k", "99"),)), "EXPIRE NX": ((("SET", "k", "1", "EX", "99"),), (("EXPIRE", "k", "9", "NX"),)),
        "HSET of the same": ((("HSET", "k", "f", "v"),), (("HSET", "k", "f", "v"),)), "HDEL of a missing field": ((("HSET", "k", "f", "v"),), (("HDEL", "k", "g"),)),
        "RENAME onto it": ((("SET", "l", "1"),), (("RENAME", "l", "k"),)), "RENAME of a missing key": ((), (("RENAME", "l", "k"),)),
        "SINTERSTORE of nothing onto nothing": ((), (("SINTERSTORE", "k", "x", "y"),)), "MSETNX that does nothing": ((("SET", "l", "1"),), (("MSETNX", "k", "1", "l", "2"),)),
        "GETEX": ((("SET", "k", "1"),), (("GETEX", "k"),)), "APPEND of nothing": ((("SET", "k", "1"),), (("APPEND", "k", ""),)), "SETRANGE of nothing": ((), (("SETRANGE", "k", "3", ""),)),
        "SPOP": ((("SADD", "k", "a", "b"),), (("SPOP", "k", "0"),)), "a transaction": ((), (("MULTI",), ("SET", "l", "1"), ("SET", "k", "1"), ("EXEC",))),
        "one that is discarded": ((), (("MULTI",), ("SET", "k", "1"), ("DISCARD",))), "PFADD of what is there": ((("PFADD", "k", "a"),), (("PFADD", "k", "a"),)),
        "a script that writes it": ((), (("EVAL", "return redis.call('SET', 'k', 1)", "0"),)), "one that does not": ((), (("EVAL", "redis.call('DEL', 'k') return redis.call('GET', 'k')", "1", "k"),)),
        "a deadline that passes": ((("SET", "k", "1", "PX", "30"),), (None, ("GET", "k"))), "one that passes unseen": ((("SET", "k", "1", "PX", "30"),), (None,)),
        "one that had passed": ((("SET", "k", "1", "PX", "1"), None), (("GET", "k"), ("DEL", "k"))),
    }

    def run(client, commands):
        if None in commands:
            at = commands.index(None)
            run(client, commands[:at])
            time.sleep(0.1)
            run(client, commands[at + 1:])
        elif commands:
            client.ask(*commands)

    def case(setup, meanwhile, protocols, by_itself):
        def script(client, other):
            client.ask(("HELLO", protocols[0])), other.ask(("HELLO", protocols[1]))
            run(client, setup)
            client.ask(("WATCH", "z", "k"))
            run(client if by_itself else other, meanwhile)
            return [client.ask(("SELECT", "0"), ("MULTI",), ("SET", "mine", "1"), ("EXEC",), ("GET", "mine")), client.ask(("MULTI",), ("EXEC",))]
        return script
    for fact, (setup, meanwhile) in cases.items():
        tries = 5 if None in setup + meanwhile else 1
        pair.play(f"WATCH and {fact}", case(setup, meanwhile, "23", False), count=2, tries=tries)
        pair.play(f"WATCH and one's own {fact}", case(setup, meanwhile, "32", True), count=2, tries=tries)
    watch, multi, execute = ("WATCH", "k"), ("MULTI",), ("EXEC",)
    for fact, commands in {
        "one's own write before WATCH, all at once": (("SET", "k", "1"), watch, ("GET", "k"), multi, ("INCR", "k"), execute, ("GET", "k")),
        "an empty transaction": (watch, multi, execute, watch, ("SET", "k", "1"), multi, execute),
        "UNWATCH": (watch, ("SET", "k", "1"), ("UNWATCH",), multi, ("GET", "k"), execute), "DISCARD": (watch, multi, ("DISCARD",), ("SET", "k", "1"), multi, execute),
        "EXEC forgets": (watch, multi, ("PING",), execute, ("SET", "k", "1"), multi, ("GET", "k"), execute),
        "a spoiled transaction forgets, too": (watch, multi, ("NONSENSE",), execute, ("SET", "k", "1"), multi, ("GET", "k"), execute),
        "commands of the sidecar's own": (watch, multi, ("CLIENT", "SETNAME", "a"), execute, watch, ("SET", "k", "1"), multi, ("CLIENT", "SETNAME", "b"), execute, ("CLIENT", "GETNAME")),
        "mixed": (watch, ("SET", "k", "1"), multi, ("SELECT", "1"), ("SET", "l", "1"), execute, ("GET", "l"), watch, multi, ("SELECT", "1"), ("GET", "l"), execute),
        "a script in it": (watch, multi, ("EVAL", "redis.call('SET', 'l', 5) return redis.call('INCR', 'k')", "1", "k"), ("FLUSHALL", "FOO"), execute, ("MGET", "k", "l")),
        "a wrong command": (watch, multi, ("FLUSHALL", "FOO"), ("SET", "l", "1"), execute, ("GET", "l")), "HELLO 3 in between": (watch, ("HELLO", "3"), multi, ("GET", "n"), execute),
        "RESET": (watch, ("RESET",), ("SET", "k", "1"), multi, ("GET", "k"), execute), "two databases": (watch, ("SELECT", "1"), watch, ("SET", "k", "1"), multi, ("GET", "k"), execute),
    }.items():
        pair.play(f"WATCH: {fact}", lambda client: client.ask(*commands), tidy=lambda data: re.sub(rb"id\r\n:\d+", b"id", data))


def clients(pair):
    lines = """KILL|KILL x|KILL 1.2.3.4:5|KILL ID|KILL ID x|KILL ID 0|KILL ID -1|KILL ID 999999|KILL ID 1 2|KILL TYPE x|KILL TYPE replica|KILL TYPE master|KILL TYPE pubsub|KILL ADDR 1.2.3.4:5|KILL LADDR 1.2.3.4:5
        KILL USER nobody|KILL USER default SKIPME x|KILL SKIPME|KILL SKIPME no USER default ID 999999|KILL SKIPME yes ID 999999 TYPE normal|KILL ID 5 FOO|KILL FOO 5|KILL a b c|KILL MAXAGE 1|KILL MAXAGE x
        LIST x|LIST TYPE|LIST TYPE x|LIST TYPE master|LIST TYPE pubsub|LIST TYPE normal x|LIST ID|LIST ID x|LIST ID -1|LIST ID 0|LIST ID 999999|LIST ID 999999 x|LIST FOO 1
        UNBLOCK|UNBLOCK x|UNBLOCK 0|UNBLOCK -1|UNBLOCK 999999|UNBLOCK 999999 TIMEOUT|UNBLOCK 999999 ERROR|UNBLOCK 999999 x|UNBLOCK 999999 ERROR x|UNBLOCK 99999999999999999999
        REPLY|REPLY x|REPLY ON|REPLY ON ON|NO-EVICT|NO-EVICT x|NO-EVICT on|NO-EVICT off|NO-TOUCH on|NO-TOUCH x|SETINFO lib-name x|SETINFO x y|ID x|GETNAME x|GETNAME|SETNAME|SETNAME x|GETNAME|SETNAME a\\nb
        SETNAME|GETREDIR|GETREDIR x|CACHING|CACHING x|CACHING yes|CACHING no|TRACKING|TRACKING x|TRACKING off|TRACKING off x|TRACKINGINFO|TRACKINGINFO x|INFO x|HELP x|HELP|NONSENSE|NONSENSE x|
        PAUSE|PAUSE x|PAUSE -1|PAUSE 1 x|PAUSE 1 WRITE x|PAUSE 0|PAUSE 0 all|PAUSE 99999999999999999999|UNPAUSE|UNPAUSE x|CAPA x|MAINT_NOTIFICATIONS x|IMPORT-SOURCE on|"""
    for line in lines.replace("\n", "|").split("|"):
        words = line.split()
        for hello in (None, "3"):
            pair.play(f"CLIENT {line.strip()} (RESP{hello or 2})", lambda client: client.ask(("CLIENT", *words)), hello=hello)
    zero = b"nul\0nul"
    for words in (("CLIENT", zero), ("CLIENT", "KILL", zero), ("CLIENT", "LIST", "TYPE", zero), (zero,), (zero, "a", zero), ("GET", zero, zero), ("HELLO", "3", zero), ("SET", "k", zero, zero), ("CONFIG", "GET"), ("CONFIG", zero)):
        pair.play(f"errors are not cut at NUL: {words}", lambda client: client.ask(words))

    def info(client, _):
        client.ask(("CLIENT", "SETNAME", "me"), ("SELECT", "3"))
        return [without_numbers(client.ask(("CLIENT", "INFO"))), without_numbers(client.ask(("CLIENT", "LIST", "TYPE", "normal")).split(b"\n")[0][:0])]
    pair.play("CLIENT INFO", info, count=2)

    def killing(filters):
        def script(killer, victim):
            number = re.search(rb":(\d+)", victim.ask(("CLIENT", "ID")))[1]
            address = re.search(rb" addr=(\S+)", victim.ask(("CLIENT", "INFO")))[1]
            words = [{"<id>": number, "<addr>": address}.get(word, word) for word in filters]
            return [killer.ask(("CLIENT", "KILL", *words)), victim.until(b"never"), killer.ask(("PING",))]
        return script
    for filters in (("<addr>",), ("ID", "<id>"), ("ADDR", "<addr>"), ("ADDR", "<addr>", "TYPE", "normal"), ("ID", "<id>", "USER", "default", "SKIPME", "yes")):
        pair.play(f"CLIENT KILL {' '.join(filters)}", killing(filters), count=2)
    def unblocking(words):
        def script(client, blocked):
            number = re.search(rb":(\d+)", blocked.ask(("CLIENT", "ID")))[1]
            blocked.socket.sendall(encode("XREAD", "BLOCK", "0", "STREAMS", "s", "$"))
            seen = client.ask(("CLIENT", "UNBLOCK", number, *words))
            while seen == b":0\r\n":
                seen = client.ask(("CLIENT", "UNBLOCK", number, *words))
            return [seen, blocked.ask(("PING",))]
        return script
    for words in ((), ("TIMEOUT",), ("ERROR",)):
        for hello in (None, "3"):
            pair.play(f"CLIENT UNBLOCK of XREAD {words} (RESP{hello or 2})", unblocking(words), count=2, hello=hello)

    def pausing(mode, commands, waits):
        def script(client, other):
            seen = [client.ask(("SET", "k", "1"), ("CLIENT", "PAUSE", "60000", *mode))] if mode != ("ALL",) else [client.ask(("SET", "k", "1"), b"CLIENT PAUSE 300 ALL\r\n")]
            other.socket.sendall(b"".join(encode(*command) for command in commands))
            if waits and mode != ("ALL",):
                other.socket.settimeout(0.2)
                try:
                    seen.append(other.socket.recv(100))
                except OSError:
                    pass
                other.socket.settimeout(60)
                seen.append(client.ask(("GET", "k"), ("CLIENT", "UNPAUSE")))
            seen.append(other.ask(("PING",)))
            return seen + [client.ask(("CLIENT", "UNPAUSE"), ("GET", "k"))]
        return script
    write, nothing = ("WRITE",), ()
    for fact, mode, commands, waits in (
            ("SET", write, (("SET", "k", "2"),), True), ("GET", write, (("GET", "k"), ("INFO", "nonsense"), ("CONFIG", "GET", "hz")), False),
            ("EVAL", write, (("EVAL", "return 1", "0"),), True), ("EVAL_RO", write, (("EVAL_RO", "return 1", "0"),), False),
            ("PUBLISH", write, (("PUBLISH", "c", "m"),), True), ("PFCOUNT", write, (("PFCOUNT", "h"),), True), ("an unknown command", write, (("NONSENSE",),), False),
            ("wrong arity", write, (("SET", "k"),), False), ("EXEC that reads", write, (("MULTI",), ("GET", "k"), ("EXEC",)), False),
            ("EXEC that writes", write, (("MULTI",), ("SET", "k", "2"), ("EXEC",)), True), ("all", ("ALL",), (("GET", "k"), ("SET", "k", "3")), True)):
        pair.play(f"CLIENT PAUSE {fact}", pausing(mode, commands, waits), count=2)
    pair.play("CLIENT KILL of oneself", lambda client: client.ask(("CLIENT", "KILL", "ID", re.search(rb":(\d+)", client.ask(("CLIENT", "ID")))[1], "SKIPME", "no"), ("PING",)))


def many_watchers(facts, world):
    """More clients watch than connections are kept for them; they go in the middle of it; their connections are killed."""
    dc, rounds = world["a"], 3
    clients = [dc.client(60) for _ in range(50)]
    for _ in range(rounds):
        for client in clients:
            client("WATCH", "shared")
        for client in clients:
            client.pipeline([("MULTI",), ("INCR", "shared")])
            client.send(encode("EXEC"))
        done = [client.read() for client in clients]
        facts.equal(sum(reply is not None for reply in done), 1, "of many who watched one key and wrote it one has done it")
    facts.equal(int(clients[0]("GET", "shared")), rounds, "and the key says so")
    for client in clients[1:]:
        client("WATCH", "shared")
        client.pipeline([("MULTI",), ("SET", f"gone:{id(client)}", "1")])
        client.send(encode("EXEC"))
        client.close()
    facts.equal(clients[0]("INCR", "shared"), rounds + 1, "who goes with its EXEC under way leaves nothing behind that others wait for")
    with dc.redis.client() as redis:
        clients[0]("WATCH", "shared")
        mine = [line for line in redis("CLIENT", "LIST").decode().splitlines() if "cmd=watch" in line]
        facts.equal(len(mine), 1, "who watches has a connection to Redis")
        redis("CLIENT", "KILL", "ID", re.search(r"id=(\d+)", mine[0])[1])
        wait_until(lambda: clients[0].pipeline([("WATCH", "shared"), ("MULTI",), ("PING",), ("EXEC",)])[3] in (None, ["PONG"]), 30, "EXEC is answered")
        facts.equal(clients[0].pipeline([("WATCH", "shared"), ("MULTI",), ("PING",), ("EXEC",)])[3], ["PONG"], "it gets another one when that was killed")
        spare = lambda: len([line for line in redis("CLIENT", "LIST").decode().splitlines() if "name=homeport:" in line]) <= 3 + 32
        wait_until(spare, 30, "not more than 32 are kept")


def sessions(facts):
    with World(("a",), with_links=False).start() as world:
        bare = RedisServer(world.workspace, "bare", False)
        bare.start()
        pair = Pair(facts, bare.address, world["a"].sidecar.client()._socket.getpeername())
        for part in (transactions, watching, clients):
            part(pair)
        many_watchers(facts, world)


tap.run(sessions)
