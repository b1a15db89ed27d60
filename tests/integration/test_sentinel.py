#!/usr/bin/env python3
"""Sentinel: the primary is found and followed. A fail-over under load promotes a replica that lacks the last writes: they come back. The old primary that
returns as one is not used. Without Sentinels nothing is chosen, and /readyz says what is waited for."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.link import Link
from lib.redis_server import RedisServer
from lib.resp import ReplyError
from lib.sidecar import Sidecar
from lib.workspace import HOST, Workspace, free_port, wait_until


class SentinelServer(RedisServer):
    def __init__(self, workspace, name, primary):
        super().__init__(workspace, name)
        self.config = self.directory / "sentinel.conf"
        self.config.write_text(f"port {self.port}\nbind {HOST}\ndir {self.directory}\nsentinel monitor store {HOST} {primary.port} 2\n"
                               "sentinel down-after-milliseconds store 1000\nsentinel failover-timeout store 60000\n")

    def command(self):
        return ["redis-server", self.config, "--sentinel"]


class Load(threading.Thread):
    """Counts what was acknowledged."""

    def __init__(self, sidecar):
        super().__init__(daemon=True)
        self.sidecar, self.acknowledged, self.failures, self.is_over = sidecar, [], 0, False

    def run(self):
        number = 0
        while not self.is_over:
            try:
                with self.sidecar.client() as client:
                    while not self.is_over:
                        number += 1
                        client.pipeline([("SET", f"key:{number}", number)])[0]
                        replies = client.pipeline([("SET", f"sure:{number}", number)])
                        if replies == ["OK"]:
                            self.acknowledged.append(number)
                        else:
                            self.failures += 1
            except (OSError, EOFError):
                self.failures += 1


def peers_config(dc, where, peer, peer_port, log):
    return (f"dc: {dc}\nredis: {{ {where} }}\npeers:\n  {peer}: {{ address: {HOST}:{peer_port}, log: {{ redis-stream: {{ address: {log} }} }} }}\n")


def role_of(redis):
    """On a new connection each time: Sentinels close those that there are."""
    with redis.client() as client:
        return client("ROLE")[0]


def there(client, key):
    try:
        return client("GET", key)
    except ReplyError:
        return None


def fails_over(facts, first, second, replication, way, a, b):
    load = Load(a)
    load.start()
    wait_until(lambda: len(load.acknowledged) > 300, 60, "writes are taken")
    replication.cut()
    count = len(load.acknowledged)
    wait_until(lambda: len(load.acknowledged) > count + 300, 60, "more writes are taken, which the replica lacks")
    with second.client() as client:
        lacking = client("GET", f"sure:{load.acknowledged[-1]}") is None
    first.kill()
    way.aim(second.address)
    wait_until(lambda: role_of(second) == b"master", 60, "the replica is promoted")
    with second.client() as client:
        count = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > count + 100, 60, "writes are taken by the new primary")
        load.is_over = True
        load.join(30)
        a.wait_ready()
        def lost_now():
            return [number for number in load.acknowledged if client("GET", f"sure:{number}") != b"%d" % number]
        try:
            wait_until(lambda: not lost_now(), 60, "what the replica lacked comes back")
        except TimeoutError:
            pass
        lost = lost_now()
    facts.check(lacking, "the replica lacked writes that were acknowledged")
    facts.equal(lost, [], f"none of {len(load.acknowledged)} acknowledged writes is lost ({load.failures} failed meanwhile)")
    with b.client() as client:
        wait_until(lambda: all(client("GET", f"sure:{number}") == b"%d" % number for number in load.acknowledged[-50:]), 60, "the peer has the newest")
        facts.equal([number for number in load.acknowledged if there(client, f"sure:{number}") is None], [], "and all of them")


def old_primary(facts, first, second, a):
    """It does not know that it was replaced. Sentinels make it a replica after a while."""
    first.start()
    with a.client() as client:
        facts.equal(client("SET", "after", "here"), "OK", "writes go on when the old primary returns")
    with second.client() as client:
        facts.equal(client("GET", "after"), b"here", "to the new one")
    facts.check(a.http("/readyz")[0] == 200, "and the sidecar stays there")


def without_sentinels(facts, sentinels, a):
    for sentinel in sentinels[:2]:
        sentinel.kill()
    wait_until(lambda: "warning sentinel: 1 of 3 Sentinels answer" in a.http("/readyz?verbose")[1], 60, "too few Sentinels are a finding")
    with a.client() as client:
        facts.equal(client("GET", "after"), b"here", "without them the primary that is known is used")
    a.stop()
    a.start(wait=False)
    text = wait_until(lambda: "waiting for Sentinel" in a.http("/readyz?verbose")[1] and a.http("/readyz?verbose")[1], 60, "it is said what is waited for")
    facts.check("waiting for Sentinel: " in text and "of 3 answer, more than half are needed" in text, "a start waits for more than half of them", text)
    for sentinel in sentinels[:2]:
        sentinel.start()
    a.wait_ready()
    wait_until(lambda: "sentinel" not in a.http("/readyz?verbose")[1].lower(), 60, "nothing is found any more")
    with a.client() as client:
        facts.equal(client("GET", "after"), b"here", "and finds the primary then")


def sentinel(facts):
    with Workspace() as workspace:
        first = RedisServer(workspace, "first").start()
        replication = Link(workspace, first.address)
        second = RedisServer(workspace, "second", options=["--replicaof", HOST, str(replication.port)]).start()
        theirs = RedisServer(workspace, "theirs").start()
        with second.client() as client:
            wait_until(lambda: client("ROLE")[3] == b"connected", 60, "the replica follows")
        sentinels = [SentinelServer(workspace, f"sentinel-{number}", first) for number in range(3)]
        for each in sentinels:
            each.start()
        way = Link(workspace, first.address)
        ports = free_port(), free_port()
        where = "sentinel: [" + ", ".join(f"'{HOST}:{each.port}'" for each in sentinels) + "], master: store"
        a = Sidecar(workspace, "homeportd-a", peers_config("a", where, "b", ports[1], f"{HOST}:{theirs.port}"), ports[0])
        b = Sidecar(workspace, "homeportd-b", peers_config("b", f"address: {HOST}:{theirs.port}", "a", ports[0], f"{HOST}:{way.port}"), ports[1])
        for sidecar in (a, b):
            sidecar.start(wait=False)
        for sidecar in (a, b):
            sidecar.wait_ready()
        for each in sentinels:
            with each.client() as client:
                wait_until(lambda: len(client("SENTINEL", "REPLICAS", "store")) == 1 and len(client("SENTINEL", "SENTINELS", "store")) == 2, 60, "Sentinels know each other")
        fails_over(facts, first, second, replication, way, a, b)
        old_primary(facts, first, second, a)
        without_sentinels(facts, sentinels, a)


tap.run(sentinel)
