#!/usr/bin/env python3
"""Findings are provoked on real servers: each comes with its weight, says what is wrong and what helps, and goes by itself once that was done.
Those that take more than a setting of Redis, or a peer, to provoke are in other tests: tests/check/texts-are-provoked says where."""

import os
import re
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

KIB, MIB = 1 << 10, 1 << 20
RESERVED = 15


def findings(dc):
    return dc.sidecar.http("/readyz?verbose")[1]


def expect(facts, dc, finding, *words):
    """FINDING: weight, check and datacenter. WORDS: what helps the person who reads it, each a regular expression."""
    said = ["nothing"]

    def is_found():
        said.append(findings(dc))
        return re.search(rf"^{finding}[: ].*", said[-1], re.MULTILINE)
    try:
        line = wait_until(is_found, 30, f"{dc.name} says {finding}")[0]
        facts.check(all(re.search(word, line) for word in words), f"{finding}: it says what is wrong and what helps", line)
    except TimeoutError as error:
        facts.check(False, f"{finding} is found", f"{error}; found is {said[-1]}")


def gone(facts, dc, finding):
    wait_until(lambda: not re.search(finding, findings(dc)), 60, f"{dc.name} no longer says {finding}")
    facts.check(True, f"{finding}: it goes by itself")


def error_of(dc, *words):
    with dc.client(20) as client:
        try:
            return f"no error: {client(*words)}"
        except ReplyError as error:
            return str(error)


def write(dc, count, size, key="k"):
    """Until it is refused; returns the error."""
    with dc.client(20) as client:
        for number in range(count):
            try:
                client("SET", f"{key}:{number}", os.urandom(size))
            except ReplyError as error:
                return str(error)
    return None


def reserved(redis, *words):
    redis("SELECT", RESERVED)
    answer = redis(*words)
    redis("SELECT", 0)
    return answer


def what_redis_is_set_to(facts):
    with World(("a", "b"), aof=False, with_links=False).start() as world, world["a"].redis.client() as redis:
        a = world["a"]
        expect(facts, a, "warning aof", "appendonly yes")
        redis("CONFIG", "SET", "appendonly", "yes")
        gone(facts, a, "warning aof")
        redis("CONFIG", "SET", "notify-keyspace-events", "")
        expect(facts, a, "warning notifications", "notify-keyspace-events Ex")
        redis("CONFIG", "SET", "notify-keyspace-events", "Ex")
        gone(facts, a, "warning notifications")
        redis("CONFIG", "SET", "maxmemory", 1 << 30, "maxmemory-policy", "volatile-lru")
        expect(facts, a, "warning eviction", "maxmemory-policy noeviction")
        redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        expect(facts, a, "outage eviction", "maxmemory-policy noeviction")
        redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        gone(facts, a, "eviction")
        used = int(redis("INFO", "memory").decode().split("used_memory:")[1].split()[0])
        redis("CONFIG", "SET", "maxmemory", used * 10 // 9)
        expect(facts, a, "warning memory", r"\d+ % of its maxmemory", "raise maxmemory or remove keys")
        redis("CONFIG", "SET", "maxmemory", 1)
        expect(facts, a, "broken memory", "Redis is full", "raise maxmemory or remove keys")
        with world["b"].client() as client:
            client("SET", "from-b", 1)
        expect(facts, a, "warning store-refusing", "OOM", "raise maxmemory or remove keys")
        expect(facts, a, "broken store-refusing", "OOM", "raise maxmemory or remove keys")
        facts.equal(a.sidecar.http("/readyz")[0], 503, "a refusal that lasts makes it not ready")
        redis("CONFIG", "SET", "maxmemory", 0)
        gone(facts, a, "memory|store-refusing")


def config_is_forbidden(facts):
    world = World(("a", "b"), with_links=False, redis_options=("--rename-command", "CONFIG", ""))
    with world.start():
        expect(facts, world["a"], "warning notifications", "notify-keyspace-events Ex")


def full_outbox_and_a_stop(facts):
    with World(("a", "b"), with_links=False, settings="limits: { log_retain: 1MiB, outbox: 2MiB }\ndrain: 4s\n").start() as world:
        a = world["a"]
        world["b"].sidecar.kill()
        facts.equal(write(a, 29, 100 * KIB), None, "writes are taken while the log is full")
        expect(facts, a, "warning outbox", r"\d+ % of limits\.outbox", "see which log or peer is away")
        error = write(a, 20, 100 * KIB)
        facts.check(error and error.startswith("OOM Homeport: the outbox is full (limits.outbox)") and "/readyz?verbose" in error, "at the limit writes are refused, with the true cause", error)
        expect(facts, a, "outage outbox", "limits.outbox is reached", "see which log or peer is away")
        a.sidecar.process.send_signal(signal.SIGTERM)
        expect(facts, a, "outage draining", "a stop is under way", "send clients elsewhere")
        facts.equal(a.sidecar.stop(), 0, "the stop ends after `drain`, though the log takes nothing")
        a.sidecar.start(wait=False)
        world["b"].sidecar.start()
        gone(facts, a, "outbox")
        world.wait_zero_lag()


def full_metadata(facts):
    with World(("a", "b"), with_links=False, settings="limits: { metadata: 1MiB }\n").start() as world:
        a = world["a"]
        world["b"].sidecar.kill()
        error = None
        for number in range(200):
            with a.client() as client:
                client.pipeline([("HSET", f"h:{number}:{one}", *(f"{field}{value}" for field in range(20) for value in ("f", "v"))) for one in range(20)])
            if "metadata" in findings(a):
                break
        expect(facts, a, "warning metadata", r"\d+ % of limits\.metadata", "see which log or peer is away")
        for number in range(2000):
            error = error_of(a, "HSET", f"more:{number}", *(f"{field}{value}" for field in range(20) for value in ("f", "v")))
            if not error.startswith("no error"):
                break
        facts.check(error.startswith("OOM Homeport: too much is not yet applied by every peer (limits.metadata)"), "at the limit writes are refused, with the cause", error)
        expect(facts, a, "outage metadata", "limits.metadata is reached")
        world["b"].sidecar.start()
        gone(facts, a, "metadata")


def reserved_database_of_another_version(facts):
    with World(("a", "b"), with_links=False).start() as world:
        a = world["a"]
        a.sidecar.stop()
        with a.redis.client() as redis:
            redis("SELECT", RESERVED)
            redis("HSET", "homeport:positions", "dc:b", "garbage")
        a.sidecar.start(wait=False)
        expect(facts, a, "outage unreadable", "the reserved database holds what this version", "start the version that wrote it")
        facts.check("the reserved database holds what this version of homeportd cannot read" in error_of(a, "SET", "k", 1), "writes are refused with the cause")
        facts.equal(error_of(a, "GET", "k"), "no error: None", "reads are served")


def wrong_clock(facts):
    settings = "clock: { quarantine: 20s }\n"
    with World(("a", "b"), with_links=False, settings=settings, clock_offsets={"b": 0}).start() as world:
        a, b = world["a"], world["b"]
        b.sidecar.set_clock(5)
        expect(facts, a, "warning drift b", "clock")
        b.sidecar.set_clock(60)
        expect(facts, a, "warning quarantined b", "clock", "clock.quarantine")
        b.sidecar.set_clock(0)
        gone(facts, a, "quarantined|drift")
        facts.check("beyond the limit (clock.drift)" in a.sidecar.log_text(), "the log has the alarm, too")


def a_peers_log_that_is_gone(facts):
    with World(("a", "b"), with_links=False).start() as world:
        a, b = world["a"], world["b"]
        b.sidecar.kill()
        write(a, 50, 10)
        with a.redis.client() as redis:
            redis("SELECT", RESERVED)
            redis("XTRIM", "homeport:log", "MAXLEN", 0)
        write(a, 50, 10, "later")
        b.sidecar.start(wait=False)
        expect(facts, b, "broken needs-resync a", "docs/operating.md", r"The last write of it that is here is a/\d+/\d+|No write of it is here")
        facts.check(all(text in b.sidecar.log_text() for text in ("the log no longer has the position to continue from", "needs-resync, says what to do")),
                    "the log has the alarm, too", b.sidecar.log_text()[-800:])
        facts.equal(b.sidecar.http("/readyz")[0], 503, "it is not ready")
        facts.equal(b.sidecar.http("/healthz")[0], 200, "but serves clients")


def empty(redis):
    redis.kill()
    shutil.rmtree(redis.directory)
    redis.directory.mkdir()
    redis.start()


def a_redis_that_comes_back_empty(facts):
    """The embedded log is gone with it. The sidecar that runs on knows of what it appended lately, and of no more than a quarter of limits.outbox."""
    with World(("a", "b"), with_links=False, settings="limits: { outbox: 1MiB }\n").start() as world:
        b = world["b"]
        write(b, 50, 10)
        world.wait_zero_lag()
        empty(b.redis)
        wait_until(lambda: error_of(b, "GET", "k:1").startswith("no error"), 60, "b serves again")
        world.check_same_everywhere(facts, "what a Redis lost with its log comes back from the sidecar that runs on")
        write(b, 200, 10000)
        world.wait_zero_lag()
        empty(b.redis)
        expect(facts, b, "broken needs-resync b", "writes made here may be gone: our own log lost writes that our Redis does not have", "docs/operating.md")
        facts.check(error_of(b, "GET", "k:1").startswith("no error"), "it serves")


def a_redis_that_forgets_what_a_peer_has(facts):
    """The sidecar is killed with it, so nobody here knows what its log held."""
    with World(("a", "b"), with_links=False).start() as world:
        a, b = world["a"], world["b"]
        write(b, 1, 10)
        world.wait_zero_lag()
        path = max((b.redis.directory / "appendonlydir").glob("*.incr.aof"))
        size = path.stat().st_size
        write(b, 50, 10, "later")
        world.wait_zero_lag()
        b.sidecar.kill()
        b.redis.kill()
        os.truncate(path, size)
        b.redis.start()
        b.sidecar.start(wait=False)
        write(a, 1, 10, "behind")
        wait_until(lambda: "that our Redis and our log lost" in b.sidecar.log_text(), 60, "the alarm")
        facts.check(True, "a Redis that forgot, with its log, what a peer has is an alarm")
        expect(facts, b, "warning held a", "its Redis and its log no longer have", "needs-resync in docs/operating.md")
        facts.check(a.sidecar.is_running() and error_of(b, "GET", "k:1").startswith("no error"), "both serve")


def test(facts):
    cases = (what_redis_is_set_to, config_is_forbidden, full_outbox_and_a_stop, full_metadata, reserved_database_of_another_version, wrong_clock,
                 a_peers_log_that_is_gone, a_redis_that_comes_back_empty, a_redis_that_forgets_what_a_peer_has)
    for case in cases:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        facts.note(case.__name__.replace("_", " "))
        case(facts)


tap.run(test)
