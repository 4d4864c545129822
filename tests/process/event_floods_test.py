"""Events by the ten thousand (PROTOCOL.md, "Events"): nothing is lost, senders wait for listeners that are behind, and a
listener that takes nothing stops nobody for long. The frontend's memory stays bounded in all of it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support.contexts import Contexts, PeakMemory
from support.timing import scaled, wait_until

FLOOD = "var text = new Array(1001).join('x'); for (var i = 0; i < {count}; i++) rampart.event.trigger('e', text); 1"


def test_a_flood_is_held_back_and_nothing_is_lost(site):
    """A listener that is busy for two seconds; 60 MB for it."""
    c = Contexts(site)
    here, there = c.everywhere("var n = 0; rampart.event.on('e', 'f', function (u, d) { n += d.length == 1000 }); 1")
    c.run("rampart.event.remove('e'); 1", here)
    c.run("rampart.event.on('e', 'f', function (u, d) { n += d.length == 1000 }); 1", there)
    with PeakMemory(c.site.pid("frontend")) as frontend:
        busy = threading.Thread(target=c.run, args=("rampart.utils.sleep(2); 1", there))
        busy.start()
        time.sleep(scaled(0.5))
        c.run(FLOOD.format(count=60000), here)
        busy.join()
        wait_until(lambda: c.run("n", there) == 60000, 60, "all events")
    grown = (frontend.peak - frontend.before) / 1024
    print(f"\nflood of 60 MB: the frontend grew by {grown:.1f} MB")
    assert grown < 24 or "san" in str(c.site.command[0])
    assert not c.site.log_lines("misses")


def test_a_listener_that_takes_nothing_stops_nobody_for_long(site):
    """The main script computes for 12 s; a worker floods it. Beyond its patience the hub drops, and says so once."""
    c = Contexts(site, after="""
        var got = 0;
        rampart.event.on("e", "f", function () { got++; });
        rampart.event.on("freeze", "f", function () { rampart.utils.exec("sleep", "12"); });
    """)
    c.run("rampart.event.trigger('freeze'); 1")
    with PeakMemory(c.site.pid("frontend")) as frontend:
        begin = time.monotonic()
        c.run(FLOOD.format(count=100000))
        took = time.monotonic() - begin
    assert 2 < took < scaled(11), took
    grown = (frontend.peak - frontend.before) / 1024
    print(f"\nflood against a stuck listener: sent after {took:.1f} s, the frontend grew by {grown:.1f} MB")
    assert grown < 24 or "san" in str(c.site.command[0])
    assert len(c.site.wait_log("the launcher has taken no event", 10)) == 1
    missed = c.site.wait_log("the launcher takes events again; it has missed", 20)
    missed = int(missed[0].split()[-1])
    assert c.wait_main("got", "got") == 100000 - missed > 1000


def test_two_that_flood_each_other(site):
    c = Contexts(site)
    pids = c.everywhere("var n = 0; rampart.event.on('e', 'f', function () { n++ }); 1")
    with PeakMemory(c.site.pid("frontend")) as frontend:
        answers = c.at_once(FLOOD.format(count=15000))
        assert len({answer["pid"] for answer in answers}) == 2
        for pid in pids:
            wait_until(lambda: c.run("n", pid) == 30000, 60, "all events")
    print(f"\ntwo floods of 15 MB at each other: the frontend grew by {(frontend.peak - frontend.before) / 1024:.1f} MB")


def test_floods_from_and_to_the_main_script(site):
    c = Contexts(site, after="var got = 0; rampart.event.on('e', 'f', function () { got++ });")
    pids = c.everywhere("var n = 0; rampart.event.on('e', 'f', function () { n++ }); 1")
    with PeakMemory(c.site.pid("frontend")) as frontend:
        c.main(FLOOD.format(count=20000))
        c.run(FLOOD.format(count=20000), pids[0])
        for pid in pids:
            wait_until(lambda: c.run("n", pid) == 40000, 60, "all events")
    assert c.wait_main("got", "got") == 40000
    print(f"\ntwo floods of 20 MB, from and to the main script: the frontend grew by"
          f" {(frontend.peak - frontend.before) / 1024:.1f} MB")


def test_requests_that_come_while_a_worker_waits_for_its_listener(site):
    """One worker: it reads its channel in the middle of a request, and runs afterwards what came there."""
    c = Contexts(site, workers=1, after="rampart.event.on('e', 'f', function () {});"
                                        "rampart.event.on('freeze', 'f', function () { rampart.utils.exec('sleep', '3'); });")
    c.run("rampart.event.trigger('freeze'); 1")
    body = "x" * 3000
    connections = [c.site.connect() for _ in range(8)]
    with ThreadPoolExecutor(1) as pool:
        flood = pool.submit(c.get, FLOOD.format(count=12000) + "; i")
        time.sleep(scaled(0.3))
        for number, connection in enumerate(connections):
            connection.send_request("GET", f"/run?code={number}&pad={body}")
        answers = [connection.read_response("GET").json()["value"] for connection in connections]
        assert flood.result()["value"] == 12000
    assert answers == list(range(8))


def test_throughput(site):
    c = Contexts(site)
    here, there = c.everywhere("1")
    c.run("var n = 0, first, last; rampart.event.on('e', 'f', function (u, d) { if (!n++) first = performance.now();"
          " last = performance.now() }); 1", there)
    begin = time.monotonic()
    count = 200_000
    c.run(f"for (var i = 0; i < {count}; i++) rampart.event.trigger('e', i); 1", here)
    wait_until(lambda: c.run("n", there) == count, 60, "all events")
    seconds = c.run("last - first", there) / 1000
    print(f"\n{count} triggers from worker to worker: {count / seconds:,.0f} per second "
          f"({time.monotonic() - begin:.2f} s with the polling)")
    assert count / seconds > 10_000
