"""Staleness probe: what homeport_replication_staleness_seconds says, against the truth.

Each datacenter writes a canary of its own through its sidecar, a number that counts up, and we note by one real clock when each was sent and
acknowledged. At each other datacenter we look which number its Redis holds, past its sidecar. The oldest number that is missing there tells how
old the oldest missing write is; no number that the sidecar says may be younger."""

import bisect
import math
import threading
import time
from dataclasses import dataclass

from .resp import ReplyError
from .workspace import wait_until

CANARY_SECONDS, LOOK_SECONDS = 0.02, 0.03
ANSWER_SECONDS = 3          # after that the canary tries again, with the next number
READ_SECONDS = 0.5
METRIC = "homeport_replication_staleness_seconds"


class Canary(threading.Thread):
    def __init__(self, dc):
        super().__init__(daemon=True)
        self.key = f"canary:{dc.name}"
        self.period_seconds = CANARY_SECONDS
        self.is_over = False
        self._dc = dc
        self._sent = []                # [n]: when the number n was sent
        self._acknowledged = []        # (n, when), of those that were, in order
        self._lock = threading.Lock()

    def run(self):
        client = None
        while not self.is_over:
            with self._lock:
                number = len(self._sent)
                self._sent.append(time.monotonic())
            try:
                client = client or self._dc.client(ANSWER_SECONDS)
                client("SET", self.key, number)
                with self._lock:
                    self._acknowledged.append((number, time.monotonic()))
            except ReplyError:
                pass
            except (OSError, EOFError):
                client = None
            time.sleep(self.period_seconds)

    def last(self):
        with self._lock:
            return len(self._sent) - 1

    def missing_since(self, seen):
        """When the oldest acknowledged number after SEEN was acknowledged; infinity: none is missing for sure."""
        with self._lock:
            place = bisect.bisect_right(self._acknowledged, (seen, math.inf))
            return self._acknowledged[place][1] if place < len(self._acknowledged) else math.inf

    def sent_after(self, seen):
        """When the first number after SEEN was sent; infinity: none was."""
        with self._lock:
            return self._sent[seen + 1] if seen + 1 < len(self._sent) else math.inf


@dataclass
class Errors:
    """Of one state, over all looks at it, in seconds."""
    looks: int = 0
    age_max: float = 0.0        # how old the oldest missing write was
    under: float = -math.inf    # by how much the metric was below that, at least
    over: float = 0.0           # by how much it was above, at most
    is_infinite: bool = False   # it said +Inf, which is never below
    worst: str = ""

    def add(self, pair, told, age_least, age_most):
        self.looks += 1
        self.age_max = max(self.age_max, age_least)
        if math.isinf(told):
            self.is_infinite = True
            return
        if age_least - told > self.under:
            self.under, self.worst = age_least - told, f"{pair}: {told:.3f} told, {age_least:.3f} true"
        self.over = max(self.over, told - age_most)


class Look(threading.Thread):
    """Looks at one datacenter again and again."""

    def __init__(self, probe, dc, canaries):
        super().__init__(daemon=True)
        self._probe, self.dc = probe, dc
        self.canaries = {name: canary for name, canary in canaries.items() if name != dc.name}
        self._client = None
        self.seen = {}                 # {name: the number last seen}
        self.frozen = None             # {name: the last number that can be there}, while its Redis does not answer

    def freeze(self):
        """Its Redis was just stopped: it holds what it held, at most all that was sent until now."""
        self.frozen = {name: canary.last() for name, canary in self.canaries.items()}

    def _seen(self):
        if self.frozen is not None:
            return dict(self.frozen)
        try:
            self._client = self._client or self.dc.redis.client(READ_SECONDS)
            values = self._client("MGET", *(canary.key for canary in self.canaries.values()))
            self.seen = {name: int(value or -1) for name, value in zip(self.canaries, values)}
            return self.seen
        except (OSError, EOFError, ReplyError):
            self._client = None
            return None

    def _look(self):
        state, first = self._probe.state, self._seen()
        begin = time.monotonic()
        try:
            metrics = self.dc.sidecar.metrics()
        except OSError:
            return
        end, last = time.monotonic(), self._seen()
        if first is None or last is None:
            return
        for name, canary in self.canaries.items():
            for told in metrics.values(METRIC, origin=name):
                age_least = max(0.0, begin - canary.missing_since(last[name]))
                age_most = max(0.0, end - canary.sent_after(first[name]))
                self._probe.add(state, f"{name} at {self.dc.name}", told, age_least, age_most)

    def run(self):
        while not self._probe.is_over:
            self._look()
            time.sleep(LOOK_SECONDS)


class Probe:
    """with Probe(world) as probe: probe.enter("cut") … All pairs of datacenters are looked at all the time."""

    def __init__(self, world):
        self.state = "idle"
        self.is_over = False
        self.errors = {}
        self._lock = threading.Lock()
        self.canaries = {dc.name: Canary(dc) for dc in world}
        self.looks = {dc.name: Look(self, dc, self.canaries) for dc in world}

    def enter(self, state):
        self.state = state

    def add(self, state, pair, told, age_least, age_most):
        with self._lock:
            self.errors.setdefault(state, Errors()).add(pair, told, age_least, age_most)

    def check(self, facts, bound_of):
        """States for each state that the metric did not flatter by more than BOUND_OF(state), and prints what was measured."""
        facts.note(f"{'state':34} {'looks':>6} {'true age':>9} {'below it':>9} {'above it':>9}   (seconds, each the largest)")
        for state, found in self.errors.items():
            over = "+Inf" if found.is_infinite else f"{found.over:.2f}"
            facts.note(f"{state:34} {found.looks:6} {found.age_max:9.2f} {max(found.under, 0):9.2f} {over:>9}")
        for state, found in self.errors.items():
            facts.check(found.looks > 0 and found.under <= bound_of(state), f"staleness does not flatter: {state}", found.worst)

    def freeze(self, name):
        self.looks[name].freeze()

    def thaw(self, name):
        self.looks[name].frozen = None

    def wait_everywhere(self, seconds=90):
        """Until each datacenter has what was written at each other one until now."""
        due = {name: canary.last() + 1 for name, canary in self.canaries.items()}
        wait_until(lambda: all(look.seen.get(name, -1) >= due[name] for look in self.looks.values() for name in look.canaries),
                   seconds, "everything is everywhere")

    def wait_fresh(self, seconds=90):
        """And until each says that all is well."""
        self.wait_everywhere(seconds)
        wait_until(lambda: all(look.dc.sidecar.http("/readyz?verbose")[1] == "ready\n" for look in self.looks.values()), seconds, "all is well")

    def set_pace(self, seconds):
        for canary in self.canaries.values():
            canary.period_seconds = seconds

    def __enter__(self):
        for thread in (*self.canaries.values(), *self.looks.values()):
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for canary in self.canaries.values():
            canary.is_over = True
        for thread in (*self.canaries.values(), *self.looks.values()):
            thread.join(10)
