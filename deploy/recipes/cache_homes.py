#!/usr/bin/env python3
"""A redis-py client that keeps where its users live, and is told of each one who moves (docs/homes.md, HOMEPORT TRACKING).

    cache_homes.py HOST:PORT USER TIMES     prints where NAME:ID lives whenever that is another datacenter than before, TIMES times
"""

import sys
import time

import redis

MOVED = "homeport-homes"


class Homes:
    """Asks once for each user. Messages of the sidecar make it forget those who have moved."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.asked, self.known = 0, {}
        self.connection = redis.Connection(host=host, port=int(port), protocol=3, decode_responses=True)
        self.connection.connect()
        self.connection._parser.set_pubsub_push_handler(self._hear)
        self._ask("HOMEPORT", "TRACKING", "ON")

    def home(self, user):
        """The datacenter and its address."""
        while self.connection.can_read(timeout=0):
            self.connection.read_response(push_request=True)
        if user not in self.known:
            reply = self._ask("HOMEPORT", "HOME", user)
            facts = reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))
            self.known[user] = facts["home"], facts["address"]
            self.asked += 1
        return self.known[user]

    def _ask(self, *command):
        self.connection.send_command(*command)
        return self.connection.read_response()

    def _hear(self, message):
        """["homeport-homes", [user, datacenter, …]], or without names: any may have moved."""
        if message[0] != MOVED:
            return message
        if message[1] is None:
            self.known.clear()
        else:
            for user in message[1][::2]:
                self.known.pop(user, None)
        return message


def main():
    address, user, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    homes, last = Homes(address), None
    while times > 0:
        found, _ = homes.home(user)
        if found != last:
            print(found, homes.asked, flush=True)
            last, times = found, times - 1
        time.sleep(0.001)


if __name__ == "__main__":
    main()
