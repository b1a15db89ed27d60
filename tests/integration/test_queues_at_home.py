#!/usr/bin/env python3
"""Queues whose pops happen at one home (pop: home): produced and consumed at both datacenters, by pops that wait and pops that do not, while the home moves.
Each job is given once, pushes stay local, and no consumer sleeps on while there is something."""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import ask, home_of
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

SETTINGS = """homes:
  - { match: "jobs:{id}", name: jobs, default: { list: [{ match: "a*", dc: a }, { match: "*", dc: b }] }, away: accept, pop: home }
"""
JOBS = 250  # of each producer
QUEUE, SET = "jobs:a1", "jobs:a2"


class Consumer(threading.Thread):
    """Takes jobs until it is stopped, in one of several ways."""

    def __init__(self, dc, way):
        super().__init__(daemon=True)
        self.taken, self.refusals, self.dc, self.way = [], [], dc, way
        self.is_stopped = threading.Event()

    def run(self):
        client = self.dc.client(30)
        while not self.is_stopped.is_set():
            try:
                self.taken += self.way(client) or []
            except ReplyError as error:
                self.refusals.append(str(error))
                time.sleep(0.02)


def by_waiting(client):
    answer = client("BLPOP", QUEUE, "0.5")
    return answer and [answer[1]]


def by_asking(client):
    answer = client("LPOP", QUEUE, 2)
    if not answer:
        time.sleep(0.01)
    return answer


def in_transactions(client):
    client("MULTI")
    client("LPOP", QUEUE)
    answer = [job for job in client("EXEC") if job]
    if not answer:
        time.sleep(0.01)
    return answer


def by_script(client):
    answer = client("EVAL", "return redis.call('rpop', KEYS[1])", 1, QUEUE)
    if not answer:
        time.sleep(0.01)
    return answer and [answer]


def of_the_set(client):
    answer = client("SPOP", SET, 2)
    if not answer:
        time.sleep(0.01)
    return answer


def produce(dc):
    with dc.client(30) as client:
        for number in range(JOBS):
            client("RPUSH", QUEUE, f"{dc.name}{number}")
            client("SADD", SET, f"s{dc.name}{number}")
            time.sleep(0.004)


def queues(facts):
    with World(("a", "b"), "redis-stream", settings=SETTINGS, with_links=False).start() as world:
        consumers = [Consumer(dc, way) for dc in world for way in (by_waiting, by_waiting, by_asking, in_transactions, by_script, of_the_set)]
        producers = [threading.Thread(target=produce, args=(dc,), daemon=True) for dc in world]
        for thread in (*consumers, *producers):
            thread.start()
        moves = 0
        while any(thread.is_alive() for thread in producers):
            for user in ("jobs:a1", "jobs:a2"):
                to = "b" if home_of(world["a"], user)["home"] == "a" else "a"
                with world[to].client(30) as client:
                    moves += isinstance(ask(client, "HOMEPORT", "REHOME", user, "TO", to), list)
            time.sleep(0.2)
        wanted = sorted(f"{kind}{name}{number}".encode() for kind in ("", "s") for name in "ab" for number in range(JOBS))
        wait_until(lambda: sum(len(consumer.taken) for consumer in consumers) >= len(wanted), 60, "all jobs are taken")
        for consumer in consumers:
            consumer.is_stopped.set()
        for consumer in consumers:
            consumer.join()
        world.wait_zero_lag()
        taken = sorted(job for consumer in consumers for job in consumer.taken)
        facts.check(moves >= 2, f"the homes moved meanwhile ({moves} moves)")
        facts.equal(len(taken), len(wanted), "as many jobs were given as there are")
        facts.check(taken == wanted, "each job once")
        facts.equal([refusal for consumer in consumers for refusal in consumer.refusals][:3], [], "no pop was refused")
        facts.check(all(any(c.taken for c in consumers if c.dc is dc) for dc in world), "consumers at both datacenters had some")
        pairs = sum(dc.sidecar.metrics().total("homeport_conflicts_total", type=kind) for dc in world for kind in ("list", "set"))
        facts.equal(pairs, 0, "not one pop conflicts")
        sleepers(facts, world)


def sleepers(facts, world):
    """What is pushed where the home is not wakes who waits there, and reaches him by way of the home."""
    home = home_of(world["a"], "jobs:a1")["home"]
    other = world["b" if home == "a" else "a"]
    for pusher in world:
        consumer = Consumer(other, by_waiting)
        consumer.start()
        time.sleep(0.2)
        with pusher.client() as client:
            client("RPUSH", QUEUE, f"late{pusher.name}")
        wait_until(lambda: consumer.taken, 30, "the sleeper has it")
        consumer.is_stopped.set()
        consumer.join()
        facts.equal(consumer.taken, [f"late{pusher.name}".encode()], f"who waits away from home is given what {'the home' if pusher.name == home else 'its own datacenter'} pushes")


tap.run(queues)
