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


def large_values(facts):
    for log in LOGS:
        ship_large_values(facts, log)


tap.run(large_values)
