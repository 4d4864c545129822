"""A worker stopped with SIGSTOP: it looks alive and does nothing. Its requests go elsewhere, and it is replaced."""

import signal
import time

import pytest

from process.traffic import FAST, Watch
from support import processes
from support.timing import scaled, wait_until

MAP = "{" + FAST + """,
    "/sleep.txt": function (req) { rampart.utils.fprintf("@DATA@/begun", true, "%d\\n", process.getpid());
                                   rampart.utils.sleep(parseFloat(req.query.s)); return {txt: "slept"}; }
}"""


def running_worker(s):
    """The worker that runs the first request for /sleep.txt."""
    begun = s.data / "begun"
    wait_until(lambda: begun.exists() and begun.read_text().endswith("\n"), 5, "the request to begin")
    return int(begun.read_text())


def test_stopped_while_idle(site):
    s = site(map=MAP, options="threads: 2, scriptTimeout: 0.5")
    with Watch(s) as watch:
        processes.kill(watch.workers[0], signal.SIGSTOP)
    watch.expect_entry(rf"\(pid {watch.workers[0]}\) was killed: it (was stopped|took no request)")
    assert watch.workers[1] in s.workers()
    assert watch.bystanders.slowest < scaled(1), "requests do not wait for the stopped worker to be found out"


def test_stopped_while_idle_without_a_timeout(site):
    s = site(map=MAP, options="threads: 2")
    with Watch(s) as watch:
        processes.kill(watch.workers[0], signal.SIGSTOP)
    watch.expect_entry(rf"\(pid {watch.workers[0]}\) was killed: it (was stopped|took no request)")


def test_the_only_worker_stopped_while_idle(site):
    s = site(map=MAP, options="threads: 1")
    processes.kill(s.workers()[0], signal.SIGSTOP)
    begin = time.monotonic()
    reply = s.get("/fast.txt?n=1")
    assert (reply.status, reply.text) == (200, "fast 1"), "it had not begun, so another worker runs it"
    assert time.monotonic() - begin < scaled(4)


def test_stopped_while_running(site):
    s = site(map=MAP, options="threads: 2, scriptTimeout: 0.5")
    with Watch(s) as watch:
        connection = s.connect()
        connection.send_request("GET", "/sleep.txt?s=0.2")
        worker = running_worker(s)
        processes.kill(worker, signal.SIGSTOP)
        assert connection.read_response().status in (500, 502)
    watch.expect_entry(rf"\(pid {worker}\) was killed")


def test_stopped_while_running_without_a_timeout(site):
    """Nothing bounds a script here; but a stopped process will not go on by itself."""
    s = site(map=MAP, options="threads: 2")
    with Watch(s) as watch:
        connection = s.connect()
        connection.send_request("GET", "/sleep.txt?s=0.2")
        worker = running_worker(s)
        processes.kill(worker, signal.SIGSTOP)
        assert connection.read_response().status == 502
    watch.expect_entry(rf"\(pid {worker}\) was killed.*stopped")


def test_stopped_and_continued_in_time_is_no_incident(site):
    s = site(map=MAP, options="threads: 2")
    with Watch(s, replaced=0) as watch:
        connection = s.connect()
        connection.send_request("GET", "/sleep.txt?s=0.3")
        worker = running_worker(s)
        processes.kill(worker, signal.SIGSTOP)
        time.sleep(0.1)
        processes.kill(worker, signal.SIGCONT)
        assert connection.read_response().text == "slept"
    assert not watch.incidents()
    assert s.workers() == watch.workers


def test_all_workers_stopped(site):
    s = site(map=MAP, options="threads: 2, scriptTimeout: 0.5")
    before = s.workers()
    for pid in before:
        processes.kill(pid, signal.SIGSTOP)
    connections = [s.connect() for _ in range(8)]
    for number, connection in enumerate(connections):
        connection.send_request("GET", f"/fast.txt?n={number}")
    assert [c.read_response().text for c in connections] == [f"fast {n}" for n in range(8)]
    wait_until(lambda: len(s.workers()) == 2 and not set(s.workers()) & set(before), 5, "new workers")


def test_the_zygote_stopped(site):
    """Nothing needs it until a worker dies. Then the service is at least kept by the workers that are left."""
    s = site(map=MAP, options="threads: 2")
    zygote, workers = s.pid("zygote"), s.workers()
    processes.kill(zygote, signal.SIGSTOP)
    processes.kill(workers[0])
    for number in range(50):
        assert s.get(f"/fast.txt?n={number}").text == f"fast {number}"
    processes.kill(zygote, signal.SIGCONT)
    wait_until(lambda: len(s.workers()) == 2, 10, "a new worker")
    assert s.get("/fast.txt?n=1").text == "fast 1"


@pytest.mark.parametrize("role", ["zygote", "frontend"])
def test_zygote_or_frontend_stopped(site, role):
    """The launcher, their parent, is told and lets them go on; otherwise no worker could be replaced, or nothing served."""
    s = site(map=MAP, options="threads: 1")
    pid = s.pids()[role][0]
    processes.kill(pid, signal.SIGSTOP)
    s.wait_log(rf"the {role} \(pid {pid}\) was stopped by a signal; it is continued")
    processes.kill(s.workers()[0], signal.SIGKILL)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    assert s.pids()[role] == [pid]
