"""Clients in three languages that count for users where they live (tests/bench/clients), and what they have seen."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

from .workspace import HOST

TESTS = Path(__file__).resolve().parents[1]
SOURCES = TESTS / "bench" / "clients"


LANGUAGES = ("go", "node", "python")


class HomeCounters:
    """One program a language, and its share of the users. TELLS: what each has told in the end."""

    def __init__(self, world, home, users, rate, workers=(16, 16, 8), prefix="", languages=LANGUAGES):
        self._cache = Path(subprocess.run([TESTS / "chaos" / "clients" / "prepare"], capture_output=True, text=True, check=True).stdout.strip())
        self._addresses = ",".join(f"{dc.name}={HOST}:{dc.sidecar.port}" for dc in world)
        near = ",".join(f"{HOST}:{link.port}={HOST}:{world[peer].sidecar.port}" for (_, peer), link in world._peer_links.items())
        self._running, self.tells, self._words, self.users = {}, {}, {}, []
        for number, language in enumerate(languages):
            share = lambda whole: whole // len(languages) + (number < whole % len(languages))
            self._words[language] = [*self._command(language), self._addresses, home, f"{prefix}{language}", share(users), min(workers[number], share(users)), share(rate), near]
            self.users += [f"{prefix}{language}{user}" for user in range(share(users))]

    def _command(self, language):
        return {"go": [self._cache / "count-go"], "node": ["node", SOURCES / "count.js"],
                "python": [self._cache / "python" / "bin" / "python", SOURCES / "count.py"]}[language]

    def start(self):
        for language, words in self._words.items():
            self._running[language] = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                                       env={**os.environ, "NODE_PATH": str(self._cache / "node_modules")})

    def stop(self):
        for running in self._running.values():
            running.stdin.close()
        for language, running in self._running.items():
            self.tells[language] = json.loads(running.stdout.read())
            running.wait()

    def total(self, name):
        return sum(tell[name] for tell in self.tells.values())

    def writes(self):
        """(when in ms since 1970, ms it took, redirects)."""
        return [write for tell in self.tells.values() for write in tell["writes"]]

    def tally(self, name):
        return Counter({user: number for tell in self.tells.values() for user, number in tell[name].items()})

    def wrong_at(self, dc):
        """Users whose number there, past the sidecar, is not what was counted; those whose last write is of unknown outcome may be ahead by it."""
        counts, unknown, wrong = self.tally("counts"), self.tally("unknown"), []
        with dc.redis.client(60) as client:
            for first in range(0, len(self.users), 500):
                some = self.users[first:first + 500]
                for user, found in zip(some, client("MGET", *(f"user:{user}:n" for user in some))):
                    if not counts[user] <= int(found or 0) <= counts[user] + unknown[user]:
                        wrong.append((user, int(found or 0), counts[user], unknown[user]))
        return wrong

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for running in self._running.values():
            if running.poll() is None:
                running.kill()
                running.wait()
