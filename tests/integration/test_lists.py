#!/usr/bin/env python3
"""Lists written at several datacenters that cannot hear each other: the same order everywhere, nothing pushed is lost, nothing popped comes back, runs of
pushes stay together, an element popped twice is a conflict, and a list at rest has no metadata. Under every rule, over both logs, and over kills."""

import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

RULES = (("m:*", "merge"), ("r:*", "record"), ("p:*", "priority", "order: [a, b]"), ("*", "lww"))
LISTS = 200
SEED = 7


def many_commands(dc, dice, key, count):
    """Pushes, insertions and removals, each value with the name of its datacenter, so that it is unique."""
    commands, made = [], []
    for number in range(count):
        value = f"{dc}{number}"
        kind = dice.randrange(9)
        if kind < 4:
            commands.append((dice.choice(("LPUSH", "RPUSH")), key, value, f"{value}+"))
            made += [value, f"{value}+"]
        elif kind == 4:
            commands.append(("LINSERT", key, dice.choice(("BEFORE", "AFTER")), f"s{dice.randrange(12)}", value))
        elif kind == 5:
            commands.append(("LREM", key, dice.choice((0, 1, -1)), f"s{dice.randrange(12)}"))
        elif kind == 6:
            commands.append((dice.choice(("LPOP", "RPOP")), key))
        elif kind == 7:
            commands.append(("LSET", key, dice.choice((0, 1, -1)), f"{value}!"))
        else:
            commands.append(("LTRIM", key, 0, -2) if dice.randrange(2) else ("LMOVE", key, key, "LEFT", "RIGHT"))
    return commands


def two_hundred_lists(facts, world, seconds):
    """As in the issue: pushed, inserted and popped at both sides while they are cut off from each other."""
    dice = random.Random(SEED)
    names = [dc.name for dc in world]
    keys = [f"{'mrpx'[i % 4]}:list{i}" for i in range(LISTS)]
    with world["a"].client() as client:
        client.pipeline([("RPUSH", key, *(f"s{i}" for i in range(12))) for key in keys])
    world.wait_zero_lag()
    world.cut("b")
    for name in names:
        with world[name].client() as client:
            for key in keys:
                replies = client.pipeline(many_commands(name, dice, key, 12))
                errors = [reply for reply in replies if isinstance(reply, ReplyError) and "out of range" not in str(reply) and "no such key" not in str(reply)]
                facts.check(not errors, f"{key}: no command is refused", errors) if errors else None
    world.heal("b")
    world.wait_zero_lag(seconds)
    found = [dc.data() for dc in world]
    same = sum(all(data.get((0, key.encode())) == found[0].get((0, key.encode())) for data in found) for key in keys)
    facts.equal(same, LISTS, f"{LISTS} lists written at {len(names)} datacenters that were cut off have the same order")
    wait_until(lambda: all(dc.sidecar.metrics().one("homeport_unstable_elements") == 0 for dc in world), 60, "metadata goes")
    facts.check(True, "lists at rest have no metadata")


def runs_stay_together(facts, world):
    a, b = world["a"].client(), world["b"].client()
    a("RPUSH", "m:run", "base")
    world.wait_zero_lag()
    world.cut("b")
    for client, name in ((a, "a"), (b, "b")):
        for number in range(5):
            client("RPUSH", "m:run", f"{name}r{number}")
            client("LPUSH", "m:run", f"{name}l{number}")
    world.heal("b")
    world.wait_zero_lag()
    order = [value.decode() for value in a("LRANGE", "m:run", 0, -1)]
    facts.equal(order, [value.decode() for value in b("LRANGE", "m:run", 0, -1)], "both sides show the same")
    right = order[order.index("base") + 1:]
    left = order[:order.index("base")]
    runs = [[f"{name}r{number}" for number in range(5)] for name in "ab"]
    facts.check(right in (runs[0] + runs[1], runs[1] + runs[0]), "runs pushed at the tail stay together", right)
    runs = [[f"{name}l{number}" for number in reversed(range(5))] for name in "ab"]
    facts.check(left in (runs[0] + runs[1], runs[1] + runs[0]), "runs pushed at the head stay together", left)


def popped_twice(facts, world):
    a, b = world["a"].client(), world["b"].client()
    a("RPUSH", "m:queue", "one", "two", "three")
    world.wait_zero_lag()
    before = world.conflicts()
    world.cut("b")
    facts.equal([a("LPOP", "m:queue"), b("LPOP", "m:queue"), b("RPOP", "m:queue")], [b"one", b"one", b"three"], "both get the first, one gets the last")
    a("RPUSH", "m:queue", "four")
    world.heal("b")
    world.wait_zero_lag()
    for client in (a, b):
        facts.equal(client("LRANGE", "m:queue", 0, -1), [b"two", b"four"], "what was popped anywhere is gone, what was pushed is there")
    facts.equal({name: count - before[name] for name, count in world.conflicts().items()}, {"a": 1, "b": 1}, "the double pop is counted, once")
    records = [dict(zip(one[::2], one[1::2])) for one in a("HOMEPORT", "CONFLICTS", "MATCH", "m:queue")]
    facts.equal([(one[b"kind"], one[b"type"]) for one in records], [(b"double-pop", b"list")], "and recorded as a double pop")


def removed_renamed_expired(facts, world):
    a, b = world["a"].client(), world["b"].client()
    for key in ("m:del", "m:rename", "m:expire", "m:copy", "m:type", "m:restore"):
        a("RPUSH", key, "x", "y")
    world.wait_zero_lag()
    world.cut("b")
    a("DEL", "m:del")
    b("RPUSH", "m:del", "unseen")
    a("RENAME", "m:rename", "m:renamed")
    b("LPUSH", "m:rename", "unseen")
    a("PEXPIRE", "m:expire", 50)
    wait_until(lambda: a("EXISTS", "m:expire") == 0, 30, "it expires")
    a("COPY", "m:copy", "m:copied")
    a("RESTORE", "m:restored", 0, a("DUMP", "m:restore"))
    a("DEL", "m:type")
    a("HSET", "m:type", "f", "v")
    world.heal("b")
    world.wait_zero_lag()
    wait_until(lambda: b("EXISTS", "m:expire") == 0, 30, "the other side hears of it")
    for client in (a, b):
        facts.equal([client("LRANGE", f"m:{key}", 0, -1) for key in ("del", "rename", "renamed", "copied", "restored")],
                    [[b"unseen"], [b"unseen"], [b"x", b"y"], [b"x", b"y"], [b"x", b"y"]], "DEL, RENAME, COPY and RESTORE do what the outcome table says")
        facts.equal(client("TYPE", "m:type"), "hash", "the newer type is there")
    a("DEL", "m:type")
    world.wait_zero_lag()


def written_by_scripts(facts, world):
    a, b = world["a"].client(), world["b"].client()
    script = "redis.call('RPUSH', KEYS[1], 'x', 'y', 'z') local v = redis.call('LPOP', KEYS[1]) redis.call('LMOVE', KEYS[1], KEYS[2], 'RIGHT', 'LEFT') return v"
    facts.equal(a("EVAL", script, 2, "m:{s}1", "m:{s}2"), b"x", "a script pushes, pops and moves")
    a("EVAL", "return redis.call('RENAME', KEYS[1], KEYS[2])", 2, "m:{s}2", "m:{s}3")
    world.wait_zero_lag()
    for client in (a, b):
        facts.equal([client("LRANGE", f"m:{{s}}{number}", 0, -1) for number in (1, 2, 3)], [[b"y"], [], [b"z"]], "both have what it came to")
    facts.equal(a("EVAL", "redis.call('RPUSH', KEYS[1], 'n', 'y') return redis.call('LREM', KEYS[1], -1, 'y')", 1, "m:{s}1"), 1, "a script removes the last of two that are equal")
    world.wait_zero_lag()
    facts.equal([client("LRANGE", "m:{s}1", 0, -1) for client in (a, b)], [[b"y", b"n"]] * 2, "which is the one that is gone everywhere")


def killed(facts, world):
    """What was acknowledged survives the kill of the sidecar, and is not there twice."""
    a, b = world["a"], world["b"]
    world.cut("b")
    with a.client() as client:
        client.pipeline([("RPUSH", "m:killed", number) for number in range(100)])
    with b.client() as client:
        client.pipeline([("RPUSH", "m:killed", number) for number in range(100, 200)])
    a.sidecar.kill()
    a.sidecar.start()
    world.heal("b")
    world.wait_zero_lag()
    order = [int(value) for value in a.data()[0, b"m:killed"][1]]
    facts.equal(sorted(order), list(range(200)), "after a kill nothing is lost and nothing is there twice")
    facts.equal(order, [int(value) for value in b.data()[0, b"m:killed"][1]], "in the same order")
    facts.check(order in ([*range(200)], [*range(100, 200), *range(100)]), "and the runs are together")


def killed_while_all_write(facts, world):
    """Each write is concurrent with some of the other datacenter's, those with earlier ones, and so on: what a sidecar that restarts needs is older than what is
    not yet everywhere."""
    script = "redis.call('rpush',KEYS[1],ARGV[1],'x') redis.call('lrem',KEYS[1],2,'x') return redis.call('rpoplpush',KEYS[1],KEYS[2])"
    is_over = threading.Event()

    def write(dc):
        number = 0
        while not is_over.is_set():
            try:
                client = dc.client()
                while not is_over.is_set():
                    client.pipeline([("EVAL", script, 2, f"m:q{i % 4}", f"m:done{i % 4}", number + i) for i in range(8)])
                    number += 8
            except (OSError, EOFError):
                time.sleep(0.05)

    writers = [threading.Thread(target=write, args=(dc,)) for dc in world]
    for writer in writers:
        writer.start()
    for name in "abab":
        time.sleep(0.7)
        world[name].sidecar.kill()
        world[name].sidecar.start()
    time.sleep(0.3)
    is_over.set()
    for writer in writers:
        writer.join()
    world.check_same_everywhere(facts, "sidecars are killed while lists are written everywhere without a pause: the same order")


def test(facts):
    facts.note(f"seed {SEED}")
    with World(("a", "b"), "redis-stream", rules=RULES).start() as world:
        for case in (runs_stay_together, popped_twice, removed_renamed_expired, written_by_scripts, killed):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)
        two_hundred_lists(facts, world, 60)
        world.check_same_everywhere(facts)
    for _ in range(2):
        with World(("a", "b"), "redis-stream", rules=RULES, with_links=False).start() as world:
            killed_while_all_write(facts, world)
    with World(("a", "b", "c"), "kafka", rules=RULES).start() as world:
        two_hundred_lists(facts, world, 60)
        world.check_same_everywhere(facts)


tap.run(test)
