"""SIGTERM and SIGINT: what runs is finished, what comes is refused, nothing is left, all within the grace time."""

import signal
import threading
import time

import pytest

from process.traffic import FAST, refuses
from support import processes
from support.http import ConnectionEnded
from support.timing import scaled, wait_until

MAP = "{" + FAST + """,
    "/slow.txt": function (req) {
        rampart.utils.fprintf("@DATA@/begun", true, "x");
        rampart.utils.sleep(parseFloat(req.query.s));
        return {txt: "slept"};
    },
    "/loop.txt": function () { rampart.utils.fprintf("@DATA@/begun", true, "x"); while (true) {} }
}"""


def begin(s, path):
    """Sends a request and returns its connection once the script runs."""
    begun = s.data / "begun"
    before = begun.stat().st_size if begun.exists() else 0
    connection = s.connect(timeout=30)
    connection.send_request("GET", path)
    wait_until(lambda: begun.exists() and begun.stat().st_size > before, 5, f"{path} to begin")
    return connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_log_says_once_that_and_why_it_stops(site, number):
    s = site(map=MAP, options="threads: 1")
    assert s.get("/fast.txt").status in (200, 404)
    s.proc.send_signal(number)
    s.proc.wait(scaled(10))
    assert [line for line in s.log().splitlines() if line.endswith(f"notice: stopping: {number.name}")] != []
    assert s.log().count("notice: stopping:") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_is_finished(site, number):
    s = site(map=MAP, options="threads: 2")
    connection = begin(s, "/slow.txt?s=1")
    s.proc.send_signal(number)
    wait_until(lambda: refuses(s.port), 0.9, "new connections to be refused")
    reply = connection.read_response()
    assert (reply.status, reply.text) == (200, "slept")
    assert reply.headers["Connection"] == "close"
    assert connection.is_closed_by_peer()
    assert s.wait_exit(3) == 0
    assert not processes.wait_gone(s.left_processes(), 1)


def test_queued_requests_are_finished_too(site):
    s = site(map=MAP, options="threads: 1")
    first = begin(s, "/slow.txt?s=0.5")
    queued = [s.connect() for _ in range(10)]
    for number, connection in enumerate(queued):
        connection.send_request("GET", f"/fast.txt?n={number}")
    time.sleep(0.05)  # until the frontend has read them; if it has not, they are closed unanswered below
    s.proc.send_signal(signal.SIGTERM)
    assert first.read_response().text == "slept"
    assert [c.read_response().text for c in queued] == [f"fast {n}" for n in range(10)]
    assert s.wait_exit(3) == 0


def test_idle_connections_do_not_delay_the_end(site):
    s = site(map=MAP)
    silent, kept = s.connect(), s.connect()
    kept.get("/fast.txt?n=1")
    begin_at = time.monotonic()
    assert s.stop(5) == 0
    assert time.monotonic() - begin_at < scaled(2)
    assert silent.is_closed_by_peer() and kept.is_closed_by_peer()


def test_what_a_request_left_in_the_background_lives_on(site):
    s = site(map="""{"/start": function () {
        return String(rampart.utils.exec("sleep", {background: true}, "3600").pid); }}""", options="threads: 1")
    pid = int(s.get("/start").text)
    try:
        processes.kill(s.proc.pid, signal.SIGTERM)
        s.wait_exit()
        assert processes.is_running(pid)
    finally:
        processes.kill(pid)
        processes.wait_gone([pid], 5)


def test_an_idle_server_ends_quickly(site):
    s = site(map=MAP)
    begin_at = time.monotonic()
    assert s.stop(5) == 0
    assert time.monotonic() - begin_at < scaled(1)


@pytest.mark.parametrize("path", ["/slow.txt?s=60", "/loop.txt"])
def test_the_grace_time_bounds_what_runs(site, path):
    s = site(map=MAP, options="graceTime: 0.5, threads: 2")
    connection = begin(s, path)
    begin_at = time.monotonic()
    assert s.stop(5) == 0
    assert 0.4 < time.monotonic() - begin_at < scaled(2.5)
    try:
        assert connection.read_response().status in (500, 502, 503)
    except ConnectionEnded as end:
        assert not end.partial


def test_a_client_that_reads_slowly_is_bounded_too(site):
    s = site(map='{"/big.bin": function () { return {bin: new Buffer(20000000)}; }}', options="graceTime: 0.5")
    connection = s.connect(receive_buffer=4096)
    connection.send_request("GET", "/big.bin")
    assert connection.read_head().status == 200
    begin_at = time.monotonic()
    assert s.stop(5) == 0
    assert time.monotonic() - begin_at < scaled(2.5)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(site, second):
    s = site(map=MAP, options="threads: 2")
    begin(s, "/slow.txt?s=60")
    begin(s, "/loop.txt")
    s.proc.send_signal(signal.SIGTERM)
    wait_until(lambda: refuses(s.port), 5, "the stop to begin")
    s.proc.send_signal(second)
    s.wait_exit(2)
    assert not processes.wait_gone(s.left_processes(), 1)


def test_ctrl_c_reaches_every_process_of_the_terminal(site):
    """A terminal sends SIGINT to the whole foreground group: children must leave it to the launcher to stop."""
    s = site(map=MAP, options="threads: 2")
    connection = begin(s, "/slow.txt?s=0.5")
    for pid in s.left_processes():
        processes.kill(pid, signal.SIGINT)
    reply = connection.read_response()
    assert (reply.status, reply.text) == (200, "slept")
    assert s.wait_exit(3) == 0


def test_a_stopped_worker_does_not_delay_the_end(site):
    s = site(map=MAP, options="threads: 2, graceTime: 0.5")
    for pid in s.workers():
        processes.kill(pid, signal.SIGSTOP)
    assert s.stop(4) == 0


def test_stop_while_requests_come_in(site):
    """Whoever got a connection gets whole replies on it, up to its close."""
    s = site(map=MAP, options="threads: 2")
    torn = []
    counts = []

    def ask():
        count = 0
        try:
            connection = s.connect()
            while True:
                reply = connection.get(f"/fast.txt?n={count}")
                assert reply.text == f"fast {count}"
                count += 1
        except ConnectionEnded as end:
            if end.partial:
                torn.append(end)
        except OSError:
            pass  # refused, or closed before the request was sent
        counts.append(count)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    assert s.stop(5) == 0
    for thread in threads:
        thread.join()
    assert not torn and all(counts)
