"""The hang-up of a dead frontend and the channel of the next reached the zygote in one poll(): it took the new channel, then
hung up on it because of what poll() had said about the old one. No worker was ever forked again."""

import signal

from process.traffic import FAST, wait_workers
from support import processes
from support.timing import wait_until


def test_both_in_one_poll(site):
    s = site(map="{" + FAST + "}", options="threads: 2")
    workers, zygote, frontend = s.workers(), s.pid("zygote"), s.pid("frontend")
    processes.kill(zygote, signal.SIGSTOP)
    processes.kill(frontend)
    wait_until(lambda: s.pids()["frontend"] not in ([], [frontend]), 5, "a new frontend")
    processes.kill(zygote, signal.SIGCONT)
    wait_workers(s, 2, without=workers)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    assert s.pid("zygote") == zygote
