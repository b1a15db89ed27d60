"""A homeportd beside a Redis server, and what it says about itself."""

import http.client
import os
import re
import signal
import struct
import subprocess
from pathlib import Path

from .resp import Client
from .workspace import HOST, TOP, Server, free_port, wait_until

SKEWED_CLOCK = TOP / "tests" / "tools" / "skewed_clock.c"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def build_directory():
    """Where the programs under test were built: HOMEPORT_BUILD, or what deploy/build made last for the tests."""
    return Path(os.environ.get("HOMEPORT_BUILD", TOP / "build" / "optimized")).resolve()


class Metrics:
    """One reading of /metrics."""

    def __init__(self, text):
        self._samples = {}
        for line in text.splitlines():
            match = SAMPLE.match(line)
            if match:
                name, labels, value = match.groups()
                self._samples.setdefault(name, []).append((dict(LABEL.findall(labels or "")), float(value)))

    def samples(self, name, **labels):
        """(labels, value) of each."""
        return [(found, value) for found, value in self._samples.get(name, []) if labels.items() <= found.items()]

    def values(self, name, **labels):
        return [value for _, value in self.samples(name, **labels)]

    def total(self, name, **labels):
        return sum(self.values(name, **labels))

    def one(self, name, **labels):
        values = self.values(name, **labels)
        assert len(values) == 1, f"{name}{labels}: {len(values)} samples"
        return values[0]


class Sidecar(Server):
    def __init__(self, workspace, name, config, port, clock_offset_seconds=None):
        """CONFIG: the YAML but for `listen` and `admin`, which are added here. With a clock offset, 0 included, its clock can be set."""
        super().__init__(workspace, name)
        self.port = port
        self.admin_port = free_port()
        self.address = (HOST, self.port)
        self._skew_path = workspace.directory / f"{name}.skew"
        self.has_clock_of_its_own = clock_offset_seconds is not None
        if self.has_clock_of_its_own:
            self.set_clock(clock_offset_seconds)
        self.config_path = workspace.directory / f"{name}.yml"
        self._write_config(config)

    def _write_config(self, config):
        self.config_path.write_text(f"listen: {HOST}:{self.port}\nadmin: {HOST}:{self.admin_port}\n{config}")

    def set_clock(self, offset_seconds):
        """From now on its wall clock is wrong by that much. In place: a running sidecar has the file mapped."""
        with open(self._skew_path, "r+b" if self._skew_path.exists() else "wb") as file:
            file.write(struct.pack("=q", round(offset_seconds * 1000)))

    def change_config(self, config):
        self._write_config(config)
        self.reload()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def command(self):
        return [build_directory() / "homeportd", "--config", self.config_path]

    def environment(self):
        if not self.has_clock_of_its_own:
            return {}
        library = self.workspace.directory / "skewed_clock.so"
        if not library.exists():
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, SKEWED_CLOCK, "-ldl"], check=True)
        return {"LD_PRELOAD": str(library), "SKEW_FILE": str(self._skew_path),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def client(self, timeout=10):
        return Client(self.address, timeout)

    def http(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection(HOST, self.admin_port, timeout=5)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ctl(self, *words):
        """Runs homeportctl: (exit status, what it printed, what it complained about)."""
        done = subprocess.run([build_directory() / "homeportctl", "--admin", f"{HOST}:{self.admin_port}", *map(str, words)],
                              capture_output=True, text=True, timeout=30, check=False, cwd=self.workspace.directory)
        return done.returncode, done.stdout, done.stderr

    def metrics(self):
        status, text = self.http("/metrics")
        assert status == 200, f"/metrics of {self.name}: {status}"
        return Metrics(text)

    def is_ready(self):
        return self.http("/readyz")[0] == 200

    def _assert_running(self):
        if not self.is_running():
            raise RuntimeError(f"{self.name} stopped while starting:\n{self.log_text()[-3000:]}")

    def wait_ready(self, seconds=60):
        def ready():
            self._assert_running()
            return self.is_ready()
        try:
            wait_until(ready, seconds, f"{self.name} is ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self._last_words()}") from None

    def _last_words(self):
        try:
            return self.http("/readyz?verbose")[1] + self.log_text()[-1500:]
        except OSError:
            return self.log_text()[-1500:]
