"""Several frontend loops (frontendThreads): every loop has its own listening socket, its own connections and its own
window at every worker."""

import time

import pytest

from process.storm import STORM_MAP, storm
from process.traffic import (BEFORE, FAST, Bystanders, Crowd, Watch, assert_ran_once, refuses, renew_workers, runs,
                             slow_map)
from support import processes
from support.http import request
from support.site import app
from support.timing import scaled, wait_until

LOOPS = "frontendThreads: 3"


def threads_of(pid):
    return int((processes.read(pid, "stat") or b"").rsplit(b")", 1)[1].split()[17])


def test_requests_through_all_loops(site, hostile):
    s = site(map=slow_map("rampart.utils.sleep(0.3);"), options=f"threads: 2, {LOOPS}", before=BEFORE, files=hostile)
    assert threads_of(s.pid("frontend")) >= 3
    crowd = Crowd(s.port, 48, "/count.txt?n={n}", limit=2000).start().wait()
    assert crowd.statuses() == {200: 2000} and not crowd.unanswered
    assert_ran_once(s, range(1, 2001))


def test_files_and_errors_through_all_loops(site):
    s = site(map="{" + FAST + ', "/files/": "@DIR@/files"}', options=f"threads: 2, {LOOPS}",
             files={"files/page.html": "<p>static"})
    for number in range(30):
        assert s.get("/files/page.html").text == "<p>static"
        assert s.get("/files/nothing.html").status == 404
        assert s.get(f"/fast.txt?n={number}").text == f"fast {number}"
        assert s.raw(b"BAD\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_several_addresses(site):
    s = site(map="{" + FAST + "}", options=f'threads: 1, {LOOPS}, bind: ["127.0.0.1:@PORT@", "127.0.0.2:@PORT@"]')
    for host in ("127.0.0.1", "127.0.0.2"):
        for number in range(10):
            assert request(s.port, "GET", f"/fast.txt?n={number}", host=host).text == f"fast {number}"


def test_a_slow_request_of_one_loop_delays_nobody_of_another(site, hostile):
    s = site(map=slow_map("rampart.utils.sleep(1);"), options=f"threads: 2, {LOOPS}", before=BEFORE, files=hostile)
    slow = s.connect()
    slow.send_request("GET", "/slow.txt?n=0")
    wait_until(lambda: runs(s).total() == 1, 5, "the slow request to begin")
    begin = time.monotonic()
    crowd = Crowd(s.port, 48, "/count.txt?n={n}", limit=500).start().wait()
    assert time.monotonic() - begin < scaled(0.9), "fast requests waited for a slow one"
    assert crowd.statuses() == {200: 500}
    assert slow.read_response().text == "slow"
    assert_ran_once(s, ["slow 0", *range(1, 501)])


def test_a_second_server_on_the_same_address_is_refused(site):
    """Sockets of several loops share the address by SO_REUSEPORT: another server must not slip in among them."""
    first = site(map="{" + FAST + "}", options=LOOPS)
    for options in (LOOPS, ""):
        second = site.run(app("{}", options), port=first.port)
        assert second.returncode == 1 and f"127.0.0.1:{first.port}" in second.log()


@pytest.mark.parametrize("attack", ["while (true) {}", "rampart.utils.sleep(60);", "process.exit(3);"])
def test_a_worker_is_lost(site, attack):
    s = site(map="{" + FAST + ', "/attack": function () { rampart.utils.sleep(0.001); ' + attack + "}}",
             options=f"threads: 2, scriptTimeout: 0.4, {LOOPS}")
    for _ in range(3):
        with Watch(s) as watch:
            assert s.get("/attack").status in (500, 502)
        watch.expect_entry("/attack")


def test_frontend_and_zygote_killed(site):
    s = site(map="{" + FAST + "}", options=f"threads: 2, {LOOPS}")
    for role in ("frontend", "zygote"):
        before = s.pid(role)
        processes.kill(before)
        wait_until(lambda: s.pids()[role] not in ([], [before]), 5, f"a new {role}")
        with Bystanders(s, connections=6) as bystanders:
            bystanders.wait_more(50)
    renew_workers(s, 2)


def test_kill_storm(site, hostile):
    s = site(map=STORM_MAP, options=f"threads: 3, {LOOPS}", before=BEFORE, files=hostile)
    storm(s, 48, 2, 0.05, 3)


def test_stop_finishes_what_runs(site, hostile):
    s = site(map=slow_map("rampart.utils.sleep(0.6);"), options=f"threads: 6, {LOOPS}", before=BEFORE, files=hostile)
    connections = [s.connect() for _ in range(6)]
    for index, connection in enumerate(connections):
        connection.send_request("GET", f"/slow.txt?n={index}")
    wait_until(lambda: runs(s).total() == 6, 5, "the requests to begin")
    s.proc.terminate()
    wait_until(lambda: refuses(s.port), 0.5, "new connections to be refused")
    assert [c.read_response().text for c in connections] == ["slow"] * 6
    assert s.wait_exit(3) == 0
    assert_ran_once(s, [f"slow {n}" for n in range(6)])
