#!/usr/bin/env python3
"""Consumer groups are not replicated: what would make or change one is refused by name, a stream that brings one along, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError
from lib.world import World

COMMANDS = [("XGROUP", "CREATE", "s", "g", "$"), ("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"), ("XGROUP", "DESTROY", "s", "g"), ("XGROUP", "SETID", "s", "g", "0"), ("XGROUP", "CREATECONSUMER", "s", "g", "c"),
            ("XGROUP", "DELCONSUMER", "s", "g", "c"), ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"), ("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"), ("XACK", "s", "g", "1-1"),
            ("XCLAIM", "s", "g", "c", "0", "1-1"), ("XAUTOCLAIM", "s", "g", "c", "0", "0")]


def error_of(client, *command):
    try:
        client(*command)
    except ReplyError as error:
        return str(error)
    return ""


def refused(facts, world):
    with world["a"].client() as client:
        client("XADD", "s", "1-1", "f", "v")
        answers = [error_of(client, *command) for command in COMMANDS]
        facts.equal({answer.split(": ", 1)[1] for answer in answers if answer.startswith("HOMEPORT unsupported command 'x")}, {"consumer groups are not replicated yet"}, "commands of groups are refused by name")
        facts.equal(len([answer for answer in answers if answer]), len(COMMANDS), "each of them")
        facts.equal(client("XINFO", "GROUPS", "s"), [], "and there is no group")


def brought_along(facts, world):
    bare = RedisServer(world.workspace, "redis-bare", False)
    bare.start()
    with bare.client() as redis, world["a"].client() as client, world["b"].client() as other:
        for number in range(1, 300):
            redis("XADD", "many", f"{number}-1", f"field{number}", f"value{number}" * 9)
        redis("XADD", "one", "1-1", "f", "v")
        redis("XADD", "empty", "1-1", "f", "v")
        redis("XDEL", "empty", "1-1")
        for key in ("many", "one", "empty"):
            facts.equal(client("RESTORE", key, 0, redis("DUMP", key)), "OK", f"a stream without groups is restored: {key}")
            redis("XGROUP", "CREATE", key, "g", "0")
            redis("XREADGROUP", "GROUP", "g", "c", "STREAMS", key, ">")
            answer = error_of(client, "RESTORE", key, 0, redis("DUMP", key), "REPLACE")
            facts.check(answer.startswith("HOMEPORT unsupported RESTORE of a stream with consumer groups"), f"one with a group is not: {key}", answer)
        world.wait_zero_lag()
        facts.equal(other("XRANGE", "many", "-", "+"), redis("XRANGE", "many", "-", "+"), "what was restored is everywhere")


def test(facts):
    with World(("a", "b"), rules=(("*", "merge"),)).start() as world:
        for case in (refused, brought_along):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)


tap.run(test)
