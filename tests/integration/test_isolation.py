#!/usr/bin/env python3
"""A datacenter is cut off for a drill: it exchanges nothing with the others and refuses clients, and it heals by itself when nobody says any more that it shall go on, when its
time is over, when its Redis or its sidecar is restarted. Nothing is lost by it."""

import json

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import ask
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import LOGS, World

HOMES = 'limits: { isolation: 1m }\nhomes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: a } ] }, away: forward }\n'
CUT = "outage isolated: a drill has cut this datacenter off"
JSON = {"Content-Type": "application/json"}


def order(dc, about, word, number=1, **more):
    status, text = dc.sidecar.http("/v1/homes/isolation", "POST", json.dumps({"dc": about, "order": word, "id": number, **more}), JSON)
    return status, text


def is_cut(dc):
    return dc.sidecar.metrics().one("homeport_isolated") == 1


def ended(dc, how):
    return dc.sidecar.metrics().one("homeport_isolations_total", ended=how)


def answers(client, *words):
    try:
        return client(*words)
    except (OSError, EOFError):
        return "closed"
    except ReplyError as error:
        return str(error)


def cuts(facts, world):
    a, b = world["a"], world["b"]
    with a.client() as old, a.redis.client() as redis, b.client(20) as other:
        other("SET", "user:1:k", "before")
        facts.equal(old("GET", "user:1:k"), b"before", "before it, commands are forwarded, and clients served")
        old("SET", "short", "1", "PX", "1500")
        status, text = order(b, "a", "begin", keep_ms=60000, by="a test")
        facts.equal((status, text), (200, text), "b has a cut off")
        facts.equal(answers(old, "PING"), "closed", "its clients are closed")
        with a.client() as client:
            error = answers(client, "GET", "user:1:k")
            facts.check("HOMEPORT ISOLATED a drill has cut this datacenter off" in str(error), "new ones are refused", error)
            facts.check("HOMEPORT ISOLATED" in str(answers(client, "PING")), "and PING, by which proxies look for who is alive")
            facts.check("ISOLATED" not in str(answers(client, "HOMEPORT", "STATUS")), "but HOMEPORT STATUS is answered")
        status, text = a.sidecar.http("/readyz?verbose")
        facts.check(status == 503 and CUT in text and "clients are refused" in text, "/readyz says it, and what ends it", text)
        facts.check(is_cut(a) and not is_cut(b), "so does its metric")
        error = answers(other, "SET", "user:1:k", "x")
        facts.check("HOMEPORT UNREACHABLE the home of this user is cut off for a drill" in str(error), "what others forward is not executed", error)
        status, text = order(b, "a", "begin", 2, keep_ms=1000)
        facts.check(status == 409 and "is cut off already, by another drill" in text, "it cannot be begun twice", text)
        status, text = order(a, "b", "begin", 2, keep_ms=1000)
        facts.check(status == 409 and "this datacenter is cut off for a drill" in text, "nor does it cut off others", text)
        other("SET", "there", "1")
        wait_until(lambda: b.sidecar.metrics().one("homeport_heartbeat_age_seconds", origin="a") > 2.5, 60, "b hears nothing of a")
        facts.equal(redis("EXISTS", "there"), 0, "and a hears nothing of b")
        wait_until(lambda: a.sidecar.metrics().one("homeport_outbox_events") > 0, 60, "a key has expired at a, which its log does not get")
        status, text = order(b, "a", "heal")
        facts.equal((status, text), (200, text), "b has a healed")
    wait_until(lambda: a.sidecar.is_ready() and not is_cut(a), 60, "a is ready again")
    with a.client(20) as client:
        facts.check(wait_until(lambda: answers(client, "GET", "there") == b"1", 60, "a has read on"), "a has what b wrote meanwhile")
        client("SET", "user:1:k", "after")
    with b.client(20) as client:
        wait_until(lambda: answers(client, "GET", "user:1:k") == b"after", 60, "b has read on")
    facts.equal(ended(a, "healed"), 1, "metrics count it")
    wait_until(lambda: a.sidecar.metrics().one("homeport_outbox_events") == 0, 60, "the log of a gets what it did not get")
    facts.check(True, "what happened at a meanwhile is told to others")


def heals_by_itself(facts, world):
    a, b = world["a"], world["b"]
    order(b, "a", "begin", keep_ms=1000)
    facts.check(is_cut(a), "a is cut off")
    wait_until(lambda: not is_cut(a) and ended(a, "lapsed") == 1, 60, "it heals")
    facts.check(True, "it heals when nobody says that it shall go on")
    status, text = order(b, "a", "keep")
    facts.check(status == 409 and "it has ended" in text, "who says so later learns that", text)
    order(b, "a", "begin", 3, keep_ms=60000, for_ms=1000)
    wait_until(lambda: not is_cut(a) and ended(a, "over") == 1, 60, "it heals")
    facts.check(True, "it heals when its time is over, whoever keeps it")
    wait_until(a.sidecar.is_ready, 60, "a is ready")
    order(b, "a", "begin", 4, keep_ms=60000)
    a.redis.kill()
    wait_until(lambda: not is_cut(a) and ended(a, "lost") == 1, 60, "it heals")
    a.redis.start()
    a.sidecar.wait_ready()
    facts.check(True, "it heals when its Redis is lost")
    wait_until(lambda: order(b, "a", "begin", 5, keep_ms=60000)[0] == 200, 60, "a is cut off again")
    a.sidecar.kill()
    a.sidecar.start()
    facts.check(not is_cut(a), "it is healed by a restart of its sidecar")


def refused(facts, world):
    a, b = world["a"], world["b"]
    for about, word, more, words in (("a", "begin", {"keep_ms": 0}, "how long it lasts without another word"), ("a", "begin", {"keep_ms": 1, "for_ms": 61000}, "longer than limits.isolation allows"),
                                     ("nowhere", "begin", {"keep_ms": 1}, "HOMEPORT ISOLATION there is no datacenter"[20:]), ("a", "keep", {}, "it has ended: this datacenter is not cut off")):
        status, text = order(b, about, word, 9, **more)
        facts.check(status == 409 and words in text, f"refused is {word} {about} {more}", text)
    for body in ("", "{}", '{"dc": "a", "order": "cut", "id": 1}', '{"dc": "a", "order": "begin", "id": 0}'):
        status, text = b.sidecar.http("/v1/homes/isolation", "POST", body, JSON)
        facts.check(status == 400 and "the body says dc, order (begin, keep or heal)" in text, f"and what is no order ({body})", text)
    facts.check("application/json" in b.sidecar.http("/v1/homes/isolation", "POST", "{}")[1], "a page of another site gives none")
    a.sidecar.change_config(a.sidecar.config_path.read_text().split("\n", 2)[2].replace("isolation: 1m", "isolation: 0s"))
    wait_until(lambda: "limits.isolation is 0s there" in order(b, "a", "begin", 9, keep_ms=1)[1], 30, "the setting counts")
    facts.check(True, "limits.isolation: 0s forbids it")


def forwarded_word(facts, world):
    with world["a"].client() as client:
        for words in (("BEGIN", "1", "0", "1"), ("begin", "0", "0", "1"), ("begin", "1", "-1", "1")):
            answer = ask(client, "HOMEPORT", "FORWARD", "7", "0", "0", "ISOLATE", "-", *words)
            facts.check("this is no order to cut a datacenter off" in str(answer), f"nor do other sidecars with {words}", answer)
    facts.check(not is_cut(world["a"]), "nothing was cut off")


def run(facts):
    for log in LOGS:
        facts.note(log)
        with World(("a", "b"), log, settings=HOMES).start() as world:
            cuts(facts, world)
            if log == LOGS[0]:
                heals_by_itself(facts, world)
            world.wait_zero_lag()
            world.check_same_everywhere(facts)
            facts.equal(sum(world.conflicts().values()), 0, "nothing has met")
            if log == LOGS[0]:
                refused(facts, world)
                forwarded_word(facts, world)



tap.run(run)
