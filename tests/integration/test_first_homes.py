#!/usr/bin/env python3
"""default: first. A user lives nowhere until somebody writes for him; the datacenter that does becomes his home, everywhere. Where two do at once, one of them stays it, and what
was written at both is counted as conflicts are."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import ask, home_of
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

MANY, AT_ONCE = 5000, 40
HOMES = """homes:
  - { match: "user:{id}:*", default: first, away: redirect }
  - { match: "seq:{id}", name: seq, default: first, away: forward, read: home }
"""


def place(dc, user):
    home = home_of(dc, user)
    return home["home"], home["epoch"]


def everywhere(world, user, wanted):
    wait_until(lambda: all(place(dc, user) == wanted for dc in world), 60, f"{user} lives in {wanted} everywhere")
    return True


def who_writes_first(facts, world):
    a, b, c = world["a"], world["b"], world["c"]
    facts.equal([place(dc, "user:1") for dc in world], [(None, 0)] * 3, "who has written nothing lives nowhere")
    with a.client(20) as at_a, b.client(20) as at_b, c.client(20) as at_c:
        facts.equal(at_a("GET", "user:1:k"), None, "a read makes nobody his home")
        facts.equal(place(a, "user:1"), (None, 0), "he lives nowhere still")
        answer = ask(at_a, "HOMEPORT", "REHOME", "user:1", "TO", "b")
        facts.check("user:1 has no home yet: the first datacenter that writes" in str(answer), "nor can he be moved", answer)
        answer = ask(at_a, "HOMEPORT", "SET", "user:8:k", "x", "")
        facts.check("nobody is home of the user of this key yet" in str(answer), "nor be written for with a context", answer)
        facts.equal(at_b("SET", "user:1:k", "b"), "OK", "b writes for him")
        facts.check(everywhere(world, "user:1", ("b", 1)), "so he lives there, as all know")
        answer = ask(at_a, "SET", "user:1:k", "a")
        facts.check("HOMEPORT HOME b " in str(answer), "others redirect", answer)
        at_c("MULTI"), at_c("SET", "user:2:k", "c"), at_c("SET", "user:2:l", "c")
        facts.equal(at_c("EXEC"), ["OK", "OK"], "so it is with a transaction")
        facts.check(everywhere(world, "user:2", ("c", 1)), "he lives where it ran")
        facts.equal([at_a("INCR", "seq:1"), at_a("INCR", "seq:1")], [1, 2], "likewise where writes are forwarded")
        everywhere(world, "seq:1", ("a", 1))
        facts.equal([at_b("INCR", "seq:1"), at_c("INCR", "seq:1"), at_b("GET", "seq:1")], [3, 4, b"4"], "from then on they go there, reads, too")
        answer = at_b("HOMEPORT", "REHOME", "user:1", "TO", "c")
        facts.check(everywhere(world, "user:1", ("c", 2)), "and he can be moved now", answer)
        with a.client(20) as guarded:
            guarded("WATCH", "user:9:k")
            guarded("MULTI"), guarded("SET", "user:9:k", "1")
            answer = ask(guarded, "EXEC")
        facts.check(answer in (None, ["OK"]), "a transaction that watches is run, or told that it has to watch again", answer)
        facts.check(everywhere(world, "user:9", ("a", 1)), "and he lives there then")


def many(facts, world):
    a = world["a"]
    with a.client(60) as client:
        for first in range(0, MANY, 500):
            replies = client.pipeline([("SET", f"user:m{number}:k", "1") for number in range(first, first + 500)])
            assert all(reply == "OK" for reply in replies), replies[:3]
    metrics = a.sidecar.metrics()
    homes = metrics.one("homeport_homes", dc="a")
    facts.check(homes >= MANY and metrics.one("homeport_homes_bytes") <= 40 * metrics.total("homeport_homes"), f"{MANY} users take at most 40 bytes each",
                (homes, metrics.one("homeport_homes_bytes")))
    facts.check(metrics.one("homeport_rehomings_total", result="claimed") >= MANY, "metrics count them")
    wait_until(lambda: all(dc.sidecar.metrics().one("homeport_homes", dc="a") == homes for dc in world), 60, "all know them")
    a.sidecar.kill()
    a.sidecar.start()
    facts.equal(place(a, "user:m7"), ("a", 1), "a restart knows them, too")


def at_once(facts, world):
    """Both write for the same users at the same moment, while neither hears the other."""
    world.cut_way("a", "b"), world.cut_way("b", "a")
    users = [f"user:o{number}" for number in range(AT_ONCE)]

    def write(name):
        with world[name].client(20) as client:
            for user in users:
                client("SET", f"{user}:{name}", name)
                client("SET", f"{user}:both", name)
    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    facts.equal((place(world["a"], users[0]), place(world["b"], users[0])), (("a", 1), ("b", 1)), "two that do not hear each other both become his home")
    world.heal_way("a", "b"), world.heal_way("b", "a")
    world.wait_zero_lag()
    homes = [[place(dc, user)[0] for user in users] for dc in world]
    facts.check(homes[0] == homes[1] == homes[2] and set(homes[0]) <= {"a", "b"}, "once they do, one of them is, as all know", homes)
    data = world.check_same_everywhere(facts)
    with world["c"].redis.client(20) as redis:
        kept = [redis("EXISTS", f"{user}:a", f"{user}:b") for user in users]
    facts.check(data is not None and kept == [2] * AT_ONCE, "what either had written is there", kept)
    facts.check(all(count >= AT_ONCE for count in world.conflicts().values()), "what met is counted as conflicts are", world.conflicts())
    for user, home in zip(users, homes[0]):
        with world["a" if home == "b" else "b"].client(20) as client:
            try:
                answer = client("SET", f"{user}:late", "x")
            except ReplyError as error:
                answer = str(error)
        if f"HOMEPORT HOME {home} " not in str(answer):
            facts.check(False, f"{user} is written at {home} only", answer)
            return
    facts.check(True, "the other one redirects")


def run(facts):
    with World(("a", "b", "c"), settings=HOMES, rules=(("user:8:*", "record"), ("*", "lww"))).start() as world:
        who_writes_first(facts, world)
        many(facts, world)
        world.wait_zero_lag()
        at_once(facts, world)


tap.run(run)
