"""When the last worker died, everything that waited got 503, although the next worker was milliseconds away: with one worker,
each timeout hit innocent requests. What has not begun goes to another worker; 503 is for when none is to come soon."""

import pytest

from process.traffic import FAST, Frozen
from support import processes

ENDS = {
    "timeout": "while (true) {}",
    "hard timeout": "rampart.utils.sleep(60);",
    "exit": "rampart.utils.sleep(0.1); process.exit(0);",
    "killed": "rampart.utils.sleep(0.1); rampart.utils.kill(process.getpid(), 9); while (true) {}",
}


@pytest.mark.parametrize("end", ENDS)
def test_what_waits_behind_the_only_worker(site, end):
    s = site(map="{" + FAST + ', "/attack": function () {' + ENDS[end] + "}}", options="threads: 1, scriptTimeout: 0.2")
    attack = s.connect()
    crowd = [s.connect() for _ in range(100)]  # more than one worker's window
    with Frozen(s.pid("frontend")):
        attack.send_request("GET", "/attack")
        for number, connection in enumerate(crowd):
            connection.send_request("GET", f"/fast.txt?n={number}")
    assert attack.read_response().status in (500, 502)
    replies = [connection.read_response() for connection in crowd]
    # One read may bring the attack behind others: what had been answered and not sent dies with its worker.
    right = sum(reply.status == 200 and reply.text == f"fast {number}" for number, reply in enumerate(replies))
    assert {reply.status for reply in replies} <= {200, 502} and right >= 90, [reply.status for reply in replies]


def test_requests_right_behind_the_end_of_the_only_worker(site):
    s = site(map="{" + FAST + ', "/attack": function () { process.exit(0); }}', options="threads: 1")
    for number in range(20):
        assert s.get("/attack").status == 502
        assert s.get(f"/fast.txt?n={number}").text == f"fast {number}"


def test_all_workers_killed_at_once(site):
    """A request that was handed to one dead worker after the other had begun on none."""
    s = site(map="{" + FAST + "}", options="threads: 4")
    for number in range(5):
        connection = s.connect()
        with Frozen(s.pid("frontend")):
            for pid in s.workers():
                processes.kill(pid)
            connection.send_request("GET", f"/fast.txt?n={number}")
        assert connection.read_response().text == f"fast {number}"
        connection.close()
