#!/usr/bin/env python3
"""Scenario 24: transactions. Transfers at A and B while they are cut off from each other: once the link heals, a reader at either side never
sees half a transaction of the other. Where transactions met, each element is resolved by itself, the same everywhere."""

import threading
import time
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.world import World

ACCOUNTS = [f"account:{number}" for number in range(4)]
BALANCE = 1000
CUT_TRANSFERS, JOINED_TRANSFERS = 300, 300


def transfer(client, name, number):
    """Takes from one account, gives to another, and writes the transfer's number in two places."""
    giver, taker = ACCOUNTS[number % 4], ACCOUNTS[(number + 1 + number // 4 % 3) % 4]
    amount = number % 17 + 1
    client.pipeline([("MULTI",), ("DECRBY", giver, amount), ("SET", f"last:{name}", number), ("INCRBY", taker, amount),
                     ("HSET", "journal", name, number), ("EXEC",)])


class Reader(threading.Thread):
    """Polls one datacenter, by turns with a transaction of reads and with one command that reads several keys."""

    def __init__(self, dc, peer):
        super().__init__(daemon=True)
        self._client, self._peer = dc.client(), peer
        self.is_done, self.halves, self.numbers = False, [], set()

    def run(self):
        while not self.is_done:
            *_, replies = self._client.pipeline([("MULTI",), *[("GET", account) for account in ACCOUNTS],
                                                 ("GET", f"last:{self._peer}"), ("HGET", "journal", self._peer), ("EXEC",)])
            *balances, last, noted = replies
            self._judge(balances, f"last:{self._peer} = {last}, the journal says {noted}", last == noted)
            if last:
                self.numbers.add(int(last))
            self._judge(self._client("MGET", *ACCOUNTS), "MGET", True)

    def _judge(self, balances, what, is_whole):
        total = sum(map(int, balances))
        if total != BALANCE * len(ACCOUNTS) or not is_whole:
            self.halves.append(f"{total} in all; {what}")


def transfers(story, log):
    with World(("a", "b"), log).start() as world, world["a"].client() as a, world["b"].client() as b:
        a("MSET", *[word for account in ACCOUNTS for word in (account, BALANCE)])
        world.wait_zero_lag()
        world.cut("b")
        for number in range(1, CUT_TRANSFERS + 1):
            transfer(a, "a", number)
            transfer(b, "b", number)
        story.step(f"cut: {CUT_TRANSFERS} transfers at each side, between the same accounts; heal, and as many more")
        readers = [Reader(world["a"], "b"), Reader(world["b"], "a")]
        for reader in readers:
            reader.start()
        world.heal("b")
        for number in range(CUT_TRANSFERS + 1, CUT_TRANSFERS + JOINED_TRANSFERS + 1):
            transfer(a, "a", number)
            transfer(b, "b", number)
            time.sleep(0.005)
        found = world.check_same_everywhere(story)
        for reader, name in zip(readers, "ab"):
            reader.is_done = True
            reader.join(10)
            story.check(not reader.halves, f"a reader at {name} never sees half a transaction", reader.halves[:3])
            story.check(len(reader.numbers) > 10, f"it saw the other's transfers pass, one group after the other ({name})", len(reader.numbers))
        story.equal(sum(int(found[0, account.encode()][1]) for account in ACCOUNTS), BALANCE * len(ACCOUNTS), "no money was made or lost")


def one_by_one(story, log):
    """Two transactions that meet in some elements: those are decided one by one, the others stand."""
    rules = (("first:*", "priority", "order: [a, b]"), ("*", "lww"))
    with World(("a", "b"), log, rules=rules).start() as world, world["a"].client() as a, world["b"].client() as b:
        world.cut("b")
        a.pipeline([("MULTI",), ("SET", "both", "A"), ("SET", "only:a", "A"), ("HSET", "hash", "both", "A", "a", "A"), ("SET", "first:both", "A"), ("EXEC",)])
        time.sleep(0.01)
        b.pipeline([("MULTI",), ("SET", "both", "B"), ("SET", "only:b", "B"), ("HSET", "hash", "both", "B", "b", "B"), ("SET", "first:both", "B"), ("EXEC",)])
        world.heal("b")
        story.step("A's and, later, B's transaction met in a key, a field and a key where A has priority")
        found = world.check_same_everywhere(story)
        story.equal({key: value for (_, key), (_, value, _) in found.items()},
                    {b"both": b"B", b"only:a": b"A", b"only:b": b"B", b"first:both": b"A", b"hash": [(b"a", b"A"), (b"b", b"B"), (b"both", b"B")]},
                    "each element is decided by its own rule, what they do not share stands")
        story.equal(world.conflicts(), {"a": 3, "b": 3}, "three conflicts are counted, at both")


def transactions(story, log):
    transfers(story, log)
    one_by_one(story, log)


scenario.run(transactions)
