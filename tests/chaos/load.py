"""Load of the main job: unmodified clients writing through a sidecar, and the exact account of what they were told."""

import itertools
import json
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

from lib.workspace import HOST

CLIENTS = Path(__file__).resolve().parent / "clients"
BENCHMARK_RUN = 2000
BENCHMARK_SECONDS_MAX = 8  # a run takes less than one when nothing is killed
PAUSE_SECONDS = 1
BENCHMARK_COUNTER = "count:benchmark"
BENCHMARK_MIX = (
    ("INCR", BENCHMARK_COUNTER),
    ("SET", "text:__rand_int__", "__rand_int__"),
    ("HSET", "hash:__rand_int__", "benchmark", "__rand_int__"),
    ("SADD", "set:__rand_int__", "__rand_int__"),
    ("ZADD", "rank:__rand_int__", "__rand_int__", "m__rand_int__"),
    ("GET", "text:__rand_int__"),
)


class Account:
    """What clients know about their commands. An INCR is acknowledged or, when its answer was lost, unknown."""

    def __init__(self):
        self.commands = self.errors = 0
        self.acknowledged, self.unknown = Counter(), Counter()

    def add(self, report):
        self.commands += report["commands"]
        self.errors += report["errors"]
        self.acknowledged.update(report["acknowledged"])
        self.unknown.update(report["unknown"])


class ProgramLoad:
    """A client program of one language; see clients/README.md."""

    def __init__(self, workspace, language, command, dc, commands, seed):
        self.name = f"{language} at {dc.name}"
        self.account = Account()
        self._output = workspace.log_path(f"load-{language}-{dc.name}")
        words = [*command, HOST, dc.sidecar.port, self.name.replace(" ", "-"), commands, seed]
        self._process = workspace.spawn(f"load-{language}-{dc.name}", words)

    def finish(self, seconds):
        status = self._process.wait(seconds)
        text = self._output.read_text().strip()
        if status != 0:
            raise RuntimeError(f"{self.name} ended with status {status}:\n{text[-2000:]}")
        self.account.add(json.loads(text.splitlines()[-1]))


class BenchmarkLoad(threading.Thread):
    """redis-benchmark gives up at the first error, so it is run again and again, a little each time. What it sent in a run
    that failed is unknown. It goes on until its share is done and IS_NEEDED() says so."""

    def __init__(self, workspace, dc, commands, is_needed):
        super().__init__(daemon=True)
        self.name = f"redis-benchmark at {dc.name}"
        self.account = Account()
        self._workspace, self._port, self._commands, self._is_needed = workspace, dc.sidecar.port, commands, is_needed

    def run(self):
        for command in itertools.cycle(BENCHMARK_MIX):
            if self.account.commands >= self._commands:
                if not self._is_needed():
                    return
                time.sleep(PAUSE_SECONDS)  # only to have something under way when the next server is killed
            is_ok = self._run_once(command)
            counted = {BENCHMARK_COUNTER: BENCHMARK_RUN} if command[0] == "INCR" else {}
            self.account.add({"commands": BENCHMARK_RUN if is_ok else 0, "errors": 0 if is_ok else 1,
                              "acknowledged": counted if is_ok else {}, "unknown": {} if is_ok else counted})

    def _run_once(self, command):
        """When writing fails on one of its connections, redis-benchmark waits for ever for the answers it counted on: it is ended here."""
        process = self._workspace.spawn("redis-benchmark", ["redis-benchmark", "-h", HOST, "-p", self._port, "-c", "10", "-P", "5",
                                                            "-r", "40", "-n", BENCHMARK_RUN, "-q", *command])
        try:
            return process.wait(BENCHMARK_SECONDS_MAX) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
        finally:
            self._workspace.unwatch(process.pid)

    def finish(self, seconds):
        self.join(seconds)
        if self.is_alive():
            raise TimeoutError(f"{self.name} did not end within {seconds} s")
