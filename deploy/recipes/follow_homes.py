#!/usr/bin/env python3
"""A redis-py client that follows its users to their homes (docs/homes.md, away: redirect).

    follow_homes.py HOST:PORT USER TIMES     adds 1 to user:USER:count TIMES times, wherever the user lives
"""

import sys
import time

import redis

TRIES = 20


class HomeClient:
    """Asks any datacenter first, and remembers where each user was found."""

    def __init__(self, address):
        self.first, self.homes, self.clients = address, {}, {}

    def _client(self, address):
        if address not in self.clients:
            host, _, port = address.rpartition(":")
            self.clients[address] = redis.Redis(host, int(port), decode_responses=True)
        return self.clients[address]

    def execute(self, user, *command):
        for attempt in range(TRIES):
            try:
                return self._client(self.homes.get(user, self.first)).execute_command(*command)
            except redis.ResponseError as error:
                kind, what, *rest = f"{error}  ".split(" ")
                if kind != "HOMEPORT" or what not in ("HOME", "HELD"):
                    raise
                if what == "HOME":  # HOMEPORT HOME eu 192.0.2.10:7001
                    self.homes[user] = rest[1]
                # Nothing was written. A home that is new may be known in one place and not yet in the other: do not run to and fro.
                time.sleep(0.01 * attempt)
        raise redis.ResponseError(f"{user} has no home after {TRIES} tries")


def main():
    address, user, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    client = HomeClient(address)
    for _ in range(times):
        print(client.execute(user, "INCR", f"user:{user}:count"), flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main()
