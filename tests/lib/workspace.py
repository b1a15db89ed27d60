"""Workspace: a temporary directory and the processes that live in it. Both are gone when it is closed, and when we are killed."""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


def _first_ephemeral_port():
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return 32768


PORTS_AT_ONCE = 500
PORTS_VARIABLE = "HOMEPORT_PORTS"

_given_ports = set()
_held_blocks = []


def claim_ports():
    """Takes a block of ports, as "first-last". Whoever holds its first port owns the others: nobody else who asks here is given one of them, also while
    the server that it was given to is down. It is ours until we end. The ports are below the ephemeral ones, so that no outgoing connection takes one."""
    blocks = list(range(10000, max(_first_ephemeral_port(), 20000) - PORTS_AT_ONCE, PORTS_AT_ONCE))
    random.shuffle(blocks)
    for first in blocks:
        holder = socket.socket()
        try:
            holder.bind((HOST, first))
        except OSError:
            holder.close()
            continue
        _held_blocks.append(holder)
        return f"{first + 1}-{first + PORTS_AT_ONCE - 1}"
    raise OSError("no block of ports is free: too many tests run at once")


def free_port():
    """From the block of whoever started us, or else from one of our own."""
    if PORTS_VARIABLE not in os.environ:
        os.environ[PORTS_VARIABLE] = claim_ports()
    first, last = map(int, os.environ[PORTS_VARIABLE].split("-"))
    while True:
        port = random.randint(first, last)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def wait_until(is_true, seconds, what):
    """Asks again and again until IS_TRUE() gives something; returns that. Errors of a server that is not up yet count as no."""
    deadline = time.monotonic() + seconds
    last_error = None
    while time.monotonic() < deadline:
        try:
            found = is_true()
            if found:
                return found
        except (OSError, EOFError) as error:
            last_error = error
        time.sleep(0.05)
    raise TimeoutError(f"not within {seconds} s: {what}" + (f" ({last_error})" if last_error else ""))


class Workspace:
    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="homeport-"))
        self._closers = []
        guard = Path(__file__).with_name("guard.py")
        self._guard = subprocess.Popen([sys.executable, str(guard), str(self.directory)],
                                       stdin=subprocess.PIPE, text=True, start_new_session=True)
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: sys.exit(128 + received))

    def on_close(self, closer):
        self._closers.append(closer)

    def _tell_guard(self, word, pid):
        if self._guard.poll() is None:
            self._guard.stdin.write(f"{word} {pid}\n")
            self._guard.stdin.flush()

    def watch(self, pid):
        self._tell_guard("started", pid)

    def unwatch(self, pid):
        self._tell_guard("stopped", pid)

    def spawn(self, name, command, environment=None):
        """Starts COMMAND in a session of its own (Ctrl-C reaches only us); its output is appended to NAME.log."""
        with open(self.log_path(name), "ab") as log:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True, cwd=self.directory, env={**os.environ, **(environment or {})})
        self.watch(process.pid)
        return process

    def log_path(self, name):
        return self.directory / f"{name}.log"

    def close(self):
        closers, self._closers = self._closers, []
        for closer in reversed(closers):
            closer()
        if os.environ.get("HOMEPORT_KEEP_LOGS") and self.directory.exists():
            shutil.copytree(self.directory, os.environ["HOMEPORT_KEEP_LOGS"], dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
        if not self._guard.stdin.closed:
            self._guard.stdin.close()
            self._guard.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """One process that can be started, stopped, killed and started again on the same data."""

    stop_seconds = 20

    def __init__(self, workspace, name):
        self.workspace, self.name, self.process = workspace, name, None
        workspace.on_close(self.kill)

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def wait_ready(self):
        raise NotImplementedError

    def start(self, wait=True):
        assert self.process is None, f"{self.name} is running"
        self.process = self.workspace.spawn(self.name, self.command(), self.environment())
        if wait:
            self.wait_ready()
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def _end(self, number):
        process, self.process = self.process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.workspace.unwatch(process.pid)
        return process.returncode

    def kill(self):
        return self._end(signal.SIGKILL)

    def stop(self):
        """Asks it to end in good order; returns its exit status."""
        return self._end(signal.SIGTERM)

    def log_text(self):
        path = self.workspace.log_path(self.name)
        return path.read_text(errors="replace") if path.exists() else ""
