"""A Redis server of its own for a datacenter."""

from .resp import Client, ReplyError
from .workspace import HOST, Server, free_port, wait_until


class RedisServer(Server):
    """With AOF, a kill -9 loses nothing that was acknowledged: the kernel has it. (Not so with appendfsync everysec: while a slow fsync is under way, Redis answers
    first and writes later.)"""

    def __init__(self, workspace, name, aof=True, options=()):
        super().__init__(workspace, name)
        self.port = free_port()
        self.address = (HOST, self.port)
        self.directory = workspace.directory / name
        self.directory.mkdir()
        self.socket = self.directory / "redis.sock"
        self._options = ["--appendonly", "yes" if aof else "no", "--appendfsync", "no", *options]

    def command(self):
        return ["redis-server", "--bind", HOST, "--port", self.port, "--unixsocket", self.socket,
                "--dir", self.directory, "--save", "",
                "--maxmemory-policy", "noeviction", *self._options]

    def client(self, timeout=10):
        return Client(self.address, timeout)

    def wait_ready(self):
        def answers():
            if not self.is_running():
                raise RuntimeError(f"{self.name} stopped while starting:\n{self.log_text()[-2000:]}")
            try:
                with self.client() as client:
                    return client("PING") == "PONG"
            except ReplyError:
                return False  # still loading its AOF
        wait_until(answers, 60, f"{self.name} answers")
