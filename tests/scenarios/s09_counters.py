#!/usr/bin/env python3
"""Scenario 9: counters are exact. 10 000 increments at each of three datacenters, in parallel, while sidecars, Redis servers and
the broker are killed at random: 30 000 everywhere. Increments that a SET or a DEL did not see survive it,
whatever the rule."""

import threading
import time
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.world import World
from lib.chaos import Chaos, wait_recovered
from lib.resp import ReplyError

INCREMENTS = 10_000
PACE_SECONDS = 0.001
LAST = 100  # increments that wait until all were killed: so every kill falls into the counting
SEED = 9
RULES = (("merge:*", "merge"), ("priority:*", "priority", "order: [a, b]"), ("record:*", "record"), ("*", "lww"))
RULE_NAMES = ("lww", "merge", "priority", "record")


class CountingClient(threading.Thread):
    """Increments in transactions that also write down how far it came. So after a broken connection it can look
    whether its last transaction took place, and count on: what any careful Redis client would do."""

    def __init__(self, dc, all_killed):
        super().__init__(daemon=True)
        self._dc, self._all_killed, self._journal, self.retries = dc, all_killed, f"journal:{dc.name}", 0

    def run(self):
        client, done = None, 0
        while done < INCREMENTS:
            try:
                if client is None:
                    client = self._dc.client()
                    done = int(client("GET", self._journal) or 0)
                    continue
                if done == INCREMENTS - LAST:
                    self._all_killed.wait()
                replies = client.pipeline([("MULTI",), ("INCR", "counter"), ("SET", self._journal, done + 1), ("EXEC",)])
                if isinstance(replies[-1], ReplyError):
                    raise replies[-1]
                done += 1
                time.sleep(PACE_SECONDS)
            except (OSError, EOFError, ReplyError):
                self.retries += 1
                client = None
                time.sleep(0.05)


def counters_under_kills(story, log):
    with World(("a", "b", "c"), log, with_links=False).start() as world:
        all_killed = threading.Event()
        clients = [CountingClient(dc, all_killed) for dc in world]
        for client in clients:
            client.start()
        chaos = Chaos(world, SEED, kills=1, log=story.note, pause_seconds=(0.1, 0.6))
        chaos.run(lambda: any(client.is_alive() for client in clients))
        all_killed.set()
        for client in clients:
            client.join(120)
            story.check(not client.is_alive(), "the client finished its increments")
        wait_recovered(world)
        story.step(f"transactions looked after and tried again: {sum(client.retries for client in clients)}")
        story.check(all(chaos.counts.values()), f"all were killed while counting: {', '.join(chaos.counts)}", chaos.counts)
        found = world.check_same_everywhere(story)
        story.equal(found[0, b"counter"][1], str(3 * INCREMENTS).encode(), "the counter is exactly 30 000")


def increments_nobody_saw(story, log):
    """Under every rule: what a SET or DEL has not seen is added to what it left."""
    with World(("a", "b"), log, rules=RULES).start() as world, world["a"].client() as a, world["b"].client() as b:
        for rule in RULE_NAMES:
            a.pipeline([("SET", f"{rule}:set", 10), ("SET", f"{rule}:del", 10), ("HSET", f"{rule}:hash", "set", 10, "del", 10)])
        world.wait_zero_lag()
        world.cut("b")
        for rule in RULE_NAMES:
            a.pipeline([("SET", f"{rule}:set", 100), ("DEL", f"{rule}:del"), ("HSET", f"{rule}:hash", "set", 100), ("HDEL", f"{rule}:hash", "del")])
            b.pipeline([("INCRBY", f"{rule}:set", 5), ("INCRBY", f"{rule}:del", 7), ("HINCRBY", f"{rule}:hash", "set", 5),
                        ("HINCRBY", f"{rule}:hash", "del", 7)])
        world.heal("b")
        found = {key: value for (_, key), (_, value, _) in world.check_same_everywhere(story).items()}
        for rule in RULE_NAMES:
            story.equal([found.get(f"{rule}:{name}".encode()) for name in ("set", "del", "hash")],
                        [b"105", b"7", [(b"del", b"7"), (b"set", b"105")]], f"a SET or DEL keeps the increments that it did not see, under {rule}")


def counters(story, log):
    counters_under_kills(story, log)
    increments_nobody_saw(story, log)


scenario.run(counters)
