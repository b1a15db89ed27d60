"""Random load of the long run: threads that write everything, in sizes from 1 byte to 64 MiB, and know exactly what they were told."""

import math
import random
import threading
import time
from collections import Counter

from lib.resp import ReplyError

KEYS, COUNTERS, LARGE_KEYS = 60, 8, 3
SMALL_MAX, LARGE_MIN, LARGE_MAX = 64 << 10, 1 << 20, 64 << 20
LARGE_SECONDS = 12          # between large values of one client, at the median
PAUSE_SECONDS = 0.002
ANSWER_SECONDS = 60         # longer than any fault lasts
NOISE = random.Random(0).randbytes(LARGE_MAX + SMALL_MAX)
# What a client may be told while servers are killed, stopped, full or away. Anything else is unexpected.
EXPECTED_ERRORS = ("LOADING", "OOM")


class RandomLoad(threading.Thread):
    """One client. An INCR is acknowledged or, when its answer was lost, unknown; an error says that it did not take place."""

    def __init__(self, dc, seed):
        super().__init__(daemon=True)
        self.name = f"client of {dc.name}"
        self.commands, self.bytes, self.large = 0, 0, 0
        self.acknowledged, self.unknown, self.errors, self.lost = Counter(), Counter(), Counter(), 0
        self.longest = (0, "")         # an answer took at most that long
        self.is_over = False
        self._dc, self._dice, self._client = dc, random.Random(seed), None
        self._next_large = 0

    def _value(self, size):
        start = self._dice.randrange(SMALL_MAX)
        self.bytes += size
        return memoryview(NOISE)[start:start + size].tobytes()

    def _small(self):
        return self._value(int(math.exp(self._dice.uniform(0, math.log(SMALL_MAX)))))

    def _large(self):
        self._next_large = time.monotonic() + self._dice.uniform(LARGE_SECONDS / 2, LARGE_SECONDS * 1.5)
        self.large += 1
        return self._value(int(math.exp(self._dice.uniform(math.log(LARGE_MIN), math.log(LARGE_MAX)))))

    def _command(self):
        dice, key = self._dice, self._dice.randrange(KEYS)
        if time.monotonic() > self._next_large:
            return ("SET", f"large:{dice.randrange(LARGE_KEYS)}", self._large())
        mix = (
            lambda: ("INCR", f"count:{dice.randrange(COUNTERS)}"),
            lambda: ("INCR", f"count:{dice.randrange(COUNTERS)}"),
            lambda: ("SET", f"text:{key}", self._small()),
            lambda: ("SET", f"text:{key}", self._value(8), "PX", dice.randrange(200, 20000)),
            lambda: ("APPEND", f"log:{key}", self._value(dice.randrange(1, 100))) if dice.randrange(50) else ("DEL", f"log:{key}"),
            lambda: ("SETRANGE", f"range:{key}", dice.randrange(10000), self._value(dice.randrange(1, 2000))),
            lambda: ("SETBIT", f"bits:{key}", dice.randrange(80000), dice.randrange(2)),
            lambda: ("HSET", f"hash:{key}", f"f{dice.randrange(20)}", self._value(dice.randrange(1, 500))),
            lambda: ("HDEL", f"hash:{key}", f"f{dice.randrange(20)}"),
            lambda: ("HINCRBY", f"tally:{key}", "n", dice.randrange(-5, 10)),
            lambda: ("SADD", f"set:{key}", dice.randrange(50)),
            lambda: ("SREM", f"set:{key}", dice.randrange(50)),
            lambda: ("ZADD", f"rank:{key}", dice.randrange(100), f"m{dice.randrange(20)}"),
            lambda: ("ZINCRBY", f"rank:{key}", 1, f"m{dice.randrange(20)}"),
            lambda: ("ZREM", f"rank:{key}", f"m{dice.randrange(20)}"),
            lambda: ("INCRBY", f"tally2:{key}", dice.randrange(20)),
            lambda: ("APPEND", f"text:{key}", self._value(20)),
            lambda: ("SETRANGE", f"text:{key}", dice.randrange(5000), self._value(20)),
            lambda: ("MSET", f"text:{key}", self._value(20), f"pair:{key}", self._value(20)),
            lambda: ("SPOP", f"set:{key}"),
            lambda: ("DEL", f"text:{key}"),
            lambda: ("RENAME", f"text:{key}", f"text:{dice.randrange(KEYS)}") if dice.randrange(10) == 0 else ("EXISTS", f"text:{key}"),
            lambda: ("PEXPIRE", f"hash:{key}", dice.randrange(1000, 30000)) if dice.randrange(20) == 0 else ("HGETALL", f"hash:{key}"),
            lambda: ("GET", f"text:{key}"),
        )
        return dice.choice(mix)()

    def _run_one(self):
        command = self._command()
        counter = command[1] if command[0] == "INCR" else None
        started = time.monotonic()
        try:
            self._client = self._client or self._dc.client(ANSWER_SECONDS)
        except OSError:
            self.lost += 1
            time.sleep(0.1)
            return
        try:
            self._client(*command)
            self.commands += 1
            self.acknowledged.update([counter] if counter else [])
        except ReplyError as error:
            if str(error) != "ERR no such key":
                self.errors[str(error)[:90]] += 1
                time.sleep(0.05)
        except (OSError, EOFError):
            self._client = None
            self.lost += 1
            self.unknown.update([counter] if counter else [])
        self.longest = max(self.longest, (time.monotonic() - started, f"{command[0]} {command[1]}"))

    def run(self):
        self._next_large = time.monotonic() + self._dice.uniform(0, LARGE_SECONDS)
        while not self.is_over:
            self._run_one()
            time.sleep(PAUSE_SECONDS)

    def finish(self):
        self.is_over = True
        self.join(ANSWER_SECONDS + 10)
        if self.is_alive():
            raise TimeoutError(f"a {self.name} waits for an answer for more than {ANSWER_SECONDS} s")
