"""scriptTimeout outside of a request's function: timers, events, promise reactions and chunk callbacks of a worker have a
deadline of their own. Script that hangs ends with its stack in the log and the worker goes on; native code costs it its life."""

import re
import time

import pytest

from process.traffic import log_entries
from support.timing import scaled, wait_until

TIMEOUT = 0.4
MAP = """{
    "/pid": function () { return String(process.getpid()); },
    "/timer": function (req) {
        setTimeout(function inTimer() {
            while (true) {}
        }, 5);
        return "set";
    },
    "/event": function (req) {
        rampart.event.on("hang", "f", function inEvent() {
            while (true) {}
        });
        rampart.event.trigger("hang");
        return "triggered";
    },
    "/caught": function (req) {
        setTimeout(function catches() {
            try { while (true) {} } catch (e) {}
            req.reply("never said");
        }, 0);
        return {defer: true};
    },
    "/async": async function afterAwait(req) {
        await new Promise(function (done) { setTimeout(done, 1); });
        while (true) {}
    },
    "/reaction": function () {
        return Promise.resolve().then(function inReaction() {
            while (true) {}
        });
    },
    "/await_null": async function (req) {
        await null;
        while (true) {}
    },
    "/chunks": function () {
        return {chunk: true, txt: async function (r) {
            if (r.chunkIndex == 0) return r.chunkSend("x");
            await new Promise(function (done) { setTimeout(done, 1); });
            while (true) {}
        }};
    },
    "/lost_chunk": function () {
        return {chunk: true, txt: async function (r) {
            if (r.chunkIndex == 0) return r.chunkSend("x");
            await new Promise(function () {});
        }};
    },
    "/neighbours": function (req) {
        var go;
        var gate = new Promise(function (done) { go = done; });
        gate.then(function hangs() { while (true) {} });
        gate.then(function () { req.reply("the neighbour"); });
        setTimeout(function () { go(); }, 1);
        return {defer: true};
    },
    "/native": function (req) { setTimeout(function () { rampart.utils.sleep(60); }, 1); return {defer: true}; },
    "/native_alone": function (req) { setTimeout(function () { rampart.utils.sleep(3); done = true; }, 1); return "set"; },
    "/done": function () { return String(done); }
}"""


def serve(site, timeout=TIMEOUT, threads=1):
    return site(map=MAP, before="var done = false;", options=f"threads: {threads}, scriptTimeout: {timeout}")


def line_of(s, text, offset=0):
    lines = (s.dir / "app.js").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line) + offset


@pytest.mark.parametrize("path, head, function", [("/timer", "Error in setTimeout callback:", "inTimer"),
                                                  ("/event", "Error in event callback:", "inEvent")])
def test_a_callback_that_hangs(site, path, head, function):
    s = serve(site)
    pid = s.get("/pid").text
    begin = time.monotonic()
    s.get(path)
    s.wait_log("RangeError: execution timeout", 10)
    assert s.get("/pid").text == pid, "the worker goes on"
    assert time.monotonic() - begin < TIMEOUT + scaled(0.8)
    line = line_of(s, f"function {function}(")
    assert re.search(rf"{head}\s+RangeError: execution timeout\n\s+at {function} \(.*app.js:({line}|{line + 1})\)", s.log())


@pytest.mark.parametrize("path", ["/async", "/caught"])
def test_its_request_gets_500_in_time(site, path):
    s = serve(site)
    pid = s.get("/pid").text
    begin = time.monotonic()
    assert s.get(path).status == 500
    assert time.monotonic() - begin < TIMEOUT + scaled(0.5)
    assert s.get("/pid").text == pid
    s.wait_log("RangeError: execution timeout", 10)
    name = "afterAwait" if path == "/async" else "catches"
    line = line_of(s, name)
    assert re.search(r"execution timeout\n\s+at .*app.js:(%s)\)" % "|".join(str(line + n) for n in range(4)), s.log())


@pytest.mark.parametrize("path, text", [("/reaction", "function inReaction"), ("/await_null", "await null")])
def test_the_stack_of_a_hang_in_a_reaction_of_the_request(site, path, text):
    s = site(map=MAP, before="var done = false;", options=f"threads: 1, scriptTimeout: {TIMEOUT}, developerMode: true")
    reply = s.get(path)
    line = line_of(s, text)
    place = rf"RangeError: execution timeout\n\s+at .*app.js:({line}|{line + 1})\)"
    assert reply.status == 500 and re.search(place, reply.text), reply.text
    assert re.search(place, s.log())


@pytest.mark.parametrize("path, why", [("/chunks", "script timed out after 400 ms in the chunk callback"),
                                       ("/lost_chunk", "the Promise that it returned can no longer be settled")])
def test_a_chunked_reply_is_cut(site, path, why):
    s = serve(site)
    with s.connect(timeout=20) as c:
        c.send_request("GET", path)
        c.read_head()
        assert c.read_to_end() == b"1\r\nx\r\n"
    s.wait_log(why)


def test_other_reactions_run_all_the_same(site):
    s = serve(site, timeout=scaled(0.3))
    pid = s.get("/pid").text
    s.get("/neighbours")  # its reply may come just too late; what matters is that nothing is left behind
    assert s.get("/pid").text == pid
    assert len(s.log_lines("execution timeout")) == 1
    assert not s.log_lines("can no longer|nobody can call")


def test_native_code_in_a_callback_costs_the_worker_its_life(site):
    """Whether requests wait for it or it only owes replies; a second is the frontend's patience."""
    for waits in (True, False):
        s = serve(site)
        pid = s.get("/pid").text
        begin = time.monotonic()
        assert s.get("/native").status == 500
        if waits:
            assert s.get("/pid", timeout=20).text != pid
        else:
            s.wait_log("was killed", 20)
        assert TIMEOUT + 0.9 < time.monotonic() - begin < TIMEOUT + 1.2 + scaled(1)
        entry, = [text for _, text in log_entries(s) if "was killed" in text]
        assert "a timer, event or other callback ran longer than scriptTimeout (0.4 s)" in entry


def test_native_code_that_hurts_nobody_is_left_alone(site):
    s = serve(site, timeout=0.2)
    pid = s.get("/pid").text
    assert s.get("/native_alone").text == "set"
    time.sleep(3.2)
    assert wait_until(lambda: s.get("/done").text == "true") and s.get("/pid").text == pid


def test_without_scriptTimeout_nothing_changes(site):
    s = site(map="""{"/": function (req) {
        setTimeout(function () {
            var end = Date.now() + 1500;
            while (Date.now() < end) {}
            Promise.resolve().then(function () { req.reply("in the end"); });
        }, 1);
        return {defer: true};
    }}""", options="threads: 1")
    assert s.get("/", timeout=20).text == "in the end"
