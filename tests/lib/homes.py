"""Homes under test: a configuration with every policy, clients that follow redirects, and writers that know what was acknowledged."""

import threading
import time

from .resp import Client, ReplyError
from .workspace import HOST

# Ids that begin with a live in a, and so on. What `away` does is in the pattern's name.
LIST = '{ list: [{ match: "a*", dc: a }, { match: "b*", dc: b }, { match: "*", dc: c }] }'
SETTINGS = f"""homes:
  - {{ match: "user:{{id}}:*", default: {LIST}, away: redirect }}
  - {{ match: "cart:{{id}}", away: forward }}
  - {{ match: "lock:{{id}}", away: refuse, read: home }}
  - {{ match: "count:{{id}}", away: accept, mixed: accept }}
  - {{ match: "seq:{{id}}", away: forward, read: home }}
"""


def ask(client, *words):
    """The reply, an error as its text."""
    try:
        return client(*words)
    except ReplyError as error:
        return f"-{error}"


def home_of(dc, user):
    """As its sidecar says by RESP: a dictionary."""
    with dc.client() as client:
        answer = client("HOMEPORT", "HOME", user)
    return {name.decode(): value.decode() if isinstance(value, bytes) else value for name, value in zip(answer[::2], answer[1::2])}


class Follower:
    """A client that goes where redirects send it, and keeps the connections."""

    def __init__(self, port):
        self._clients, self._port = {}, port

    def _client(self, port):
        if port not in self._clients:
            self._clients[port] = Client((HOST, port), 30)
        return self._clients[port]

    def __call__(self, *words):
        seen, pause, deadline = set(), 0.002, time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                return self._client(self._port)(*words)
            except ReplyError as error:
                if not str(error).startswith("HOMEPORT HOME "):
                    raise
                seen.add(self._port)
                self._port = int(str(error).split()[3].rpartition(":")[2])
                if self._port in seen:  # the new home has not heard yet that it is one
                    time.sleep(pause)
                    pause = min(2 * pause, 0.1)
        raise TimeoutError("redirected in a circle")

    def close(self):
        for client in self._clients.values():
            client.close()


class Writer(threading.Thread):
    """Counts up KEY by one again and again. ACKNOWLEDGED: how often that was answered. UNKNOWN: how often nobody knows."""

    def __init__(self, key, port, begun_at=0):
        super().__init__(daemon=True)
        self.key, self.port, self.begun_at = key, port, begun_at
        self.acknowledged, self.unknown, self.refusals, self.losses, self.slowest = 0, 0, [], [], 0.0
        self._is_stopped = threading.Event()

    def run(self):
        client = Follower(self.port)
        while not self._is_stopped.is_set():
            begun = time.monotonic()
            try:
                client("INCR", self.key)
                self.acknowledged += 1
            except ReplyError as error:
                if "is unknown" in str(error):
                    self.unknown += 1
                self.refusals.append(str(error))
                time.sleep(0.02)
            except (OSError, EOFError) as error:
                self.unknown += 1
                self.losses.append(f"{type(error).__name__}: {error}")
                client.close()
                client = Follower(self.port)
                time.sleep(0.05)
            self.slowest = max(self.slowest, time.monotonic() - begun)
        client.close()

    def stop(self):
        self._is_stopped.set()
        self.join()
