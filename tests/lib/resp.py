"""A Redis client of the standard library alone: it shows exactly what is on the wire, and what was answered before a connection broke."""

import socket


class ReplyError(Exception):
    """The server answered with an error."""


def encode(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Client:
    def __init__(self, address, timeout=10):
        self._socket = socket.create_connection(address, timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self._socket.makefile("rb")

    def __call__(self, *arguments):
        reply = self.pipeline([arguments])[0]
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def pipeline(self, commands):
        """Sends all of COMMANDS in one write; returns the replies, errors as values."""
        self.send(b"".join(encode(*command) for command in commands))
        return [self.read() for _ in commands]

    def send(self, data):
        self._socket.sendall(data)

    def read(self):
        line = self._input.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return ReplyError(rest.decode())
        if kind in b":(":
            return int(rest)
        if kind == b",":
            return float(rest)
        if kind == b"#":
            return rest == b"t"
        if kind == b"_":
            return None
        if kind in b"$=":
            return None if rest == b"-1" else self._read_bytes(int(rest))
        if kind in b"*~>":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        if kind == b"%":
            return {self._hashable(self.read()): self.read() for _ in range(int(rest))}
        raise ValueError(f"not a reply: {line!r}")

    @staticmethod
    def _hashable(value):
        return tuple(value) if isinstance(value, list) else value

    def _read_bytes(self, length):
        data = self._input.read(length + 2)
        if len(data) != length + 2:
            raise EOFError("the server closed the connection")
        return data[:-2]

    def close(self):
        self._input.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
