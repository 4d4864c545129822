"""The kill storm: random workers die under load, and a counter file tells what ran (kill_storm_test, loops_test)."""

import random
import time
from collections import Counter

from process.traffic import Crowd, wait_workers
from support import processes
from support.timing import wait_until

# A request takes at least this long, so that the 200 microseconds which finished replies may wait in a worker hold few.
REQUEST_SECONDS = 50e-6
HELD = 200e-6 / REQUEST_SECONDS

STORM_MAP = """{"/count.txt": function (req) {
    hostile.count("@DATA@/runs", req.query.n);
    hostile.spin(%s);
    return {txt: req.query.n};
}}""" % REQUEST_SECONDS


class Killer:
    """Kills random workers of a site, one every `period` seconds."""

    def __init__(self, site, seed=3):
        self.site = site
        self.random = random.Random(seed)
        self.killed = set()

    @property
    def kills(self):
        return len(self.killed)

    def run(self, seconds, period):
        end = time.monotonic() + seconds
        due = time.monotonic()
        while time.monotonic() < end:
            # One that was killed is listed for as long as the kernel takes to end it.
            workers = [pid for pid in self.site.workers() if pid not in self.killed]
            if workers:
                victim = self.random.choice(workers)
                if processes.kill(victim):
                    self.killed.add(victim)
            due += period
            time.sleep(max(0, due - time.monotonic()))


def check(s, crowd, killer, workers):
    runs = Counter((s.data / "runs").read_text().split())
    statuses = crowd.statuses()
    failed = [number for number, answer in crowd.answers.items() if answer[0] != 200]
    slowest = max(answer[2] for answer in crowd.answers.values())
    print(f"{killer.kills} kills, {crowd.sent} requests, {len(failed)} of them 502, slowest {1000 * slowest:.0f} ms")

    assert not crowd.unanswered, f"no answer to {len(crowd.unanswered)} requests: {crowd.unanswered[:10]}"
    assert len(crowd.answers) == crowd.sent
    assert set(statuses) <= {200, 502}, statuses
    wrong = [n for n, answer in crowd.answers.items() if answer[0] == 200 and answer[1] != b"%d" % n]
    assert not wrong, f"answers to other requests: {wrong[:10]}"

    twice = [n for n, count in runs.items() if count > 1]
    assert not twice, f"run twice: {twice[:10]}"
    lost = [n for n, answer in crowd.answers.items() if answer[0] == 200 and str(n) not in runs]
    assert not lost, f"answered and never run: {lost[:10]}"
    # A killed worker takes what it ran, and the finished replies that waited at most 200 microseconds. One more for the
    # moment in which the kill strikes between finishing a reply and looking at the clock.
    assert len(failed) <= killer.kills * (1 + HELD + 1), f"{len(failed)} errors of {killer.kills} kills"
    # Each of them had begun, or was just about to: the claim comes first, the script's own count after it.
    not_begun = [n for n in failed if str(n) not in runs]
    assert len(not_begun) <= 1 + killer.kills // 5, f"502 without having begun: {len(not_begun)} of {len(failed)}"

    wait_workers(s, workers)
    wait_until(lambda: sum(1 for _ in s.log_lines(r"died of signal 9 \(SIGKILL\)")) >= killer.kills, 5,
               "a log line for each kill")
    assert sum(1 for _ in s.log_lines(r"died of signal 9 \(SIGKILL\)")) == killer.kills
    # Temporary files and processes: the site fixture looks for them at the end. Descriptors: here, to name the culprit.
    s.assert_no_leaks()


def storm(s, connections, seconds, period, workers):
    wait_workers(s, workers)
    crowd = Crowd(s.port, connections, "/count.txt?n={n}").start()
    killer = Killer(s)
    killer.run(seconds, period)
    crowd.stop()
    check(s, crowd, killer, workers)
    return crowd
