"""Batches and slow neighbours: what waits behind or before a slow request in the same batch does not wait for it."""

import random
import time
from collections import Counter

import pytest

from process.traffic import BEFORE, Crowd, Frozen, assert_ran_once, runs, slow_map
from support.timing import scaled, wait_until

# Ways to be slow: one interrupted by Duktape's hook, one that says it will block, two native ones that do neither.
SLOW = {
    "loop": "var end = Date.now() + 1000; while (Date.now() < end) {}",
    "sleep": "rampart.utils.sleep(1);",
    "regular expression": 'var end = Date.now() + 1000; '
                          'while (Date.now() < end) /^(a+)+$/.test("aaaaaaaaaaaaaaaaaaaa!");',
    "C function": "hostile.spin(1);",
}


@pytest.mark.parametrize("slow", SLOW)
def test_a_batch_around_a_slow_request(site, hostile, slow):
    """Fast, slow and fast requests that the frontend reads in one turn, so that they share batches."""
    s = site(map=slow_map(SLOW[slow]), options="threads: 2", before=BEFORE, files=hostile)
    crowd = [s.connect(timeout=20) for _ in range(31)]
    for connection in crowd:
        connection.get("/fast.txt?n=0")
    with Frozen(s.pid("frontend")):
        for index, connection in enumerate(crowd):
            connection.send_request("GET", f"/slow.txt?n={index}" if index == 15 else f"/count.txt?n={index}")
        begin = time.monotonic()
    fast = [index for index in range(31) if index != 15]
    for index in fast:
        assert crowd[index].read_response().text == str(index)
    took = time.monotonic() - begin
    print(f"30 fast requests around a slow one ({slow}) took {1000 * took:.0f} ms")
    assert took < 0.7, "fast requests waited for a slow neighbour"
    assert crowd[15].read_response().text == "slow"
    assert_ran_once(s, [*fast, "slow 15"])


@pytest.mark.parametrize("hang", ["while (true) {}", "rampart.utils.sleep(60);", "hostile.spin(60);"])
def test_a_batch_around_a_request_that_hangs(site, hostile, hang):
    """Its worker is killed; what that worker had answered long before, or not begun, is not lost with it."""
    s = site(map=slow_map(hang), options="threads: 2, scriptTimeout: 0.4", before=BEFORE, files=hostile)
    crowd = [s.connect(timeout=20) for _ in range(31)]
    for connection in crowd:
        connection.get("/fast.txt?n=0")
    with Frozen(s.pid("frontend")):
        for index, connection in enumerate(crowd):
            connection.send_request("GET", f"/slow.txt?n={index}" if index == 15 else f"/count.txt?n={index}")
    statuses = [connection.read_response().status for connection in crowd]
    assert statuses == [500 if index == 15 else 200 for index in range(31)]
    assert_ran_once(s, [*(index for index in range(31) if index != 15), "slow 15"])


@pytest.mark.parametrize("slow", ["loop", "sleep"])
def test_slow_requests_on_all_but_one_worker(site, hostile, slow):
    s = site(map=slow_map(SLOW[slow]), options="threads: 4", before=BEFORE, files=hostile)
    slow_ones = [s.connect() for _ in range(3)]
    for index, connection in enumerate(slow_ones):
        connection.send_request("GET", f"/slow.txt?n={index}")
    wait_until(lambda: runs(s).total() == 3, 5, "three slow requests to begin")
    begin = time.monotonic()
    crowd = Crowd(s.port, 16, "/count.txt?n={n}", limit=300).start().wait()
    # Three workers in a loop leave little of two cores; the point is that nothing waited for them to end.
    assert time.monotonic() - begin < scaled(0.9)
    assert crowd.statuses() == {200: 300} and not crowd.unanswered
    assert [c.read_response().text for c in slow_ones] == ["slow"] * 3
    assert_ran_once(s, [*range(1, 301), *(f"slow {n}" for n in range(3))])


def test_with_every_worker_busy_requests_wait_and_are_answered(site, hostile):
    s = site(map=slow_map("rampart.utils.sleep(0.5);"), options="threads: 2", before=BEFORE, files=hostile)
    slow_ones = [s.connect() for _ in range(2)]
    for index, connection in enumerate(slow_ones):
        connection.send_request("GET", f"/slow.txt?n={index}")
    wait_until(lambda: runs(s).total() == 2, 5, "both workers to be busy")
    crowd = Crowd(s.port, 100, "/count.txt?n={n}", limit=100).start().wait()
    assert crowd.statuses() == {200: 100} and not crowd.unanswered
    assert [c.read_response().text for c in slow_ones] == ["slow"] * 2
    assert_ran_once(s, [*range(1, 101), "slow 0", "slow 1"])


def test_a_worker_that_was_slow_is_used_again(site, hostile):
    s = site(map=slow_map("rampart.utils.sleep(0.3);")[:-1] + """,
        "/pid.txt": function () { return {txt: "" + process.getpid()}; }}""", options="threads: 2", before=BEFORE,
             files=hostile)
    busy = s.connect()
    busy.send_request("GET", "/slow.txt?n=1")
    wait_until(lambda: runs(s)["slow 1"] == 1, 5, "the slow request to begin")
    crowd = [s.connect() for _ in range(20)]

    def who_answers():
        with Frozen(s.pid("frontend")):
            for connection in crowd:
                connection.send_request("GET", "/pid.txt")
        return {int(connection.read_response().text) for connection in crowd}

    assert len(who_answers()) == 1
    assert busy.read_response().text == "slow"
    assert who_answers() == set(s.workers()), "both workers share the load again"


def test_mixed_load_runs_everything_once(site, hostile):
    """Revocations by the hundred: slow requests come all the time, and nothing is lost or run twice."""
    s = site(map=slow_map("rampart.utils.sleep(0.012);"), options="threads: 3", before=BEFORE, files=hostile)
    chance = random.Random(7)
    crowd = Crowd(s.port, 32, lambda n: f"/slow.txt?n={n}" if chance.random() < 0.05 else f"/count.txt?n={n}").start()
    time.sleep(2)
    crowd.stop()
    assert not crowd.unanswered and set(crowd.statuses()) == {200}
    counted = Counter(line.removeprefix("slow ") for line in runs(s).elements())
    assert counted == Counter({str(n): 1 for n in crowd.answers}), "lost or run twice"
    slowest = max(seconds for _, body, seconds, _ in crowd.answers.values() if body != b"slow")
    print(f"{crowd.sent} requests in 2 s, slowest fast one {1000 * slowest:.0f} ms")


def test_pipelined_requests_keep_their_order_around_a_slow_one(site, hostile):
    s = site(map=slow_map("rampart.utils.sleep(0.2);"), options="threads: 2", before=BEFORE, files=hostile)
    connection = s.connect()
    for index in range(20):
        connection.send_request("GET", f"/slow.txt?n={index}" if index == 10 else f"/count.txt?n={index}")
    assert [connection.read_response().text for _ in range(20)] == [
        "slow" if index == 10 else str(index) for index in range(20)]
    assert_ran_once(s, [f"slow {index}" if index == 10 else index for index in range(20)])
