#!/usr/bin/env python3
"""What docs/wire-format.md tells a reader to type, typed: kcat and protoc read what a sidecar shipped, write by write."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.conflict_records import CONFLICTS, record, side, together
from lib.workspace import TOP, wait_until
from lib.world import World

PAGE = TOP / "docs" / "wire-format.md"
ADDRESS_TOLD = "127.0.0.1:9092"


def told_commands():
    """Those of the page: the newest batch, all of them, and the newest conflict record of the topic and of the stream."""
    newest, every, of_topic, of_stream = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert all(ADDRESS_TOLD in command for command in (newest, every, of_topic)) and "redis-cli" in of_stream
    return newest, every, of_topic, of_stream


def typed(command, broker, redis):
    told = command.replace(ADDRESS_TOLD, f"{broker.address[0]}:{broker.port}").replace("redis-cli", f"redis-cli -p {redis.port}")
    return subprocess.run(["bash", "-c", "set -eo pipefail\n" + told], cwd=TOP, capture_output=True, text=True, timeout=120)


def shipped_words(text):
    """The changes in TEXT, one line each, and how many batches there are."""
    changes = re.findall(r"^  changes \{\n(.*?)^  \}", text, re.DOTALL | re.MULTILINE)
    return [" ".join(change.split()) for change in changes], len(re.findall(r"^format: 1$", text, re.MULTILINE))


def decoded(message):
    run = subprocess.run(["protoc", "--decode=homeport.Batch", "docs/homeport.proto"], cwd=TOP, input=message, capture_output=True, check=True)
    return run.stdout.decode()


def write(world):
    with world["us"].client() as client:
        client("SET", "before", "1")
    world.wait_zero_lag()
    with world["eu"].client() as client:
        client("SET", "page:1", "hello", "PXAT", "4102444800000")
        client("INCRBY", "hits", "5")
        client.pipeline([("MULTI",), ("HSET", "h", "f", "v"), ("SADD", "s", "m"), ("EXEC",)])
        client("ZADD", "top", "2.5", "page:1")
        client("DEL", "hits")
    world.wait_zero_lag()


WRITTEN = ['kind: SET key: "page:1" value: "hello" expire_at_ms: 4102444800000',
           'kind: INCREMENT key: "hits" number: 5',
           'kind: FIELD_SET key: "h" element: "f" value: "v"',
           'kind: MEMBER_ADD key: "s" element: "m"',
           'kind: SCORE_SET key: "top" element: "page:1" score: 2.5',
           'kind: CLEAR key: "hits"']


def read_topic(facts):
    newest, every, of_topic, of_stream = told_commands()
    with World(("eu", "us"), "kafka", with_links=False).start() as world:
        write(world)
        redis = world["eu"].redis
        ended = typed(newest, world.broker, redis)
        facts.check(ended.returncode == 0 and ended.stdout.startswith('format: 1\ndc: "eu"\n'), "the newest batch is read as the page says",
                    ended.stdout + ended.stderr)
        ended = typed(every, world.broker, redis)
        changes, batches = shipped_words(ended.stdout)
        facts.check(ended.returncode == 0 and batches > len(WRITTEN) - 2, "all batches are read as the page says", ended.stderr or ended.stdout)
        facts.equal(changes, WRITTEN, "every change stands there once, in order, typed")
        facts.check(re.search(r'context \{\n  dc: "us"\n  incarnation: \d+\n  seq: 1\n', ended.stdout), "with what its origin had applied",
                    ended.stdout)
        with redis.client() as client:
            client("SELECT", "15")
            client("XADD", CONFLICTS, "*", "c",
                   together(record("eu-1-2-0", "page:1", [side("eu", 2, "two\nlines"), side("us", 1, "one")], "auto", ended_ms=1)))
        wait_until(lambda: world["eu"].sidecar.metrics().one("homeport_conflicts_published_total") == 1, 30, "a conflict record is published")
        for place, command, start in (("topic", of_topic, 'format: 1\nid: "eu-1-2-0"\n'), ("stream", of_stream, 'conflicts {\n  format: 1\n  id: "eu-1-2-0"\n')):
            ended = typed(command, world.broker, redis)
            facts.check(ended.returncode == 0 and ended.stdout.startswith(start) and r'"two\nlines"' in ended.stdout,
                        f"the newest conflict record of the {place} is read as the page says", ended.stdout + ended.stderr)


def read_stream(facts):
    with World(("eu", "us"), "redis-stream", with_links=False).start() as world:
        write(world)
        with world["eu"].redis.client() as redis:
            redis("SELECT", "15")
            messages = [fields[fields.index(b"b") + 1] for _, fields in redis("XRANGE", "homeport:log", "-", "+")]
        changes, _ = shipped_words("".join(decoded(message) for message in messages))
        facts.equal(changes, WRITTEN, "a log in Redis holds the same messages")


def wire_format(facts):
    read_topic(facts)
    read_stream(facts)


tap.run(wire_format)
