#!/usr/bin/env python3
"""HOMEPORT SESSION ON: what a client has seen in another datacenter it finds here, or is told that it is not here yet. What it sees never goes back in time: neither
behind a forwarded command, nor where it goes on elsewhere with its token; with a history of many clients that go to and fro."""

import random
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import ask
from lib.raw import Raw
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

SETTINGS = """homes: [ { match: "cart:{id}", away: forward, default: { list: [ { match: "b*", dc: b }, { match: "*", dc: a } ] } } ]
limits: { session_wait: 400ms }
"""
ON = ("HOMEPORT", "SESSION", "ON")


def forwarded(facts, world):
    a, plain = world["a"].client(30), world["a"].client(30)
    facts.equal(ask(a, *ON), "OK", "HOMEPORT SESSION ON")
    world.slow("a", "b", 0.15)
    for i in range(3):
        facts.equal(a.pipeline([("SET", "cart:b1", f"milk {i}"), ("GET", "cart:b1"), ("APPEND", "cart:b1", "!"), ("STRLEN", "cart:b1")]), ["OK", b"milk %d" % i, 7, 7],
                    "a client reads its own forwarded write, pipelined, although replication takes longer")
    world.slow("a", "b", 0)
    world.cut_way("a", "b")
    facts.equal(ask(plain, "SET", "cart:b1", "eggs"), "OK", "without it a forwarded write is answered")
    facts.equal(ask(plain, "GET", "cart:b1"), b"milk 2!", "and is not seen until it comes back")
    facts.equal(ask(a, "SET", "cart:b1", "flour"), "OK", "with it, the way back is cut: the write is answered")
    behind = ask(a, "GET", "cart:b1")
    facts.check(str(behind).startswith("-HOMEPORT BEHIND a still lacks writes after 400 ms") and "of b" in str(behind), "the read is not, and says what is missing", behind)
    facts.check(str(ask(a, "HOMEPORT", "TOKEN")).startswith("-HOMEPORT BEHIND"), "nor is a token given that would lack it")
    facts.equal(ask(a, "CLIENT", "GETNAME"), None, "what is not about data does not wait")
    facts.equal([str(ask(a, *words))[:16] for words in (("MULTI",), ("GET", "cart:b1"), ("EXEC",), ("CLIENT", "ID"))][:3] + [ask(a, "CLIENT", "GETNAME")], ["OK", "QUEUED", "-HOMEPORT BEHIND", None], "a transaction is not run either, and is over")
    facts.equal(ask(plain, "GET", "cart:b1"), b"milk 2!", "only this connection waits")
    world.heal_way("a", "b")
    wait_until(lambda: ask(a, "GET", "cart:b1") == b"flour", 60, "it is read once it is here")
    facts.equal(ask(a, "HOMEPORT", "SESSION", "OFF"), "OK", "SESSION OFF")
    for words in (("SESSION", "x"), ("SESSION", "ON", "x", "y"), ("SESSION", "OFF", "x")):
        facts.equal(ask(a, "HOMEPORT", *words), "-ERR Homeport: say SESSION ON, SESSION ON token, or SESSION OFF", f"{' '.join(words)} is refused")


def guarded(facts, world):
    """WATCH of a user who lives elsewhere: the home's sidecar runs it all. And what is kept of it."""
    a = world["a"].client(30)
    a(*ON)
    world.slow("a", "b", 0.15)
    a("WATCH", "cart:b2")
    facts.equal(a.pipeline([("MULTI",), ("SET", "cart:b2", "guarded"), ("EXEC",)])[2], ["OK"], "a guarded transaction runs at the home")
    facts.equal(ask(a, "GET", "cart:b2"), b"guarded", "and is seen here next")
    world.slow("a", "b", 0)
    keeper = Raw(("127.0.0.1", world["a"].sidecar.port))
    keeper.ask(("HELLO", "3"), ("CLIENT", "TRACKING", "ON"), ("WATCH", "cart:b2"))
    keeper.ask(("GET", "cart:b2"))
    facts.check(b"invalidate\r\n_" in keeper.ask(("UNWATCH",)) + keeper.ask(("PING",)), "what a client that tracks has read there counts as changed afterwards")


def moving(facts, world):
    """To another datacenter with a token, as after a redirect or a fail-over."""
    a, b = world["a"].client(30), world["b"].client(30)
    a(*ON)
    world.cut_way("b", "a")
    a("SET", "note", "new")
    token = a("HOMEPORT", "TOKEN").decode()
    facts.equal(ask(b, *ON, token), "OK", "a connection elsewhere is given the token")
    facts.check(str(ask(b, "GET", "note")).startswith("-HOMEPORT BEHIND b still lacks"), "reads do not go back in time", ask(b, "GET", "note"))
    world.heal_way("b", "a")
    wait_until(lambda: ask(b, "GET", "note") == b"new", 60, "it has come")
    facts.check(str(ask(world["b"].client(), *ON, "nonsense")) == "OK", "a word that is no token is found out by the next command")
    c = world["b"].client()
    c(*ON, "nonsense")
    facts.check("token" in str(ask(c, "GET", "note")), "which says so", ask(c, "GET", "note"))
    c("RESET")
    facts.equal(ask(c, "GET", "note"), b"new", "RESET ends it")


def user(world, seed, rounds, with_promises, faults):
    """One user, who goes from datacenter to datacenter: numbers only grow. His own history alone says whether any went back."""
    rng, seen, token = random.Random(seed), {}, ""
    key = lambda: f"cart:{rng.choice('ab')}{seed}.{rng.randrange(2)}"
    for _ in range(rounds):
        client = world[rng.choice("ab")].client(30)
        if with_promises:
            client(*ON, *([token] if token else []))
        for _ in range(12):
            name = key()
            command = rng.choice((("INCR", name), ("GET", name), ("GET", name)))
            try:
                value = int(client(*command) or 0)
            except ReplyError as error:
                if not str(error).startswith(("HOMEPORT BEHIND", "HOMEPORT UNREACHABLE")):
                    faults.append(f"{command}: {error}")
                continue
            if value < seen.get(name, 0):
                faults.append(f"{name} went back from {seen[name]} to {value}")
            seen[name] = max(value, seen.get(name, 0))
        while not isinstance(found := ask(client, "HOMEPORT", "TOKEN"), bytes):
            if not str(found).startswith("-HOMEPORT BEHIND"):
                faults.append(str(found))
                return
        token = found.decode()
        client.close()


def history(facts, world):
    world.slow("a", "b", 0.05), world.slow("b", "a", 0.02)
    for with_promises in (False, True):
        faults = []
        users = [threading.Thread(target=user, args=(world, seed + 10 * with_promises, 10, with_promises, faults)) for seed in range(4)]
        for thread in users:
            thread.start()
        for thread in users:
            thread.join()
        if with_promises:
            facts.equal(faults[:5], [], "four users go to and fro between datacenters: nothing that one of them saw went back")
        else:
            facts.check(any("went back" in fault for fault in faults), "without HOMEPORT SESSION something does")
    world.slow("a", "b", 0), world.slow("b", "a", 0)


def promises(facts):
    with World(("a", "b"), settings=SETTINGS).start() as world:
        for part in (forwarded, guarded, moving, history):
            part(facts, world)
        world.check_same_everywhere(facts)


tap.run(promises)
