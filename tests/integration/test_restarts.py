#!/usr/bin/env python3
"""A Redis that is killed and started again and again, as a pod that crashes in a loop: no write hangs, none is counted twice or lost, and the
incarnations that all this begins are forgotten. --restarts: how often (the default is more than the 254 that were once the end)."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError
from lib.sidecar import Sidecar
from lib.workspace import Workspace, free_port, wait_until
from lib.world import World

INCARNATIONS_MAX = 4096
RESERVED_DB = 15


class Counter:
    """INCR of one key by one client. Where a connection ended without an answer, the key tells whether the write was executed."""

    def __init__(self, sidecar):
        self.sidecar, self.client, self.count = sidecar, None, 0

    def value(self):
        if self.client is None:
            self.client = self.sidecar.client(20)
        return int(self.client("GET", "count") or 0)

    def is_counted(self):
        try:
            if self.value() == self.count:
                self.client("INCR", "count")
            return self.value() == self.count + 1
        except ReplyError as error:
            if not str(error).startswith("LOADING"):
                raise
        except (ConnectionError, EOFError):
            self.client = None
        return False

    def add(self):
        wait_until(self.is_counted, 30, "a write after a restart is answered")
        self.count += 1


def remembers_few(world):
    return all(dc.sidecar.metrics().one("homeport_incarnations") < 10 for dc in world)


def restart(facts, restarts):
    with World(("a", "b"), with_links=False).start() as world:
        redis, sidecar, counter = world["a"].redis, world["a"].sidecar, Counter(world["a"].sidecar)
        for number in range(1, restarts + 1):
            redis.kill()
            redis.start()
            if number % 50 == 0:
                sidecar.kill()
                sidecar.start(wait=False)
            counter.add()
        world.wait_zero_lag()
        for dc in world:
            with dc.client() as client:
                facts.equal(int(client("GET", "count")), restarts, f"{dc.name} has counted each INCR once, over {restarts} restarts of Redis")
        wait_until(lambda: remembers_few(world), 60, "hardly any incarnation is remembered")
        facts.check(True, "in the end hardly any incarnation is remembered")
        facts.check(all("incarnations" not in dc.sidecar.http("/readyz?verbose")[1] for dc in world), "and there is no finding")
        world.check_same_everywhere(facts)


def remember(redis, count):
    """As after COUNT restarts of which the peer has not heard."""
    entries = " ".join(f"{number}:4:0:0:0" for number in range(1, count + 1))
    with redis.client() as client:
        client("FLUSHALL")
        client("SELECT", RESERVED_DB)
        client("HSET", "homeport:positions", "made", "", "run", "another 1", "dc:a", f"-1 {entries}")
        for part in ("episodes", "versions", "homes"):
            client("HSET", f"homeport:{part}", "made", "")
        client("XGROUP", "CREATE", "homeport:outbox", "made", "$", "MKSTREAM")


def near_the_limit(facts):
    with Workspace() as workspace:
        redis = RedisServer(workspace, "redis-alone").start()
        peer = f"{{ address: 127.0.0.1:{free_port()}, log: {{ redis-stream: {{ address: 127.0.0.1:{free_port()} }} }} }}"
        config = f"dc: a\nredis: {{ address: 127.0.0.1:{redis.port} }}\npeers:\n  b: {peer}\n"
        for count, weight, answer in ((100, None, "OK"), (INCARNATIONS_MAX // 2, "warning", "OK"), (INCARNATIONS_MAX, "outage", "HOMEPORT too many restarts")):
            remember(redis, count)
            sidecar = Sidecar(workspace, f"after-{count}", config, free_port())
            sidecar.start(wait=False)

            def written():
                try:
                    with sidecar.client() as client:
                        return client("SET", "key", "value")
                except ReplyError as error:
                    return None if str(error).startswith("LOADING") else str(error)
            found = wait_until(written, 30, "a write is answered")
            facts.check(found.startswith(answer), f"after {count} restarts that a peer has not heard of a write is answered: {answer}", found)
            facts.equal(sidecar.metrics().one("homeport_incarnations"), count + 1, "the metric counts them")
            text = sidecar.http("/readyz?verbose")[1]
            facts.equal([line.split()[0] for line in text.splitlines() if " incarnations: " in line], [weight] if weight else [], "the finding")
            facts.equal(sidecar.metrics().total("homeport_findings", check="incarnations"), 1 if weight else 0, "is counted")
            with sidecar.client() as client:
                facts.check(client("GET", "key") in (b"value", None), "reads are served")
            sidecar.kill()


def test(facts):
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--restarts", type=int, default=260)
    near_the_limit(facts)
    begin = time.monotonic()
    restart(facts, arguments.parse_args().restarts)
    facts.note(f"{time.monotonic() - begin:.0f} s of restarts")


tap.run(test)
