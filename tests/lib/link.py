"""Link: a way between two datacenters that a test can cut, heal and slow down. A TCP relay on one thread."""

import selectors
import socket
import threading
import time
from collections import deque

from .workspace import HOST


class Link:
    def __init__(self, workspace, target=None):
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.address = (HOST, self.port)
        self.delay_seconds = 0.0
        self._is_slow_both_ways = False
        self._is_cut = False
        self._has_dropped = threading.Event()
        self._pipes = {}
        self._is_closed = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._listener.setblocking(False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        workspace.on_close(self.close)

    def aim(self, target):
        self._target = target

    def cut(self):
        """When this returns nothing passes any more: connections are broken, new ones are refused at once."""
        self._is_cut = True
        self._has_dropped.wait(5)

    def heal(self):
        self._is_cut = False
        self._has_dropped.clear()

    def slow(self, seconds, both_ways=False):
        """From now on what comes from the target arrives SECONDS later, and with both ways what goes there as well."""
        self.delay_seconds, self._is_slow_both_ways = seconds, both_ways

    def close(self):
        self._is_closed = True
        self._thread.join(2)

    def _run(self):
        while not self._is_closed:
            if self._is_cut:
                self._drop_all()
                self._has_dropped.set()
            for key, _ in self._selector.select(self._rest_seconds()):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._receive(key.fileobj)
            self._deliver()
        self._drop_all()
        self._listener.close()
        self._selector.close()

    def _rest_seconds(self):
        """Until something is due, at most 10 ms."""
        due = [waiting[0][0] for _, waiting, _ in self._pipes.values() if waiting]
        return max(0, min([0.01, *(at - time.monotonic() for at in due)]))

    def _accept(self):
        near, _ = self._listener.accept()
        far = None
        if not self._is_cut:
            try:
                far = socket.create_connection(self._target, 1)
            except OSError:
                pass
        if far is None:
            near.close()
            return
        for source, sink, is_slowed in ((near, far, False), (far, near, True)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pipes[source] = (sink, deque(), is_slowed)
            self._selector.register(source, selectors.EVENT_READ)

    def _receive(self, source):
        if source not in self._pipes:
            return
        try:
            data = source.recv(1 << 18)
        except OSError:
            data = b""
        if data:
            _, waiting, is_slowed = self._pipes[source]
            waiting.append((time.monotonic() + (self.delay_seconds if is_slowed or self._is_slow_both_ways else 0), data))
        else:
            self._drop(source)

    def _deliver(self):
        now = time.monotonic()
        for source, (sink, waiting, _) in list(self._pipes.items()):
            while waiting and waiting[0][0] <= now:
                try:
                    sink.sendall(waiting.popleft()[1])
                except OSError:
                    self._drop(source)
                    break

    def _drop(self, source):
        for end in (source, self._pipes.get(source, (None,))[0]):
            if end in self._pipes:
                del self._pipes[end]
                self._selector.unregister(end)
                end.close()

    def _drop_all(self):
        for source in list(self._pipes):
            self._drop(source)


class NarrowLink:
    """A way that takes a part of BYTES, then pauses for SECONDS, in each direction: what is sent over it moves all the time, but slowly."""

    def __init__(self, workspace, target, part=1 << 18, seconds=0.03):
        self._target, self._part, self._seconds = target, part, seconds
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, part)
        self._listener.bind((HOST, 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self.address = (HOST, self.port)
        threading.Thread(target=self._accept, daemon=True).start()
        workspace.on_close(self._listener.close)

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._part)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source, sink):
        try:
            while data := source.recv(self._part):
                sink.sendall(data)
                if len(data) > 4096:
                    time.sleep(self._seconds)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
