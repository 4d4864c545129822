"""Deferred and chunked replies when processes die, retire and stop, and what a thousand slow readers cost."""

import os
import re
import signal
import time

import pytest

from support import processes
from support.http import Connection, ConnectionEnded
from support.site import BUILD
from support.timing import scaled, wait_until

MAP = """{
    "/wait": function (req) { kept.push(req); return {defer: true}; },
    "/chunks": function (req) { return {chunk: true, chunkDelay: 20, txt: function (r) { r.chunkSend("x"); }}; },
    "/idle": function (req) { return {chunk: true, txt: function (r) { if (r.chunkIndex == 0) r.chunkSend("x"); }}; },
    "/soon": function (req) { setTimeout(function () { req.reply("soon"); }, 700); return {defer: true}; },
    "/few": function (req) { return {chunk: true, chunkDelay: 150, txt: function (r) {
        if (r.chunkIndex < 4) r.chunkSend("f" + r.chunkIndex); else r.chunkEnd("."); }}; },
    "/count": function () { return String(kept.length); },
    "/die": function () { rampart.utils.kill(process.getpid(), 9); rampart.utils.sleep(5); },
    "/loop": function () { while (true) {} },
    "/native": function () { rampart.utils.sleep(60); },
    "/hi": function () { return "hi"; }
}"""
BEFORE = "var kept = [];"


def open_streams(s):
    """One deferred request, one that gets a piece now and then, one that got one and waits."""
    deferred, running, idle = s.connect(timeout=20), s.connect(timeout=20), s.connect(timeout=20)
    deferred.send_request("GET", "/wait")
    wait_until(lambda: s.get("/count").text == "1")
    for connection, path in ((running, "/chunks"), (idle, "/idle")):
        connection.send_request("GET", path)
        assert connection.read_head().headers["Transfer-Encoding"] == "chunked"
        assert connection._take(6, "a piece") == b"1\r\nx\r\n"
    return deferred, running, idle


def assert_cut(connection):
    rest = connection.read_to_end()
    assert rest.replace(b"1\r\nx\r\n", b"") == b"", "whole pieces, and no last one"


def assert_all_end(deferred, running, idle, status):
    assert deferred.read_response().status == status
    assert_cut(running)
    assert_cut(idle)


def test_a_crash_ends_them(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    streams = open_streams(s)
    os.kill(s.workers()[0], signal.SIGKILL)
    assert_all_end(*streams, 502)
    wait_until(lambda: s.get("/count").text == "0", 5, "a fresh worker, which has run none of them again")
    line, = s.wait_log(r"died of signal 9 \(SIGKILL\)")
    assert re.search(r" while it owed the replies to GET /wait \(deferred, ran \d+ ms\), GET /chunks \(chunked, ran \d+ ms\), "
                     r"GET /idle \(chunked, ran \d+ ms\); ", line), line


def test_the_death_line_counts_what_it_does_not_name(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    waiting = [s.connect(timeout=20) for _ in range(5)]
    for connection in waiting:
        connection.send_request("GET", "/wait")
    wait_until(lambda: s.get("/count").text == "5")
    os.kill(s.workers()[0], signal.SIGKILL)
    assert [connection.read_response().status for connection in waiting] == [502] * 5
    line, = s.wait_log(r"died of signal 9 \(SIGKILL\)")
    assert line.count("GET /wait (deferred, ran ") == 3 and " and 2 more; " in line, line


def test_a_crash_in_another_request_ends_them(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    streams = open_streams(s)
    assert s.get("/die").status == 502
    assert_all_end(*streams, 502)


@pytest.mark.parametrize("path", ["/loop", "/native"])
def test_a_timeout_in_another_request_ends_them(site, path):
    """The soft one, after which the worker retires by itself, and the hard one."""
    s = site(map=MAP, before=BEFORE, options="threads: 1, scriptTimeout: 1")
    streams = open_streams(s)
    assert s.get(path).status == 500
    deferred, running, idle = streams
    assert deferred.read_response().status in (500, 502)  # its own time may be over first
    assert_cut(running)
    assert_cut(idle)
    wait_until(lambda: s.get("/count").text == "0")


def test_a_lost_frontend_ends_them(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    deferred, running, idle = open_streams(s)
    old_frontend = s.pid("frontend")
    os.kill(old_frontend, signal.SIGKILL)
    with pytest.raises(ConnectionEnded):
        deferred.read_response()
    assert_cut(running)
    wait_until(lambda: s.pids()["frontend"] not in ([], [old_frontend]), 10)
    wait_until(lambda: s.get("/count").text == "0", 10)
    s.baseline = None


def test_a_lost_zygote_does_not(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    deferred, running, idle = open_streams(s)
    os.kill(s.pid("zygote"), signal.SIGKILL)
    assert running._take(60, "ten pieces") == b"1\r\nx\r\n" * 10
    deferred.assert_nothing_comes()
    s.baseline = None


def test_stop_waits_for_what_ends(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    soon, few = s.connect(), s.connect()
    soon.send_request("GET", "/soon")
    few.send_request("GET", "/few")
    few.read_head()
    s.proc.send_signal(signal.SIGTERM)
    assert soon.read_response().text == "soon"
    assert few.read_to_end() == b"".join(b"2\r\nf%d\r\n" % n for n in range(4)) + b"1\r\n.\r\n0\r\n\r\n"
    begin = time.monotonic()
    assert s.wait_exit(5) == 0
    assert time.monotonic() - begin < scaled(3)


def test_stop_is_bounded(site):
    s = site(map=MAP, before=BEFORE, options="threads: 1")
    deferred, running, idle = open_streams(s)
    begin = time.monotonic()
    s.proc.send_signal(signal.SIGTERM)
    assert_cut(running)
    assert 9 < time.monotonic() - begin < scaled(12), "the grace time"
    assert deferred.read_response().status == 502
    assert s.wait_exit(5) == 0


def test_a_thousand_streams_leave_the_window(site):
    """Each holds a connection, none a slot; they spread over the workers, and end with their clients."""
    s = site(map=MAP, before=BEFORE, options="threads: 2")
    waiting = [Connection(s.port) for _ in range(1000)]
    try:
        for connection in waiting:
            connection.send_request("GET", "/idle")
        for connection in waiting:
            connection.read_head()
        begin = time.monotonic()
        for _ in range(20):
            assert s.get("/hi").text == "hi"
        assert time.monotonic() - begin < scaled(2)
    finally:
        for connection in waiting:
            connection.close()


# -- slow readers

SAN = "san-" in str(BUILD)
READERS = int(os.environ.get("RAVELIN_SLOW_READERS") or 200)
SECONDS = float(os.environ.get("RAVELIN_SLOW_READERS_SECONDS") or 12)
RATE = 1024


def memory(s):
    pids = s.pids()
    return {"frontend": processes.memory_kb(pids["frontend"][0]),
            "worker": max(processes.memory_kb(pid) for pid in pids["worker"])}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_slow_readers(site, record_property):
    """Chunked replies of 32 KB pieces to clients that read 1 KB/s. RAVELIN_SLOW_READERS=1000 for the full count."""
    s = site(map="""{
        "/stream": function (req) { return {chunk: true, bin: function (r) { r.chunkSend(new Buffer(32768)); }}; },
        "/hi": function () { return "hi"; } }""", options="threads: 2")
    assert s.get("/hi").text == "hi"
    before = memory(s)
    readers, latencies, received = [], [], 0
    try:
        for _ in range(READERS):
            reader = Connection(s.port, receive_buffer=4096)
            reader.send_request("GET", "/stream")
            reader.sock.setblocking(False)
            readers.append(reader)
        begin = time.monotonic()
        full = None
        rounds = 0
        while time.monotonic() - begin < SECONDS:
            for reader in readers:
                try:
                    received += len(reader.sock.recv(RATE))
                except BlockingIOError:
                    pass
            rounds += 1
            while time.monotonic() < begin + rounds:
                at = time.monotonic()
                assert s.get("/hi").text == "hi"
                latencies.append((time.monotonic() - at) * 1000)
                time.sleep(0.02)
            if full is None and rounds >= 3:  # every kernel buffer has been filled by now
                full = memory(s)
        after = memory(s)
    finally:
        for reader in readers:
            reader.close()
    figures = (f"{READERS} readers for {rounds} s, {received / READERS / rounds:.0f} bytes/s each; private memory in KB: "
               f"before {before}, when full {full}, at the end {after}; hello while they read: median "
               f"{percentile(latencies, 0.5):.1f} ms, 99% {percentile(latencies, 0.99):.1f} ms")
    print(figures)
    record_property("figures", figures)
    assert received > READERS * RATE * rounds * 0.5
    for role in ("frontend", "worker") if not SAN else ():  # freed memory stays with the sanitizer's allocator
        assert after[role] - before[role] < 1500 + READERS * 4, figures  # what a connection costs, and no pieces
        assert after[role] - full[role] < 1500, figures
    assert percentile(latencies, 0.5) < scaled(20), figures
