"""Handlers that return a Promise: its value is the reply, a rejection answers like a thrown error, and one that is
pending when the function returns counts as deferred."""

import time

from support.timing import scaled, wait_until

BEFORE = """function wait(ms, value) { return new Promise(function (ok) { setTimeout(function () { ok(value); }, ms); }); }
var kept = [];"""


def test_pending_promises(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/value": function (req) { return wait(20, {html: "later", status: 201}); },
        "/string": function () { return wait(1, "plain"); },
        "/chain": function () { return wait(1, 1).then(function (v) { return wait(1, v + 1); }).then(String); },
        "/put": function (req) { req.put("a"); return wait(5).then(function () { req.put("b"); return "c"; }); },
        "/missing": function () { return wait(1, {status: 404}); },
        "/chunks": function () {
            return wait(5, {chunk: true, txt: function (r) {
                if (r.chunkIndex < 2) r.chunkSend("c" + r.chunkIndex); else r.chunkEnd();
            }});
        },
        "/deferred": function (req) {
            setTimeout(function () { req.reply("by reply()"); }, 40);
            return wait(5, {defer: true});
        },
        "/thenable": function () { return wait(1, {then: function (ok) { ok("thenable"); }}); }
    }""")
    with s.connect() as c:
        reply = c.get("/value")
        assert (reply.status, reply.text) == (201, "later")
        assert c.get("/string").text == "plain"
        assert c.get("/chain").text == "2"
        assert c.get("/put").text == "abc"
        assert c.get("/missing").status == 404
        assert c.get("/chunks").text == "c0c1"
        assert c.get("/deferred").text == "by reply()"
        assert c.get("/thenable").text == "thenable"


def test_async_functions(site):
    s = site(env={"RAVELIN_CACHE_DIR": "@DATA@/cache"}, options="threads: 1, developerMode: true", before=BEFORE, map="""{
        "/": async (req) => {
            const parts = [];
            for (const ms of [5, 1, 3]) parts.push(await wait(ms, `${ms}`));
            return { txt: `${req.query.q}: ${parts.join()}` };
        },
        "/throws": async () => { await wait(5); throw new TypeError("async boo"); }
    }""")
    assert s.get("/?q=x", timeout=30).text == "x: 5,1,3"
    reply = s.get("/throws")
    assert reply.status == 500 and "TypeError: async boo" in reply.text
    assert s.log().count("async boo") == 1, "reported once, and as no unhandled rejection"


def test_rejections_answer_like_thrown_errors(site):
    text = """{
        "/reject": function () { return wait(5).then(function () { throw new Error("late boo"); }); },
        "/array": function () { return wait(1, [1, 2]); },
        "/throw": function () { throw new Error("early boo"); }
    }"""
    s = site(before=BEFORE, options="developerMode: true", map=text)
    reply = s.get("/reject")
    assert reply.status == 500 and 'error in the callback of map key &quot;/reject&quot;:\nError: late boo' in reply.text
    assert "app.js" in reply.text
    assert s.log().count("Error: late boo") == 1
    s.wait_log(r'error: GET /reject: error in the callback of map key "/reject"')
    reply = s.get("/array")
    assert reply.status == 500 and "Array" in reply.text
    s = site(before=BEFORE, options='notFoundFunc: function (req) { return "nf " + req.path.path + " " + req.errMsg; }',
             map=text)
    assert s.get("/throw").text.startswith('nf /throw error in the callback of map key "/throw":\nError: early boo')
    reply = s.get("/reject")
    assert reply.status == 404
    assert reply.text.startswith('nf /reject error in the callback of map key "/reject":\nError: late boo')


def test_an_async_not_found_function(site):
    s = site(before=BEFORE, options='notFoundFunc: function (req) { return wait(5, "nf " + req.path.path); }', map="""{
        "/missing": function () { return wait(1, {status: 404}); } }""")
    for path in ("/nowhere", "/missing"):
        reply = s.get(path)
        assert (reply.status, reply.text) == (404, f"nf {path}")


def test_never_settled(site):
    s = site(before=BEFORE, options="threads: 1, scriptTimeout: 0.3", map="""{
        "/kept": function () { return new Promise(function (ok) { kept.push(ok); }); },
        "/answer": function () { kept.forEach(function (ok) { ok("too late"); }); return "done"; }
    }""")
    begin = time.monotonic()
    assert s.get("/kept").status == 500
    assert time.monotonic() - begin < scaled(0.8)
    assert s.get("/answer").text == "done"
    # server-details 10.7: as {defer: true} that nobody can answer any more, for a pending one counts as deferred.
    s = site(options="threads: 1, developerMode: true", map="""{
        "/dropped": function () { return new Promise(function () {}); },
        "/work": function () { for (var i = 0, a; i < 200000; ++i) a = {n: [i]}; return "worked"; } }""")
    with s.connect() as c:
        c.send_request("GET", "/dropped")
        for _ in range(20):  # until the collector has found that nobody can settle it
            assert s.get("/work").text == "worked"
            if s.log_lines("can no longer be settled"):
                break
        reply = c.read_response()
    assert (reply.status, reply.body) == (200, b"")
    assert len(s.log_lines("warning: GET /dropped: the Promise that the function returned can no longer be settled")) == 1


def test_the_worker_is_free_meanwhile(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/slow": function (req) { return wait(500, "slow"); }, "/hi": function () { return "hi"; } }""")
    waiting = [s.connect() for _ in range(100)]
    begin = time.monotonic()
    for connection in waiting:
        connection.send_request("GET", "/slow")
    assert s.get("/hi").text == "hi"
    assert time.monotonic() - begin < scaled(0.4)
    assert [c.read_response().text for c in waiting] == ["slow"] * 100
    assert time.monotonic() - begin < scaled(1.5)


def test_microtasks_run_after_timers_and_events_of_a_worker(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) {
            setTimeout(function () { Promise.resolve("micro").then(function (v) { req.reply(v); }); }, 5);
            return {defer: true};
        } }""")
    assert s.get("/").text == "micro"
