#!/usr/bin/env python3
"""Values larger than a message of the log may be: shipped in parts, joined at the peer, whatever is killed in between. Keys of very many elements."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.world import LOGS, World

MIB = 1 << 20
KINDS = {"hash": "hset", "set": "sadd", "zset": "zadd"}  # and the command by which peers' elements of one key are told
PATIENCE = 300  # seconds: a busy machine takes long, and all of it is one event
SETTINGS = "limits: { message: 100000 }\n"


def value(number, size):
    return bytes((number + i * i) % 251 for i in range(1000)) * (size // 1000)


def ship_large_values(facts, log):
    with World(("a", "b"), log, with_links=False, settings=SETTINGS).start() as world:
        with world["a"].client() as client:
            replies = client.pipeline([("SET", "large", value(1, 5 * MIB)), ("INCR", "small"),
                                       ("MULTI",), *(("HSET", "h", str(i), value(i, 300_000)) for i in range(10)), ("INCR", "small"), ("EXEC",)])
        facts.equal(len(replies[-1]), 11, f"values of 5 MiB and a transaction of 3 MB are taken ({log})")
        data = world.check_same_everywhere(facts, f"they arrive whole ({log})")
        facts.check(data[0, b"large"][1] == value(1, 5 * MIB) and data[0, b"small"][1] == b"2", f"as they were sent, once ({log})")
        world["b"].sidecar.kill()
        with world["a"].client() as client:
            client("SET", "large", value(2, 8 * MIB))
        world["a"].sidecar.kill()
        world["a"].sidecar.start()
        world["b"].sidecar.start()
        data = world.check_same_everywhere(facts, f"parts are joined after kills, too ({log})")
        facts.check(data[0, b"large"][1] == value(2, 8 * MIB), f"and make the newer value ({log})")
        if world.broker:
            look_at_parts(facts, world.broker)


def look_at_parts(facts, broker):
    sizes = subprocess.run(["kcat", "-C", "-q", "-e", "-b", f"127.0.0.1:{broker.port}", "-t", "homeport.a", "-p", "0", "-f", "%S\n"],
                           capture_output=True, text=True, check=True).stdout.split()
    facts.check(len(sizes) > 150 and max(map(int, sizes)) < 101_000, "no message is larger than limits.message, but for its header",
                f"{len(sizes)} messages, the largest has {max(map(int, sizes))} bytes")


def shipped(world, act):
    """What went into the log of a meanwhile, in bytes."""
    world.wait_zero_lag()
    before = world["a"].sidecar.metrics().total("homeport_shipped_bytes_total")
    with world["a"].client(60) as client:
        act(client)
    world.wait_zero_lag()
    return world["a"].sidecar.metrics().total("homeport_shipped_bytes_total") - before


def change_parts_of_large_values(facts):
    with World(("a", "b")).start() as world:
        large = value(3, 20 * MIB)
        shipped(world, lambda client: client("SET", "large", large))
        for what, act in (("a byte that is appended to 20 MiB", lambda client: client("APPEND", "large", "x")),
                          ("bytes in the middle of it", lambda client: client("SETRANGE", "large", str(MIB), "yz")),
                          ("the last bit there can be", lambda client: client("SETBIT", "bits", str((1 << 31) - 1), "1")),
                          ("a field of bits", lambda client: client("BITFIELD", "bits", "INCRBY", "u8", "1000000", "7"))):
            count = shipped(world, act)
            facts.check(count < 100_000, f"{what}: the log gets few bytes", f"{count} bytes")
        data = world.check_same_everywhere(facts, "and both datacenters hold the same")
        expected = bytearray(large + b"x")
        expected[MIB:MIB + 2] = b"yz"
        facts.check(data[0, b"large"][1] == bytes(expected), "the parts are where they were written")
        with world["b"].client(60) as client:
            client("DEL", "bits")
        world.check_same_everywhere(facts, "the large one is gone")
        world.cut("a")
        with world["a"].client() as client:
            client("APPEND", "large", "from a")
            client("SETRANGE", "large", "0", "A")
            client("APPEND", "small", "a")
        with world["b"].client() as client:
            client("SET", "large", "from b:")
            client("APPEND", "small", "b")
        world.heal("a")
        data = world.check_same_everywhere(facts, "writes that had not seen each other meet")
        facts.equal(data[0, b"large"][1], b"Arom b:from a", "parts are written over a value that has not seen them")
        facts.equal(sorted(data[0, b"small"][1]), sorted(b"ab"), "both appended pieces are kept")


def fill(client, kind, key, count):
    words = {"hash": lambda number: (f"field:{number}", f"value:{number}"), "set": lambda number: (f"member:{number}",),
             "zset": lambda number: (str(number), f"member:{number}")}[kind]
    for first in range(0, count, 1000):
        client(KINDS[kind].upper(), key, *(word for number in range(first, min(first + 1000, count)) for word in words(number)))


def calls(redis, command):
    with redis.client() as client:
        lines = client("INFO", "commandstats").decode().split("\r\n")
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in lines if line.startswith(f"cmdstat_{command}:"))


def longest_turn_us(sidecar):
    """The upper bound of the slowest turn's bucket."""
    buckets = sorted((float(labels["le"]), count) for labels, count in sidecar.metrics().samples("homeport_loop_turn_seconds_bucket"))
    return next(bound for bound, count in buckets if count == buckets[-1][1]) * 1_000_000


ELEMENTS_PER_TURN = 4096  # and what a command names besides


def deal_in_pieces(facts, sidecar, counts, log):
    """No turn of the loop deals with more than some thousand elements, however many a key has."""
    metrics = sidecar.metrics()
    most, turns = metrics.total("homeport_turn_elements_max"), metrics.total("homeport_sliced_turns_total")
    due = sum(2 * count // ELEMENTS_PER_TURN for count in counts.values() if count > ELEMENTS_PER_TURN)
    facts.check(0 < most <= ELEMENTS_PER_TURN + 2, f"a turn deals with few of the elements of a key ({log})", f"{most}")
    facts.check(turns >= due, f"so all of them take many turns ({log})", f"{turns} turns for {counts}, RENAME and COPY")


def rename_and_copy_many_elements(facts, log, counts):
    """COUNTS: {kind: elements}. Whole keys go to the peer's Redis in few commands, be it busy or not: nothing here is timed."""
    with World(("a", "b"), log, with_links=False).start() as world:
        with world["a"].client(120) as client:
            for kind, count in counts.items():
                fill(client, kind, f"old:{kind}", count)
            world.wait_zero_lag(PATIENCE)
            before = {kind: calls(world["b"].redis, KINDS[kind]) for kind in counts}
            for kind in counts:
                client("RENAME", f"old:{kind}", f"new:{kind}")
                client("COPY", f"new:{kind}", f"copy:{kind}")
            world.wait_zero_lag(PATIENCE)
        for kind, count in counts.items():
            more = calls(world["b"].redis, KINDS[kind]) - before[kind]
            facts.check(2 <= more <= 2 * count // 20, f"of a {kind} of {count} elements the peer's Redis gets many in one command ({log})",
                        f"{more} commands")
        data = world.check_same_everywhere(facts, f"all of them arrive ({log})")
        facts.check(len(data) == 2 * len(counts), f"under their new names only ({log})", str(list(data)))
        for dc in "ab":
            deal_in_pieces(facts, world[dc].sidecar, counts, f"{dc}, {log}")
        facts.check(longest_turn_us(world["b"].sidecar) >= 1000, f"the turn in which they were applied can be told by its length ({log})")


def large_values(facts):
    rename_and_copy_many_elements(facts, "redis-stream", {"hash": 200_000, "set": 10_000, "zset": 10_000})
    rename_and_copy_many_elements(facts, "kafka", {kind: 10_000 for kind in KINDS})
    change_parts_of_large_values(facts)
    for log in LOGS:
        ship_large_values(facts, log)


tap.run(large_values)
