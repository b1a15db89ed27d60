#!/usr/bin/env python3
"""WATCH of keys whose home is elsewhere, where commands are forwarded: Redis there decides whether EXEC runs, whoever else writes them, wherever, also while their home moves."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import ask, home_of
from lib.workspace import wait_until
from lib.world import World

ROUNDS, CLIENTS = 20, 3
SETTINGS = 'homes:\n  - { match: "cart:{id}", default: { list: [{ match: "a*", dc: a }, { match: "*", dc: b }] }, away: forward }\n'


def transactions(facts, here, there):
    facts.equal(ask(here, "WATCH", "cart:b1"), "OK", "a key whose home is elsewhere can be watched")
    facts.equal(ask(here, "GET", "cart:b1"), None, "what is read meanwhile is read there")
    facts.equal(here.pipeline([("MULTI",), ("SET", "cart:b1", "1"), ("INCR", "cart:b1"), ("EXEC",)]), ["OK", "QUEUED", "QUEUED", ["OK", 2]], "nobody wrote it: the transaction runs")
    facts.equal(ask(there, "GET", "cart:b1"), b"2", "at the home")
    ask(here, "WATCH", "cart:b1")
    ask(there, "SET", "cart:b1", "theirs")
    facts.equal(here.pipeline([("MULTI",), ("SET", "cart:b1", "ours"), ("EXEC",)])[-1], None, "somebody there wrote it: the transaction does not run")
    facts.equal([ask(here, "INCR", "cart:a1"), ask(there, "GET", "cart:b1")], [1, b"theirs"], "and the client goes on here")
    ask(here, "WATCH", "cart:b1")
    facts.equal([ask(here, "UNWATCH"), ask(there, "SET", "cart:b1", "5"), here.pipeline([("MULTI",), ("INCR", "cart:b1"), ("EXEC",)])[-1]], ["OK", "OK", [6]],
                "UNWATCH: what is written then does not count")
    ask(here, "WATCH", "cart:b1")
    facts.equal(here.pipeline([("MULTI",), ("INCR", "cart:b1"), ("DISCARD",), ("PING",)]), ["OK", "QUEUED", "OK", "PONG"], "DISCARD ends it, too")
    facts.equal(here.pipeline([("WATCH", "cart:b1"), ("GET", "cart:b1"), ("MULTI",), ("INCR", "cart:b1"), ("EXEC",), ("PING",)]), ["OK", b"6", "OK", "QUEUED", [7], "PONG"],
                "all of it in one pipeline")
    facts.equal(ask(here, "HELLO", "3")[b"proto"], 3, "over RESP3")
    facts.equal(here.pipeline([("SELECT", "1"), ("WATCH", "cart:b1"), ("MULTI",), ("ZADD", "cart:b1", "1.5", "m"), ("ZSCORE", "cart:b1", "m"), ("EXEC",)])[-1], [1, 1.5],
                "and in the client's database: answers are in its protocol")
    facts.equal([ask(here, "SELECT", "0"), ask(here, "HELLO", "2")[0]], ["OK", b"server"], "back again")


def errors(facts, here, there):
    error = ask(here, "WATCH", "cart:a2", "cart:b2")
    facts.check(error.startswith("-HOMEPORT MIXED "), "keys of users with two homes cannot be watched together", error)
    ask(here, "WATCH", "cart:b2")
    answers = here.pipeline([("MULTI",), ("SET", "cart:a2", "x"), ("EXEC",)])
    facts.check("lives in a" in str(answers[-1]) or "HOMEPORT HOME a" in str(answers[-1]), "a transaction about another user than was watched is refused by his home's rules", answers)
    ask(here, "WATCH", "cart:b2")
    answers = here.pipeline([("MULTI",), ("SELECT", "1"), ("SET", "cart:b2", "x"), ("EXEC",)])
    facts.check("cannot hold select" in str(answers[1]) and str(answers[-1]).startswith("EXECABORT"), "what is of the connection is refused, and so is EXEC then", answers)
    ask(here, "WATCH", "cart:b2")
    answers = here.pipeline([("MULTI",), ("HSET", "cart:b2", "f"), ("EXEC",)])
    facts.check("wrong number of arguments" in str(answers[1]) and str(answers[-1]).startswith("EXECABORT"), "a mistake spoils it as in Redis", answers)
    ask(here, "WATCH", "cart:b2")
    facts.equal(here.pipeline([("GET", "cart:b2"), ("RESET",), ("GET", "cart:a1")])[1:], ["RESET", b"1"], "RESET ends what is watched, behind the answers that are due")
    facts.equal(ask(here, "HOMEPORT", "PEER", "a"), "OK", "a peer's connection")
    facts.check(ask(here, "WATCH", "cart:b2").startswith("-HOMEPORT HOME b "), "is not sent on: it is told who is home")


def add_up(client, count, key="cart:b3"):
    """Adds one COUNT times, as a program does that knows no INCR."""
    tries = 0
    while count > 0:
        tries += 1
        client("WATCH", key)
        value = int(client("GET", key) or 0)
        answer = client.pipeline([("MULTI",), ("SET", key, str(value + 1)), ("EXEC",)])[-1]
        if isinstance(answer, Exception):
            raise answer
        count -= isinstance(answer, list)
    return tries


def contention(facts, world):
    def run(name):
        with world[name].client(60) as client:
            add_up(client, ROUNDS)
    threads = [threading.Thread(target=run, args=(name,)) for name in "ab" * CLIENTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world["b"].client() as there:
        facts.equal(ask(there, "GET", "cart:b3"), str(len(threads) * ROUNDS).encode(), "clients of both datacenters, one key: no update is lost")


def contention_on_the_move(facts, world):
    """While the key's user moves, again and again. A move counts as a touch."""
    errors, tries = [], []

    def run(name):
        try:
            with world[name].client(60) as client:
                tries.append(add_up(client, ROUNDS, "cart:b5"))
        except Exception as error:  # pylint: disable=broad-except
            errors.append(repr(error))
    threads = [threading.Thread(target=run, args=(name,)) for name in "ab" * CLIENTS]
    for thread in threads:
        thread.start()
    moves = 0
    while any(thread.is_alive() for thread in threads) or moves < 4:
        to = "b" if home_of(world["a"], "user:b5")["home"] == "a" else "a"
        with world["a"].client(60) as client:
            moves += isinstance(ask(client, "HOMEPORT", "REHOME", "user:b5", "TO", to), list)
    for thread in threads:
        thread.join()
    facts.equal(errors, [], f"clients of both datacenters, one key that moves ({moves} times): no error ({sum(tries)} tries)")
    world.wait_zero_lag()
    with world["b"].client() as there:
        facts.equal(ask(there, "GET", "cart:b5"), str(len(threads) * ROUNDS).encode(), "and no update is lost")


def loss(facts, world):
    a, b = world["a"], world["b"]
    with a.client(60) as idle, a.client(60) as queueing:
        ask(idle, "WATCH", "cart:b4")
        ask(queueing, "WATCH", "cart:b4")
        queueing.pipeline([("MULTI",), ("SET", "cart:b4", "x")])
        b.sidecar.kill()
        wait_until(lambda: a.sidecar.metrics().one("homeport_forwards_total", result="unknown") >= 2, 20, "the connections are lost")
        facts.equal(queueing.pipeline([("SET", "cart:b4", "x"), ("EXEC",)]), ["QUEUED", None], "the home is lost inside MULTI: EXEC does not run, as what was watched may have changed")
        facts.equal(idle.pipeline([("MULTI",), ("SET", "cart:a4", "x"), ("EXEC",)])[-1], None, "or before MULTI")
        error = ask(idle, "WATCH", "cart:b4")
        facts.check(error.startswith("-HOMEPORT UNREACHABLE b "), "as long as it is away, WATCH says so", error)
        facts.equal(idle.pipeline([("MULTI",), ("SET", "cart:a4", "x"), ("EXEC",)])[-1], ["OK"], "and watches nothing")
        b.sidecar.start()
        wait_until(lambda: ask(idle, "WATCH", "cart:b4") == "OK", 20, "the home is back")
        facts.equal(idle.pipeline([("MULTI",), ("SET", "cart:b4", "y"), ("EXEC",)])[-1], ["OK"], "once it is back, it goes on")


def watched_elsewhere(facts):
    with World(settings=SETTINGS, with_links=False).start() as world:
        with world["a"].client(60) as here, world["b"].client(60) as there:
            transactions(facts, here, there)
            errors(facts, here, there)
        contention(facts, world)
        contention_on_the_move(facts, world)
        loss(facts, world)


tap.run(watched_elsewhere)
