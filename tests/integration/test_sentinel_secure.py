#!/usr/bin/env python3
"""Sentinels and Redis that are spoken to by TLS alone, each with a password and asking for a certificate, as docs/sentinel.md says: the primary is found, and followed. A wrong password, and an authority
that is not trusted, are named."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.certificates import Authority
from lib.redis_server import RedisServer
from lib.sidecar import Sidecar
from lib.workspace import HOST, TOP, Workspace, free_port, wait_until

PAGE = (TOP / "docs" / "sentinel.md").read_text()
SECRET, SENTINELS_SECRET = "of redis", "of sentinels"


class SecureRedis(RedisServer):
    """By TLS for whoever shows a certificate; the plain port is for this test alone."""

    def __init__(self, workspace, name, identity, authority, primary=None):
        self.tls_port = free_port()
        options = tls_of(self.tls_port, identity, authority) + [("requirepass", SECRET), ("masterauth", SECRET)]
        if primary is not None:
            options.append(("replicaof", f"{HOST} {primary.tls_port}"))
        super().__init__(workspace, name, options=[word for option, value in options for word in (f"--{option}", *(value.split() if option == "replicaof" else [value]))])

    def client(self, timeout=10):
        client = super().client(timeout)
        client("AUTH", SECRET)
        return client


class SecureSentinel(RedisServer):
    def __init__(self, workspace, name, identity, authority, primary):
        super().__init__(workspace, name)
        self.tls_port = free_port()
        self.config = self.directory / "sentinel.conf"
        lines = [f"port {self.port}", f"bind {HOST}", f"dir {self.directory}", f'requirepass "{SENTINELS_SECRET}"', f'sentinel sentinel-pass "{SENTINELS_SECRET}"',
                 f"sentinel monitor store {HOST} {primary.tls_port} 2", f'sentinel auth-pass store "{SECRET}"', "sentinel down-after-milliseconds store 1000", "sentinel failover-timeout store 60000"]
        self.config.write_text("\n".join(lines + [f'{option} "{value}"' for option, value in tls_of(self.tls_port, identity, authority)]) + "\n")

    def command(self):
        return ["redis-server", self.config, "--sentinel"]

    def client(self, timeout=10):
        client = super().client(timeout)
        client("AUTH", SENTINELS_SECRET)
        return client


def tls_of(port, identity, authority):
    cert, key = identity
    return [("tls-port", str(port)), ("tls-cert-file", str(cert)), ("tls-key-file", str(key)), ("tls-ca-cert-file", str(authority.cert)), ("tls-replication", "yes"), ("tls-auth-clients", "yes")]


def settings_of_page(folder, sentinels, identity, authority):
    """What the page says, with the places and files of this test."""
    text = re.search(r"```yaml\n(# By TLS, with passwords.*?)```", PAGE, re.DOTALL).group(1)
    names = {"10.0.0.11:26379": 0, "10.0.0.12:26379": 1, "10.0.0.13:26379": 2}
    for place, number in names.items():
        assert place in text
        text = text.replace(place, f"{HOST}:{sentinels[number].tls_port}")
    for name, path in (("eu.crt", identity[0]), ("eu.key", identity[1]), ("authorities.crt", authority.cert)):
        (folder / name).write_text(path.read_text())
    (folder / "eu.key").chmod(0o600)
    (folder / "redis.secret").write_text(SECRET + "\n")
    (folder / "sentinel.secret").write_text(SENTINELS_SECRET + "\n")
    for name in ("redis.secret", "sentinel.secret"):
        (folder / name).chmod(0o600)
    return "dc: eu\n" + text


def logged_in(sidecar):
    client = sidecar.client()
    client.pipeline([("AUTH", SECRET)])
    return client


def says(sidecar, text, fact, facts):
    """Started, it is not ready, and says why."""
    sidecar.start(wait=False)
    try:
        wait_until(lambda: text in sidecar.http("/readyz?verbose")[1], 60, fact)
    except TimeoutError:
        pass
    said = sidecar.http("/readyz?verbose")
    facts.check(said[0] != 200 and text in said[1], fact, said[1])
    sidecar.stop()


def wrong_settings(facts, sidecar, folder, other):
    (folder / "sentinel.secret").write_text("another\n")
    says(sidecar, "WRONGPASS", "a wrong password of the Sentinels is named", facts)
    (folder / "sentinel.secret").write_text(SENTINELS_SECRET + "\n")
    trusted = (folder / "authorities.crt").read_text()
    (folder / "authorities.crt").write_text(other.cert.read_text())
    says(sidecar, "self-signed certificate in certificate chain", "Sentinels whose authority is not trusted are named", facts)
    (folder / "authorities.crt").write_text(trusted)


def sentinel(facts):
    with Workspace() as workspace:
        folder = workspace.directory
        authority, other = Authority(folder, "authority"), Authority(folder, "other")
        servers, mine = authority.issue("servers"), authority.issue("mine")
        first = SecureRedis(workspace, "first", servers, authority).start()
        second = SecureRedis(workspace, "second", servers, authority, first).start()
        with second.client() as client:
            wait_until(lambda: client("ROLE")[3] == b"connected", 60, "the replica follows")
        sentinels = [SecureSentinel(workspace, f"sentinel-{number}", servers, authority, first) for number in range(3)]
        for each in sentinels:
            each.start()
        for each in sentinels:
            with each.client() as client:
                wait_until(lambda: len(client("SENTINEL", "REPLICAS", "store")) == 1 and len(client("SENTINEL", "SENTINELS", "store")) == 2, 60, "Sentinels know each other")
        sidecar = Sidecar(workspace, "homeportd", settings_of_page(folder, sentinels, mine, authority), free_port())
        wrong_settings(facts, sidecar, folder, other)
        sidecar.start()
        with logged_in(sidecar) as client:
            facts.equal(client("SET", "k", "1"), "OK", "the primary is found by TLS, with both passwords")
        with second.client() as client:
            wait_until(lambda: client("GET", "k") == b"1", 60, "the replica has it")
        first.kill()

        def role():
            with second.client() as client:   # each time anew: Sentinels close those that there are
                return client("ROLE")[0]
        wait_until(lambda: role() == b"master", 60, "the replica is promoted")

        def set_again():
            with logged_in(sidecar) as client:
                return client.pipeline([("SET", "k", "2")]) == ["OK"]
        wait_until(set_again, 60, "writes are taken again")
        with second.client() as client:
            facts.equal(client("GET", "k"), b"2", "by the replica that was promoted")


tap.run(sentinel)
