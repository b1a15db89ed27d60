#!/usr/bin/env python3
"""Conflict records that stand in Redis, as they are listed, found, summed up and hidden: over RESP, over HTTP, and by homeportctl."""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.conflict_records import CONFLICTS, EPISODES, record, side, together
from lib.resp import ReplyError
from lib.sidecar import build_directory
from lib.workspace import HOST
from lib.world import World

PASSWORD = "open sesame"
RESERVED = 15


def pairs(flat):
    """A flat array of names and values, as RESP2 tells an object."""
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2])}


def ids(records):
    return [pairs(one)["id"].decode() for one in records]


def fill(world):
    """Three open ones, one that is unstable, twenty that have ended; more entries say when some were opened."""
    with world["a"].redis.client() as redis:
        redis("SELECT", RESERVED)
        sides = [side("b", 7, "two", 70 << 16, client="till", context=[("a", 1, 3), ("b", 1, 6)]), side("a", 4, "one", 69 << 16)]
        whole = record("b-1-7-0", "cart:1", sides, opened_ms=7000, winner=("b", 1, 7), value="two", pairs=1)
        removal = record("a-1-8-0", b"cart:\xff", [side("a", 8, b"\x00\xff"), side("b", 9)], kind="write-delete", opened_ms=8000)
        failed = record("a-1-9-0", "user:1", [side("a", 9, "x" * 1000), side("c", 9, "y")], opened_ms=9000, rule="custom", kind="handler-failed", last_error="no")
        unstable = record("a-1-6-0", "page:1", [side("a", 6, "p", live=False), side("b", 6, "q")], "auto", rule="lww", opened_ms=6000)
        merged = record("a-1-90-0", "cart:1", sides, merged_into="b-1-7-0")
        ended = [record(f"a-1-{100 + number}-0", f"count:{number % 3}", [side("a", 1, "1", command="incr"), side("b", 2, "2")],
                        "superseded" if number % 2 else "auto", opened_ms=1000 + number, ended_ms=2000, pairs=3) for number in range(20)]
        redis("HSET", EPISODES, "b-1-7-0", together(whole), "a-1-9-0", together(failed, removal), "a-1-6-0", together(unstable))
        for entry in ([whole], [merged, *ended[:1]], ended[1:2], ended[2:11], ended[11:]):
            redis("XADD", CONFLICTS, "*", "c", together(*entry))


def listing(facts, client):
    found = client("HOMEPORT", "CONFLICTS")
    facts.equal(ids(found), ["a-1-9-0", "a-1-8-0", "b-1-7-0", "a-1-6-0"] + [f"a-1-{n}-0" for n in range(119, 99, -1)],
                "open and unstable records come first, then those that have ended; newest first, each once")
    facts.equal(ids(client("HOMEPORT", "CONFLICTS", "STATUS", "open")), ["a-1-9-0", "a-1-8-0", "b-1-7-0"], "STATUS")
    facts.equal(ids(client("HOMEPORT", "CONFLICTS", "match", "cart:*")), ["a-1-8-0", "b-1-7-0"], "MATCH, in small letters, too")
    facts.equal(ids(client("HOMEPORT", "CONFLICTS", "RULE", "custom")), ["a-1-9-0"], "RULE")
    facts.equal(ids(client("HOMEPORT", "CONFLICTS", "KIND", "write-delete")), ["a-1-8-0"], "KIND")
    facts.equal(ids(client("HOMEPORT", "CONFLICTS", "PEER", "c")), ["a-1-9-0"], "PEER")
    facts.equal(len(client("HOMEPORT", "CONFLICTS", "OLDER", "3600")), 24, "OLDER")
    facts.equal(ids(client("HOMEPORT", "CONFLICTS", "MATCH", "count:*", "STATUS", "superseded", "COUNT", "2")), ["a-1-119-0", "a-1-117-0"],
                "filters together, and COUNT")
    pages, cursor = [], []
    while True:
        page = client("HOMEPORT", "CONFLICTS", "COUNT", "3", *cursor)
        if not page:
            break
        pages.append(ids(page))
        cursor = ["CURSOR", pairs(page[-1])["cursor"]]
    facts.equal(sum(pages, []), ids(found), "a cursor goes on where a page ended, through both places")
    facts.equal([len(page) for page in pages], [3] * 8, "pages are full")


def one(facts, client):
    found = pairs(client("HOMEPORT", "CONFLICT", "b-1-7-0"))
    facts.equal((found["key"], found["kind"], found["status"], found["rule"], found["winner"], found["value"], found["opened"]),
                (b"cart:1", b"write-write", b"open", b"record", b"b/1/7", b"two", b"1970-01-01T00:00:07.000Z"), "one record is told whole")
    newest = pairs(found["sides"][0])
    facts.equal((newest["dc"], newest["dot"], newest["client"], newest["command"], newest["value"], newest["context"], newest["is_live"]),
                (b"b", b"b/1/7", b"till", b"set", b"two", [b"a/1/3", b"b/1/6"], 1), "with its sides")
    facts.equal(pairs(client("HOMEPORT", "CONFLICT", "a-1-105-0"))["status"], b"superseded", "one that has ended is found, too")
    facts.equal(pairs(client("HOMEPORT", "CONFLICT", "a-1-90-0"))["merged_into"], b"b-1-7-0", "and one that became part of another, by its id alone")
    facts.equal(pairs(client("HOMEPORT", "CONFLICT", "a-1-8-0"))["kind"], b"write-delete", "and one that stands behind another one in Redis")
    facts.equal(len(pairs(pairs(client("HOMEPORT", "CONFLICT", "a-1-9-0"))["sides"][0])["value"]), 1000, "values are whole there")
    cut = pairs(client("HOMEPORT", "CONFLICTS", "MATCH", "user:1")[0])
    facts.equal(len(pairs(cut["sides"][0])["value"]), 256, "and cut in a list")
    found = json.loads(client("HOMEPORT", "CONFLICT", "a-1-8-0", "FORMAT", "JSON"))
    facts.equal((found["key"], found["key_encoding"]), ("Y2FydDr/", "base64"), "JSON tells what is no UTF-8 in base64, and says so")
    facts.equal((found["sides"][1]["is_removal"], found["sides"][1]["value"]), (True, None), "a removal has no value")


def in_a_row(facts, client):
    replies = client.pipeline([("HOMEPORT", "CONFLICT", f"a-1-{100 + number % 20}-0") for number in range(300)] + [("PING",)])
    facts.equal([pairs(reply)["id"] for reply in replies[:-1]] + replies[-1:], [f"a-1-{100 + number % 20}-0".encode() for number in range(300)] + ["PONG"],
                "hundreds of questions in one write are answered one after the other")


def wrong_words(facts, client):
    for words, text in ((("CONFLICTS", "COUNT", "0"), "count is out of range"), (("CONFLICTS", "SIZE", "1"), "'SIZE' is no filter"),
                        (("CONFLICTS", "STATUS"), "a word is missing behind STATUS"), (("CONFLICTS", "STATUS", "closed"), "choose auto, open,"),
                        (("CONFLICTS", "KIND", "x"), "choose write-write,"), (("CONFLICTS", "RULE", "x"), "is no rule"),
                        (("CONFLICTS", "FORMAT", "XML"), "unknown FORMAT"), (("CONFLICT", "nobody"), "no conflict has this id"),
                        (("RESOLVE", "some-id", "LOSER"), "is no way to end a conflict"), (("RESOLVE", "some-id", "SIDE"), "must stand the dot"),
                        (("RESOLVE", "some-id", "WINNER", "x"), "must stand nothing"), (("GET", "k", "x"), "only FIELD field may stand here"),
                        (("SET", "k", "v", "-", "FIELD"), "only FIELD field may stand here")):
        reply = client.pipeline([("HOMEPORT", *words)])[0]
        facts.check(isinstance(reply, ReplyError) and text in str(reply), f"HOMEPORT {' '.join(words)} says what is wrong", reply)
    replies = client.pipeline([("MULTI",), ("HOMEPORT", "GET", "k"), ("EXEC",)])
    facts.equal(replies, ["OK", "QUEUED", [[b"", []]]], "MULTI queues it, and its answer is a part of the one of EXEC")
    lines = client("HOMEPORT", "HELP")
    facts.check(all(any(line.startswith(name) for line in lines) for name in
                    ("CONFLICT id", "CONFLICTS [REPORT]", "DEL", "EXPLAIN", "GET key [FIELD field]", "IGNORE", "RESOLVE", "RETRY", "SET", "STATUS")),
                "HOMEPORT HELP lists all of it", lines)


def report(facts, client):
    found = pairs(client("HOMEPORT", "CONFLICTS", "REPORT", "COUNT", "2"))
    facts.equal((found["conflicts"], found["open"], found["pairs"]), (24, 3, 64), "a report counts all records")
    names = {group: [(pairs(one)["name"], pairs(one)["conflicts"], pairs(one)["pairs"]) for one in found[group]]
             for group in ("keys", "prefixes", "commands", "clients")}
    facts.equal(names["keys"], [(b"count:0", 7, 21), (b"count:1", 7, 21)], "keys that conflict most come first, as many as asked for")
    facts.equal(names["prefixes"], [(b"count:", 20, 60), (b"cart:", 2, 2)], "and their prefixes")
    facts.equal(names["commands"], [(b"set", 24, 64), (b"incr", 20, 60)], "a record counts once for each command")
    facts.equal(names["clients"], [(b"", 24, 64), (b"till", 1, 1)], "and for each client")


def over_http(facts, world):
    sidecar = world["a"].sidecar
    status, text = sidecar.http("/v1/conflicts?status=open&count=2")
    found = json.loads(text)
    facts.equal((status, [one["id"] for one in found["conflicts"]]), (200, ["a-1-9-0", "a-1-8-0"]), "GET /v1/conflicts takes filters")
    found = json.loads(sidecar.http(f"/v1/conflicts?status=open&count=2&cursor={found['cursor']}")[1])
    facts.equal(([one["id"] for one in found["conflicts"]], found["cursor"]), (["b-1-7-0"], None), "and its cursor goes on")
    facts.equal(json.loads(sidecar.http("/v1/conflicts/b-1-7-0")[1])["sides"][0]["value"], None, "values are hidden without the password")
    status, text = sidecar.http("/v1/conflicts/b-1-7-0", headers={"Authorization": f"Bearer {PASSWORD}"})
    facts.equal(json.loads(text)["sides"][0]["value"], "two", "and told with it")
    facts.equal(sidecar.http("/v1/conflicts/nobody")[0], 404, "an unknown id")
    facts.equal(sidecar.http("/v1/conflicts?status=closed")[0], 400, "an unknown status")
    facts.equal(json.loads(sidecar.http("/v1/conflicts/report?count=1&match=count:*")[1])["keys"], [{"name": "count:0", "conflicts": 7, "open": 0, "pairs": 21}],
                "the report takes filters")
    order = json.dumps({"choice": "winner"})
    is_json = {"Content-Type": "application/json"}
    facts.equal(sidecar.http("/v1/conflicts/b-1-7-0/resolve", "POST", order, is_json)[0], 401, "resolving needs the password")
    facts.equal(sidecar.http("/v1/conflicts/b-1-7-0/resolve", "POST", order, {**is_json, "Authorization": "Bearer open sesamf"})[0], 401, "the right one")
    allowed = {**is_json, "Authorization": f"Bearer {PASSWORD}"}
    for body, text in (("[]", "no JSON object"), ('{"choice": "loser"}', "is no way to end"), ('{"choice": "value"}', "must stand the value"),
                       ('{"choice": "value", "with": "?", "with_encoding": "base64"}', "not base64"), ('{"choice": "winner", "filter": {}}', "leave the filter out")):
        status, answer = sidecar.http("/v1/conflicts/b-1-7-0/resolve", "POST", body, allowed)
        facts.check(status == 400 and text in answer, f"a body {body} is refused", answer)
    status, answer = sidecar.http("/v1/conflicts/resolve", "POST", order, allowed)
    facts.check(status == 400 and "filter" in answer, "many are resolved only where a filter says which", answer)
    facts.equal(sidecar.http("/v1/conflicts/resolve", "POST", order, {"Authorization": f"Bearer {PASSWORD}", "Content-Type": "text/plain"})[0], 400,
                "a form of another site orders nothing")
    facts.equal(sidecar.http("/v1/conflicts", "DELETE")[0], 405, "other methods are refused")
    facts.equal(sidecar.http("/v1/conflicts/b-1-7-0/forget", "POST", order, allowed)[0], 404, "other orders, too")


def by_users(facts, world):
    with world["a"].redis.client() as redis:
        redis("ACL", "SETUSER", "nosy", "on", ">secret", "allkeys", "allchannels", "allcommands")
    with world["a"].client() as client:
        client("AUTH", "nosy", "secret")
        found = pairs(pairs(client("HOMEPORT", "CONFLICT", "b-1-7-0"))["sides"][0])
        facts.equal((found["value"], found["value_hash"], found["value_len"]), (None, None, 3), "who is not among conflicts.users sees no values")
        for order in (("RESOLVE", "b-1-7-0", "WINNER"), ("IGNORE", "MATCH", "*"), ("RETRY", "b-1-7-0")):
            reply = client.pipeline([("HOMEPORT", *order)])[0]
            facts.check(str(reply).startswith("NOPERM") and "conflicts.users" in str(reply), f"nor may HOMEPORT {order[0]}", reply)


def ctl(world, *words):
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['a'].sidecar.admin_port}", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def by_homeportctl(facts, world):
    password = world.workspace.directory / "password"
    password.write_text(PASSWORD + "\n")
    status, text, _ = ctl(world, "conflicts", "list", "--match", "cart:*")
    lines = text.splitlines()
    facts.check(status == 0 and len(lines) == 3 and lines[1].startswith("a-1-8-0 ") and lines[1].endswith("base64:Y2FydDr/"),
                "homeportctl conflicts list is a table", text)
    facts.check("more: --cursor e" in ctl(world, "conflicts", "list", "--count", "5")[1], "that says how it goes on")
    facts.equal(len(json.loads(ctl(world, "--json", "conflicts", "list")[1])["conflicts"]), 24, "or JSON")
    facts.check("value hidden, 3 bytes" in ctl(world, "conflicts", "show", "b-1-7-0")[1], "show hides values")
    facts.check("value=two" in ctl(world, "--password-file", password, "conflicts", "show", "b-1-7-0")[1], "unless the password is given")
    facts.check(ctl(world, "conflicts", "report", "--count", "1")[1].startswith("24 conflicts, 3 of them open, 64 pairs"), "report sums up")
    facts.equal(ctl(world, "conflicts", "show", "nobody")[0], 1, "what the sidecar refuses exits with 1")
    facts.equal(ctl(world, "conflicts", "ignore", "b-1-7-0")[0], 1, "as does an order without the password")
    for words in (("conflicts",), ("conflicts", "show"), ("conflicts", "resolve"), ("conflicts", "resolve", "b-1-7-0"), ("conflicts", "ignore"),
                  ("conflicts", "ignore", "b-1-7-0", "--match", "*"), ("explain",)):
        status, _, error = ctl(world, *words)
        facts.check(status == 2 and error, f"homeportctl {' '.join(words)} says what is missing", error)
    status, text, _ = ctl(world, "--password-file", password, "explain", "page:1")
    facts.check(status == 0 and text.startswith("rule: lww"), "homeportctl explain tells a key's rule", text)
    facts.equal(ctl(world, "explain", "page:1")[0], 1, "where values are redacted, with the password alone")


def test(facts):
    settings = f'conflicts: {{ redact: yes, users: "default, ops", password: "{PASSWORD}" }}\n'
    with World(("a", "b"), settings=settings).start() as world:
        fill(world)
        with world["a"].client() as client:
            listing(facts, client)
            one(facts, client)
            in_a_row(facts, client)
            wrong_words(facts, client)
            report(facts, client)
            by_users(facts, world)
            over_http(facts, world)
            by_homeportctl(facts, world)


tap.run(test)
