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
EXPECTED_ERRORS = ("LOADING", "OOM", "HOMEPORT UNREACHABLE", "HOMEPORT HELD")
SAVED = "return redis.call('INCR', KEYS[1]) + redis.call('HINCRBY', 'script:' .. ARGV[1], 'n', 1)"
USERS = 6
KEPT = ("kept:list", "kept:stream")    # nobody removes anything of these


class RandomLoad(threading.Thread):
    """One client. An INCR is acknowledged or, when its answer was lost, unknown; an error says that it did not take place."""

    def __init__(self, dc, seed):
        super().__init__(daemon=True)
        self.name, self.seed, self._words = f"client of {dc.name}", seed, 0
        self.commands, self.bytes, self.large = 0, 0, 0
        self.acknowledged, self.unknown, self.errors, self.lost = Counter(), Counter(), Counter(), 0
        self.longest = (0, "", 0)      # an answer took at most that long; when it came
        self.kept = {key: [] for key in KEPT}  # what was acknowledged of what is never removed
        self.given, self.taken, self.doubts = [], [], 0        # jobs that were pushed, and popped; answers of either that were lost
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

    def _word(self):
        """One that nobody else writes."""
        self._words += 1
        return f"{self.seed}-{self._words}".encode()

    def _list_or_stream(self):
        dice, key = self._dice, self._dice.randrange(KEYS)
        user = f"user:{dice.randrange(USERS)}"
        mix = (
            lambda: ("RPUSH", KEPT[0], self._word()),
            lambda: ("XADD", KEPT[1], "*", "word", self._word()),
            lambda: ("RPUSH", f"{user}:jobs", self._word()),
            lambda: ("LPOP", f"{user}:jobs"),
            lambda: ("INCR", f"{user}:count"),
            lambda: ("SET", f"{user}:name", self._value(20)),
            lambda: ("EVAL", SAVED, 1, f"count:script{dice.randrange(3)}", key),
            lambda: ("LPUSH", f"list:{key}", *(self._value(dice.randrange(1, 300)) for _ in range(dice.randrange(1, 5)))),
            lambda: ("RPUSH", f"list:{key}", dice.randrange(20), dice.randrange(20)),
            lambda: (dice.choice(("LPOP", "RPOP")), f"list:{key}", dice.randrange(1, 4)),
            lambda: ("LMOVE", f"list:{key}", f"list:{dice.randrange(KEYS)}", "LEFT", "RIGHT"),
            lambda: ("LINSERT", f"list:{key}", "BEFORE", dice.randrange(20), dice.randrange(20)),
            lambda: ("LREM", f"list:{key}", 0, dice.randrange(20)),
            lambda: ("LTRIM", f"list:{key}", 0, 50),
            lambda: ("XADD", f"stream:{key}", "MAXLEN", "~", 100, "*", "n", dice.randrange(20), "text", self._value(dice.randrange(1, 300))),
            lambda: ("XADD", f"stream:{key}", "*", "n", dice.randrange(20)),
            lambda: ("XTRIM", f"stream:{key}", "MAXLEN", dice.randrange(20, 60)),
            lambda: ("XRANGE", f"stream:{key}", "-", "+", "COUNT", 10),
            lambda: ("PFADD", f"union:{key % 10}", dice.randrange(10000)),
        )
        return dice.choice(mix)()

    def _command(self):
        dice, key = self._dice, self._dice.randrange(KEYS)
        if time.monotonic() > self._next_large:
            return ("SET", f"large:{dice.randrange(LARGE_KEYS)}", self._large())
        if dice.randrange(5) < 2:
            return self._list_or_stream()
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
        counter = command[1] if command[0] == "INCR" else command[3] if command[0] == "EVAL" else None
        started = time.monotonic()
        try:
            self._client = self._client or self._dc.client(ANSWER_SECONDS)
        except OSError:
            self.lost += 1
            time.sleep(0.1)
            return
        try:
            answer = self._client(*command)
            self.commands += 1
            self._note(command, answer)
            self.acknowledged.update([counter] if counter else [])
        except ReplyError as error:
            if str(error) != "ERR no such key":
                self.errors[str(error)[:90]] += 1
                time.sleep(0.05)
        except (OSError, EOFError):
            self._client = None
            self.lost += 1
            self.doubts += command[1].endswith(":jobs")
            self.unknown.update([counter] if counter else [])
        self.longest = max(self.longest, (time.monotonic() - started, f"{command[0]} {command[1]}", time.monotonic()))

    def _note(self, command, answer):
        if command[1] in KEPT:
            self.kept[command[1]].append(command[-1])
        if command[1].endswith(":jobs") and command[0] == "RPUSH":
            self.given.append(command[2])
        elif command[1].endswith(":jobs") and answer is not None:
            self.taken.append(bytes(answer))

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
