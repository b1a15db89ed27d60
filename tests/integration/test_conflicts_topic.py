#!/usr/bin/env python3
"""The conflicts topic on a real broker: every record that stands in Redis gets there, by its id, whatever is killed; what waits is counted."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.conflict_records import CONFLICTS, PUBLISHED, id_of, record, side, together
from lib.workspace import HOST, wait_until
from lib.world import World

RESERVED = 15
TOPIC = "homeport.a.conflicts"


def conflict(number, value="v", **facts):
    return record(f"a-1-{number}-0", f"key:{number}", [side("a", number, value), side("b", 1, "w")], **facts)


def _starts(count):
    at = 0
    while at < count:
        yield at
        at += 1 + at % 7


def add(world, numbers, value="v"):
    """Some stand together in one entry, some alone."""
    records = [conflict(number, value, status="auto", ended_ms=1) for number in numbers]
    entries = [together(*records[at:at + 1 + at % 7]) for at in _starts(len(records))]
    with world["a"].redis.client(30) as redis:
        redis("SELECT", RESERVED)
        redis.pipeline([("XADD", CONFLICTS, "*", "c", entry) for entry in entries])


def published(world):
    """[(key, value)] of all messages."""
    words = ["kcat", "-C", "-e", "-q", "-b", f"{HOST}:{world.broker.port}", "-t", TOPIC, "-p", "0", "-f", "%k %S\n%s\n"]
    out = subprocess.run(words, capture_output=True, check=True).stdout
    messages = []
    while out:
        head, out = out.split(b"\n", 1)
        key, length = head.decode().rsplit(" ", 1)
        messages.append((key, out[:int(length)]))
        out = out[int(length) + 1:]
    return messages


def waiting(world):
    return world["a"].sidecar.metrics().one("homeport_conflicts_unpublished")


def wait_published(world, numbers, what):
    """NUMBERS: which records must be there, at least."""
    expected = {f"a-1-{number}-0" for number in numbers}
    wait_until(lambda: expected <= {key for key, _ in published(world)} and waiting(world) == 0, 60, what)


def test(facts):
    with World(("a", "b"), "kafka", with_links=False).start() as world:
        sidecar = world["a"].sidecar
        add(world, range(1, 11))
        wait_published(world, range(1, 11), "ten records are published")
        messages = published(world)
        facts.equal([key for key, _ in messages], [f"a-1-{number}-0" for number in range(1, 11)], "records are published in order, their ids as keys")
        facts.check(all(id_of(value) == key for key, value in messages), "a message's value is the record")

        world.broker.kill()
        add(world, range(11, 3011))
        wait_until(lambda: waiting(world) == 3000, 30, "what the broker does not take is counted")
        facts.check(True, "what the broker does not take is counted, however much it is")
        with world["a"].client() as client:
            facts.equal(client("SET", "unrelated", "1"), "OK", "and holds nobody up")
        sidecar.kill()
        sidecar.start(wait=False)
        wait_until(lambda: sidecar.http("/healthz")[0] == 200 and waiting(world) == 3000, 30, "a restarted sidecar knows what is left")
        world.broker.start()
        wait_published(world, range(1, 3011), "all is published after both were away")
        keys = [key for key, _ in published(world)]
        facts.check(len(keys) <= 3010 + 20, f"hardly any is published twice ({len(keys)} messages for 3010 records)", len(keys))
        firsts = [int(key.split("-")[2]) for key in dict.fromkeys(keys)]
        facts.equal(firsts, list(range(1, 3011)), "all are there, in order")

        count = len(keys)
        sidecar.kill()
        sidecar.start()
        add(world, [3011])
        wait_published(world, [3011], "the next one is published after a restart")
        facts.equal(len(published(world)), count + 1, "a restart publishes nothing anew that was remembered")

        with world["a"].redis.client(30) as redis:
            redis("SELECT", RESERVED)
            redis("XADD", CONFLICTS, "*", "c", together(conflict(3012, "x" * 3_000_000, status="open")))
        add(world, [3013])
        wait_published(world, [3012, 3013], "a record larger than a message stops nothing")
        cut = next(value for key, value in published(world) if key == "a-1-3012-0")
        facts.check(len(cut) < 1000 and b"x" * 256 in cut and b"x" * 257 not in cut, "it is published with its values cut", len(cut))
        with world["a"].redis.client() as redis:
            redis("SELECT", RESERVED)
            facts.check(redis("GET", PUBLISHED) <= redis("XREVRANGE", CONFLICTS, "+", "-", "COUNT", "1")[0][0], "how far it got is remembered in Redis")
        world["a"].redis.kill()
        world["a"].redis.start()
        sidecar.wait_ready()
        add(world, range(3014, 3020))
        wait_published(world, range(3014, 3020), "a Redis that was away goes on, too")
        facts.check(True, "a Redis that was away goes on, too")


tap.run(test)
