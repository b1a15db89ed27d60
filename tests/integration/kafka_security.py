#!/usr/bin/env python3
"""Logs in a real Kafka that wants to know who comes: by SASL/SCRAM over TLS, and by certificates (mTLS). The configurations are those of docs/tls.md. A wrong password, and
certificates that are not good, are findings that name the cause."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.certificates import Authority
from lib.kafka_broker import KafkaBroker
from lib.redis_server import RedisServer
from lib.sidecar import Sidecar
from lib.workspace import HOST, TOP, Workspace, free_port, wait_until

PAGE = (TOP / "docs" / "tls.md").read_text()
PASSWORD = "open: sesame"


class SecureBroker(KafkaBroker):
    """With a door for each way to say who one is, besides the plain one that its own tools use."""

    def __init__(self, workspace, authority):
        controller, self.scram_port, self.mutual_port = free_port(), free_port(), free_port()
        self._keystore = workspace.directory / "broker.pem"
        self._present(*authority.issue("broker", f"IP:{HOST}"))
        port = free_port()
        super().__init__(workspace, settings=(
            f"listeners=PLAINTEXT://{HOST}:{port},SCRAM://{HOST}:{self.scram_port},MUTUAL://{HOST}:{self.mutual_port},CONTROLLER://{HOST}:{controller}",
            f"advertised.listeners=PLAINTEXT://{HOST}:{port},SCRAM://{HOST}:{self.scram_port},MUTUAL://{HOST}:{self.mutual_port}",
            f"controller.quorum.voters=1@{HOST}:{controller}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SCRAM:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms=SCRAM-SHA-512",
            "listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "listener.name.mutual.ssl.client.auth=required",
            "ssl.keystore.type=PEM", f"ssl.keystore.location={self._keystore}", "ssl.truststore.type=PEM", f"ssl.truststore.location={authority.cert}"))
        self.port, self.address = port, (HOST, port)

    def _present(self, cert, key):
        self._keystore.write_text(key.read_text() + cert.read_text())

    def add_user(self, name, password):
        """By the broker's own tool, as docs/tls.md says."""
        jars = subprocess.run([TOP / "tests" / "tools" / "kafka-broker", "jars"], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["java", "-XX:-UsePerfData", "-cp", f"{jars}/*", "kafka.admin.ConfigCommand", "--bootstrap-server", f"{HOST}:{self.port}", "--alter",
                        "--add-config", f"SCRAM-SHA-512=[password={password}]", "--entity-type", "users", "--entity-name", name], check=True, capture_output=True)


def configuration(title, port):
    """What stands on the page under that comment, with this broker's address."""
    found = re.search(rf"```yaml\n# {title}\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"docs/tls.md has no configuration '{title}'"
    return found.group(1).replace("kafka.example:9093", f"{HOST}:{port}")


class Datacenters:
    def __init__(self, workspace, logs):
        """LOGS: {name: the YAML of its log}."""
        self.workspace, self.logs = workspace, logs
        ports = {name: free_port() for name in logs}
        self.sidecars, redis = {}, {}
        for name in logs:
            redis[name] = RedisServer(workspace, f"redis-{name}").start()
        for name, peer in (("eu", "us"), ("us", "eu")):
            config = (f"dc: {name}\nredis: {{ address: {HOST}:{redis[name].port} }}\n{logs[name]}"
                      f"peers:\n  {peer}: {{ address: {HOST}:{ports[peer]}, log: {self._inline(logs[name])} }}\n")
            self.sidecars[name] = Sidecar(workspace, f"homeportd-{name}", config, ports[name])

    @staticmethod
    def _inline(text):
        """A log as a peer's: read as this datacenter reads the broker."""
        pairs = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        return "{ kafka: { " + ", ".join(pairs) + " } }"


def is_there(sidecar, key, value):
    with sidecar.client() as client:
        return client("GET", key) == value


def data_goes(facts, sidecars, what):
    for name, peer in (("eu", "us"), ("us", "eu")):
        with sidecars[name].client() as client:
            client("SET", f"{what}:{name}", "written")
        wait_until(lambda: is_there(sidecars[peer], f"{what}:{name}", b"written"), 60, f"what {name} wrote is at {peer}")
        facts.check(True, f"{what}: what {name} wrote is at {peer}")


def is_named(facts, sidecar, what, *causes):
    """The finding of the log says one of CAUSES."""
    def said():
        text = sidecar.http("/readyz?verbose")[1]
        lines = [line for line in text.splitlines() if " log" in line or line.startswith("log")]
        found = [line for line in lines if any(re.search(cause, line) for cause in causes)]
        return found or None
    try:
        facts.note(wait_until(said, 60, what)[0])
        facts.check(True, f"{what}: the finding names the cause")
    except TimeoutError:
        facts.check(False, f"{what}: the finding names the cause", sidecar.http("/readyz?verbose")[1])


def wrong(facts, sidecar, files, what, *causes):
    """With FILES {path: text} beside its configuration, until they are put right."""
    right = {path: path.read_text() for path in files}
    for contents in (files, right):
        for path, text in contents.items():
            path.write_text(text)
        sidecar.stop()
        sidecar.start(wait=contents is right)
        if contents is files:
            is_named(facts, sidecar, what, *causes)


def kafka_security(facts):
    with Workspace() as workspace:
        authority = Authority(workspace.directory, "authorities")
        other = workspace.directory / "other"
        other.mkdir()
        stranger = Authority(other, "stranger")
        broker = SecureBroker(workspace, authority).start()
        broker.add_user("homeport", PASSWORD)
        secret = workspace.directory / "kafka.secret"
        secret.write_text(PASSWORD + "\n")
        cert, key = authority.issue("us")
        logs = {"eu": configuration("A log in Kafka, by SASL/SCRAM", broker.scram_port), "us": configuration("A log in Kafka, by certificates", broker.mutual_port)}
        sidecars = Datacenters(workspace, logs).sidecars
        for sidecar in sidecars.values():
            sidecar.start(wait=False)
        for sidecar in sidecars.values():
            sidecar.wait_ready()
        data_goes(facts, sidecars, "both ways")
        eu, us = sidecars["eu"], sidecars["us"]
        wrong(facts, eu, {secret: "open: barley\n"}, "a wrong password", "SASL authentication error: .*invalid credentials")
        wrong(facts, eu, {authority.cert: stranger.cert.read_text()}, "a broker's certificate of an authority that is not trusted", "certificate verify failed")
        unknown = [path.read_text() for path in stranger.issue("us")]
        wrong(facts, us, dict(zip((cert, key), unknown)), "a certificate of an authority that the broker does not trust", "alert certificate unknown", "alert unknown ca")
        wrong(facts, us, {cert: authority.issue_expired("us", key).read_text()}, "a certificate that has expired", "alert certificate expired", "alert certificate unknown")
        data_goes(facts, sidecars, "when all is put right")


tap.run(kafka_security)
