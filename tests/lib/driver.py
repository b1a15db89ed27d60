"""A connector at the hands of a test, by the programs in tests/integration/connectors: lines in, lines out."""

import os
import queue
import subprocess
import threading
import time

from .workspace import TOP

BUILD = os.environ.get("HOMEPORT_BUILD", str(TOP / "build" / "optimized"))


class Driver:
    def __init__(self, workspace, name, *arguments):
        self.said = []                   # all lines, for checks at the end
        self._lines = queue.Queue()
        command = [os.path.join(BUILD, "tests", "integration", "connectors", name), *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        workspace.watch(self._process.pid)
        workspace.on_close(self.kill)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.said.append(line.rstrip("\n"))
            self._lines.put(line.rstrip("\n"))

    def tell(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def expect(self, start, seconds=20):
        """Skips to the next line that begins with START; returns its other words."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"not said within {seconds} s: {start}; last said: {self.said[-5:]}") from None
            if line == start or line.startswith(start + " "):
                return line[len(start):].split()

    def end(self):
        """Closes its input; returns its exit status."""
        self._process.stdin.close()
        status = self._process.wait(20)
        self._reader.join(5)
        return status

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
