#!/usr/bin/env python3
"""Counts for users where they live, with redis-py; see README.md."""

import json
import random
import sys
import threading
import time

import redis

AGAIN = ("HOMEPORT HELD", "HOMEPORT UNREACHABLE", "HOMEPORT ISOLATED", "LOADING")


class Worker(threading.Thread):
    def __init__(self, addresses, near, home, users, pace):
        super().__init__(daemon=True)
        self.near, self.first, self.users, self.pace = near, addresses[home], users, pace
        self.clients, self.homes, self.counts, self.unknown, self.writes = {}, {}, {}, {}, []
        self.lost = self.twice = self.stale = self.refused = 0
        self.is_over = False

    def client(self, address):
        if address not in self.clients:
            host, _, port = address.rpartition(":")
            self.clients[address] = redis.Redis(host, int(port), socket_timeout=30, retry=None)
        return self.clients[address]

    def note_unknown(self, user):
        self.unknown[user] = self.unknown.get(user, 0) + 1

    def count_up(self, user):
        """The number and how often it was redirected; None: not known, or the end."""
        redirects, pause, seen = 0, 0.002, set()
        while not self.is_over:
            address = self.homes.get(user, self.first)
            try:
                return self.client(address).incr(f"user:{user}:n"), redirects
            except redis.exceptions.BusyLoadingError:
                self.refused += 1
            except redis.ResponseError as error:
                text = str(error)
                if text.startswith("HOMEPORT HOME "):
                    seen.add(address)
                    told = text.split()[3]
                    self.homes[user], redirects = self.near.get(told, told), redirects + 1
                    if self.homes[user] not in seen:
                        continue
                elif text.startswith(AGAIN) and "is unknown" not in text:
                    self.refused += 1
                else:
                    self.note_unknown(user)
                    return None, redirects
            except redis.ConnectionError as error:
                if "refused" not in str(error):
                    self.note_unknown(user)
                    return None, redirects
            time.sleep(pause)
            pause = min(2 * pause, 0.1)
        return None, redirects

    def judge(self, user, found):
        expected, unknown = self.counts.get(user, 0) + 1, self.unknown.pop(user, 0)
        self.lost += max(0, expected - found)
        self.twice += max(0, found - expected - unknown)
        self.counts[user] = found

    def read(self, user):
        try:
            self.stale += int(self.client(self.homes.get(user, self.first)).get(f"user:{user}:n") or 0) < self.counts[user]
        except redis.RedisError:
            pass

    def run(self):
        dice, due, count = random.Random(self.users[0]), time.monotonic(), 0
        while not self.is_over:
            user, began, at = dice.choice(self.users), time.monotonic(), time.time()
            found, redirects = self.count_up(user)
            if found is not None:
                self.writes.append((round(at * 1000), round((time.monotonic() - began) * 1000, 2), redirects))
                self.judge(user, found)
                count += 1
                if count % 10 == 0:
                    self.read(user)
            due = max(due + self.pace, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))


def main():
    addresses = dict(pair.split("=") for pair in sys.argv[1].split(","))
    home, prefix, users, workers, rate = sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7])
    names = [f"{prefix}{number}" for number in range(users)]
    near = dict(pair.split("=") for pair in sys.argv[7].split(",") if pair)
    running = [Worker(addresses, near, home, names[index::workers], workers / rate) for index in range(workers)]
    for worker in running:
        worker.start()
    sys.stdin.read()
    for worker in running:
        worker.is_over = True
    for worker in running:
        worker.join()
    told = {name: sum(getattr(worker, name) for worker in running) for name in ("lost", "twice", "stale", "refused")}
    told["writes"] = [write for worker in running for write in worker.writes]
    for name in ("counts", "unknown"):
        told[name] = {user: number for worker in running for user, number in getattr(worker, name).items()}
    print(json.dumps(told))


main()
