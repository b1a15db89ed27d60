#!/usr/bin/env python3
"""Scenario 5: detection is exact. 10 000 random writes of every type to 100 keys at three datacenters, whose links are slowed down and cut at
random meanwhile. An oracle reads the logs and computes which writes were concurrent: every datacenter reports these conflicts and no others."""

import random
import threading
import time
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import log_reader, oracle, scenario, versions
from lib.resp import ReplyError
from lib.world import World

DCS = ("a", "b", "c")
WRITES, KEYS, SEED = 10_000, 100, 5
BURST = 4                             # writes that one client sends at once
RULES = (("merge:*", "merge"), ("priority:*", "priority", "order: [b, a, c]"), ("record:*", "record"), ("*", "lww"))
RULE_NAMES = ("lww", "merge", "priority", "record")
SIDES_MAX = 64                        # a record tells this many; of more, the newest


def key_of(dice):
    number = dice.randrange(KEYS)
    return f"{RULE_NAMES[number % 4]}:{number}", number // 4 % 5


def random_write(dice):
    """Mostly what suits the type that the key usually has; now and then another, so that types clash."""
    key, kind = key_of(dice)
    value = dice.randrange(1000)
    general = (("DEL", key), ("PEXPIRE", key, 3_600_000 + value), ("SET", key, value), ("HSET", key, value % 3, value), ("SADD", key, value % 4))
    by_kind = (
        (("SET", key, value), ("APPEND", key, value), ("SET", key, value, "EX", 3600), ("SETRANGE", key, 2, value)),
        (("INCRBY", key, value), ("DECR", key), ("SET", key, value), ("INCR", key)),
        (("HSET", key, value % 3, value), ("HDEL", key, value % 3), ("HINCRBY", key, "n", value)),
        (("SADD", key, value % 4), ("SREM", key, value % 4), ("SPOP", key)),
        (("ZADD", key, value, value % 4), ("ZREM", key, value % 4), ("ZINCRBY", key, value, value % 4)),
    )
    return dice.choice(general if dice.randrange(25) == 0 else by_kind[kind])


class Writer(threading.Thread):
    """Some random writes after the other at one datacenter, in bursts with pauses between them. Under record some are written with a context,
    which may be an old one, or none."""

    def __init__(self, dc, writes, seed):
        super().__init__(daemon=True)
        self._client, self._writes, self._dice, self.done, self.refused = dc.client(), writes, random.Random(seed), 0, []
        self._contexts = [versions.NOTHING_SEEN]
        self.with_context = 0

    def _command(self):
        command = random_write(self._dice)
        if command[0] != "SET" or not command[1].startswith("record:") or len(command) > 3 or self._dice.randrange(2):
            return command
        self.with_context += 1
        return ("HOMEPORT", "SET", *command[1:], self._dice.choice(self._contexts))

    def _take(self, reply):
        if isinstance(reply, list):
            self._contexts = [*self._contexts[-8:], reply[0]]
        if isinstance(reply, ReplyError) and not str(reply).startswith(("WRONGTYPE", "ERR", "HOMEPORT too many siblings")):
            self.refused.append(str(reply))

    def run(self):
        while self.done < self._writes:
            commands = [self._command() for _ in range(min(BURST, self._writes - self.done))]
            for reply in self._client.pipeline(commands):
                self._take(reply)
            self.done += len(commands)
            time.sleep(self._dice.uniform(0, 0.012))


def disturb(world, dice, is_running):
    """Slows single ways down and cuts single datacenters off, until the writers are done."""
    while is_running():
        reader, origin = dice.sample(DCS, 2)
        world.slow(reader, origin, dice.choice((0, 0.05, 0.2, 0.6)))
        if dice.randrange(3) == 0:
            away = dice.choice(DCS)
            world.cut(away)
            time.sleep(dice.uniform(0.1, 0.8))
            world.heal(away)
        time.sleep(dice.uniform(0.05, 0.3))
    for reader in DCS:
        for origin in DCS:
            if reader != origin:
                world.slow(reader, origin, 0)


def write_all(world):
    share = WRITES // len(DCS)
    writers = [Writer(dc, share + (WRITES % len(DCS) if number == 0 else 0), SEED + number) for number, dc in enumerate(world)]
    for writer in writers:
        writer.start()
    disturb(world, random.Random(SEED), lambda: any(writer.is_alive() for writer in writers))
    for writer in writers:
        writer.join()
    return writers


def reported_counts(dc):
    """{(rule, type): conflicts} as the datacenter's metrics tell."""
    samples = dc.sidecar.metrics().samples("homeport_conflicts_total")
    counts = {}
    for labels, value in samples:
        if value:
            label = labels["rule"], labels["type"]
            counts[label] = counts.get(label, 0) + int(value)
    return counts


def check_counts(story, world, pairs):
    expected = dict(oracle.count_by_kind(pairs, lambda key: key.split(b":")[0].decode()))
    for dc in world:
        story.equal(reported_counts(dc), expected, f"{dc.name} counts exactly the oracle's {sum(expected.values())} conflicts, by rule and type")


def recorded_episodes(world, dc):
    """{id: record}: as it was written down last. Which conflicts were joined by a later write depends on the order in which writes came."""
    records = {record["id"]: record for record in (*log_reader.conflict_events(world, dc), *log_reader.open_episodes(dc))}
    return {conflict: record for conflict, record in records.items() if not record["merged_into"]}


def told(record):
    """(subject, pairs, writes) of a record; of more writes than it can tell, how many it tells."""
    dots = frozenset(oracle.Dot(**side["dot"]) for side in record["sides"])
    return (record["db"], record["key"], record["type"], record["element"]), record["pairs"], dots if len(dots) < SIDES_MAX else SIDES_MAX


def differences(one, other, path=""):
    """Where two records differ, and in what, as texts."""
    if isinstance(one, dict):
        return [text for field in one for text in differences(one[field], other[field], f"{path}.{field}")]
    if isinstance(one, list) and len(one) == len(other):
        return [text for at, (mine, theirs) in enumerate(zip(one, other)) for text in differences(mine, theirs, f"{path}[{at}]")]
    return [] if one == other else [f"{path}: {one} | {other}"]


def check_records(story, world, pairs):
    """Each connected component of the oracle's pairs is one record, with the same pairs and writes, at every datacenter."""
    episodes = oracle.episodes_of(pairs)
    expected = Counter((episode.subject, episode.pairs, episode.dots if len(episode.dots) < SIDES_MAX else SIDES_MAX) for episode in episodes)
    found = {dc.name: recorded_episodes(world, dc) for dc in world}
    for name, records in found.items():
        seen = Counter(told(record) for record in records.values())
        missed, false = expected - seen, seen - expected
        story.check(not missed and not false, f"{name} wrote down exactly the oracle's {len(episodes)} conflicts, with all who took part",
                    f"{sum(missed.values())} missed: {list(missed)[:2]}; {sum(false.values())} false: {list(false)[:2]}")
    differing = [f"{name}: {conflict}: {difference}" for name, records in found.items() if records.keys() == found["a"].keys()
                 for conflict, record in found["a"].items() for difference in differences(record, records[conflict])]
    story.check(found["a"] == found["b"] == found["c"], "the records are the same everywhere", f"{len(differing)} differ: {differing[:8]}")


def exact_detection(story, log):
    with World(DCS, log, rules=RULES).start() as world:
        story.step(f"{WRITES} random writes to {KEYS} keys at three datacenters, while links are slowed down and cut (seed {SEED})")
        writers = write_all(world)
        story.check(sum(writer.done for writer in writers) == WRITES and not any(writer.refused for writer in writers),
                    "every write was taken", [writer.refused[:3] for writer in writers])
        story.check(all(writer.with_context > 20 for writer in writers), "some of them with a context of their own",
                    [writer.with_context for writer in writers])
        world.check_same_everywhere(story)
        writes = oracle.writes_of(batch for dc in world for batch in log_reader.batches(world, dc))
        pairs = oracle.pairs_of(writes)
        kinds = {pair.kind for pair in pairs}
        story.step(f"the oracle read {len(writes)} writes from the logs and found {len(pairs)} concurrent pairs")
        story.equal(kinds, {"string", "hash", "set", "zset", "ttl", "key"}, "conflicts of every kind are among them")
        check_counts(story, world, pairs)
        check_records(story, world, pairs)


scenario.run(exact_detection)
