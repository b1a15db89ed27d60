"""Chaos: kills servers of a world with -9, at random but seeded moments, and starts them again on the same data."""

import random
import time

from .workspace import wait_until


class Chaos:
    def __init__(self, world, seed, kills, log, down_seconds=(0.2, 1.5), pause_seconds=(0.5, 2.0)):
        """KILLS: how often each server is killed. LOG(text) is told of each kill."""
        self._random = random.Random(seed)
        self._down_seconds, self._pause_seconds, self._log = down_seconds, pause_seconds, log
        self._servers = {}
        for dc in world:
            self._servers[f"homeportd of {dc.name}"] = (dc.sidecar.kill, lambda sidecar=dc.sidecar: sidecar.start(wait=False))
            self._servers[f"Redis of {dc.name}"] = (dc.redis.kill, dc.redis.start)
        if world.broker:
            self._servers["the broker"] = (world.broker.kill, world.broker.start)
        self._world = world
        self.counts = dict.fromkeys(self._servers, 0)
        self._due = [name for name in self._servers for _ in range(kills)]
        self._random.shuffle(self._due)

    def run(self, is_load_running):
        """Kills what is due while the load runs; what is left when it ends too early stays undone, and the counts say so."""
        while self._due and is_load_running():
            time.sleep(self._random.uniform(*self._pause_seconds))
            name = self._due.pop()
            kill, start = self._servers[name]
            down = self._random.uniform(*self._down_seconds)
            self._check_all_alive()
            self._log(f"kill -9 {name}, down for {down:.1f} s")
            kill()
            time.sleep(down)
            start()
            self.counts[name] += 1

    def _check_all_alive(self):
        """Nobody dies but by our hand."""
        for dc in self._world:
            for server in (dc.sidecar, dc.redis):
                assert server.is_running(), f"{server.name} stopped by itself:\n{server.log_text()[-3000:]}"


def wait_recovered(world, seconds=90):
    """Every sidecar is ready again after the last kill."""
    for dc in world:
        wait_until(lambda sidecar=dc.sidecar: sidecar.is_ready(), seconds, f"{dc.name} is ready again")
