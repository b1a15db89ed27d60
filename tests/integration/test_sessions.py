#!/usr/bin/env python3
"""What one client's conversation means beside others': logins, WATCH, subscriptions, blocking reads, limits, a Redis that goes away."""

import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError, encode
from lib.workspace import wait_until
from lib.world import World


def text(reply):
    return str(reply)


def eventually(client, command, expected, seconds=10):
    wait_until(lambda: client(*command) == expected, seconds, f"{command} answers {expected}")


def watching(facts, world):
    a, other, peer = world["a"].client(), world["a"].client(), world["b"].client()
    a("SET", "w", "1")
    eventually(peer, ("GET", "w"), b"1")

    def attempt(meanwhile):
        a("WATCH", "w")
        a("GET", "w")
        meanwhile()
        return a.pipeline([("MULTI",), ("SET", "w", "mine"), ("EXEC",)])[2]

    facts.equal(attempt(lambda: other("SET", "w", "2")), None, "EXEC does nothing after another client's write to a watched key")
    facts.equal(attempt(lambda: other("SET", "elsewhere", "2")), ["OK"], "a write to another key does not matter")
    facts.equal(attempt(lambda: other("FLUSHDB")), None, "FLUSHDB touches every key")

    def write_at_peer():
        peer("SET", "w", "remote")
        eventually(other, ("GET", "w"), b"remote")
    facts.equal(attempt(write_at_peer), None, "a remote write to a watched key counts, too")

    def let_expire():
        other("PEXPIRE", "w", "1")
        time.sleep(0.3)
    facts.equal(attempt(let_expire), None, "and so does its expiry")
    facts.equal(attempt(lambda: None), ["OK"], "with nothing in between EXEC runs")

    for _ in range(200):
        a.send(encode("WATCH", "n") + encode("GET", "n"))
        a.read()
        value = int(a.read() or 0)
        other.send(encode("INCR", "n"))
        a.pipeline([("MULTI",), ("SET", "n", value + 1), ("EXEC",)])
        other.read()
    total = int(a("GET", "n"))
    facts.check(total >= 200, "optimistic increments never lose another client's increment", total)


def letting_remote_writes_first(facts, world):
    """A remote write that waits for a local one goes first of all: transactions of who watched wait until it has gone."""
    dc, peer = world["a"], world["b"].client()
    writer, watchers = dc.client(30), [dc.client(30), dc.client(30)]
    watchers[1]("HELLO", "3")
    for watcher in watchers:
        watcher("WATCH", "elsewhere")
        watcher.pipeline([("MULTI",), ("SET", "elsewhere", "mine")])
    dc.redis.process.send_signal(signal.SIGSTOP)
    try:
        writer.send(encode("SET", "contested", "local"))
        wait_until(lambda: dc.sidecar.metrics().one("homeport_groups_unanswered") > 0, 10, "a local write is under way")
        peer("SET", "contested", "remote")
        wait_until(lambda: dc.sidecar.metrics().total("homeport_held_events") > 0, 10, "a remote write to its key waits")
        for watcher in watchers:
            watcher.send(encode("EXEC") + encode("GET", "elsewhere"))
    finally:
        dc.redis.process.send_signal(signal.SIGCONT)
    facts.equal(writer.read(), "OK", "others are answered")
    facts.equal([[watcher.read(), watcher.read()] for watcher in watchers], [[["OK"], b"mine"], [None, b"mine"]],
                "EXEC of who watched waits while remote writes go first: the first one runs, the other one finds its key changed")
    watchers[0]("WATCH", "elsewhere")
    facts.equal(watchers[0].pipeline([("MULTI",), ("SET", "elsewhere", "mine"), ("EXEC",)])[2], ["OK"], "then EXEC runs again")


def optimistic(facts, world):
    """The classic: read, add one, write it if nothing has changed; by two clients of different protocols."""
    clients = [world["a"].client() for _ in range(2)]
    clients[1]("HELLO", "3")
    clients[0]("DEL", "counter")
    done = 0
    for i in range(400):
        client, rival = clients[i % 2], clients[(i + 1) % 2]
        client("WATCH", "counter")
        value = int(client("GET", "counter") or 0)
        if i % 3 == 0:
            rival("INCR", "counter")
            done += 1
        client.send(encode("MULTI") + encode("SET", "counter", value + 1) + encode("EXEC"))
        client.read(), client.read()
        done += client.read() is not None
    facts.equal(int(clients[0]("GET", "counter")), done, "compare and set by WATCH counts exactly, across protocols")


def subscribing(facts, world):
    dc = world["a"]
    with dc.client() as subscriber, dc.client() as publisher:
        facts.equal(subscriber("SUBSCRIBE", "news"), [b"subscribe", b"news", 1], "SUBSCRIBE is confirmed")
        publisher("PUBLISH", "news", "hello")
        facts.equal(subscriber.read(), [b"message", b"news", b"hello"], "what is published arrives")
        facts.equal(subscriber("PING"), [b"pong", b""], "PING has its other shape there")
        refused = subscriber.pipeline([("GET", "a")])[0]
        facts.check(text(refused).startswith("ERR Can't execute 'get': only"), "other commands are refused as Redis refuses them", refused)
        facts.equal(subscriber("PSUBSCRIBE", "n*"), [b"psubscribe", b"n*", 2], "patterns, too")
        facts.equal(subscriber("UNSUBSCRIBE", "news"), [b"unsubscribe", b"news", 1], "UNSUBSCRIBE is confirmed")
        facts.equal(subscriber("PUNSUBSCRIBE"), [b"punsubscribe", b"n*", 0], "PUNSUBSCRIBE as well")
        facts.equal(subscriber("SET", "a", "1"), "OK", "who has left all channels is an ordinary client again")
        subscriber("SUBSCRIBE", "block")
        publisher("PUBLISH", "block", "hello")
        facts.equal(subscriber.read(), [b"message", b"block", b"hello"], "a channel may have the name of an option")
        facts.equal(subscriber("RESET"), "RESET", "RESET ends a subscription")
        facts.equal(subscriber("GET", "a"), b"1", "and the client goes on")
    with dc.client() as subscriber, dc.client() as publisher:
        subscriber("HELLO", "3")
        subscriber("SUBSCRIBE", "news")
        facts.equal(subscriber("GET", "a"), b"1", "with RESP3 a subscriber may do anything else")
        publisher("PUBLISH", "news", "hello")
        facts.equal(subscriber.read(), [b"message", b"news", b"hello"], "and gets its messages")
    with dc.client() as monitor, dc.client() as client:
        facts.equal(monitor("MONITOR"), "OK", "MONITOR is taken")
        client("GET", "monitored")
        seen = monitor.read()
        facts.check("monitored" in seen, "and shows what clients send", seen)


def blocking(facts, world):
    dc = world["a"]
    with dc.client() as reader, dc.client() as client, dc.redis.client() as redis:
        reader.send(encode("XREAD", "BLOCK", "5000", "STREAMS", "st", "$") + encode("PING"))
        time.sleep(0.2)
        facts.equal(client("SET", "not", "blocked"), "OK", "a blocking read blocks nobody else")
        redis("XADD", "st", "1-1", "f", "v")
        facts.equal(reader.read(), [[b"st", [[b"1-1", [b"f", b"v"]]]]], "XREAD BLOCK gets what is added")
        facts.equal(reader.read(), "PONG", "and what was sent after it is answered after it")
        redis("DEL", "st")
        started = time.monotonic()
        facts.equal(client("WAIT", "1", "200"), 0, "WAIT counts replicas")
        facts.check(time.monotonic() - started > 0.15, "and waits for them")


def logging_in(facts, world):
    dc = world["a"]
    with dc.redis.client() as redis:
        redis("ACL", "SETUSER", "boss", "on", ">secret", "+@all", "~*", "&*")
        redis("ACL", "SETUSER", "clerk", "on", ">secret", "+get", "~public:*")
    with dc.client() as client:
        replies = client.pipeline([("AUTH", "boss", "wrong"), ("AUTH", "boss", "secret"), ("ACL", "WHOAMI"), ("AUTH", "clerk", "secret"),
                                   ("HELLO", "3", "AUTH", "boss", "secret", "SETNAME", "me"), ("CLIENT", "GETNAME")])
        facts.equal(text(replies[0]), "WRONGPASS invalid username-password pair or user is disabled.", "a wrong password is refused by Redis")
        facts.equal(replies[1:3], ["OK", b"boss"], "a right one is taken")
        facts.equal(replies[3], "OK", "as is a restricted user")
        facts.equal((replies[4][b"proto"], replies[5]), (3, b"me"), "HELLO logs in, names and switches at once")


def password_required(facts):
    """The default user has a password: strangers get nothing."""
    with World(("a", "b"), with_links=False).start() as world:
        dc = world["a"]
        with dc.redis.client() as redis:
            redis("ACL", "SETUSER", "sidecar", "on", ">secret", "+@all", "~*", "&*")
            redis("CONFIG", "SET", "requirepass", "pass")
        config = dc.sidecar.config_path.read_text()
        address = f"127.0.0.1:{dc.redis.port}"
        dc.sidecar.config_path.write_text(
            config.replace(f"redis: {{ address: {address} }}", f"redis: {{ address: {address}, username: sidecar, password: secret }}"))
        dc.sidecar.stop()
        dc.sidecar.start(wait=False)

        def probed():
            try:
                with dc.client() as client:
                    return text(client.pipeline([("GET", "a")])[0]) == "NOAUTH Authentication required."
            except OSError:
                return False
        wait_until(probed, 20, "strangers are refused")
        facts.check(True, "strangers are told to authenticate")
        with dc.client() as client:
            replies = client.pipeline([("HELLO", "3"), ("PING",), ("AUTH", "wrong"), ("AUTH", "pass"), ("SET", "a", "1"), ("RESET",), ("GET", "a")])
            facts.check(text(replies[0]).startswith("NOAUTH HELLO must be called") and text(replies[1]).startswith("NOAUTH"),
                        "in Redis's words", replies[:2])
            facts.check(text(replies[2]).startswith("WRONGPASS") and replies[3:5] == ["OK", "OK"], "with the password they are let in", replies[2:5])
            facts.check(text(replies[6]).startswith("NOAUTH"), "RESET makes a stranger again", replies[6])
        for data, words in ((b"*11\r\n", b"unauthenticated multibulk length"), (b"*2\r\n$3\r\nGET\r\n$20000\r\n", b"unauthenticated bulk length")):
            with socket.create_connection(dc.sidecar.address, 10) as stranger:
                stranger.sendall(data)
                facts.check(words in stranger.recv(4096) and stranger.recv(1) == b"", f"strangers' limits: {words.decode()}")


def access_changes(facts, world):
    """As in Redis, a password that is set now asks newcomers at once."""
    dc = world["a"]
    with dc.client() as client:
        client("ACL", "SETUSER", "keeper", "on", ">secret", "+@all", "~*", "&*")
        facts.equal(client("AUTH", "keeper", "secret"), "OK", "a user made through the sidecar can log in")
        client("CONFIG", "SET", "requirepass", "pass")

        def is_asked():
            with dc.client() as stranger:
                return text(stranger.pipeline([("GET", "a")])[0]).startswith("NOAUTH")
        wait_until(is_asked, 10, "strangers are asked for the password")
        facts.check(True, "CONFIG SET requirepass holds for clients of the sidecar, too")
        client("CONFIG", "SET", "requirepass", "")
        wait_until(lambda: not is_asked(), 10, "strangers are let in again")


def information(facts, world):
    dc = world["a"]
    with dc.client() as client:
        client("SET", "a", "1")
        everything, keyspace, ours = (client("INFO", *section).decode() for section in ((), ("keyspace",), ("homeport",)))
        facts.check("redis_version:" in everything and "# Homeport\r\nhomeport_dc:a\r\n" in everything, "INFO is the server's, with a section of ours")
        facts.check("db0:" in keyspace and "db15" not in keyspace and "db15" not in everything, "the reserved database is not shown", keyspace)
        facts.check(ours.startswith("# Homeport") and "homeport_peer0:name=b,state=following" in ours, "INFO homeport names the peers", ours)
        facts.check(b"homeport_dc:a" in client("HOMEPORT", "STATUS"), "and so does HOMEPORT STATUS")


def a_redis_that_stalls(facts):
    """It takes nothing for a while, and everybody goes on sending: what is gathered stays bounded, and nothing is lost."""
    value, count = "x" * 200_000, 400
    with World(("a", "b"), with_links=False, settings="limits: { store: 1MiB, inbox: 1MiB }\n").start() as world:
        dc, peer = world["a"], world["b"]
        dc.redis.process.send_signal(signal.SIGSTOP)
        with dc.sidecar.client(120) as client, peer.client() as other:
            sender = threading.Thread(target=client.send, args=(b"".join(encode("SET", f"a{i}", value) for i in range(count)),), daemon=True)
            sender.start()
            for i in range(count):
                other("SET", f"b{i}", value)
            sender.join(2)
            facts.check(sender.is_alive(), "a client of a Redis that stalls is not read from any more")
            metrics = dc.sidecar.metrics()
            gathered = metrics.one("homeport_store_queued_bytes") + metrics.total("homeport_held_bytes")
            facts.check(gathered < 20_000_000, f"of {2 * len(value) * count >> 20} MiB that a client and a peer have for it little is taken in", gathered)
            dc.redis.process.send_signal(signal.SIGCONT)
            facts.equal([client.read() for _ in range(count)], ["OK"] * count, "once it goes on, every write is answered")
        data = world.check_same_everywhere(facts)
        facts.equal(len(data), 2 * count, "and nothing is lost")


def reserved_megabytes(sidecar):
    return int(Path(f"/proc/{sidecar.process.pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") >> 20


def headers_that_promise_much(facts, world):
    dc = world["a"]
    before = reserved_megabytes(dc.sidecar)
    connections = [socket.create_connection(dc.sidecar.address, 10) for _ in range(100)]
    for connection in connections:
        connection.sendall(b"*1048576\r\n$536870912\r\nabc")
    with dc.client() as client:
        client("PING")
    grown = reserved_megabytes(dc.sidecar) - before
    facts.check(grown < 512, "100 headers that promise half a gigabyte each reserve not even one", f"{grown} MiB")
    for connection in connections:
        connection.close()


def a_stop_is_not_held_up(facts):
    with World(("a", "b"), with_links=False).start() as world:
        dc = world["a"]
        with dc.client() as reader, dc.client() as subscriber:
            reader.send(encode("XREAD", "BLOCK", "0", "STREAMS", "st", "$"))
            subscriber("SUBSCRIBE", "news")
            time.sleep(0.2)
            started = time.monotonic()
            facts.equal(dc.sidecar.stop(), 0, "SIGTERM ends a sidecar with subscribers and blocked readers")
            facts.check(time.monotonic() - started < 3, "without waiting for them", time.monotonic() - started)
            facts.check(text(reader.read()).startswith("LOADING"), "blocked readers are told")


def limits(facts):
    with World(("a", "b"), with_links=False, settings="limits: { clients: 5, client_output: 1MiB, client_query: 1MiB }\n").start() as world:
        dc = world["a"]
        clients = [dc.client() for _ in range(5)]
        for client in clients:
            client("PING")
        with socket.create_connection(dc.sidecar.address, 10) as refused:
            facts.equal(refused.recv(100), b"-ERR max number of clients reached\r\n", "one client too many is refused as Redis refuses it")
        killed = int(clients[1]("CLIENT", "ID"))
        facts.equal(clients[0]("CLIENT", "KILL", "ID", killed), 1, "CLIENT KILL finds a client")
        facts.check(is_closed(clients[1]), "and closes its connection")
        clients[0]("SET", "large", "x" * 600_000)
        clients[2].send(encode("GET", "large") * 200)
        wait_until(lambda: dc.sidecar.metrics().total("homeport_clients_closed_total") >= 1, 20, "the one that does not read is closed")
        facts.check(True, "who does not read its answers is closed at limits.client_output")
        facts.equal(clients[0]("PING"), "PONG", "the others are not")
        clients[3].send(b"*2\r\n$3\r\nGET\r\n$100000000\r\n")
        try:
            for _ in range(64):
                clients[3].send(b"x" * 65536)
        except OSError:
            pass
        facts.check(is_closed(clients[3]), "who sends a request beyond limits.client_query is closed")


def is_closed(client):
    try:
        client.read()
        return False
    except (EOFError, OSError):
        return True


def a_redis_without_room(facts, world):
    """At its maxclients Redis refuses the connections that clients need for themselves: they get its words."""
    redis = world["a"].redis
    full = "ERR max number of clients reached"
    with redis.client() as direct:
        connected = int(re.search(rb"connected_clients:(\d+)", direct("INFO", "clients"))[1])
        direct("CONFIG", "SET", "maxclients", connected)
        for words in (("WAIT", "1", "0"), ("AUTH", "secret")):
            with world["a"].client() as client:
                facts.equal(text(client.pipeline([words])[0]), full, f"{words[0]} at Redis's maxclients gets Redis's words")
        with world["a"].client() as client:
            client("CLIENT", "SETNAME", "named")
            client.send(encode("SUBSCRIBE", "c"))
            facts.equal(text(client.read()), full, "so does SUBSCRIBE, before its connection is closed")
            facts.check(is_closed(client), "which it is")
        direct("CONFIG", "SET", "maxclients", 10000)


def refusals(facts, world):
    """Writes of many clients share a transaction: what Redis refuses to one of them must not touch the others."""
    dc = world["a"]
    with dc.client() as client, dc.redis.client() as redis:
        client("SET", "before", "1")
        redis("CONFIG", "SET", "maxmemory", "1")
        replies = client.pipeline([("GET", "before"), ("SET", "oom", "v"), ("INCR", "oom:n"), ("MULTI",), ("SET", "oom", "v"), ("GET", "before"), ("EXEC",)])
        reads = [client("GET", "before"), client("PING")]
        redis("CONFIG", "SET", "maxmemory", "0")
        oom = "OOM command not allowed when used memory > 'maxmemory'."
        facts.check(text(replies[1]) == oom and text(replies[2]) == oom, "what needs memory is refused in Redis's words", replies)
        facts.check("OOM" in text(replies[4]) + text(replies[6]) and isinstance(replies[6], ReplyError), "a transaction is refused whole", replies[3:])
        facts.equal([replies[0], *reads], [b"1", b"1", "PONG"], "reads go on")
        facts.equal(client.pipeline([("EXISTS", "oom", "oom:n"), ("SET", "oom", "v")]), [0, "OK"], "afterwards nothing is left of it, and writes go on")
        kinds = client.pipeline([("SET", "s", "x"), ("HSET", "s", "f", "v"), ("INCR", "s"), ("SET", "t", "1"), ("INCR", "t")])
        facts.check(text(kinds[1]).startswith("WRONGTYPE") and text(kinds[2]).startswith("ERR value is not an integer") and kinds[3:] == ["OK", 2],
                    "an error of one write leaves its neighbours alone", kinds)


def redis_goes_away(facts, world):
    dc = world["a"]
    with dc.client() as client, dc.client() as idle:
        client("SET", "a", "1")
        idle("PING")
        dc.redis.kill()
        answers = []
        try:
            while not any(text(answer).startswith("LOADING") for answer in answers):
                answers.append(client.pipeline([("GET", "a")])[0])
                time.sleep(0.05)
        except (EOFError, OSError):
            pass
        wait_until(lambda: text(idle.pipeline([("GET", "a")])[0]).startswith("LOADING"), 10, "LOADING")
        facts.check(True, "while Redis is away commands get a LOADING error, which clients retry")
        facts.equal(idle.pipeline([("MULTI",), ("SET", "a", "2")]), ["OK", "QUEUED"], "conversation goes on")
        facts.check(text(idle.pipeline([("EXEC",)])[0]).startswith("EXECABORT"), "but EXEC says that nothing happened")
        dc.redis.start()
        wait_until(lambda: idle.pipeline([("GET", "a")])[0] == b"1", 20, "Redis is back")
        facts.check(True, "and the same connection works again when Redis is back")


def sessions(facts):
    with World(("a", "b"), with_links=False).start() as world:
        for part in (watching, letting_remote_writes_first, optimistic, subscribing, blocking, logging_in, information, access_changes,
                     refusals, a_redis_without_room, headers_that_promise_much, redis_goes_away):
            part(facts, world)
        world.check_same_everywhere(facts)
    password_required(facts)
    limits(facts)
    a_redis_that_stalls(facts)
    a_stop_is_not_held_up(facts)


tap.run(sessions)
