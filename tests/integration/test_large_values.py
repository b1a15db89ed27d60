#!/usr/bin/env python3
"""Values larger than a message of the log may be: shipped in parts, joined at the peer, whatever is killed in between."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.world import LOGS, World

MIB = 1 << 20
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


def large_values(facts):
    change_parts_of_large_values(facts)
    for log in LOGS:
        ship_large_values(facts, log)


tap.run(large_values)
