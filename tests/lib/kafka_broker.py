"""A real Apache Kafka broker, by tests/tools/kafka-broker, with as many doors (listeners) as there are ways to it that a test
wants to cut or slow down one by one: a broker tells its clients where to connect, so every way needs a listener of its own."""

import socket
import struct
import subprocess

from .link import Link
from .workspace import HOST, TOP, free_port

DELETE_TOPICS, CREATE_TOPICS = 20, 19
TOOL = TOP / "tests" / "tools" / "kafka-broker"


class KafkaBroker:
    def __init__(self, workspace, doors=(), settings=()):
        self.workspace = workspace
        self.directory = workspace.directory / "kafka"
        self.port = free_port()
        self.address = (HOST, self.port)
        self.process_id = None
        self.links = {door: Link(workspace) for door in doors}
        self._settings = [*self._listener_settings(doors), *settings]
        workspace.on_close(self.kill)

    def _listener_settings(self, doors):
        controller = free_port()
        listeners = {"PLAINTEXT": (self.port, self.port)}
        for number, door in enumerate(doors):
            port = free_port()
            self.links[door].aim((HOST, port))
            listeners[f"DOOR{number}"] = (port, self.links[door].port)
        bound = [f"{name}://{HOST}:{port}" for name, (port, _) in listeners.items()]
        told = [f"{name}://{HOST}:{port}" for name, (_, port) in listeners.items()]
        return [f"listeners={','.join(bound)},CONTROLLER://{HOST}:{controller}",
                f"advertised.listeners={','.join(told)}",
                f"controller.quorum.voters=1@{HOST}:{controller}",
                "listener.security.protocol.map=" + ",".join(f"{name}:PLAINTEXT" for name in [*listeners, "CONTROLLER"])]

    def start(self):
        settings = [word for setting in self._settings for word in ("--set", setting)]
        done = subprocess.run([TOOL, "start", "--port", str(self.port), "--dir", self.directory, *settings],
                              capture_output=True, text=True, start_new_session=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the Kafka broker did not start:\n{done.stderr}")
        self.process_id = int(done.stdout.split()[-1])
        self.workspace.watch(self.process_id)
        return self

    def _ask(self, kind, version, body):
        """One request of Kafka's protocol; its answer is waited for."""
        request = struct.pack(">hhi", kind, version, 1) + struct.pack(">h", 4) + b"test" + body
        with socket.create_connection(self.address, 20) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            assert len(connection.recv(4)) == 4

    def delete_topics(self, *names):
        texts = b"".join(struct.pack(">h", len(name)) + name.encode() for name in names)
        self._ask(DELETE_TOPICS, 1, struct.pack(">i", len(names)) + texts + struct.pack(">i", 10000))

    def create_topic(self, name):
        text = struct.pack(">h", len(name)) + name.encode()
        self._ask(CREATE_TOPICS, 2, struct.pack(">i", 1) + text + struct.pack(">ihii", 1, 1, 0, 0) + struct.pack(">ib", 10000, 0))

    def _end(self, command):
        if self.process_id is None:
            return
        subprocess.run([TOOL, command, "--dir", self.directory], check=False, start_new_session=True, capture_output=True)
        self.workspace.unwatch(self.process_id)
        self.process_id = None

    def kill(self):
        self._end("kill")

    def stop(self):
        self._end("stop")
