"""A worker's channel closes before its pidfd becomes readable. The frontend took the closed channel for a broken protocol,
killed what was dead already, and logged that instead of the cause."""

import pytest

from process.traffic import FAST, log_entries, wait_workers
from support import processes
from support.timing import wait_until

EXIT = ', "/exit": function () { process.exit(3); }, "/hang": function () { while (true) {} }}'


def test_idle_deaths_name_their_signal(site):
    s = site(map="{" + FAST + "}", options="threads: 2")
    before = len(log_entries(s))
    for number in range(1, 11):
        worker = s.workers()[0]
        processes.kill(worker)
        wait_workers(s, 2, without=[worker])
        wait_until(lambda: len(log_entries(s)) == before + number, 5, f"entry {number}\n{s.log()}")
    assert all("died of signal 9 (SIGKILL) while idle" in text for _, text in log_entries(s)[before:])


@pytest.mark.parametrize("path, cause", [("/exit", "ended with exit code 3 while running"), ("/hang", "was retired")])
def test_ends_in_a_request_name_their_cause(site, path, cause):
    s = site(map="{" + FAST + EXIT, options="threads: 2, scriptTimeout: 0.05")
    for number in range(1, 6):
        s.get(path)
        wait_until(lambda: len(s.log_lines(cause)) == number, 5, f"{number} times {cause!r}\n{s.log()}")
        wait_workers(s, 2)
    assert not s.log_lines("protocol")
