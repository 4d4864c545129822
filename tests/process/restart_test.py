"""What dies is replaced: frontend, zygote, idle workers. The listening sockets and the service survive each of them."""

import socket
import threading
import time

import pytest

from process.traffic import FAST, Bystanders, Watch, log_entries, renew_workers, wait_workers
from support import processes
from support.http import ProtocolError, request
from support.timing import scaled, wait_until

MAP = "{" + FAST + ', "/pid.txt": function () { return {txt: "" + process.getpid()}; }}'


class Connector:
    """Connects and closes, again and again; .refused lists what went wrong."""

    def __init__(self, port):
        self.port = port
        self.connected = 0
        self.refused = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.stopping.is_set():
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=scaled(5)).close()
                self.connected += 1
            except OSError as error:
                self.refused.append(error)
            time.sleep(0.0005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(10)


def wait_replaced(s, role, before, seconds=5):
    wait_until(lambda: len(s.pids()[role]) == len(before) and not set(before) & set(s.pids()[role]), seconds,
               f"another {role} than {before}\n{s.log()}")


def kill_and_time(s, pid):
    """Kills, and asks until a request is answered again: seconds from kill to reply."""
    begin = time.monotonic()
    processes.kill(pid)
    deadline = begin + scaled(5)
    while time.monotonic() < deadline:
        try:
            if request(s.port, "GET", "/fast.txt?n=1", timeout=5).text == "fast 1" and s.pids()["frontend"] != [pid]:
                return time.monotonic() - begin
        except (ProtocolError, ConnectionResetError, BrokenPipeError):
            pass  # accepted by the one that died; a refusal is an error
        time.sleep(0.001)
    raise AssertionError(f"not served again within {scaled(5):g} s\n{s.log()}")


def test_frontend_killed_again_and_again(site):
    s = site(map=MAP, options="threads: 2")
    workers = s.workers()
    with Connector(s.port) as connector:
        times = []
        for _ in range(4):
            time.sleep(scaled(0.15))  # one that dies young is replaced after a delay
            times.append(kill_and_time(s, s.pid("frontend")))
            assert s.get("/fast.txt?n=2").text == "fast 2"
    print("frontend killed, served again after", ", ".join(f"{1000 * t:.0f} ms" for t in times))
    assert not connector.refused, f"{len(connector.refused)} of {connector.connected}: {connector.refused[0]}"
    assert connector.connected > 50
    assert max(times) < scaled(1)
    # The workers of the old frontend are of no use to the new one.
    wait_workers(s, 2, without=workers)
    assert len(s.log_lines("frontend.*(SIGKILL|signal 9)")) == 4
    assert not s.log_lines(r"\] error: worker"), "workers of a dead frontend are no error of theirs"


def test_a_connection_made_while_the_frontend_is_dead_is_served_by_the_next(site):
    s = site(map=MAP)
    frontend = s.pid("frontend")
    processes.kill(frontend)
    with s.connect() as connection:
        reply = None
        try:
            reply = connection.get("/fast.txt?n=5")
        except ProtocolError:
            assert not connection.pending  # it reached the dying one
    if reply:
        assert reply.text == "fast 5"
    wait_replaced(s, "frontend", [frontend])
    assert s.get("/fast.txt?n=6").text == "fast 6"


def test_frontend_killed_with_requests_at_the_workers(site):
    """Their clients are gone with it; the workers that run them must not stay."""
    s = site(map="{" + FAST + """, "/hang": function () {
                 rampart.utils.fprintf("@DATA@/begun", true, "x"); while (true) {} }}""", options="threads: 2")
    before = s.workers()
    s.connect().send_request("GET", "/hang")
    wait_until((s.data / "begun").exists, 5, "the request to begin")
    processes.kill(s.pid("frontend"))
    wait_workers(s, 2, without=before)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    time.sleep(0.1)
    assert (s.data / "begun").read_text() == "x", "a request whose client is gone was run again"


def test_zygote_killed_again_and_again(site):
    s = site(map=MAP, options="threads: 2")
    with Bystanders(s, allowed=(502,)) as bystanders:
        for _ in range(3):
            zygote = s.pid("zygote")
            processes.kill(zygote)
            wait_replaced(s, "zygote", [zygote])
            bystanders.wait_more(50)
            worker = s.workers()[0]
            processes.kill(worker)  # with it goes at most what it had begun
            wait_workers(s, 2, without=[worker])
            bystanders.wait_more(50)
    assert bystanders.odd[502] <= 3, bystanders.odd
    renew_workers(s, 2)
    assert len(s.log_lines("zygote.*(SIGKILL|signal 9)")) == 3


def test_workers_go_on_without_their_zygote(site):
    s = site(map=MAP, options="threads: 2")
    workers = s.workers()
    zygote = s.pid("zygote")
    with Bystanders(s) as bystanders:
        processes.kill(zygote)
        wait_replaced(s, "zygote", [zygote])
        bystanders.wait_more(50)
        assert s.workers() == workers
    for worker in workers:
        processes.kill(worker)
    wait_workers(s, 2, without=workers)
    wait_until(lambda: len(s.log_lines(r"worker \d+ \(pid \d+\) died of signal 9 \(SIGKILL\)")) == 2, 5,
               f"the deaths of orphaned workers to be logged with their cause\n{s.log()}")


def test_worker_killed_while_the_zygote_is_dead(site):
    s = site(map=MAP, options="threads: 2")
    workers, zygote = s.workers(), s.pid("zygote")
    processes.kill(zygote)
    for worker in workers:
        processes.kill(worker)
    wait_workers(s, 2, without=workers)
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_frontend_and_zygote_killed_together(site):
    s = site(map=MAP, options="threads: 2")
    for _ in range(2):
        before = s.pids()
        processes.kill(before["frontend"][0])
        processes.kill(before["zygote"][0])
        wait_replaced(s, "frontend", before["frontend"])
        wait_replaced(s, "zygote", before["zygote"])
        wait_workers(s, 2, without=before["worker"])
        assert s.get("/fast.txt?n=1").text == "fast 1"


def test_everything_but_the_launcher_killed(site):
    s = site(map=MAP, options="threads: 2")
    before = s.pids()
    for pid in before["worker"] + before["zygote"] + before["frontend"]:
        processes.kill(pid)
    wait_replaced(s, "frontend", before["frontend"])
    wait_replaced(s, "zygote", before["zygote"])
    wait_workers(s, 2, without=before["worker"])
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_idle_worker_killed(site):
    s = site(map=MAP, options="threads: 2")
    before = s.workers()
    entries = len(log_entries(s))
    processes.kill(before[1])
    wait_workers(s, 2, without=before[1:])
    assert before[0] in s.workers()
    wait_until(lambda: len(log_entries(s)) > entries, 5, "a log line")
    lines = [text for _, text in log_entries(s)[entries:]]
    assert len(lines) == 1 and f"(pid {before[1]}) died of signal 9 (SIGKILL) while idle" in lines[0], lines


def test_worker_killed_in_a_request_is_a_502(site):
    s = site(map="{" + FAST + """, "/kill": function () {
                 rampart.utils.sleep(0.001); rampart.utils.kill(process.getpid(), 9); while (true) {} }}""",
             options="threads: 2")
    with Watch(s) as watch:
        assert s.get("/kill?x=1").status == 502
    assert "while running GET /kill?x=1" in watch.expect_entry(r"died of signal 9 \(SIGKILL\)")


@pytest.mark.parametrize("threads", [1, 4])
def test_all_workers_killed_at_once(site, threads):
    """With no worker up, requests wait for the next, which comes soon."""
    s = site(map=MAP, options=f"threads: {threads}")
    for _ in range(30):
        before = s.workers()
        for pid in before:
            processes.kill(pid)
        assert s.get("/fast.txt?n=1").text == "fast 1"
        wait_workers(s, threads, without=before)
        assert s.get("/fast.txt?n=1").text == "fast 1"


def test_a_worker_that_cannot_become_ready_is_tried_for_ever(site):
    """Each worker is killed as soon as it appears: files go on, scripts get 503, and when it is over all is well."""
    s = site(map="{" + FAST + ', "/files/": "@DIR@/files"}', options="threads: 1",
             files={"files/page.html": "<p>static"})
    statuses = set()
    deadline = time.monotonic() + scaled(1.5)
    while time.monotonic() < deadline:
        for pid in s.workers():
            processes.kill(pid)
        assert s.get("/files/page.html").text == "<p>static"
        reply = s.get("/fast.txt?n=1")
        statuses.add(reply.status)
        if reply.status == 503:
            assert int(reply.headers["Retry-After"]) >= 1
    assert statuses <= {200, 502, 503}
    wait_until(lambda: s.get("/fast.txt?n=1").status == 200, 12, "a worker again")


def test_nothing_piles_up_over_many_deaths(site):
    s = site(map=MAP, options="threads: 2")
    for _ in range(20):
        before = s.workers()
        processes.kill(before[0])
        wait_workers(s, 2, without=before[:1])
    s.assert_no_leaks()
    assert sum(state == "Z" for _, state, parent, _ in processes.all_processes().values()
               if parent in s.left_processes()) == 0
