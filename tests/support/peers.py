"""Peers that behave badly on purpose. Each runs in a thread of its own until stop() or the end of its `with` block."""

import random
import socket
import threading

from support.http import Connection


class Peer:
    """Base: runs self.behave() in a thread; an error there is kept in .error and raised by stop()."""

    def __init__(self, port, host="127.0.0.1"):
        self.host = host
        self.port = port
        self.error = None
        self.stopping = threading.Event()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            self.behave()
        except (BrokenPipeError, ConnectionResetError, ConnectionRefusedError, socket.timeout):
            pass  # The server had enough of this peer.
        except Exception as error:
            self.error = error
        finally:
            self.done.set()

    def behave(self):
        raise NotImplementedError

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.thread.join(15)
        assert not self.thread.is_alive(), f"{type(self).__name__} did not stop"
        if self.error:
            raise self.error

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class SlowSender(Peer):
    """Sends `data` `step` bytes at a time with `pause` seconds between. .received: what came back; .closed_after: how
    many bytes had been sent when the server closed (None if it did not)."""

    def __init__(self, port, data, step=1, pause=0.05, **kw):
        super().__init__(port, **kw)
        self.data = data
        self.step = step
        self.pause = pause
        self.sent = 0
        self.received = b""
        self.closed_after = None

    def behave(self):
        with Connection(self.port, self.host) as connection:
            connection.sock.settimeout(self.pause)
            while self.sent < len(self.data) and not self.stopping.is_set():
                connection.send(self.data[self.sent:self.sent + self.step])
                self.sent += self.step
                if self._listen(connection):
                    return
            while not self.stopping.is_set():
                if self._listen(connection):
                    return

    def _listen(self, connection):
        """Waits one pause for the server's bytes; True when it has closed."""
        try:
            received = connection.sock.recv(65536)
        except socket.timeout:
            return False
        except ConnectionResetError:
            received = b""
        self.received += received
        if not received:
            self.closed_after = self.sent
        return not received


class SlowReader(Peer):
    """Sends `data`, then reads `step` bytes every `pause` seconds through a tiny receive buffer. .received_bytes counts;
    .ended when the server closed. rush() makes it read the rest at full speed."""

    def __init__(self, port, data, step=1024, pause=0.05, keep=False, **kw):
        super().__init__(port, **kw)
        self.data = data
        self.step = step
        self.pause = pause
        self.keep = keep
        self.received = b""
        self.received_bytes = 0
        self.ended = False
        self.hurry = threading.Event()

    def rush(self):
        self.hurry.set()

    def behave(self):
        with Connection(self.port, self.host, receive_buffer=4096) as connection:
            connection.send(self.data)
            while not self.stopping.is_set():
                received = connection.sock.recv(65536 if self.hurry.is_set() else self.step)
                if not received:
                    self.ended = True
                    return
                self.received_bytes += len(received)
                if self.keep:
                    self.received += received
                if not self.hurry.is_set():
                    self.stopping.wait(self.pause)


class Idler(Peer):
    """Opens `count` connections, sends `data` (perhaps nothing) on each and then does nothing. .closed_by_server counts."""

    def __init__(self, port, count=100, data=b"", **kw):
        super().__init__(port, **kw)
        self.count = count
        self.data = data
        self.connections = []
        self.closed_by_server = 0
        self.ready = threading.Event()

    def behave(self):
        try:
            for _ in range(self.count):
                connection = Connection(self.port, self.host)
                self.connections.append(connection)
                if self.data:
                    connection.send(self.data)
            self.ready.set()
            waiting = list(self.connections)
            for connection in waiting:
                connection.sock.settimeout(0)
            while waiting and not self.stopping.is_set():
                waiting = [connection for connection in waiting if not self._has_closed(connection)]
                self.closed_by_server = self.count - len(waiting)
                self.stopping.wait(0.02)
        finally:
            self.ready.set()
            for connection in self.connections:
                connection.close()

    @staticmethod
    def _has_closed(connection):
        try:
            return not connection.sock.recv(65536)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True


class GarbageSender(Peer):
    """Connects again and again and sends random bytes, half of the time after a good request line. The random numbers
    come from `seed`, so that a failure can be repeated."""

    def __init__(self, port, rounds=50, seed=1, size=2000, **kw):
        super().__init__(port, **kw)
        self.rounds = rounds
        self.random = random.Random(seed)
        self.size = size
        self.replies = []

    def behave(self):
        for _ in range(self.rounds):
            if self.stopping.is_set():
                return
            garbage = self.random.randbytes(self.random.randrange(1, self.size))
            if self.random.random() < 0.5:
                garbage = b"GET / HTTP/1.1\r\nHost: x\r\n" + garbage
            with Connection(self.port, self.host) as connection:
                try:
                    connection.send(garbage)
                    connection.shutdown_write()
                    self.replies.append(connection.read_to_end())
                except (BrokenPipeError, ConnectionResetError, OSError):
                    self.replies.append(b"")


class EarlyCloser(Peer):
    """Sends `data` and is gone `after` seconds later, `count` times; reset=True ends with RST."""

    def __init__(self, port, data, count=20, after=0.0, reset=False, **kw):
        super().__init__(port, **kw)
        self.data = data
        self.count = count
        self.after = after
        self.reset = reset

    def behave(self):
        for _ in range(self.count):
            if self.stopping.is_set():
                return
            connection = Connection(self.port, self.host)
            try:
                connection.send(self.data)
                self.stopping.wait(self.after)
            finally:
                if self.reset:
                    connection.abort()
                else:
                    connection.close()
