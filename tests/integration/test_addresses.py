#!/usr/bin/env python3
"""Addresses: clients and Redis at Unix sockets, URLs in place of addresses, and that no password in one is ever shown."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import Client
from lib.sidecar import Sidecar, build_directory
from lib.workspace import HOST, Workspace, free_port

WRONG = (
    ("redis: { address: 'redis://me:sesame@127.0.0.1:6379/3' }", "redis.address: 'redis://(hidden)@127.0.0.1:6379/3' is no address"),
    ("redis: { address: 'redis://me:sesame@127.0.0.1', password: other }", "redis.address names a user or password, and so does another setting"),
    ("redis: { sentinel: ['127.0.0.1:1'] }", "redis.sentinel needs redis.master"),
    ("redis: { sentinel: ['redis://u:sesame@127.0.0.1:1'], master: m }", "redis.sentinel: 'redis://(hidden)@127.0.0.1:1' is no address"),
    ("peers: { b: { address: 'redis://u:sesame@127.0.0.1:5/9', log: { redis-stream: { address: '127.0.0.1:7' } } } }",
     "peers.b.address: 'redis://(hidden)@127.0.0.1:5/9' is no address"),
    ("peers: { b: { address: '127.0.0.1:5', log: { redis-stream: { address: 'rediss://u:sesame@127.0.0.1:7/1' } } } }",
     "peers.b.log.redis-stream.address: 'rediss://(hidden)@127.0.0.1:7/1' is no address"),
    ("unixsocketperm: 768", "unixsocketperm: 768 has a digit above 7"),
    ("listen_tls: 127.0.0.1:9", "listen_tls has no certificate to show"),
)


class UnixClient(Client):
    def __init__(self, path):  # pylint: disable=super-init-not-called
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(str(path))
        self._input = self._socket.makefile("rb")


def sockets(facts, workspace):
    redis = RedisServer(workspace, "redis").start()
    with redis.client() as client:
        client("ACL", "SETUSER", "side:car", "on", ">p@ss%word", "+@all", "~*", "&*")
    path = workspace.directory / "clients.sock"
    sidecar = Sidecar(workspace, "homeportd", f"dc: a\nunixsocket: {path.name}\nunixsocketperm: 750\n"
                      f"redis: {{ address: 'unix://side%3acar:p%40ss%25word@{redis.socket}' }}\n", free_port())
    sidecar.start(wait=False)
    sidecar.wait_ready()
    facts.equal(oct(stat.S_IMODE(os.stat(path).st_mode)), "0o750", "the socket has its permissions")
    with UnixClient(path) as client:
        facts.equal(client("SET", "key", "value"), "OK", "a client comes by it; Redis is reached by one, as the user of the URL")
        facts.check(f"addr={path}:0 laddr={path}:0" in client("CLIENT", "INFO").decode(), "CLIENT INFO says where it is", client("CLIENT", "INFO"))
    with redis.client() as client:
        facts.check("user=side:car" in client("CLIENT", "LIST").decode(), "the sidecar logs in as that user")
    facts.check("p@ss" not in sidecar.log_text() + sidecar.http("/v1/status")[1] + sidecar.http("/readyz?verbose")[1], "the password is not told")
    sidecar.kill()
    facts.check(path.exists(), "a sidecar that is killed leaves its socket")
    sidecar.start(wait=False)
    sidecar.wait_ready()
    with UnixClient(path) as client:
        facts.equal(client("GET", "key"), b"value", "the next one replaces it")
    sidecar.stop()
    facts.check(not path.exists(), "one that ends takes it along")


def wrong_ones(facts, workspace):
    for number, (setting, said) in enumerate(WRONG):
        path = workspace.directory / f"wrong-{number}.yml"
        path.write_text(f"dc: a\n{setting}\n")
        done = subprocess.run([build_directory() / "homeportd", "--check", "--config", path], capture_output=True, text=True, check=False)
        facts.check(done.returncode == 1 and said in done.stderr and "sesame" not in done.stderr, f"--check says: {said}", done.stderr)


def addresses(facts):
    with Workspace() as workspace:
        sockets(facts, workspace)
        wrong_ones(facts, workspace)


tap.run(addresses)
