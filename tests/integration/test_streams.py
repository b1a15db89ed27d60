#!/usr/bin/env python3
"""Streams written at several datacenters that cannot hear each other: no id twice, the same entries in the same order everywhere, what was removed or trimmed
stays so, entries that come late stand where they belong, and a stream at rest has no metadata. Under every rule, over both logs, and over kills."""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError, encode
from lib.workspace import wait_until
from lib.world import World

RULES = (("m:*", "merge"), ("r:*", "record"), ("p:*", "priority", "order: [a, b]"), ("s:*", "lww", "stream: ordered"), ("*", "lww"))
SEED = 7
STREAMS = 60


def entries(client, key):
    return [(name.decode(), dict(zip((field.decode() for field in fields[::2]), (value.decode() for value in fields[1::2]))))
            for name, fields in client("XRANGE", key, "-", "+")]


def order_of(name):
    return tuple(int(part) for part in name.split("-"))


def last_id(client, key):
    info = client("XINFO", "STREAM", key)
    return dict(zip(info[::2], info[1::2]))[b"last-generated-id"].decode()


def error_of(client, *command):
    try:
        client(*command)
    except ReplyError as error:
        return str(error)
    return ""


def chosen_ids(facts, world):
    """XADD * at both sides at once."""
    a, b = world["a"].client(), world["b"].client()
    world.cut("b")
    mine = [client.pipeline([("XADD", "m:ids", "*", "n", str(i)) for i in range(300)]) for client in (a, b)]
    facts.equal(len({name for names in mine for name in names}), 600, "no id is given twice")
    facts.check(all(order_of(x.decode()) < order_of(y.decode()) for names in mine for x, y in zip(names, names[1:])), "ids rise")
    world.heal("b")
    world.wait_zero_lag()
    facts.equal(entries(a, "m:ids"), entries(b, "m:ids"), "both sides show the same")
    facts.equal([name for name, _ in entries(a, "m:ids")], sorted((name.decode() for names in mine for name in names), key=order_of), "all, in the order of ids")
    facts.equal(last_id(a, "m:ids"), last_id(b, "m:ids"), "and both got as far")
    before = last_id(a, "m:ids")
    new = [client("XADD", "m:ids", "*", "n", "new").decode() for client in (a, b)]
    facts.check(all(order_of(name) > order_of(before) for name in new), "the next one is behind all", new)
    facts.check(all(order_of(name.decode())[1] % 2 == place for place in (0, 1) for name in mine[place]), "the datacenter is in its last bit")


def ids_of_clients(facts, world):
    a = world["a"].client()
    facts.equal(a("XADD", "m:own", "5-1", "f", "x"), b"5-1", "an id that is given")
    facts.check("equal or smaller" in error_of(a, "XADD", "m:own", "5-1", "f", "x"), "is refused a second time, as by Redis")
    facts.check("greater than 0-0" in error_of(a, "XADD", "m:own", "0-0", "f", "x"), "0-0 as by Redis")
    partly = [a("XADD", "m:own", "5-*", "f", "x").decode() for _ in range(3)]
    facts.check(all(order_of(x) < order_of(y) for x, y in zip(["5-1", *partly], partly)) and all(name.startswith("5-") for name in partly), "ms-* goes on in that time", partly)
    facts.check("equal or smaller" in error_of(a, "XADD", "m:own", "4-*", "f", "x"), "an earlier time is refused")
    a("XADD", "m:own", "9000000000000-7", "f", "future")
    after = a("XADD", "m:own", "*", "f", "x").decode()
    facts.check(order_of(after) > (9000000000000, 7), "* goes above what the stream holds", after)
    a("MULTI")
    a("XADD", "m:own", "*", "f", "in a transaction")
    a("XADD", "m:own", "*", "f", "in a transaction")
    inside = [name.decode() for name in a("EXEC")]
    facts.check(order_of(after) < order_of(inside[0]) < order_of(inside[1]), "in transactions, too", inside)
    a("XADD", "m:order", "9000000000000-7", "f", "future")
    replies = a.pipeline([("XADD", "m:order", "*", "f", "x"), ("XADD", "m:order", "*", "f", "x"), ("XLEN", "m:order"), ("DEL", "m:order"), ("XADD", "m:order", "5-5", "f", "x")])
    facts.equal((replies[2:], [name for name, _ in entries(a, "m:order")]), ([3, 1, b"5-5"], ["5-5"]), "commands that are sent at once take effect in the order in which they were sent")
    facts.equal(a("XADD", "m:none", "NOMKSTREAM", "*", "f", "x"), None, "NOMKSTREAM makes none")
    facts.check("HOMEPORT unsupported XADD" in error_of(a, "XADD", "m:own", "*", *(["f", "x"] * 2000)), "an entry of very many fields is refused, and says why")
    world.wait_zero_lag()
    facts.equal(entries(a, "m:own"), entries(world["b"].client(), "m:own"), "both sides show the same")


def late_entries(facts, world):
    """B's entries come to A below what A has, in groups' sight."""
    a, b = world["a"].client(), world["b"].client()
    a("XADD", "m:late", "10-0", "f", "0")
    world.wait_zero_lag()
    redis = world["a"].redis.client()
    redis("XGROUP", "CREATE", "m:late", "group", "0")
    redis("XREADGROUP", "GROUP", "group", "me", "STREAMS", "m:late", ">")
    world.cut("b")
    for number in (30, 50, 70):
        a("XADD", "m:late", f"{number}-0", "f", "a")
    redis("XREADGROUP", "GROUP", "group", "me", "STREAMS", "m:late", ">")
    for number in (20, 40, 60):
        b("XADD", "m:late", f"{number}-0", "f", "b")
    world.heal("b")
    world.wait_zero_lag()
    for client in (a, b):
        facts.equal([name for name, _ in entries(client, "m:late")], [f"{number}-0" for number in (10, 20, 30, 40, 50, 60, 70)], "late entries stand where they belong")
        facts.equal(last_id(client, "m:late"), "70-0", "the last id stays")
    info = dict(zip(*[iter(a("XINFO", "STREAM", "m:late"))] * 2))
    facts.equal(info[b"entries-added"], 7, "and how many were added")
    facts.equal([one[0] for one in redis("XPENDING", "m:late", "group", "-", "+", 10, "me")], [b"10-0", b"30-0", b"50-0", b"70-0"], "what a group has pending stays pending")
    facts.equal([one[0] for one in redis("XPENDING", "m:late", "group", "-", "+", 10, "homeport:late")], [b"20-0", b"40-0", b"60-0"], "and what came late is to be given")


def read(client, *words):
    """What XREAD shows: the names of the entries."""
    reply = client("XREAD", *words)
    return [] if reply is None else [name.decode() for _, found in reply for name, _ in found]


def waiting(world, count, *command):
    """A client of A that waits, one of COUNT."""
    client = world["a"].client()
    client.send(encode(*command))
    wait_until(lambda: world["a"].sidecar.metrics().one("homeport_blocked_clients") == count, 60, "it waits")
    return client


def read_in_order(facts, world):
    """Of streams under `stream: ordered` XREAD shows an entry once none of the other datacenter can come in front of it."""
    a, b = world["a"].client(), world["b"].client()
    world.cut("b")
    late, later = "s:late", "m:late2"
    for key in (late, later):
        for client in (b, a, b):
            client("XADD", key, "*", "n", "1")
            time.sleep(0.005)
    mine = [name for name, _ in entries(a, late)]
    facts.equal(len(mine), 1, "XRANGE shows at once what is there")
    facts.equal(read(a, "STREAMS", later, "0"), [name for name, _ in entries(a, later)], "so does XREAD, if the rule says nothing")
    facts.equal(read(a, "STREAMS", late, later, "0", "0"), [name for name, _ in entries(a, later)], "of a stream that is read in order, XREAD shows nothing while the other datacenter is silent")
    reader = waiting(world, 1, "XREAD", "BLOCK", "0", "COUNT", "10", "STREAMS", late, "0")
    tail = waiting(world, 2, "XREAD", "BLOCK", "0", "STREAMS", late, "$")
    wait_until(lambda: "warning order b: it has not said" in world["a"].sidecar.http("/readyz?verbose")[1], 60, "the finding names the silent datacenter")
    lag = world["a"].sidecar.metrics().one("homeport_stream_order_lag_seconds")
    facts.check(lag > 0, "and the metric tells since when", lag)
    world.heal("b")
    world.wait_zero_lag()
    whole = [name for name, _ in entries(a, late)]
    facts.check(len(whole) == 3 and whole[0] != mine[0], "entries of the other datacenter come in front", (whole, mine))
    facts.equal([name.decode() for name, _ in reader.read()[0][1]], whole, "who waited gets all of them, in order")
    facts.equal([name.decode() for name, _ in tail.read()[0][1]], whole, "so does who waited for what was not shown yet")
    for client in (a, b):
        wait_until(lambda client=client: read(client, "STREAMS", late, "0") == whole, 60, "and who reads now")
    facts.check(True, "all is shown once both have gone on")
    last = whole[-1]
    for number in range(40):
        (a, b)[number % 2]("XADD", late, "*", "n", str(number))
    seen = []
    wait_until(lambda: seen.extend(read(a, "COUNT", "7", "STREAMS", late, seen[-1] if seen else last)) or len(seen) == 40, 60, "a reader goes on from entry to entry")
    world.wait_zero_lag()
    facts.equal(seen, [name for name, _ in entries(a, late)][3:], "and misses none")


def removed_and_trimmed(facts, world):
    a, b = world["a"].client(), world["b"].client()
    for key in ("m:del", "m:trim", "m:gone", "m:rename", "m:copy", "m:type", "m:expire", "m:restore"):
        a.pipeline([("XADD", key, f"{number}-0", "f", str(number)) for number in range(1, 11)])
    world.wait_zero_lag()
    world.cut("b")
    a("XDEL", "m:del", "3-0", "10-0")
    b("XADD", "m:del", "11-0", "f", "unseen")
    a("XTRIM", "m:trim", "MAXLEN", 4)
    b("XADD", "m:trim", "MAXLEN", "~", 100, "11-0", "f", "unseen")
    b("XDEL", "m:trim", "8-0")
    a("XADD", "m:trim", "MAXLEN", 2, "20-0", "f", "mine")
    a("DEL", "m:gone")
    b("XADD", "m:gone", "11-0", "f", "unseen")
    a("RENAME", "m:rename", "m:renamed")
    b("XADD", "m:rename", "11-0", "f", "unseen")
    a("COPY", "m:copy", "m:copied")
    a("RESTORE", "m:restored", 0, a("DUMP", "m:restore"))
    a("PEXPIRE", "m:expire", 50)
    wait_until(lambda: a("EXISTS", "m:expire") == 0, 30, "it expires")
    a("DEL", "m:type")
    a("SET", "m:type", "v")
    a("XADD", "m:empty", "MAXLEN", 0, "7-7", "f", "x")
    world.heal("b")
    world.wait_zero_lag()
    wait_until(lambda: b("EXISTS", "m:expire") == 0, 30, "the other side hears of it")
    ten = [f"{number}-0" for number in range(1, 11)]
    for client in (a, b):
        names = {key: [name for name, _ in entries(client, f"m:{key}")] for key in ("del", "trim", "gone", "rename", "renamed", "copied", "restored", "empty")}
        facts.equal(names, {"del": [*ten[:2], *ten[3:9], "11-0"], "trim": ["10-0", "11-0", "20-0"], "gone": ["11-0"], "rename": ["11-0"], "renamed": ten, "copied": ten,
                            "restored": ten, "empty": []}, "XDEL, XTRIM, MAXLEN, DEL, RENAME, COPY and RESTORE do what the outcome table says")
        facts.equal(client("GET", "m:type"), b"v", "the newer type is there")
        facts.equal([client("TYPE", "m:empty"), last_id(client, "m:empty")], ["stream", "7-7"], "a stream whose only entry was trimmed is there")


def equal_ids(facts, world):
    a, b = world["a"].client(), world["b"].client()
    before = world.conflicts()
    world.cut("b")
    for rule in "mrpl":
        a("XADD", f"{rule}:same", "1-1", "f", "of a")
        b("XADD", f"{rule}:same", "1-1", "f", "of b")
    world.heal("b")
    world.wait_zero_lag()
    for rule in "mrpl":
        facts.equal(entries(a, f"{rule}:same"), [("1-1", {"f": "of b"})], "of two entries with one id the newer stands")
        facts.equal(entries(a, f"{rule}:same"), entries(b, f"{rule}:same"), "everywhere")
    facts.equal({name: count - before[name] for name, count in world.conflicts().items()}, {"a": 4, "b": 4}, "it is counted, once each")
    records = [dict(zip(one[::2], one[1::2])) for one in a("HOMEPORT", "CONFLICTS", "MATCH", "r:same")]
    facts.equal([(one[b"type"], one[b"element"]) for one in records], [(b"stream", b"1-1")], "and recorded, by the id")


def many_commands(dc, dice, key, count):
    commands = []
    for number in range(count):
        kind = dice.randrange(10)
        if kind < 5:
            commands.append(("XADD", key, "*", dc, str(number)))
        elif kind == 5:
            commands.append(("XADD", key, f"{dice.randrange(1, 40)}-{dice.randrange(3)}", dc, str(number)))
        elif kind == 6:
            commands.append(("XADD", key, "MAXLEN", dice.choice(("=", "~")), dice.randrange(4, 12), "*", dc, str(number)))
        elif kind == 7:
            commands.append(("XDEL", key, f"{dice.randrange(1, 12)}-0"))
        elif kind == 8:
            commands.append(("XTRIM", key, "MINID", f"{dice.randrange(1, 12)}-0"))
        else:
            commands.append(("DEL", key) if dice.randrange(4) == 0 else ("XTRIM", key, "MAXLEN", dice.randrange(3, 9)))
    return commands


def many_streams(facts, world, seconds):
    dice = random.Random(SEED)
    keys = [f"{'mrpx'[i % 4]}:stream{i}" for i in range(STREAMS)]
    with world["a"].client() as client:
        client.pipeline([("XADD", key, f"{number}-0", "f", "start") for key in keys for number in range(1, 11)])
    world.wait_zero_lag()
    world.cut("b")
    for dc in world:
        with dc.client() as client:
            for key in keys:
                replies = client.pipeline(many_commands(dc.name, dice, key, 12))
                errors = [reply for reply in replies if isinstance(reply, ReplyError) and "equal or smaller" not in str(reply)]
                facts.check(not errors, f"{key}: no command is refused", errors) if errors else None
    world.heal("b")
    world.wait_zero_lag(seconds)
    clients = [dc.client() for dc in world]
    same = sum(all(entries(client, key) == entries(clients[0], key) and (not client("EXISTS", key) or last_id(client, key) == last_id(clients[0], key))
                   for client in clients) for key in keys)
    facts.equal(same, STREAMS, f"{STREAMS} streams written at {len(clients)} datacenters that were cut off have the same entries")
    wait_until(lambda: all(dc.sidecar.metrics().one("homeport_unstable_elements") == 0 for dc in world), 60, "metadata goes")
    facts.check(True, "streams at rest have no metadata")


def killed(facts, world):
    """What was acknowledged survives the kill of the sidecar, and is not there twice."""
    a, b = world["a"], world["b"]
    world.cut("b")
    with a.client() as client:
        names = client.pipeline([("XADD", "m:killed", "*", "n", str(number)) for number in range(100)])
    with b.client() as client:
        names += client.pipeline([("XADD", "m:killed", "*", "n", str(number)) for number in range(100, 200)])
    a.sidecar.kill()
    a.sidecar.start()
    with a.client() as client:
        names.append(client("XADD", "m:killed", "*", "n", "200"))
    world.heal("b")
    world.wait_zero_lag()
    with a.client() as one, b.client() as other:
        found = entries(one, "m:killed")
        facts.equal([name for name, _ in found], sorted((name.decode() for name in names), key=order_of), "after a kill nothing is lost and nothing is there twice")
        facts.equal(found, entries(other, "m:killed"), "at both sides")


def test(facts):
    facts.note(f"seed {SEED}")
    with World(("a", "b"), "redis-stream", rules=RULES, settings="alarms: { heartbeat_age: 2s }\n").start() as world:
        for case in (chosen_ids, ids_of_clients, late_entries, removed_and_trimmed, equal_ids, killed, read_in_order):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)
        many_streams(facts, world, 60)
        world.check_same_everywhere(facts)
    with World(("a", "b", "c"), "kafka", rules=RULES).start() as world:
        many_streams(facts, world, 60)
        world.check_same_everywhere(facts)


tap.run(test)
