"""Random workers are killed while many clients ask: every request is answered, the only errors are 502 for what had begun
on a killed worker and not left it, nothing runs twice, and nothing is left behind."""

from collections import Counter

import pytest

from process.storm import STORM_MAP, Killer, check, storm
from process.traffic import BEFORE, Crowd, renew_workers, wait_workers
from support import processes
from support.timing import SLOW_FACTOR, scaled, wait_until


@pytest.mark.slow
def test_64_connections_and_a_worker_killed_every_100_ms(site, hostile):
    s = site(map=STORM_MAP, options="threads: 4", before=BEFORE, files=hostile)
    crowd = storm(s, 64, 10, 0.1, 4)
    assert crowd.sent > 5000 / SLOW_FACTOR, "too little load to prove anything"


def test_with_a_timeout_and_little_time_between_the_kills(site, hostile):
    s = site(map=STORM_MAP, options=f"threads: 2, scriptTimeout: {scaled(5)}", before=BEFORE, files=hostile)
    storm(s, 16, 2, 0.02, 2)


def test_with_bodies_that_do_not_fit_into_a_frame(site, hostile):
    """Spooled uploads of requests that must be handed on: whole for the next worker, and gone in the end."""
    s = site(map="""{"/echo.txt": function (req) { hostile.count("@DATA@/runs", req.query.n); hostile.spin(0.002);
                 return {txt: req.query.n + " " + req.body.length}; }}""", options="threads: 2", before=BEFORE,
             files=hostile)
    killer = Killer(s)
    body = b"u" * 200_000
    connections = [s.connect(timeout=30) for _ in range(8)]
    statuses = Counter()
    for turn in range(20):
        for index, connection in enumerate(connections):
            connection.send_request("POST", f"/echo.txt?n={turn * 8 + index}", {"Content-Type": "x/y"}, body)
        killer.run(0.001, 0.02)
        for index, connection in enumerate(connections):
            reply = connection.read_response()
            statuses[reply.status] += 1
            if reply.status == 200:
                assert reply.text == f"{turn * 8 + index} 200000"
        wait_workers(s, 2)
    runs = Counter((s.data / "runs").read_text().split())
    print(f"{killer.kills} kills, {dict(statuses)}")
    assert max(runs.values()) == 1
    assert set(statuses) <= {200, 502} and statuses[502] <= killer.kills * 3
    for connection in connections:
        connection.close()
    wait_until(lambda: not list(s.spool.iterdir()), 2, "the spool folder to be empty")
    s.assert_no_leaks()


def test_zygote_and_workers_killed_under_load(site, hostile):
    s = site(map=STORM_MAP, options="threads: 3", before=BEFORE, files=hostile)
    wait_workers(s, 3)
    crowd = Crowd(s.port, 32, "/count.txt?n={n}").start()
    killer = Killer(s)
    for _ in range(5):
        for pid in s.pids()["zygote"]:
            processes.kill(pid)
        killer.run(0.2, 0.05)
        wait_until(lambda: s.pids()["zygote"], 10, "a zygote")
    wait_workers(s, 3)
    crowd.stop()
    killer.killed.update(renew_workers(s, 3))
    check(s, crowd, killer, 3)
