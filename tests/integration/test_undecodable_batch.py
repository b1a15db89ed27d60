#!/usr/bin/env python3
"""A message in a peer's log that is no batch stops that peer's stream, visibly, and nothing else: it is not skipped and crashes nothing."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import wait_until
from lib.world import World

GARBAGE = b"\xff\xfe no batch"


def put_into_stream(world):
    with world["a"].redis.client() as redis:
        redis("SELECT", 15)
        (last, _), = redis("XREVRANGE", "homeport:log", "+", "-", "COUNT", 1)
        redis("XADD", "homeport:log", f"{int(last.split(b'-')[0]) + 1}-0", "b", GARBAGE)


def put_into_topic(world):
    subprocess.run(["kcat", "-P", "-b", f"127.0.0.1:{world.broker.port}", "-t", "homeport.a"], input=GARBAGE, check=True)


def stop_at_garbage(facts, log, put):
    with World(("a", "b"), log, with_links=False).start() as world:
        with world["a"].client() as client:
            client("SET", "before", "1")
        world.wait_zero_lag()
        world["a"].sidecar.kill()
        put(world)
        sidecar = world["b"].sidecar
        wait_until(lambda: not sidecar.is_ready(), 20, "readyz tells")
        status, text = sidecar.http("/readyz?verbose")
        facts.check(status == 503 and "broken undecodable a" in text, f"/readyz tells that the peer's stream stopped ({log})", text)
        facts.equal(sidecar.metrics().total("homeport_peer_state", origin="a", state="undecodable"), 1, f"a metric tells it, too ({log})")
        with world["b"].client() as client:
            facts.equal(client("SET", "local", "1"), "OK", f"clients are served as before ({log})")
            facts.equal(client("GET", "before"), b"1", f"what came before the message is there ({log})")
        world["a"].sidecar.start(wait=False)
        wait_until(lambda: world["a"].sidecar.http("/livez")[0] == 200, 20, "it lives")
        facts.check(world["a"].sidecar.is_running() and sidecar.is_running(), f"nobody crashes ({log})")


def undecodable_batch(facts):
    stop_at_garbage(facts, "redis-stream", put_into_stream)
    stop_at_garbage(facts, "kafka", put_into_topic)


tap.run(undecodable_batch)
