"""Clients of the process tests: bystanders that must not notice what happens to others, and a crowd that counts."""

import re
import selectors
import signal
import socket
import threading
import time
from collections import Counter

from support import http, processes
from support.timing import scaled, wait_until

# What bystanders ask for; every site of these tests has it in its map.
FAST = '"/fast.txt": function (req) { return {txt: "fast " + req.query.n}; }'

# The start script's code for sites whose functions use hostile.c.
BEFORE = 'var hostile = require("./hostile.so");'

STAMP = re.compile(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4} \[([\w-]+)\] (.*)")


def log_entries(site):
    """[(process, text)]; the continuation lines of an entry (a stack) are part of its text."""
    entries = []
    for line in site.log().splitlines():
        match = STAMP.fullmatch(line)
        if match:
            entries.append([match.group(1), match.group(2)])
        elif entries:
            entries[-1][1] += "\n" + line
        else:
            entries.append(["", line])
    return [tuple(entry) for entry in entries]


def wait_workers(site, count, without=(), seconds=10.0):
    """Waits until there are `count` workers and none of `without` is among them; returns their pids."""

    def settled():
        now = site.workers()
        return now if len(now) == count and not set(now) & set(without) else None

    return wait_until(settled, seconds, f"{count} workers without {list(without)}, now {site.pids()}\n{site.log()}")


def renew_workers(site, count):
    """Kills all workers, waits for the next and returns the old ones. After the death of a zygote: the launcher holds a
    descriptor for each worker that has outlived it, which the search for leaked descriptors would find."""
    old = site.workers()
    for pid in old:
        processes.kill(pid)
    wait_workers(site, count, without=old)
    return old


def slow_map(body):
    """The map of a site where /count.txt is fast and /slow.txt does `body`; both note the request's number in a file."""
    return "{" + FAST + """,
        "/count.txt": function (req) { hostile.count("@DATA@/runs", req.query.n); return {txt: req.query.n}; },
        "/slow.txt": function (req) { hostile.count("@DATA@/runs", "slow " + req.query.n); """ + body + """
                                      return {txt: "slow"}; }}"""


def runs(s):
    path = s.data / "runs"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def assert_ran_once(s, numbers):
    """Each of these numbers stands in the counter file, once, and nothing else does."""
    assert runs(s) == Counter({str(number): 1 for number in numbers})


def refuses(port):
    """Whether nobody listens on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return False
    except (ConnectionRefusedError, ConnectionResetError):
        return True


class Bystanders:
    """Asks for /fast.txt on some keep-alive connections, each in a thread, until stop(). Every reply must be right:
    .wrong lists those that were not. `allowed` are statuses that are counted (.odd) instead."""

    def __init__(self, site, connections=4, pause=0.002, allowed=()):
        self.site = site
        self.pause = pause
        self.allowed = allowed
        self.served = 0
        self.slowest = 0.0
        self.odd = Counter()
        self.wrong = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(index,), daemon=True) for index in range(connections)]

    def _run(self, index):
        number = index * 10_000_000
        try:
            with http.Connection(self.site.port, timeout=20) as connection:
                while not self.stopping.is_set():
                    number += 1
                    begin = time.monotonic()
                    reply = connection.get(f"/fast.txt?n={number}")
                    self.slowest = max(self.slowest, time.monotonic() - begin)
                    if reply.status in self.allowed:
                        self.odd[reply.status] += 1
                    elif (reply.status, reply.body) != (200, b"fast %d" % number):
                        self.wrong.append((number, reply))
                    self.served += 1
                    time.sleep(self.pause)
        except Exception as error:
            self.wrong.append((number, error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_more(20)
        return self

    def wait_more(self, replies, seconds=15.0):
        """Waits for that many more replies."""
        goal = self.served + replies
        wait_until(lambda: self.served >= goal or self.wrong, seconds, f"{replies} more replies\n{self.site.log()}")

    def __exit__(self, kind, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(scaled(30))
        if kind is None:
            assert not any(thread.is_alive() for thread in self.threads), "a bystander still waits"
            assert not self.wrong, f"{len(self.wrong)} of {self.served} bystanders' replies: {self.wrong[:5]}"


class Watch:
    """Surrounds an attack on a worker: the bystanders must not notice, the log must have one entry about it, and the
    worker must be replaced.

        with Watch(s) as watch:
            reply = s.get("/attack")
        watch.expect_entry("died of signal 11")
    """

    def __init__(self, site, workers=2, replaced=1, allowed=()):
        self.site = site
        self.count = workers
        self.replaced = replaced
        self.bystanders = Bystanders(site, allowed=allowed)

    def __enter__(self):
        self.workers = wait_workers(self.site, self.count)
        self.entries_before = len(log_entries(self.site))
        self.bystanders.__enter__()
        return self

    def __exit__(self, kind, *rest):
        try:
            if kind is None:
                self._wait_replaced()
                self.bystanders.wait_more(40)
        finally:
            self.bystanders.__exit__(kind, *rest)

    def _wait_replaced(self):
        def replaced():
            now = self.site.workers()
            return len(now) == self.count and len(set(self.workers) - set(now)) >= self.replaced

        if self.replaced:
            wait_until(replaced, 15, f"{self.replaced} of {self.workers} to be replaced, now {self.site.pids()}\n"
                       f"{self.site.log()}")

    def incidents(self):
        """The entries since the beginning, without mere notices."""
        return [entry for entry in log_entries(self.site)[self.entries_before:] if not entry[1].startswith("notice")]

    def expect_entry(self, pattern):
        """Exactly one entry has been written, and it matches. Returns its text."""
        wait_until(self.incidents, 5, f"a log entry that matches {pattern!r}\n{self.site.log()}")
        found = self.incidents()
        assert len(found) == 1, f"expected one entry that matches {pattern!r}, found {found}"
        assert re.search(pattern, found[0][1], re.DOTALL), f"{pattern!r} is not in {found[0]}"
        return found[0][1]


class Member:
    """One connection of a Crowd."""

    def __init__(self):
        self.sock = None
        self.number = None
        self.sent_at = 0.0
        self.received = b""


class Crowd:
    """Many keep-alive connections with one request each on its way, driven by one thread. Each request has a number of its
    own, in place of {n} in the path. .answers: {number: (status, body, seconds, head)}; .unanswered: numbers whose
    connection ended without a whole reply. `limit`: stop asking after that many requests."""

    def __init__(self, port, connections, path, limit=None, first=1):
        self.port = port
        self.path = path if callable(path) else lambda number: path.replace("{n}", str(number))
        self.limit = limit
        self.next_number = first
        self.first = first
        self.answers = {}
        self.unanswered = []
        self.error = None
        self.stopping = threading.Event()
        self.selector = selectors.DefaultSelector()
        self.busy = 0
        self.members = [Member() for _ in range(connections)]
        self.thread = threading.Thread(target=self._run, daemon=True)

    @property
    def sent(self):
        return self.next_number - self.first

    def start(self):
        for member in self.members:
            self._connect(member)
        self.thread.start()
        return self

    def stop(self, seconds=30.0):
        """No further requests; waits for the answers of those that are on their way."""
        self.stopping.set()
        return self.wait(seconds)

    def wait(self, seconds=30.0):
        self.thread.join(scaled(seconds))
        assert not self.thread.is_alive(), f"{self.busy} requests got no answer within {scaled(seconds):g} s"
        if self.error:
            raise self.error
        return self

    def statuses(self):
        return Counter(answer[0] for answer in self.answers.values())

    def _connect(self, member):
        member.sock = socket.create_connection(("127.0.0.1", self.port), timeout=scaled(10))
        member.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        member.received = b""
        self.selector.register(member.sock, selectors.EVENT_READ, member)

    def _disconnect(self, member):
        self.selector.unregister(member.sock)
        member.sock.close()
        member.sock = None

    def _ask(self, member):
        """Sends the next request, unless there is none to send."""
        if self.stopping.is_set() or (self.limit is not None and self.sent >= self.limit):
            return
        if member.sock is None:
            self._connect(member)
        member.number = self.next_number
        self.next_number += 1
        self.busy += 1
        member.sent_at = time.monotonic()
        request = b"GET %s HTTP/1.1\r\nHost: crowd\r\n\r\n" % self.path(member.number).encode()
        try:
            member.sock.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # reading tells

    def _run(self):
        try:
            for member in self.members:
                self._ask(member)
            while self.busy:
                for key, _ in self.selector.select(1):
                    self._read(key.data)
        except Exception as error:
            self.error = error
        finally:
            for member in self.members:
                if member.sock:
                    self._disconnect(member)
            self.selector.close()

    def _read(self, member):
        try:
            received = member.sock.recv(65536)
        except ConnectionResetError:
            received = b""
        if not received:
            self._disconnect(member)
            if member.number is not None:
                self.unanswered.append(member.number)
                self._settle(member)
            return
        member.received += received
        head_end = member.received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = member.received[:head_end]
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head).group(1))
        if len(member.received) < head_end + 4 + length:
            return
        body = member.received[head_end + 4:head_end + 4 + length]
        assert len(member.received) == head_end + 4 + length, "bytes behind the reply"
        member.received = b""
        self.answers[member.number] = (int(head[9:12]), body, time.monotonic() - member.sent_at, head)
        if b"\r\nConnection: close" in head:
            self._disconnect(member)
        self._settle(member)

    def _settle(self, member):
        member.number = None
        self.busy -= 1
        self._ask(member)


class Frozen:
    """Stops a process for the length of a `with` block, so that what arrives meanwhile is read in one turn."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        processes.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: (processes.stat(self.pid) or ("", "T"))[1] == "T", 2, f"process {self.pid} to stop")
        return self

    def __exit__(self, *_):
        processes.kill(self.pid, signal.SIGCONT)
