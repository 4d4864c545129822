"""What the server was started with: closed descriptors, a log that nobody reads; and signals meant for other servers."""

import os
import signal

import pytest

from support import processes
from support.site import BUILD
from support.timing import scaled, wait_until

MAP = """{
    "/ok.txt": function () { return {txt: "ok"}; },
    "/bad.txt": function () { throw new Error(new Array(200).join("complaint ")); }
}"""


def test_started_with_closed_descriptors(site):
    """They are /dev/null then. Internal descriptors in their place would take what is logged or printed."""
    s = site(map=MAP, command=["sh", "-c", f"exec {BUILD}/ravelin app.js <&- >&- 2>&-"])
    assert s.get("/bad.txt").status in (404, 500)
    assert s.get("/ok.txt").text == "ok"
    for pids in s.pids().values():
        for pid in pids:
            assert {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1, 2)} == {"/dev/null"}


def test_a_log_that_nobody_reads_does_not_stop_the_service(site, tmp_path):
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        s = site(map=MAP, options="threads: 1, developerMode: false",
                 command=["sh", "-c", f"exec {BUILD}/ravelin app.js 2>{fifo}"])
        for _ in range(100):  # far more than the 64 KB that the pipe holds
            assert s.get("/bad.txt", timeout=scaled(5)).status == 404
        assert s.get("/ok.txt").text == "ok"
        said = b""

        def told():
            nonlocal said
            try:
                said += os.read(reader, 1 << 20)
            except BlockingIOError:
                pass
            s.get("/bad.txt")
            return b"entries are lost" in said
        wait_until(told, 5, "the log to tell what is missing")
    finally:
        os.close(reader)


@pytest.mark.parametrize("role", ["launcher", "frontend"])
def test_sigusr1_ends_nothing(site, role):
    s = site(map=MAP)
    before = s.pids()
    processes.kill(before[role][0], signal.SIGUSR1)
    assert s.get("/ok.txt").text == "ok"
    assert s.pids() == before
