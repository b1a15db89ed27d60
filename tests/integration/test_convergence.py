#!/usr/bin/env python3
"""Random writes of every type at three datacenters at once, with links cut and healed meanwhile: all end with the same data."""

import random
import time
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.world import LOGS, World

ROUNDS = 60
COMMANDS_A_ROUND = 40
RULES = [("merge:*", "merge"), ("*", "lww")]


def random_command(dice):
    key = f"{dice.choice(('merge', 'lww'))}:{dice.choice(('s', 'n', 'h', 'set', 'z'))}:{dice.randrange(6)}"
    kind, value = key.split(":")[1], dice.randrange(1000)
    general = [("DEL", key), ("PEXPIRE", key, 3_600_000 + value), ("PERSIST", key), ("RENAME", key, f"{key}:renamed"), ("COPY", key, f"{key}:copy")]
    by_kind = {
        "s": [("SET", key, value), ("SET", key, value, "NX"), ("SET", key, value, "EX", 3600), ("APPEND", key, value), ("SETRANGE", key, 3, value),
              ("GETSET", key, value), ("GETDEL", key), ("SETBIT", key, value % 64, value % 2), ("MSET", key, value, f"{key}:2", value)],
        "n": [("INCR", key), ("INCRBY", key, value), ("DECR", key), ("INCRBYFLOAT", key, f"{value}.25"), ("SET", key, value)],
        "h": [("HSET", key, value % 5, value, value % 7, value), ("HDEL", key, value % 5), ("HINCRBY", key, "n", value), ("HSETNX", key, value % 5, 1)],
        "set": [("SADD", key, value % 9, value % 5), ("SREM", key, value % 9), ("SPOP", key), ("SMOVE", key, f"{key}:2", value % 9),
                ("SUNIONSTORE", f"{key}:3", key, f"{key}:2")],
        "z": [("ZADD", key, value, value % 9), ("ZADD", key, "GT", value, value % 9), ("ZREM", key, value % 9), ("ZINCRBY", key, value, value % 9),
              ("ZPOPMIN", key), ("ZREMRANGEBYSCORE", key, 0, value // 4), ("ZADD", key, "NX", value, value % 9)],
    }
    if dice.randrange(5) == 0:
        return dice.choice(general)
    return dice.choice(by_kind[kind])


def random_batch(dice):
    commands = [random_command(dice) for _ in range(COMMANDS_A_ROUND)]
    return [("MULTI",), *commands, ("EXEC",)] if dice.randrange(6) == 0 else commands


def converge(facts, log, seed):
    dice = random.Random(seed)
    refused = set()
    with World(("a", "b", "c"), log, rules=RULES).start() as world:
        clients = [dc.client() for dc in world]
        for number in range(ROUNDS):
            for client in clients:
                replies = client.pipeline(random_batch(dice))
                refused.update(str(reply) for reply in replies if isinstance(reply, ReplyError) and "HOMEPORT" in str(reply))
            if number % 15 == 5:
                away = dice.choice("abc")
                world.cut(away)
            if number % 15 == 10:
                world.heal(away)
            time.sleep(0.02)
        facts.check(not refused, f"no command of the mix is refused ({log})", refused)
        data = world.check_same_everywhere(facts)
        kinds = {kind for kind, _, _ in data.values()}
        facts.equal(kinds, {"string", "hash", "set", "zset"}, f"all types took part ({log}, seed {seed})")
        elements = [dc.sidecar.metrics().total("homeport_unstable_elements") for dc in world]
        facts.equal(elements, [0, 0, 0], f"no metadata is left once all have seen all ({log})")


def on_both_logs(facts):
    for seed, log in enumerate(LOGS, 1):
        converge(facts, log, seed)


tap.run(on_both_logs)
