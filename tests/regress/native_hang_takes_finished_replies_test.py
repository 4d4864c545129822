"""A handler that hangs in native code, behind fast requests of the same batch: their finished replies stayed in the worker,
died with it at the hard timeout (500 to the innocent), and the log blamed the first of them."""

from process.traffic import BEFORE, FAST, Frozen
from support.timing import wait_until


def test_only_the_hanging_request_fails_and_is_named(site, hostile):
    s = site(map="{" + FAST + ', "/attack": function () { hostile.spin(60); }}', options="threads: 1, scriptTimeout: 0.3",
             before=BEFORE, files=hostile)
    crowd = [s.connect(timeout=20) for _ in range(11)]
    for connection in crowd:
        connection.get("/fast.txt?n=0")
    with Frozen(s.pid("frontend")):
        for number, connection in enumerate(crowd):
            connection.send_request("GET", "/attack" if number == 10 else f"/fast.txt?n={number}")
    assert [connection.read_response().status for connection in crowd] == [200] * 10 + [500]
    lines = wait_until(lambda: s.log_lines("scriptTimeout"), 5, "a log line")
    assert len(lines) == 1 and "GET /attack" in lines[0], lines
