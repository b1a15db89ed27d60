"""A connection that keeps what it gets as bytes."""

import socket

from .resp import encode

MARK = b"$8\r\n!marked!\r\n"


class Raw:
    """A connection that keeps what it gets as bytes."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 20)
        self.bytes = b""

    def ask(self, *commands, mark="ECHO"):
        """Sends COMMANDS in one write, and a mark behind them; the bytes that came before the mark. MARK: a subscriber takes PING only."""
        sent = b"".join(command if isinstance(command, bytes) else encode(*command) for command in commands)
        try:
            self.socket.sendall(sent + encode(mark, "!marked!"))
        except OSError:
            pass
        while MARK not in self.bytes:
            data = self.socket.recv(65536)
            if not data:
                before, self.bytes = self.bytes, b""
                return before + b"<closed>"
            self.bytes += data
        before, self.bytes = self.bytes.split(MARK, 1)
        return before

    def until(self, end):
        """The bytes up to END, which come by themselves."""
        while end not in self.bytes:
            data = self.socket.recv(65536)
            if not data:
                return self.bytes + b"<closed>"
            self.bytes += data
        at = self.bytes.index(end) + len(end)
        before, self.bytes = self.bytes[:at], self.bytes[at:]
        return before

    def close(self):
        self.socket.close()
