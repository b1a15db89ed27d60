"""What is measured: the same Redis bare, behind nutcracker (twemproxy), and behind homeportd in two set-ups.

local: events go to the log, the peer's sidecar is stopped. whole: the second datacenter applies them, on the same cores."""

import os
from pathlib import Path

from lib.resp import Client
from lib.workspace import HOST, Server, free_port, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_us(pid):
    """Processor time of a process so far, with its threads and its children that have ended. (Redis rewrites its AOF in a child.)"""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) * 1_000_000 // TICKS


class Nutcracker(Server):
    def __init__(self, workspace, redis):
        super().__init__(workspace, "nutcracker")
        self.port, self._stats_port = free_port(), free_port()
        self._config = workspace.directory / "nutcracker.yml"
        self._config.write_text(f"pool:\n  listen: {HOST}:{self.port}\n  redis: true\n  servers:\n   - {HOST}:{redis.port}:1\n")

    def command(self):
        return ["nutcracker", "-c", self._config, "-a", HOST, "-s", self._stats_port, "-v", "3"]

    def wait_ready(self):
        def answers():
            with Client((HOST, self.port)) as client:
                return client("SET", "ready", "1") == "OK"
        wait_until(answers, 10, "nutcracker answers")


class Target:
    """`name` and `port` say what to measure, processes() whose processor time counts."""

    def enter(self):
        """Makes the target the one that is measured next."""

    def settle(self):
        """Waits until what was measured is done everywhere."""


class Bare(Target):
    name = "bare"

    def __init__(self, redis):
        self._redis = redis
        self.port = redis.port

    def processes(self):
        return {"redis": self._redis.process.pid}


class Twemproxy(Target):
    name = "nutcracker"

    def __init__(self, workspace, redis):
        self._redis = redis
        self._proxy = Nutcracker(workspace, redis).start()
        self.port = self._proxy.port

    def processes(self):
        return {"nutcracker": self._proxy.process.pid, "redis": self._redis.process.pid}


class Local(Target):
    name = "local"

    def __init__(self, world, name=None):
        self.world = world
        self.name = name or self.name
        self.port = world["a"].sidecar.port

    def enter(self):
        self.world["b"].sidecar.kill()

    def settle(self):
        sidecar = self.world["a"].sidecar
        wait_until(lambda: sidecar.metrics().one("homeport_outbox_events") == 0, 120, "the log has everything")

    def processes(self):
        dc = self.world["a"]
        broker = {"kafka": self.world.broker.process_id} if self.world.broker else {}
        return {"homeportd": dc.sidecar.process.pid, "redis": dc.redis.process.pid, **broker}


class Whole(Local):
    name = "whole"

    def enter(self):
        if not self.world["b"].sidecar.is_running():
            self.world["b"].sidecar.start()
        self.world.wait_zero_lag(300)

    def settle(self):
        self.world.wait_zero_lag(300)

    def processes(self):
        peer = self.world["b"]
        return {**super().processes(), "peer homeportd": peer.sidecar.process.pid, "peer redis": peer.redis.process.pid}
