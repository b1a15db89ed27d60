#!/usr/bin/env python3
"""What a client must not see of the sidecar: its transactions, streams, connections, reserved database, and the notifications that it turns on for itself."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError, encode
from lib.workspace import wait_until
from lib.world import World

RESERVED = 15


def plain(reply):
    return f"-{reply}" if isinstance(reply, ReplyError) else [plain(item) for item in reply] if isinstance(reply, list) else reply


def pairs(reply):
    return dict(zip(reply[::2], reply[1::2])) if isinstance(reply, list) else reply


def info(client, *sections):
    text = client("INFO", *sections).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


# ---- MONITOR ----

SHOWN = [("SET", "k", "v\"\x01\\\n"), ("GET", "k"), ("SET", "e", "x", "EX", "100"), ("MULTI",), ("SET", "a", "1"), ("INCR", "a"), ("EXEC",), ("AUTH", "none"),
         ("CONFIG", "GET", "maxmemory"), ("SELECT", "3"), ("CLIENT", "ID"), ("CLIENT", "SETNAME", "x"), ("NOPE",), ("GET",), ("WATCH", "a"), ("HINCRBY", "k", "f", "1"),
         ("UNWATCH",), ("ACL", "WHOAMI"), ("SLOWLOG", "GET"), ("PUBSUB", "CHANNELS"), ("MULTI",), ("PING",), ("DISCARD",), ("COMMAND", "COUNT"), ("DBSIZE",),
         ("HELLO", "3"), ("hset", "h", "f", "v"), ("ECHO", "end")]


def monitored(server):
    """What MONITOR shows of SHOWN, without times and addresses."""
    with server.client() as monitor, server.client() as client:
        monitor("MONITOR")
        client.pipeline(SHOWN)
        lines = []
        while not lines or '"ECHO" "end"' not in lines[-1]:
            lines.append(monitor.read())
        return [re.sub(r"^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\] ", r"\1 ", line) for line in lines]


def monitoring(facts, world, dc, bare):
    facts.equal(monitored(dc), monitored(bare), "MONITOR shows what clients send, as a bare Redis does")
    with dc.client() as monitor, dc.client() as client:
        monitor("MONITOR")
        world["b"].client()("SET", "elsewhere", "1")
        world.wait_zero_lag()
        client("ECHO", "last")
        facts.check('"ECHO" "last"' in monitor.read(), "and nothing of what the sidecar does for itself, or for other datacenters")
        facts.equal(monitor("RESET"), "RESET", "RESET ends it")
        client("ECHO", "unseen")
        facts.equal(monitor("PING"), "PONG", "and nothing is shown any more")
        replies = plain(client.pipeline([("MULTI",), ("MONITOR",), ("EXEC",)]))
        facts.equal(replies, ["OK", "QUEUED", ["-ERR MONITOR isn't allowed for DENY BLOCKING client"]], "inside MULTI it is refused as by Redis")


# ---- SLOWLOG ----

def slow_commands(facts, world, dc):
    with dc.client() as client:
        client("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10000")
        client("SLOWLOG", "RESET")
        client("SET", "slow", "1")
        client.pipeline([("MULTI",), ("SET", "slow", "2"), ("HSET", "slower", "f", "v"), ("EXEC",)])
        world["b"].client()("SET", "peer", "1")
        world.wait_zero_lag()
        time.sleep(2.5)            # the sidecar looks at the store every 2 s
        client("GET", "slow")
        entries = client("SLOWLOG", "GET", "-1")
        names = {entry[3][0] for entry in entries}
        facts.check(names <= {b"SET", b"GET", b"HSET", b"SLOWLOG"}, "SLOWLOG GET shows no command of the sidecar's own", [entry[3] for entry in entries])
        facts.check({b"SET", b"GET", b"HSET"} <= names, "but those of clients")
        facts.check(not any(b"homeport" in word for entry in entries for word in [*entry[3], entry[5]]), "no reserved key and no name of a connection")
        facts.equal(len(client("SLOWLOG", "GET", "2")), 2, "as many as are asked for")
        facts.equal(client("SLOWLOG", "GET", "0"), [], "none")
        facts.check(client("SLOWLOG", "LEN") < 30, "SLOWLOG LEN counts the same ones")
        facts.equal(plain(client.pipeline([("SLOWLOG", "GET", "-2"), ("SLOWLOG", "GET", "x")])),
                    plain(dc.redis.client().pipeline([("SLOWLOG", "GET", "-2"), ("SLOWLOG", "GET", "x")])), "errors are Redis's own")
        facts.check(client.pipeline([("MULTI",), ("SLOWLOG", "GET", "1"), ("EXEC",)])[2] is not None, "inside MULTI, too")
        client("CONFIG", "SET", "slowlog-log-slower-than", "10000")


# ---- notifications ----

def notified(client, *channels):
    for channel in channels:
        client.send(encode("PSUBSCRIBE", channel))
        client.read()


def heard(listener, publisher):
    """What a subscriber has got until now."""
    publisher("PUBLISH", "mark", "x")
    found = []
    while not found or found[-1][2] != b"mark":
        found.append(listener.read())
    return found[:-1]


def notifications(facts, dc):
    with dc.client() as client, dc.client() as listener, dc.redis.client() as redis:
        wait_until(lambda: client("CONFIG", "GET", "notify-keyspace-events") == [b"notify-keyspace-events", b""], 30, "the own setting is known")
        facts.check(b"E" in redis("CONFIG", "GET", "notify-keyspace-events")[1], "CONFIG GET shows the client's own setting, which is not Redis's")
        notified(listener, "__key*__:*", "mark")
        client.pipeline([("SET", "n", "1"), ("SET", "gone", "1", "PX", "1")])
        wait_until(lambda: client("EXISTS", "gone") == 0, 30, "the key has expired")
        facts.equal(heard(listener, client), [], "no notification comes that nobody turned on")
        for wanted in ("KEA", "Ex", "K$", "Kg", "Exg", "AKE", "xK", "gKx", "An", "mE", ""):
            client("CONFIG", "SET", "notify-keyspace-events", wanted)
            shown = client("CONFIG", "GET", "notify-keyspace-events")[1]
            with_ours = redis("CONFIG", "GET", "notify-keyspace-events")[1]
            redis("CONFIG", "SET", "notify-keyspace-events", wanted)
            expected = redis("CONFIG", "GET", "notify-keyspace-events")[1]
            redis("CONFIG", "SET", "notify-keyspace-events", with_ours)
            facts.equal(shown, expected, f"'{wanted}' is shown as Redis shows it")
            facts.check(b"E" in with_ours and (b"x" in with_ours or b"A" in with_ours), "while Redis tells the sidecar what it needs", with_ours)
        client("CONFIG", "SET", "notify-keyspace-events", "K$x")
        client.pipeline([("SET", "n", "2"), ("SET", "gone", "1", "PX", "1")])
        wait_until(lambda: client("EXISTS", "gone") == 0, 30, "the key has expired")
        found = {(message[2], message[3]) for message in heard(listener, client)}
        facts.check((b"__keyspace@0__:n", b"set") in found and (b"__keyspace@0__:gone", b"expired") in found and not any(channel.startswith(b"__keyevent") for channel, _ in found),
                    "those that were turned on come, and no others", found)
        replies = client.pipeline([("CONFIG", "SET", "notify-keyspace-events", "?"), ("MULTI",), ("CONFIG", "SET", "notify-keyspace-events", "Kl"), ("EXEC",)])
        facts.check(plain(replies[0]).startswith("-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events')"), "a wrong one is refused by Redis", replies[0])
        facts.equal(client("CONFIG", "GET", "notify-keyspace-events")[1], b"lK", "it can be set inside MULTI")
        facts.check(b"E" in redis("CONFIG", "GET", "notify-keyspace-events")[1], "where what the sidecar needs stays on")
    wait_until(lambda: dc.redis.client().pipeline([("SELECT", RESERVED), ("GET", "homeport:notices")])[1] == b"lK lxKE", 30, "it is written down")
    dc.sidecar.stop()
    dc.sidecar.start()
    with dc.client() as client:
        wait_until(lambda: client("CONFIG", "GET", "notify-keyspace-events")[1] == b"lK", 30, "it is known after a restart")
        facts.check(True, "a restarted sidecar knows which are clients' own")
        dc.redis.client()("CONFIG", "SET", "notify-keyspace-events", "KEA")
        wait_until(lambda: client("CONFIG", "GET", "notify-keyspace-events")[1] == b"AKE", 30, "a change past the sidecar is seen")
        facts.check(True, "what is set at Redis itself counts as a client's own")


# ---- what the server says of itself ----

def itself(facts, world, dc, bare):
    with dc.client() as client, dc.client() as other, bare.client() as redis:
        other("SUBSCRIBE", "mine")
        facts.equal(client("CONFIG", "GET", "databases"), [b"databases", b"15"], "the reserved database is not among the databases")
        facts.equal(plain(client.pipeline([("SELECT", RESERVED), ("SELECT", 16), ("COPY", "a", "b", "DB", RESERVED)]))[:2],
                    ["-ERR DB index is out of range"] * 2, "and cannot be selected")
        facts.equal(client("PUBSUB", "CHANNELS"), [b"mine"], "PUBSUB CHANNELS shows clients' channels")
        facts.equal((client("PUBSUB", "NUMPAT"), client("PUBSUB", "NUMSUB", "mine", "homeport:guard")), (0, [b"mine", 1, b"homeport:guard", 0]), "no pattern is the sidecar's")
        client("ACL", "SETUSER", "few", "on", ">pw", "+ping")
        with dc.client() as few:
            few("AUTH", "few", "pw")
            facts.equal((client("PUBSUB", "CHANNELS"), client("PUBSUB", "NUMSUB", "homeport:guard"), info(client, "stats")["pubsub_channels"]),
                        ([b"mine"], [b"homeport:guard", 0], "1"), "nor a channel, while users are held to their rules")
            facts.equal(info(client, "clients")["connected_clients"], "3", "INFO counts clients of this homeportd")
        facts.equal(info(client, "stats")["pubsub_patterns"], "0", "and their patterns")
        facts.check("db15" not in info(client, "keyspace"), "INFO keyspace hides the reserved database")
        facts.check(not any(b"15" in key for key in pairs(client("MEMORY", "STATS"))), "as does MEMORY STATS")
        for server in (client, redis):
            server("CONFIG", "RESETSTAT")
            server.pipeline([("SET", "s", "1"), ("GET", "s"), ("GET", "s"), ("MULTI",), ("INCR", "s"), ("EXEC",), ("PING",), ("CLIENT", "ID"), ("SELECT", "0")])
        ours, theirs = ({name: re.match(r"calls=\d+", value)[0] for name, value in info(server, "commandstats").items() if name != "cmdstat_info"}
                        for server in (client, redis))
        theirs.pop("cmdstat_config|resetstat", None)
        facts.equal(ours, theirs, "INFO commandstats counts what clients call")
        facts.check("cmdstat_xadd" not in info(client, "all"), "and no command of the sidecar's own")


def keys(facts, dc):
    with dc.client() as client:
        client("FLUSHALL")
        facts.equal([client("DBSIZE"), client("KEYS", "*"), client("SCAN", "0"), client("RANDOMKEY")], [0, [], [b"0", []], None], "an empty Redis looks empty")
        client("SELECT", "14")
        facts.equal([client("DBSIZE"), client("KEYS", "*"), client("SCAN", "0"), client("RANDOMKEY")], [0, [], [b"0", []], None], "in each database")
        listed = client("CLIENT", "LIST").decode()
        facts.check("homeport" not in listed and len(listed.splitlines()) == 1, "CLIENT LIST shows clients of this homeportd", listed)


def out_of_sight(facts):
    with World(("a", "b"), with_links=False).start() as world:
        dc = world["a"]
        bare = RedisServer(world.workspace, "redis-bare")
        bare.start()
        monitoring(facts, world, dc, bare)
        itself(facts, world, dc, bare)
        keys(facts, dc)
        slow_commands(facts, world, dc)
        notifications(facts, dc)


tap.run(out_of_sight)
