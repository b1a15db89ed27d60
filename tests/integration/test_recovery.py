#!/usr/bin/env python3
"""What a datacenter knows again after it lost something: its sidecar, its Redis's newest writes, its Redis's data altogether. Nothing
acknowledged that reached the log is lost, and nothing is counted twice."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.world import World

COUNT = 500


def increment(dc, key, times=COUNT):
    with dc.client() as client:
        assert all(isinstance(reply, int) for reply in client.pipeline([("INCR", key)] * times))


def restart_sidecar_killed_at_once(facts, log):
    with World(("a", "b"), log, with_links=False).start() as world:
        increment(world["a"], "n")
        world["a"].sidecar.kill()
        world["a"].sidecar.start()
        increment(world["a"], "n")
        data = world.check_same_everywhere(facts)
        facts.equal(data[0, b"n"][1], str(2 * COUNT).encode(), f"a sidecar killed right after its answers ships them all, once ({log})")


def write_while_the_peer_is_off(facts, log):
    with World(("a", "b"), log, with_links=False).start() as world:
        world["b"].sidecar.kill()
        world["b"].redis.kill()
        increment(world["a"], "n")
        world["b"].redis.start()
        world["b"].sidecar.start()
        increment(world["b"], "n")
        data = world.check_same_everywhere(facts)
        facts.equal(data[0, b"n"][1], str(2 * COUNT).encode(), f"a datacenter that was off catches up ({log})")


def redis_forgets_its_tail(facts, log):
    """B's Redis comes back as it was some time ago: its own later writes come back from its log, A's from A's."""
    with World(("a", "b"), log, with_links=False).start() as world:
        increment(world["b"], "n")
        world.wait_zero_lag()
        redis = world["b"].redis
        snapshot = redis.directory.parent / "snapshot"
        redis.kill()
        shutil.copytree(redis.directory, snapshot, ignore=shutil.ignore_patterns("*.sock"))
        redis.start()
        world.wait_zero_lag()
        increment(world["a"], "n")
        increment(world["b"], "n")
        with world["b"].client() as client:
            client("SET", "later", "kept")
        world.wait_zero_lag()
        redis.kill()
        shutil.rmtree(redis.directory)
        shutil.copytree(snapshot, redis.directory)
        redis.start()
        data = world.check_same_everywhere(facts)
        facts.equal(data[0, b"n"][1], str(3 * COUNT).encode(), f"what Redis forgot returns from the logs, counted once ({log})")
        facts.equal(data[0, b"later"][1], b"kept", f"its own forgotten write returns, too ({log})")


def redis_comes_back_empty(facts, log):
    with World(("a", "b"), log, with_links=False).start() as world:
        increment(world["a"], "n")
        increment(world["b"], "n")
        world.wait_zero_lag()
        redis = world["b"].redis
        redis.kill()
        shutil.rmtree(redis.directory)
        redis.directory.mkdir()
        redis.start()
        data = world.check_same_everywhere(facts)
        facts.equal(data[0, b"n"][1], str(2 * COUNT).encode(), f"an empty Redis is filled again from the logs, counted once ({log})")


def recovery(facts):
    for log in ("redis-stream", "kafka"):
        restart_sidecar_killed_at_once(facts, log)
        write_while_the_peer_is_off(facts, log)
    # The embedded log lives in the Redis that forgets; only a log outside of it can give its tail back.
    redis_forgets_its_tail(facts, "kafka")
    redis_comes_back_empty(facts, "kafka")


tap.run(recovery)
