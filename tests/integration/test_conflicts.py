#!/usr/bin/env python3
"""Conflicts from beginning to end at two datacenters: they open, are recorded alike, are resolved at one and end at both, by every way there is."""

import json
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.conflict_records import CONFLICTS, EPISODES, apart, id_of, status_of
from lib.resp import ReplyError
from lib.sidecar import build_directory
from lib.workspace import HOST, wait_until
from lib.world import World

RULES = [("cart:*", "record"), ("sum:*", "merge"), ("*", "lww")]
RESERVED = 15
IS_JSON = {"Content-Type": "application/json"}


def pairs(flat):
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2])}


def records(client, *filters):
    return [pairs(one) for one in client("HOMEPORT", "CONFLICTS", *filters)]


def open_ids(client, match="*"):
    return [one["id"].decode() for one in records(client, "STATUS", "open", "MATCH", match)]


def values(client, key):
    """All live values, newest first."""
    return [version[0] for version in client("HOMEPORT", "GET", key)[1]]


def disagree(world, writes):
    """Each of WRITES (key, value at a, value at b) is concurrent; the one at b is the newer."""
    a, b = world["a"].client(), world["b"].client()
    a("CLIENT", "SETNAME", "till-a")
    b("CLIENT", "SETNAME", "till-b")
    world.cut("b")
    for key, mine, _ in writes:
        a("SET", key, mine)
    for key, _, theirs in writes:
        b("SET", key, theirs)
    world.heal("b")
    world.wait_zero_lag()
    return a, b


def rules_change_live(facts, world):
    def reload(name):
        sidecar = world[name].sidecar
        sidecar.config_path.write_text(sidecar.config_path.read_text().replace('rules:\n', 'rules:\n  - { match: "late:*", rule: record }\n'))
        sidecar.process.send_signal(signal.SIGHUP)
    a = world["a"].client()
    facts.equal(a("HOMEPORT", "EXPLAIN", "late:1")[0], b"rule: lww (pattern *)", "a key has the rule of the first pattern that matches")
    reload("a")
    wait_until(lambda: a("HOMEPORT", "EXPLAIN", "late:1")[0] == b"rule: record (pattern late:*)", 10, "SIGHUP changes the rules")
    wait_until(lambda: world["b"].sidecar.metrics().one("homeport_rules_differ") == 1, 10, "the other datacenter says that the rules differ")
    facts.check("rules a:" in world["b"].sidecar.http("/readyz?verbose")[1], "SIGHUP changes the rules; until it is done everywhere /readyz says so")
    reload("b")
    wait_until(lambda: all(dc.sidecar.metrics().one("homeport_rules_differ") == 0 for dc in world), 10, "the rules are the same again")


def opens_alike(facts, world):
    a, b = disagree(world, [("cart:1", "apple", "pear")])
    mine, theirs = records(a, "MATCH", "cart:1"), records(b, "MATCH", "cart:1")
    facts.equal([one["status"] for one in mine], [b"open"], "concurrent writes under record open a conflict")
    facts.equal(mine, theirs, "its record is the same at both")
    record = mine[0]
    facts.equal((record["kind"], record["rule"], record["key"], record["value"], record["pairs"]), (b"write-write", b"record", b"cart:1", b"pear", 1),
                "it tells kind, rule, key and what is visible")
    sides = [pairs(one) for one in record["sides"]]
    facts.equal([(side["dc"], side["value"], side["command"].lower(), side["client"]) for side in sides],
                [(b"b", b"pear", b"set", b"till-b"), (b"a", b"apple", b"set", b"till-a")], "and of each side who wrote what, the newest first")
    facts.equal((a("GET", "cart:1"), b("GET", "cart:1")), (b"pear", b"pear"), "ordinary clients see the newest")
    facts.equal(values(a, "cart:1"), [b"pear", b"apple"], "HOMEPORT GET shows both")
    facts.equal([dc.sidecar.metrics().one("homeport_conflicts_open") for dc in world], [1, 1], "an open conflict is counted at both")
    return record["id"].decode()


def context_covers(facts, world):
    a, b = world["a"].client(), world["b"].client()
    context, versions = b("HOMEPORT", "GET", "cart:1")
    facts.equal(len(versions), 2, "a context sees both siblings")
    _, after = b("HOMEPORT", "SET", "cart:1", "apple+pear", context)
    facts.equal([version[0] for version in after], [b"apple+pear"], "a write with it replaces both")
    world.wait_zero_lag()
    facts.equal(values(a, "cart:1"), [b"apple+pear"], "everywhere")
    wait_until(lambda: not open_ids(a, "cart:1") and not open_ids(b, "cart:1"), 30, "the conflict has ended at both")
    facts.equal([one["status"] for one in records(a, "MATCH", "cart:1")], [b"superseded"], "an ordinary write that saw all ends the conflict as superseded")
    replies = a.pipeline([("SET", "cart:order", "1"), ("HOMEPORT", "SET", "cart:order", "2", "-"), ("GET", "cart:order"), ("SET", "cart:order", "3"),
                          ("HOMEPORT", "GET", "cart:order"), ("HOMEPORT", "EXPLAIN", "cart:order"), ("PING",)])
    facts.equal((replies[2], [version[0] for version in replies[4][1]], replies[6]), (b"2", [b"3"], "PONG"),
                "a client's requests keep their order around HOMEPORT commands")


def resolving(facts, world):
    names = ["side", "value", "remove", "winner", "rule", "ignore"]
    a, b = disagree(world, [(f"cart:{name}", "old", "new") for name in names])
    by_key = {one["key"].decode(): one for one in records(a, "STATUS", "open")}
    facts.equal(sorted(by_key), sorted(f"cart:{name}" for name in names), "each has a conflict of its own")
    id_by = {name: by_key[f"cart:{name}"]["id"].decode() for name in names}
    old = next(pairs(side) for side in by_key["cart:side"]["sides"] if pairs(side)["dc"] == b"a")["dot"]
    a("HOMEPORT", "RESOLVE", id_by["side"], "SIDE", old)
    b("HOMEPORT", "RESOLVE", id_by["value"], "VALUE", "both")
    a("HOMEPORT", "RESOLVE", id_by["remove"], "REMOVE")
    b("HOMEPORT", "RESOLVE", id_by["winner"], "WINNER")
    a("HOMEPORT", "RESOLVE", id_by["rule"], "RULE", "lww")
    b("HOMEPORT", "IGNORE", id_by["ignore"])
    world.wait_zero_lag()
    found = {name: (a("GET", f"cart:{name}"), b("GET", f"cart:{name}")) for name in names}
    expected = {"side": b"old", "value": b"both", "remove": None, "winner": b"new", "rule": b"new", "ignore": b"new"}
    facts.equal(found, {name: (value, value) for name, value in expected.items()}, "a conflict is resolved by side, value, removal, winner or rule, or ignored")
    wait_until(lambda: not open_ids(a) and not open_ids(b), 30, "all have ended at both")
    ended = {one["key"].decode(): one for one in records(b) if one["id"].decode() in id_by.values()}
    facts.equal({one["status"] for key, one in ended.items() if key != "cart:ignore"}, {b"resolved"}, "records say that somebody decided")
    facts.equal(ended["cart:ignore"]["status"], b"ignored", "or left it")
    facts.check(ended["cart:side"]["resolved_by"].startswith(b"default@127.0.0.1:"), "and who", ended["cart:side"]["resolved_by"])
    facts.check(ended["cart:side"]["resolution"].startswith(b"a/") and ended["cart:value"]["resolution"].startswith(b"b/"), "and with which write")
    again = a.pipeline([("HOMEPORT", "RESOLVE", id_by["side"], "WINNER"), ("HOMEPORT", "RESOLVE", "nobody-1-1-0", "WINNER")])
    facts.check(all(isinstance(reply, ReplyError) for reply in again), "what has ended, or never was, cannot be resolved", again)
    facts.equal((a("GET", "cart:side"), a("EXISTS", "")), (b"old", 0), "and nothing is written by trying")


def many_at_once(facts, world):
    a, b = disagree(world, [(f"cart:{group}:{i}", "old", "new") for group in ("x", "y", "z") for i in range(20)])
    facts.equal(a("HOMEPORT", "RESOLVE", "MATCH", "cart:x:*", "RULE", "record", "WINNER"), 20, "filters resolve many at once, and say how many")
    status, text = world["b"].sidecar.http("/v1/conflicts/resolve", "POST",
                                           json.dumps({"filter": {"match": "cart:y:*"}, "choice": "value", "with": "set", "by": "ann"}), IS_JSON)
    facts.equal((status, json.loads(text)), (200, {"done": 20, "refused": 0, "error": None, "has_more": False}), "over HTTP, too")
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['a'].sidecar.admin_port}", "conflicts", "ignore", "--match", "cart:z:*"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    facts.equal((ended.returncode, ended.stdout), (0, "20 done, 0 refused\n"), "and from a shell")
    world.wait_zero_lag()
    wait_until(lambda: not open_ids(a) and not open_ids(b), 60, "all have ended at both")
    facts.equal({b("GET", f"cart:y:{i}") for i in range(20)}, {b"set"}, "what was decided is there")
    found = records(b, "MATCH", "cart:y:*")
    facts.equal({one["resolved_by"] for one in found}, {b"ann@127.0.0.1"}, "with who decided")
    facts.equal({one["status"] for one in records(a, "MATCH", "cart:z:*")}, {b"ignored"}, "and how")


def automatic_ones(facts, world):
    a, b = disagree(world, [("page:1", "x", "y")])
    found = records(a, "MATCH", "page:1")
    facts.equal([(one["status"], one["rule"], one["value"]) for one in found], [(b"auto", b"lww", b"y")], "what a rule decided at once is recorded, too")

    def entries(name):
        with world[name].redis.client() as redis:
            redis("SELECT", RESERVED)
            return [data for _, fields in redis("XRANGE", CONFLICTS, "-", "+") for data in apart(fields[1])], redis("HLEN", EPISODES) - 1     # the hash is marked
    wait_until(lambda: all(entries(name)[1] == 0 for name in "ab"), 60, "every record is final")
    final = {name: {id_of(data): data for data in entries(name)[0]} for name in "ab"}
    facts.equal(sorted(final["a"]), sorted(final["b"]), "in the end both streams tell of the same conflicts")
    facts.check(final["a"] == final["b"], "with the same records, byte by byte")
    facts.check(all(status_of(data) != "open" for data in final["a"].values()), "all of which have ended")
    counted = {dc.name: dc.sidecar.metrics() for dc in world}
    facts.equal([metrics.total("homeport_conflict_records_total") for metrics in counted.values()], [len(final["a"])] * 2, "as many as are counted")
    report = pairs(a("HOMEPORT", "CONFLICTS", "REPORT", "COUNT", "1"))
    facts.equal((report["conflicts"], pairs(report["prefixes"][0])["name"], report["open"]), (len(final["a"]), b"cart:", 0), "the report sums them up")


def test(facts):
    with World(("a", "b"), rules=RULES).start() as world:
        rules_change_live(facts, world)
        opens_alike(facts, world)
        context_covers(facts, world)
        resolving(facts, world)
        many_at_once(facts, world)
        automatic_ones(facts, world)


tap.run(test)
