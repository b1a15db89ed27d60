#!/usr/bin/env python3
"""Locks on keys that have a home are exact across datacenters: clients at both contend for them while the locks move there and back, and no two ever hold one at
a time. Judged by what the clients themselves noted, on this machine's clock: a holder's time begins after its SET was answered, and ends before its release is sent."""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import Follower, ask, home_of
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

LIST = "{ list: [{ match: '*', dc: a }] }"
SETTINGS = f"""homes:
  - {{ match: "lock:{{id}}", name: lock, default: {LIST}, away: forward, read: home }}
  - {{ match: "lease:{{id}}", name: lease, default: {LIST}, away: redirect, read: home }}
"""
LOCKS = {"lock:1": "lock:1", "lock:2": "lock:2", "lease:1": "lease:1"}  # key: user
CONTENDERS = 2        # at each datacenter, for each lock
MOVES = 8             # of each lock, there and back
HELD_SECONDS = 0.002
LEASE_MS = "600000"   # no lease runs out meanwhile: whoever holds one gives it back


class Contender(threading.Thread):
    """Gets the lock, holds it, gives it back, again and again. TIMES: since when, and until when."""

    def __init__(self, key, dc, number):
        super().__init__(daemon=True)
        self.key, self.port, self.token = key, dc.sidecar.port, f"{dc.name}{number}"
        self.times, self.refused, self.strange = [], 0, []
        self.is_done = False

    def run(self):
        client = Follower(self.port)
        try:
            while not self.is_done:
                self.try_once(client)
        except Exception as error:  # pylint: disable=broad-except
            self.strange.append(repr(error))
        client.close()

    def try_once(self, client):
        if client("SET", self.key, self.token, "NX", "PX", LEASE_MS) is None:
            self.refused += 1
            time.sleep(0.001)
            return
        since = time.monotonic()
        time.sleep(HELD_SECONDS)
        holder = client("GET", self.key)
        if holder != self.token.encode():
            self.strange.append(f"{self.key} is held by {self.token}, and says {holder}")
        self.times.append((since, time.monotonic()))
        if client("DEL", self.key) != 1:
            self.strange.append(f"{self.key} was held by {self.token}, and was not there to give back")


def overlaps(contenders):
    times = sorted((*time_held, contender.token) for contender in contenders for time_held in contender.times)
    return [(first, second) for first, second in zip(times, times[1:]) if second[0] < first[1]]


def move(world, user, to):
    with world[to].client(60) as client:
        return ask(client, "HOMEPORT", "REHOME", user, "TO", to, "HOLD", "10000")


def contend(facts, world):
    contenders = [Contender(key, dc, number) for key in LOCKS for dc in world for number in range(CONTENDERS)]
    for contender in contenders:
        contender.start()

    def all_get_on(what):
        before = {key: sum(len(contender.times) for contender in contenders if contender.key == key) for key in LOCKS}
        wait_until(lambda: all(contender.strange or sum(len(other.times) for other in contenders if other.key == contender.key) > before[contender.key] + 3
                               for contender in contenders), 60, what)
    all_get_on("all locks are taken in turns before they move")
    answers = []
    for number in range(MOVES):
        answers += [move(world, user, "ba"[number % 2]) for user in LOCKS.values()]
        all_get_on("and after a move")
    for contender in contenders:
        contender.is_done = True
    for contender in contenders:
        contender.join()
    facts.equal([answer for answer in answers if not isinstance(answer, list)], [], f"every lock moved {MOVES} times while it was contended for")
    facts.equal({home_of(world["b"], user)["epoch"] for user in LOCKS.values()}, {MOVES}, "all know of every move")
    facts.equal([what for contender in contenders for what in contender.strange][:5], [], "a lock is held by whom it was given to until he gives it back")
    for key in LOCKS:
        mine = [contender for contender in contenders if contender.key == key]
        facts.equal(overlaps(mine), [], f"{key}: no two held it at a time ({sum(len(contender.times) for contender in mine)} times)")
        facts.check(all(any(contender.times for contender in mine if contender.token.startswith(name)) for name in "ab"), f"{key}: at both datacenters it was got")
        facts.check(sum(contender.refused for contender in mine) > 0, f"{key}: it was contended for")
    facts.equal(sum(world.conflicts().values()), 0, "nothing conflicts")
    world.check_same_everywhere(facts)


def without_a_home(facts, world):
    """The measure can fail: a lock without a home is given at both datacenters."""
    with world["a"].client() as a, world["b"].client() as b:
        world.cut("b")
        got = [client("SET", "loose:1", name, "NX", "PX", LEASE_MS) for client, name in ((a, "a"), (b, "b"))]
        world.heal("b")
    facts.equal(got, ["OK", "OK"], "a lock without a home is given twice: such keys need one")


def locks(facts):
    with World(("a", "b"), settings=SETTINGS).start() as world:
        contend(facts, world)
        without_a_home(facts, world)


tap.run(locks)
