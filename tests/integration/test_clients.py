#!/usr/bin/env python3
"""An unmodified client cannot tell homeportd from Redis: the same bytes are sent to both, and the same bytes must come back."""

import random
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import encode
from lib.world import World

END = b"the-end-of-this-conversation"


def exchange(address, data, closes):
    """Everything that comes back, to the answer of a last ECHO, or to the end of the connection."""
    with socket.create_connection(address, 10) as connection:
        connection.sendall(data if closes else data + encode("ECHO", END))
        received = b""
        while closes or END not in received:
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
    return received


def commands(text):
    """One command a line, words split at spaces."""
    return b"".join(encode(*line.split()) for line in text.strip().splitlines())


# What is said, and the name of the fact. All of it starts on an empty server.
CONVERSATIONS = {
    "strings, with every option of SET": commands("""
        SET s 1 EX 100
        SET s 2 KEEPTTL
        TTL s
        SET s 3 NX
        SET s 4 XX GET
        SET s 5 EX 0
        SET s 5 EX notanumber
        SET s 5 EX 10 PX 10
        SET s
        GETSET s 6
        GETDEL s
        GET s
        MSET a 1 b 2 c 3
        MSET a 1 b
        MSETNX a 1 z 2
        MGET a b c z
        APPEND a xyz
        STRLEN a
        SETRANGE a 2 ab
        GETRANGE a 0 -1
        SETEX e 100 v
        SETEX e 0 v
        PSETEX e 100000 v
        SETNX e w
        GETEX e PERSIST
        TTL e
        DEL a b nosuch
        UNLINK c
        EXISTS a b c e e"""),
    "counters and their errors": commands("""
        INCR n
        INCRBY n 10
        DECR n
        DECRBY n 3
        INCRBY n x
        INCRBYFLOAT n 0.5
        INCR n
        SET big 9223372036854775807
        INCR big
        HINCRBY h f 5
        HINCRBYFLOAT h f 1.5
        HINCRBY h f 1
        INCR h
        ZINCRBY z 1.5 m
        ZINCRBY z nan m"""),
    "hashes, sets and sorted sets": commands("""
        HSET h a 1 b 2
        HSET h a
        HSETNX h a 9
        HMSET h c 3
        HMGET h a b c d
        HDEL h a d
        HLEN h
        HGET h b
        SADD s a b c
        SADD s a
        SREM s a x
        SCARD s
        SISMEMBER s b
        SMISMEMBER s a b
        SMOVE s t b
        ZADD z 1 a 2 b
        ZADD z NX 5 a 6 c
        ZADD z XX CH 5 a
        ZADD z GT CH 4 a
        ZADD z INCR 1 a
        ZADD z NX XX 1 a
        ZADD z x a
        ZRANGE z 0 -1 WITHSCORES
        ZSCORE z a
        ZPOPMIN z
        ZREM z a
        GET h
        SADD h x
        TYPE h
        TYPE nosuch"""),
    "keys": commands("""
        SET a 1
        RENAME a b
        RENAME a b
        RENAMENX b b
        COPY b c
        COPY b c
        COPY b c REPLACE
        EXPIRE b 100
        EXPIRE b 200 NX
        EXPIRE b x
        TTL b
        PERSIST b
        TTL b
        EXPIRE b -1
        GET b
        OBJECT ENCODING c
        DBSIZE
        KEYS *
        SCAN 0 COUNT 100
        RANDOMKEY
        FLUSHDB
        DBSIZE
        FLUSHALL"""),
    "commands that do not exist, and wrong numbers of arguments": commands("""
        NOSUCH
        NOSUCH a b c
        NOSUCH aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c d e
        GET
        GET a b
        CONFIG
        CONFIG NOSUCH
        CLIENT
        CLIENT NOSUCH
        CLIENT MAINT_NOTIFICATIONS ON
        CLIENT SETNAME
        OBJECT NOSUCH x
        SELECT
        SELECT x
        SELECT 99999
        SELECT -1"""),
    "transactions": commands("""
        EXEC
        DISCARD
        MULTI
        MULTI
        SET a 1
        INCR a
        GET a
        LPUSHX
        EXEC
        MULTI
        SET a 1
        INCR a
        HSET a f v
        GET a
        PING
        ECHO x
        EXEC
        MULTI
        NOSUCH x
        SET a 5
        EXEC
        GET a
        MULTI
        SET a 7
        DISCARD
        GET a
        MULTI
        EXEC
        WATCH a
        MULTI
        WATCH a
        GET a
        EXEC
        WATCH a
        SET a changed
        MULTI
        SET a 8
        EXEC
        GET a
        WATCH a
        UNWATCH
        SET a 9
        MULTI
        SET a 10
        EXEC
        WATCH a b
        MULTI
        SET b 1
        EXEC"""),
    "transactions in RESP3": commands("""
        HELLO 2
        SET a 1
        WATCH a
        SET a 2
        MULTI
        SET a 3
        EXEC
        MULTI
        HSET h f v
        HGETALL h
        ZADD z 1.5 m
        ZSCORE z m
        EXEC
        HGETALL h""").replace(encode("HELLO", "2"), encode("CLIENT", "GETNAME"), 1),
    "databases": commands("""
        SET k zero
        SELECT 1
        GET k
        SET k one
        DBSIZE
        SELECT 0
        GET k
        SELECT 1
        FLUSHDB
        SELECT 0
        GET k
        FLUSHALL"""),
    "names and small talk": commands("""
        PING
        PING hello
        ECHO hello
        CLIENT GETNAME
        CLIENT SETNAME me
        CLIENT GETNAME
        CLIENT NO-EVICT ON
        CLIENT NO-EVICT x
        CLIENT TRACKINGINFO
        CLIENT GETREDIR
        CLIENT CACHING YES
        CLIENT REPLY x
        CLIENT UNBLOCK 99999
        CLIENT LIST TYPE nosuch
        CLIENT LIST ID x
        CLIENT KILL 1.2.3.4:5
        CLIENT KILL ID 0
        CLIENT KILL ID 99999
        ACL WHOAMI
        COMMAND COUNT
        HELLO x
        HELLO 4
        HELLO 2 NOSUCH
        HELLO 2 SETNAME
        HELLO 2 AUTH default
        RESET
        CLIENT GETNAME"""),
    "CLIENT REPLY": commands("""
        SET a 1
        CLIENT REPLY SKIP
        GET a
        GET a
        CLIENT REPLY OFF
        GET a
        CLIENT REPLY SKIP
        GET a
        CLIENT REPLY ON
        GET a
        CLIENT REPLY OFF
        INCR a
        MULTI
        INCR a
        GET a
        EXEC
        NOSUCH
        CLIENT REPLY ON
        GET a
        CLIENT REPLY SKIP
        INCR a
        INCR a
        CLIENT REPLY SKIP
        NOSUCH
        CLIENT REPLY SKIP
        CLIENT REPLY SKIP
        GET a
        GET a"""),
    "logging in where nobody has to": commands("""
        AUTH wrong
        AUTH nobody wrong
        AUTH a b c
        AUTH default anything
        GET a"""),
    "streams, lists and big answers can be read": commands("""
        XRANGE nosuch - +
        XREAD COUNT 1 STREAMS nosuch 0
        XREAD COUNT 1 BLOCK 1 STREAMS nosuch $
        LRANGE nosuch 0 -1
        LLEN nosuch
        GET nosuch"""),
    "inline commands": b"SET a 1\r\nGET a\nGET \"a\"\r\n\r\nINCRBY a 5\r\nMULTI\r\nSET \"b c\" 'd e'\r\nGET \"b c\"\r\nEXEC\r\n",
    "empty commands": b"*0\r\n*-1\r\n\r\n" + encode("PING"),
}

# These end with the connection.
LAST_WORDS = {
    "QUIT": commands("SET a 1\nQUIT"),
    "bad multibulk length": encode("PING") + b"*abc\r\n" + encode("PING"),
    "too large a multibulk length": b"*3000000000\r\n",
    "bad bulk length": b"*1\r\n$abc\r\n",
    "too large a bulk length": b"*1\r\n$999999999999\r\n",
    "no dollar": encode("SET", "a", "1") + encode("GET", "a") + b"*1\r\nhello\r\n",
    "unbalanced quotes": b'GET "a\r\n',
    "a request of a browser": b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def check_same(facts, found, expected, fact):
    """Of long conversations, only where they part."""
    found, expected = found.split(b"\r\n"), expected.split(b"\r\n")
    at = next((i for i, (ours, redis) in enumerate(zip(found, expected)) if ours != redis), min(len(found), len(expected)))
    facts.check(found == expected, fact, f"line {at}: Redis says {expected[at:at + 3]}, homeportd {found[at:at + 3]}")


def same_bytes(facts, redis, dc):
    for protocol in (2, 3):
        hello = encode("HELLO", protocol) + encode("CLIENT", "SETNAME", "someone") + encode("RESET") if protocol == 2 else encode("HELLO", "3")
        for name, data in CONVERSATIONS.items():
            expected, found = (exchange(address, encode("FLUSHALL") + hello + data, False) for address in (redis.address, dc.sidecar.address))
            check_same(facts, without_identity(found), without_identity(expected), f"same bytes in RESP{protocol}: {name}")


def without_identity(received):
    """HELLO's answer names the connection; the rest must not differ."""
    lines = received.split(b"\r\n")
    for i, line in enumerate(lines):
        if line == b"id" and i + 1 < len(lines):
            lines[i + 1] = b":ID"
    return b"\r\n".join(lines)


def same_last_words(facts, redis, dc):
    for name, data in LAST_WORDS.items():
        expected, found = (exchange(address, data, True) for address in (redis.address, dc.sidecar.address))
        check_same(facts, found, expected, f"same bytes and a closed connection: {name}")


def split_anywhere(facts, redis, dc):
    """However a request is cut into packets."""
    data = commands("SET a 1\nMULTI\nINCR a\nGET a\nEXEC\nGET a\nPING")
    expected = exchange(redis.address, encode("FLUSHALL") + data, False)
    with socket.create_connection(dc.sidecar.address, 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in encode("FLUSHALL") + data + encode("ECHO", END):
            connection.sendall(bytes([byte]))
        received = b""
        while END not in received:
            received += connection.recv(65536)
    check_same(facts, received, expected, "same bytes when every byte comes alone")


def large_values(facts, redis, dc):
    value = bytes(range(256)) * 4096 * 8
    data = encode("FLUSHALL") + encode("SET", "large", value) + encode("GET", "large") * 3 + encode("STRLEN", "large")
    expected, found = (exchange(address, data, False) for address in (redis.address, dc.sidecar.address))
    facts.check(found == expected, f"a value of {len(value) >> 20} MiB passes", f"{len(found)} bytes instead of {len(expected)}")


def long_pipelines(facts, redis, dc):
    data = encode("FLUSHALL") + b"".join(encode("INCR", "n") + encode("GET", "n") for _ in range(20000))
    expected, found = (exchange(address, data, False) for address in (redis.address, dc.sidecar.address))
    facts.check(found == expected, "a pipeline of 40000 reads and writes sees its own order", f"{len(found)} and {len(expected)} bytes")


def half_closed(facts, dc):
    with socket.create_connection(dc.sidecar.address, 10) as connection:
        connection.sendall(commands("SET a 1\nGET a"))
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
    facts.equal(received, b"+OK\r\n$1\r\n1\r\n", "who closes its sending half still gets its answers")


def garbage(facts, dc):
    """Seeded noise, plain and behind the beginnings of requests, cut off anywhere."""
    dice = random.Random(1)
    beginnings = (b"", b"*", b"*3\r\n$3\r\nSET\r\n$", b"*1\r\n$-", b"*2147483647\r\n", b"*2\r\n$4\r\nECHO\r\n$100\r\n", b"MULTI\r\nSET a \"", b"$5\r\n")
    for _ in range(300):
        with socket.create_connection(dc.sidecar.address, 10) as connection:
            connection.sendall(dice.choice(beginnings) + dice.randbytes(dice.randrange(200)))
    with dc.client() as client:
        facts.equal(client("PING"), "PONG", "300 connections of noise harm nobody")


# As they open a connection, all in one packet. CLIENT SETINFO came with Redis 7.2.
HANDSHAKES = {
    "go-redis": "HELLO 3|CLIENT SETINFO LIB-NAME go-redis(,go1.19)|CLIENT SETINFO LIB-VER 9.17.0|CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type none",
    "redis-py": "HELLO 3|CLIENT SETINFO LIB-NAME redis-py|CLIENT SETINFO LIB-VER 7.0.0|CLIENT MAINT_NOTIFICATIONS ON|SELECT 0",
    "ioredis": "HELLO 3 SETNAME app|CLIENT SETINFO LIB-NAME ioredis|CLIENT SETINFO LIB-VER 5.8.0|INFO",
    "lettuce": "HELLO 3 SETNAME app|CLIENT SETINFO lib-name Lettuce|CLIENT SETINFO lib-ver 6.5.0|PING",
}


def handshakes(facts, redis, dc):
    with redis.client() as plain:
        unknown, setinfo = (str(reply) for reply in plain.pipeline([("CLIENT", "MAINT_NOTIFICATIONS", "ON"), ("CLIENT", "SETINFO", "LIB-NAME", "x")]))
    for name, words in HANDSHAKES.items():
        with dc.client() as client:
            lines = [line.split() for line in words.split("|")]
            replies = client.pipeline(lines)
            wanted = [str(reply) for line, reply in zip(lines, replies) if line[:2] == ["CLIENT", "SETINFO"]]
            refused = [str(reply) for line, reply in zip(lines, replies) if line[1:2] == ["MAINT_NOTIFICATIONS"]]
            facts.check(replies[0][b"proto"] == 3 and set(wanted) == {setinfo} and set(refused) <= {unknown},
                        f"the handshake of {name} in one packet gets its answers, what the server does not know in the server's words", replies)
            facts.equal(client("SET", "handshake", name), "OK", f"and {name} goes on")


def unsupported(facts, dc):
    with dc.client() as client:
        replies = client.pipeline([("HEXPIRE", "h", "1", "FIELDS", "1", "f"), ("SWAPDB", "0", "1"), ("MIGRATE", "h", "1", "k", "0", "1"), ("SHUTDOWN",),
                                   ("MULTI",), ("SET", "a", "1"), ("MIGRATE", "h", "1", "k", "0", "1"), ("EXEC",), ("SELECT", "15")])
        facts.check(all(str(reply).startswith("HOMEPORT unsupported command '") for reply in replies[:4]),
                    "what cannot be replicated is refused by name", replies[:4])
        facts.equal(str(replies[0]), "HOMEPORT unsupported command 'hexpire' (docs/commands.md): deadlines of fields are not replicated yet", "with the page that tells more")
        facts.check(str(replies[6]).startswith("HOMEPORT unsupported") and str(replies[7]).startswith("EXECABORT"),
                    "inside MULTI, too, and EXEC does nothing", replies[6:8])
        facts.equal(str(replies[8]), "ERR DB index is out of range", "the reserved database cannot be selected")


def run(facts):
    with World(("a", "b"), with_links=False).start() as world:
        redis = RedisServer(world.workspace, "plain")
        redis.start(wait=False)
        redis.wait_ready()
        dc = world["a"]
        same_bytes(facts, redis, dc)
        same_last_words(facts, redis, dc)
        split_anywhere(facts, redis, dc)
        large_values(facts, redis, dc)
        long_pipelines(facts, redis, dc)
        half_closed(facts, dc)
        garbage(facts, dc)
        handshakes(facts, redis, dc)
        unsupported(facts, dc)
        world.check_same_everywhere(facts)


tap.run(run)
