#!/usr/bin/env python3
"""A Redis that is emptied behind its sidecar's back, or loses keys of the reserved database: what the logs hold comes back, nothing is counted twice, and
while nobody can tell what is right clients are refused, and told what to do."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

RESERVED = 15
PARTS = ("positions", "episodes", "versions", "homes", "outbox")
RULES = (("r:*", "record"), ("m:*", "merge"), ("*", "lww"))


def findings(dc):
    return dc.sidecar.http("/readyz?verbose")[1]


def error_of(dc, *words):
    with dc.client() as client:
        try:
            return f"no error: {client(*words)}"
        except ReplyError as error:
            return str(error)


def direct(dc, *commands, db=RESERVED):
    with dc.redis.client() as client:
        client("SELECT", db)
        return [client(*command) for command in commands]


def write(world, round_number):
    for dc in world:
        with dc.client() as client:
            client.pipeline([("INCR", "m:both"), ("INCRBY", f"m:{dc.name}", round_number), ("SET", f"k:{dc.name}", round_number),
                             ("HSET", "m:h", dc.name, round_number), ("SET", f"r:{dc.name}", round_number)])


def expect_same(facts, world, fact):
    try:
        wait_until(lambda: world["a"].data() == world["b"].data(), 60, fact)
        world.wait_zero_lag()
        facts.check(world["a"].data() == world["b"].data(), fact)
    except TimeoutError as error:
        facts.check(False, fact, f"{error}; {world.describe()}; {world['a'].data()} {world['b'].data()}")


def expect_finding(facts, dc, *words):
    said = ["nothing"]

    def is_found():
        said.append(findings(dc))
        return all(re.search(word, said[-1]) for word in words)
    try:
        wait_until(is_found, 30, f"it is said: {words}")
        facts.check(True, f"it is said: {words[0]}")
    except TimeoutError:
        facts.check(False, f"it is said: {words[0]}", said[-1])


def emptied(facts, world):
    """Nobody writes meanwhile: it goes on by itself."""
    write(world, 1)
    world.wait_zero_lag()
    direct(world["a"], ("FLUSHALL",))
    expect_same(facts, world, "all comes back by itself after FLUSHALL")
    facts.equal(world["a"].data(), world["b"].data(), "and nothing is counted twice")
    facts.equal(world["a"].sidecar.log_text().count("homeportd runs"), world["b"].sidecar.log_text().count("homeportd runs"), "without a restart of the sidecar")
    write(world, 2)
    expect_same(facts, world, "and writes go both ways again")


def emptied_under_writes(facts, world):
    """A write that runs between FLUSHALL and the moment it is noticed is not acknowledged. What it left has to be removed by a person."""
    a = world["a"]
    with a.client() as client:
        client("INCR", "m:under")
        direct(a, ("FLUSHALL",))
        try:
            facts.check(False, "a write that meets an emptied Redis is not acknowledged", client("INCR", "m:under"))
        except (EOFError, ConnectionError, ReplyError):
            facts.check(True, "a write that meets an emptied Redis is not acknowledged")
    expect_finding(facts, a, r"outage emptied: .*send users elsewhere, and remove the data \(FLUSHDB in each database but 15\)")
    direct(a, ("FLUSHDB",), db=0)
    expect_same(facts, world, "once its data is removed, all comes back")
    with a.client() as client:
        facts.equal(client("GET", "m:under"), b"1", "what was not acknowledged is not there")


def a_part_is_deleted(facts, world, part):
    a = world["a"]
    write(world, 10)
    direct(a, ("DEL", f"homeport:{part}"))
    if part == "outbox":
        with a.client() as client:
            try:
                client("INCR", "m:both")
            except (EOFError, ConnectionError, ReplyError):
                pass
    expect_finding(facts, a, rf"outage emptied: Redis lost a part of what this sidecar keeps in it \(homeport:{part}\)", "FLUSHDB in each database but 15")
    facts.equal(a.sidecar.http("/readyz")[0], 503, "it is not ready")
    refused = (error_of(a, "GET", "m:both"), error_of(a, "INCR", "m:both"), error_of(a, "HOMEPORT", "GET", "r:a"))
    facts.check(all(text.startswith("HOMEPORT this Redis lost a part of what homeportd keeps in it") for text in refused), "clients are refused, readers, too", refused)
    facts.check(error_of(a, "CONFIG", "GET", "maxmemory").startswith("no error"), "but for what is no data")
    a.sidecar.stop()
    a.sidecar.start(wait=False)
    expect_finding(facts, a, rf"outage emptied: .*\(homeport:{part}\)", "FLUSHDB in each database but 15")
    direct(a, ("FLUSHDB",), db=0)
    expect_same(facts, world, f"without homeport:{part}: once the data is removed, all comes back, and nothing is counted twice")
    wait_until(lambda: "emptied" not in findings(a), 30, "the finding goes by itself")


def all_parts_are_deleted_while_it_is_down(facts, world):
    a = world["a"]
    a.sidecar.stop()
    direct(a, ("FLUSHDB",))
    a.sidecar.start(wait=False)
    expect_finding(facts, a, "outage emptied: .*homeport:positions, homeport:episodes, homeport:versions, homeport:homes, homeport:outbox")
    direct(a, ("FLUSHDB",), db=0)
    expect_same(facts, world, "data without anything of ours is not taken for that of a new datacenter, if its log tells otherwise")


def the_other_keys(facts, world):
    """Epoch and identity can be made again."""
    a = world["a"]
    identity = direct(a, ("GET", "homeport:identity"))
    for name in ("epoch", "identity"):
        direct(a, ("DEL", f"homeport:{name}"))
        wait_until(lambda name=name: direct(a, ("EXISTS", f"homeport:{name}")) == [1], 20, f"homeport:{name} is made again")
        a.sidecar.wait_ready()
    facts.check("Redis lost what this sidecar keeps in it while it runs (FLUSHALL? DEL?)" in a.sidecar.log_text(), "the log says why it connected again")
    facts.check(direct(a, ("GET", "homeport:identity")) != identity, "the identity is a new one, of the same datacenter")
    write(world, 100)
    expect_same(facts, world, "epoch and identity are made again, and all goes on")


def looks(dc):
    """How often the sidecar has looked at its streams."""
    stats = direct(dc, ("INFO", "commandstats"))[0].decode()
    return int(re.search(r"cmdstat_xgroup(?:\|create)?:calls=(\d+)", stats).group(1))


def history_is_deleted(facts, world):
    """The streams that their writers make anew: the log, and the conflict records."""
    a = world["a"]
    world.cut("a")
    for dc in world:
        with dc.client() as client:
            client("SET", "r:history", dc.name)
    world.heal("a")
    wait_until(lambda: direct(a, ("EXISTS", "homeport:conflicts")) == [1], 30, "a conflict is written down")
    world.wait_zero_lag()
    wait_until(lambda: b"made" in direct(a, ("XINFO", "GROUPS", "homeport:log"))[0][0], 30, "the log is marked")
    for key, said in (("homeport:log", "warning deleted: somebody deleted homeport:log in Redis: if a peer says needs-resync"),
                      ("homeport:conflicts", "somebody deleted homeport:conflicts in Redis: the conflict records of this")):
        looked = looks(a) + 2
        wait_until(lambda looked=looked: looks(a) > looked, 60, "it is seen to be there")
        direct(a, ("DEL", key))
        wait_until(lambda said=said: said in findings(a), 60, f"a deleted {key} is said")
        facts.check(True, f"a deleted {key} is said, with what to do")
    log = a.sidecar.log_text()
    facts.check("somebody deleted our log (homeport:log) in Redis" in log, "the log tells it")
    facts.check("somebody deleted the history of conflicts (homeport:conflicts) in Redis" in log, "of both")


def emptied_with_its_log(facts, world):
    """With redis-stream the own log is in the same Redis. It is said that what was written here may be gone."""
    a, b = world["a"], world["b"]
    write(world, 1)
    world.wait_zero_lag()
    direct(a, ("FLUSHALL",))
    expect_finding(facts, a, "broken needs-resync a: writes made here may be gone")
    with a.client() as client:
        client("SET", "later", "1")
    wait_until(lambda: error_of(b, "GET", "later").endswith("b'1'"), 30, "what is written from now on is shipped")
    facts.equal(error_of(b, "GET", "m:a"), "no error: b'1'", "the peer keeps what came from here")


def a_part_with_its_log(facts):
    """With redis-stream: the remedy leaves the log where it is, so all comes back."""
    with World(("a", "b"), "redis-stream", rules=RULES, with_links=False).start() as world:
        for part in ("positions", "outbox"):
            a_part_is_deleted(facts, world, part)


def test(facts):
    with World(("a", "b"), "kafka", rules=RULES, with_links=False).start() as world:
        for case in (emptied, emptied_under_writes, the_other_keys, all_parts_are_deleted_while_it_is_down):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)
        for part in PARTS:
            facts.note(f"homeport:{part} is deleted")
            a_part_is_deleted(facts, world, part)
    a_part_with_its_log(facts)
    with World(("a", "b"), "redis-stream", rules=RULES).start() as world:
        history_is_deleted(facts, world)
    with World(("a", "b"), "redis-stream", rules=RULES, with_links=False).start() as world:
        emptied_with_its_log(facts, world)


tap.run(test)
