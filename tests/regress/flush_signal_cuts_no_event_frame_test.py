"""A request that runs for more than 3 ms gets a signal, whose handler sends what its worker has finished (PROTOCOL.md, "A
request"). It came in the middle of an event's frame on another loop's channel, and sent the half that was there: the
frontend waited for the rest of a frame whose length nobody knew."""

from urllib.parse import quote

from support.contexts import Contexts
from support.timing import wait_until


def test_requests_that_trigger_while_they_are_asked_to_flush(site):
    c = Contexts(site, options="frontendThreads: 3")
    pids = c.everywhere("var n = 0; rampart.event.on('e', 'f', function (u, d) { n++ }); 1")
    connections = [c.site.connect() for _ in range(8)]
    # Nobody listens to "large": its frames only have to be written and sent, again and again.
    code = quote("var large = new Array(50001).join('x'); for (var end = performance.now() + 10, i = 0;"
                 " performance.now() < end; i++) rampart.event.trigger('large', large); rampart.event.trigger('e'); i")
    for _ in range(20):
        for connection in connections:
            connection.send_request("GET", f"/run?code={code}")
        for connection in connections:
            assert connection.read_response("GET").json()["value"] > 0
    for pid in pids:
        wait_until(lambda: c.run("n", pid) == 160, 30, f"all events in worker {pid}")
    assert c.site.workers() == pids
