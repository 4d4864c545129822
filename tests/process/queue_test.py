"""The queue is bounded in length and age; past it 503 at once. Requests whose client has gone are not run."""

import time

import pytest

from process.traffic import BEFORE, Crowd, assert_ran_once, runs, slow_map
from support import processes
from support.timing import scaled, wait_until

WINDOW = 64  # requests that the frontend may hand to one worker ahead of time (limits.h)


def busy_site(site, hostile, seconds, options="threads: 1"):
    """A server whose only worker is busy for that long, and the connection that waits for it."""
    s = site(map=slow_map(f"rampart.utils.sleep({seconds});"), options=options, before=BEFORE, files=hostile)
    slow = s.connect(timeout=30)
    slow.send_request("GET", "/slow.txt?n=0")
    wait_until(lambda: runs(s).total() == 1, 5, "the worker to be busy")
    return s, slow


def test_past_the_default_length_503(site, hostile):
    s, slow = busy_site(site, hostile, scaled(1))
    crowd = Crowd(s.port, 1400, "/count.txt?n={n}", limit=1400).start().wait()
    assert slow.read_response().text == "slow"
    statuses = crowd.statuses()
    assert not crowd.unanswered and set(statuses) == {200, 503}
    assert 1024 <= statuses[200] <= 1024 + WINDOW + 50, statuses
    for status, body, seconds, head in crowd.answers.values():
        if status == 503:
            assert b"\r\nRetry-After: " in head and seconds < scaled(0.9), "refused at once"
    assert_ran_once(s, ["slow 0", *(n for n, answer in crowd.answers.items() if answer[0] == 200)])


def test_a_short_queue(site, hostile):
    s, slow = busy_site(site, hostile, 0.7, "threads: 1, queueLength: 10")
    crowd = Crowd(s.port, 200, "/count.txt?n={n}", limit=200).start().wait()
    assert slow.read_response().text == "slow"
    statuses = crowd.statuses()
    assert not crowd.unanswered and set(statuses) == {200, 503}
    assert 10 <= statuses[200] <= 10 + WINDOW, statuses
    assert_ran_once(s, ["slow 0", *(n for n, answer in crowd.answers.items() if answer[0] == 200)])


def test_an_old_queue(site, hostile):
    """What waits longer than queueTimeout gets 503, whether the frontend or the busy worker's window holds it."""
    s, slow = busy_site(site, hostile, scaled(1.5), f"threads: 1, queueTimeout: {scaled(0.3)}")
    crowd = Crowd(s.port, 100, "/count.txt?n={n}", limit=100).start().wait()
    statuses = crowd.statuses()
    assert not crowd.unanswered and set(statuses) <= {200, 503} and statuses[503] >= 100 - WINDOW, statuses
    early = [seconds for status, _, seconds, _ in crowd.answers.values() if status == 503]
    assert scaled(0.25) < min(early) and max(early) < scaled(1.2)
    assert slow.read_response().text == "slow"
    assert_ran_once(s, ["slow 0", *(n for n, answer in crowd.answers.items() if answer[0] == 200)])


@pytest.mark.parametrize("in_front", [1, 100], ids=["in the window", "in the queue"])
def test_a_request_whose_client_has_gone_is_not_run(site, hostile, in_front):
    s, slow = busy_site(site, hostile, scaled(0.7))
    waiting = [s.connect(timeout=30) for _ in range(in_front)]
    for number, connection in enumerate(waiting, 1000):
        connection.send_request("GET", f"/count.txt?n={number}")
    gone = [s.connect() for _ in range(10)]
    for number, connection in enumerate(gone, 5000):
        connection.send_request("GET", f"/count.txt?n={number}")
    time.sleep(scaled(0.1))  # until the frontend has read them; should it be slower, the test proves less
    for connection in gone:
        connection.abort()
    assert slow.read_response().text == "slow"
    assert [c.read_response().text for c in waiting] == [str(n) for n in range(1000, 1000 + in_front)]
    assert s.get("/count.txt?n=1").text == "1"
    assert_ran_once(s, ["slow 0", *range(1000, 1000 + in_front), 1])


def test_a_client_that_goes_while_its_request_runs(site, hostile):
    """It is run to its end, its reply dropped; the worker is as good as before."""
    s, slow = busy_site(site, hostile, 0.3)
    worker = s.workers()
    slow.abort()
    assert s.get("/count.txt?n=1").text == "1"
    assert s.workers() == worker
    assert_ran_once(s, ["slow 0", 1])
    s.assert_no_leaks()


def test_the_queue_survives_the_death_of_the_worker_in_front_of_it(site, hostile):
    s, slow = busy_site(site, hostile, 60)
    waiting = [s.connect(timeout=30) for _ in range(200)]
    for number, connection in enumerate(waiting, 1):
        connection.send_request("GET", f"/count.txt?n={number}")
    time.sleep(scaled(0.1))
    processes.kill(s.workers()[0])
    assert slow.read_response().status == 502
    assert [c.read_response().text for c in waiting] == [str(n) for n in range(1, 201)]
    assert_ran_once(s, ["slow 0", *range(1, 201)])


def test_posts_that_had_not_begun_are_handed_on_with_their_bodies(site, hostile):
    """Small bodies travel in the frame, large ones as a file that must be whole for the second worker too."""
    s = site(map="""{
        "/slow.txt": function () { hostile.count("@DATA@/runs", "slow 0"); rampart.utils.sleep(60); },
        "/length.txt": function (req) { hostile.count("@DATA@/runs", req.query.n);
                                        return {txt: req.query.n + " " + req.body.length}; }}""",
             options="threads: 1", before=BEFORE, files=hostile)
    slow = s.connect()
    slow.send_request("GET", "/slow.txt")
    wait_until(lambda: runs(s).total() == 1, 5, "the worker to be busy")
    sizes = [1, 1000, 65536, 65537, 1_000_000]
    waiting = [s.connect(timeout=30) for _ in sizes]
    for number, (size, connection) in enumerate(zip(sizes, waiting), 1):
        connection.send_request("POST", f"/length.txt?n={number}", {"Content-Type": "application/octet-stream"},
                                b"b" * size)
    time.sleep(scaled(0.2))
    processes.kill(s.workers()[0])
    assert slow.read_response().status == 502
    assert [c.read_response().text for c in waiting] == [f"{n} {size}" for n, size in enumerate(sizes, 1)]
    assert_ran_once(s, ["slow 0", *range(1, len(sizes) + 1)])
