"""Faults of the long run, at random but seeded moments: each begins, lasts for a while and ends. Several may last at once, but never two of one
server."""

import os
import random
import signal
import time
from collections import Counter

from lib.resp import ReplyError
from lib.workspace import wait_until

GAP_SECONDS = (0.2, 3.0)
LAST_SECONDS = (0.3, 8.0)
LONG_SECONDS = (10.0, 30.0)    # one in LONG_EVERY: logs, outboxes and inboxes fill
LONG_EVERY = 8
AT_ONCE_MAX = 3
REWRITE_BYTES = 1 << 30
CLOCK_STEPS_SECONDS = (0.3, 2.0, 30.0, 300.0)   # with clock.quarantine at 60 s, the last is quarantined


class Fault:
    def __init__(self, name, server, begin, end):
        """SERVER: what no second fault may touch meanwhile. BEGIN may return how it is told."""
        self.name, self.server, self.begin, self.end = name, server, begin, end


def _kill(server):
    return lambda: server.kill()


def _with_redis(redis, do):
    """DO(client), once Redis is there: it may still be loading its data."""
    def done():
        try:
            with redis.client(60) as client:
                client("PING")
                do(client)
                return True
        except ReplyError:
            return False
    wait_until(done, 120, f"{redis.name} answers")


def _kill_redis(redis):
    """Never while it rewrites its append-only file: Redis 7.0 may leave one behind that it refuses to load. So they are rewritten here."""
    def kill():
        if sum(path.stat().st_size for path in redis.directory.glob("appendonlydir/*")) > REWRITE_BYTES:
            _with_redis(redis, rewrite)
        redis.kill()

    def rewrite(client):
        client("BGREWRITEAOF")
        wait_until(lambda: b"aof_rewrite_in_progress:0" in client("INFO", "persistence"), 120, "the append-only file is rewritten")
    return kill


def _start(server):
    return lambda: server.start(wait=False) if hasattr(server, "process") else server.start()


def _signal(pid_of, number):
    return lambda: os.kill(pid_of(), number)


def _pause(name, key, pid_of):
    return Fault(name, key, _signal(pid_of, signal.SIGSTOP), _signal(pid_of, signal.SIGCONT))


def _set_memory(redis, limit_of):
    def set_it(client):
        used = int(client("INFO", "memory").decode().split("used_memory:")[1].split()[0])
        client("CONFIG", "SET", "maxmemory", limit_of(used))
    return lambda: _with_redis(redis, set_it)


def faults_of(world, dice):
    """All there are in this world."""
    faults = []
    for dc in world:
        sidecar, redis, name = dc.sidecar, dc.redis, dc.name
        faults += [
            Fault(f"sidecar of {name} killed", sidecar, _kill(sidecar), _start(sidecar)),
            Fault(f"Redis of {name} killed", redis, _kill_redis(redis), _start(redis)),
            _pause(f"sidecar of {name} stopped", sidecar, lambda sidecar=sidecar: sidecar.process.pid),
            _pause(f"Redis of {name} stopped", redis, lambda redis=redis: redis.process.pid),
            Fault(f"Redis of {name} full", redis, _set_memory(redis, lambda used: int(used * dice.uniform(0.5, 1.1))), _set_memory(redis, lambda _: 0)),
            Fault(f"clock of {name} wrong", f"clock of {name}",
                  lambda sidecar=sidecar: sidecar.set_clock(dice.choice(CLOCK_STEPS_SECONDS) * dice.choice((-1, 1)) * dice.uniform(0.5, 1)),
                  lambda sidecar=sidecar: sidecar.set_clock(0)),
        ]
    if world.broker:
        faults += [Fault("broker killed", world.broker, world.broker.kill, world.broker.start),
                   _pause("broker stopped", world.broker, lambda: world.broker.process_id)]
    return faults


class Faults:
    def __init__(self, world, seed, log):
        """LOG(text) is told of each."""
        self._world, self._log = world, log
        self._dice = random.Random(seed)
        self._faults = faults_of(world, self._dice)
        self._lasting = []             # (when it ends, fault)
        self.counts = Counter()

    def _begin_one(self):
        taken = [fault.server for _, fault in self._lasting]
        fault = self._dice.choice([fault for fault in self._faults if fault.server not in taken])
        seconds = self._dice.uniform(*(LONG_SECONDS if self._dice.randrange(LONG_EVERY) == 0 else LAST_SECONDS))
        self._log(f"{fault.name}, for {seconds:.1f} s")
        fault.begin()
        self.counts[fault.name] += 1
        self._lasting.append((time.monotonic() + seconds, fault))

    def _end_due(self, now):
        for entry in [entry for entry in self._lasting if entry[0] <= now]:
            entry[1].end()
            self._lasting.remove(entry)

    def run(self, seconds):
        """Then all have ended."""
        deadline, next_one = time.monotonic() + seconds, 0
        while (now := time.monotonic()) < deadline:
            self._end_due(now)
            if now >= next_one and len(self._lasting) < AT_ONCE_MAX:
                self._check_all_alive()
                self._begin_one()
                next_one = now + self._dice.uniform(*GAP_SECONDS)
            time.sleep(0.05)
        for _, fault in self._lasting:
            fault.end()
        self._lasting = []

    def _check_all_alive(self):
        """Nobody dies but by our hand."""
        ours = [fault.server for _, fault in self._lasting]
        for dc in self._world:
            for server in (dc.sidecar, dc.redis):
                if server not in ours and not server.is_running():
                    raise RuntimeError(f"{server.name} stopped by itself:\n{server.log_text()[-3000:]}")
