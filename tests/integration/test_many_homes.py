#!/usr/bin/env python3
"""Many users with a home of their own: a sidecar reads them in pieces when it starts, and keeps them in at most 40 bytes each."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import SETTINGS, ask, home_of
from lib.resp import encode
from lib.world import World

USERS = 50_000  # 25 pieces
RESERVED_DB = 15


def fill(redis):
    """As replication would have left it."""
    with redis.client(60) as client:
        client("SELECT", RESERVED_DB)
        for first in range(0, USERS, 1000):
            fields = [text for user in range(first, first + 1000) for text in (f"user:a{user}", f"{user + 1} {'abc'[user % 3]}")]
            client.send(encode("HSET", "homeport:homes", *fields))
            client.read()


def many_homes(facts):
    with World(names=("a", "b", "c"), settings=SETTINGS, with_links=False).start() as world:
        a = world["a"]
        a.sidecar.stop()
        fill(a.redis)
        a.sidecar.start()
        metrics = a.sidecar.metrics()
        counts = [metrics.one("homeport_homes", dc=dc) for dc in "abc"]
        facts.equal(counts, [16667, 16667, 16666], "all that Redis holds are known")
        size = metrics.one("homeport_homes_bytes")
        facts.check(0 < size <= 40 * USERS, "in at most 40 bytes each", size)
        for user in (0, 1, 2, 1999, 2000, USERS - 1):
            home = home_of(a, f"user:a{user}")
            facts.equal((home["home"], int(home["epoch"])), ("abc"[user % 3], user + 1), f"user:a{user} lives where Redis says")
        with a.client() as client:
            facts.equal(ask(client, "SET", "user:a0:x", "1"), "OK", "who lives here is taken")
            facts.check(ask(client, "SET", "user:a1:x", "1").startswith("-HOMEPORT HOME b "), "who lives elsewhere is not")


tap.run(many_homes)
