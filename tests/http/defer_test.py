"""Deferred replies: {defer: ...} and req.reply() (server-details 10.7)."""

import time

import pytest

from support.timing import scaled, wait_until

LATER = """function later(req, ms, value) { setTimeout(function () { req.reply(value); }, ms); return {defer: true}; }
var kept = [];
function note(text) { rampart.utils.fprintf("@DATA@/notes", true, "%s\\n", text); }
function error_of(f) { try { f(); return "nothing"; } catch (e) { return String(e); } }"""


def notes(s):
    path = s.data / "notes"
    return path.read_text().splitlines() if path.exists() else []


def test_the_values_of_a_return(site):
    s = site(before=LATER, files={"file.txt": "0123456789"}, map="""{
        "/text": function (req) { return later(req, 20, {text: "later"}); },
        "/string": function (req) { return later(req, 20, "plain"); },
        "/number": function (req) { return later(req, 1, 42.5); },
        "/nothing": function (req) { return later(req, 1, undefined); },
        "/all": function (req) { return later(req, 1, {html: "x", status: 201, headers: {"X-A": ["1", "2"]}}); },
        "/file": function (req) { return later(req, 1, {txt: "@@DIR@/file.txt"}); },
        "/big": function (req) { return later(req, 1, {bin: new Buffer(300000)}); },
        "/put": function (req) {
            req.put("AA");
            setTimeout(function () { req.put("BB"); req.printf("%d", 5); req.reply({text: "CC"}); }, 1);
            return {defer: true, html: "ignored", status: 500};
        },
        "/buffer": function (req) {
            req.put("abcdef");
            setTimeout(function () {
                req.rewind(4);
                req.reply({json: {pos: req.getpos(), buffer: rampart.utils.sprintf("%s", req.getBuffer()), mime: req.getMime("html")}});
            }, 1);
            return {defer: true};
        },
        "/false": function () { return {defer: false, txt: "now"}; },
        "/later_chunks": function (req) {
            return later(req, 1, {chunk: true, txt: function (r) {
                if (r.chunkIndex < 3) r.chunkSend("c" + r.chunkIndex); else r.chunkEnd();
            }});
        }
    }""")
    with s.connect() as c:  # one connection: each reply leaves it usable
        reply = c.get("/text")
        assert (reply.status, reply.text) == (200, "later")
        assert reply.headers["Content-Type"].startswith("text/plain") and reply.headers["Content-Length"] == "5"
        assert c.get("/string").text == "plain"
        assert c.get("/number").text == "42.5"
        assert (c.get("/nothing").status, c.get("/nothing").text) == (200, "")
        reply = c.get("/all")
        assert (reply.status, reply.text, reply.headers.all("X-A")) == (201, "x", ["1", "2"])
        assert c.get("/file").text == "0123456789"
        assert len(c.get("/big").body) == 300000
        reply = c.get("/put")
        assert (reply.status, reply.text) == (200, "AABB5CC")
        assert c.get("/buffer").text == 'abcd{"pos":4,"buffer":"abcd","mime":"text/html"}'
        assert c.get("/false").text == "now"
        assert c.get("/later_chunks").text == "c0c1c2"
        head = c.request("HEAD", "/text")
        assert (head.status, head.headers["Content-Length"], head.body) == (200, "5", b"")
        assert c.get("/text").text == "later"


def test_the_example_of_the_manual(site):
    s = site(map="""{"/": function defer_test(req){

            // send reply after waiting 2 seconds
            setTimeout(function(){
                req.reply({text:"made ya wait!"});
            }, 2000);

            return {defer:true}; //don't send to client yet.
        }}""")
    begin = time.monotonic()
    assert s.get("/").text == "made ya wait!"
    assert 1.9 < time.monotonic() - begin < scaled(3)


def test_from_events_and_other_requests(site):
    s = site(before=LATER, options="threads: 1", map="""{
        "/wait": function (req) { kept.push(req); note("waits"); return {defer: true}; },
        "/answer": function () {
            var first = kept.shift();
            first.reply({txt: "answered by another request, who asked for " + first.path.path});
            return "done";
        },
        "/event": function (req) {
            rampart.event.on("news", "n" + req.query.n, function (mine, news) {
                req.reply(mine + " " + news);
                rampart.event.off("news", "n" + req.query.n);
            }, "for " + req.query.n);
            return {defer: true};
        },
        "/trigger": function () { rampart.event.trigger("news", "big"); return "sent"; }
    }""")
    waiting = s.connect()
    waiting.send_request("GET", "/wait?x=1")
    wait_until(lambda: notes(s) == ["waits"])
    assert s.get("/answer").text == "done"
    assert waiting.read_response().text == "answered by another request, who asked for /wait"
    listeners = [s.connect() for _ in range(3)]
    for number, connection in enumerate(listeners):
        connection.send_request("GET", f"/event?n={number}")
        connection.assert_nothing_comes()
    assert s.get("/trigger").text == "sent"
    assert [c.read_response().text for c in listeners] == [f"for {n} big" for n in range(3)]


def test_a_deferred_worker_serves_others(site):
    """More deferred requests than the window has slots, at one worker."""
    s = site(before=LATER, options="threads: 1", map="""{
        "/wait": function (req) { kept.push(req); return {defer: true}; },
        "/hi": function () { return "hi " + kept.length; },
        "/all": function () { kept.forEach(function (r, i) { r.reply("no " + i); }); kept = []; return "all"; }
    }""")
    waiting = []
    for number in range(200):
        waiting.append(s.connect())
        waiting[-1].send_request("GET", "/wait")
    wait_until(lambda: s.get("/hi").text == "hi 200")
    begin = time.monotonic()
    assert s.get("/hi").text == "hi 200"
    assert time.monotonic() - begin < scaled(0.5)
    assert s.get("/all").text == "all"
    assert sorted(c.read_response().text for c in waiting) == sorted(f"no {n}" for n in range(200))


def test_the_function_under_defer(site):
    s = site(options="developerMode: true", map="""{
        "/f": function (req) {
            req.put("before ");
            return {defer: function (r) { req.state = "after"; setTimeout(function () { r.reply(req.state); }, 1); }};
        },
        "/at_once": function (req) { return {defer: function (r) { r.reply({html: String(r === req)}); }}; },
        "/throws": function () { return {defer: function () { throw new Error("inside"); }}; },
        "/throws_after": function () { return {defer: function (r) { r.reply("answered"); throw new Error("too late"); }}; }
    }""")
    assert s.get("/f").text == "before after"
    assert s.get("/at_once").text == "true"
    reply = s.get("/throws")
    assert reply.status == 500 and "Error: inside" in reply.text
    assert s.get("/throws_after").text == "answered"
    s.wait_log("too late")
    assert s.log().count("Error: inside") == 1


def test_replying_twice_throws(site):
    s = site(before=LATER, map="""{"/": function (req) {
        note(typeof req.reply);
        setTimeout(function () {
            var result = req.reply("first");
            note(result);
            note(error_of(function () { req.reply("second"); }));
            note(error_of(function () { req.put("more"); }));
        }, 1);
        return {defer: true};
    }}""")
    assert s.get("/").text == "first"
    assert wait_until(lambda: notes(s)[3:] and notes(s)) == [
        "undefined", "undefined", "Error: req.reply: this request has been answered",
        "Error: req.put: this request has been answered"]


def test_values_that_are_no_reply(site):
    """They throw at the caller, and the request stays open."""
    s = site(before=LATER, map="""{"/": function (req) {
        setTimeout(function () {
            var errors = [[1, 2], function () {}, {defer: true}].map(function (value) {
                return error_of(function () { req.reply(value); });
            });
            req.reply({json: errors});
        }, 1);
        return {defer: true};
    }}""")
    errors = s.get("/").json()
    assert "Array or a Function" in errors[0] and "Array or a Function" in errors[1]
    assert errors[2] == "TypeError: req.reply: a reply cannot be deferred again"


def test_not_found_and_its_function(site):
    s = site(before=LATER, options="""notFoundFunc: function (req) {
            if (req.query.again) return later(req, 5, {html: "nf later " + req.path.path, status: 404});
            return {html: "nf " + req.path.path + req.query.q + " " + (req.errMsg || "")};
        }""", map="""{
        "/missing": function (req) { return later(req, 1, {status: 404}); },
        "/file": function (req) { return later(req, 1, {txt: "@/nowhere/at/all"}); },
        "/throws": function () { return {defer: function () { throw new Error("boo"); }}; }
    }""")
    for path in ("/missing", "/file"):
        reply = s.get(path + "?q=7")
        assert (reply.status, reply.text) == (404, f"nf {path}7 ")
    assert s.get("/missing?again=1").text == "nf later /missing"
    reply = s.get("/throws?q=1")
    assert reply.status == 404 and "Error: boo" in reply.text


def test_a_req_that_a_callback_forgets_is_answered_without_help(site):
    """An idle worker has no garbage collection of its own, and scriptTimeout is off."""
    s = site(map="""{
        "/forgets": function (req) { setTimeout(function () { var q = req; }, 10); return {defer: true}; },
        "/throws": function (req) { setTimeout(function () { if (req) throw new Error("on purpose"); }, 10);
                                    return {defer: true}; },
    }""", options="threads: 1, scriptTimeout: 0")
    for path in ("/forgets", "/throws"):
        reply = s.get(path)
        assert (reply.status, reply.body) == (200, b""), path
    assert len(s.log_lines(r"warning: GET /\w+: it was deferred, and nobody can call its req.reply\(\) any more")) == 2


NO_REPLY = """{
    "/array": function (req) { setTimeout(function () { req.reply([1, 2]); }, 1); return {defer: true}; },
    "/function": function (req) { setTimeout(function () { req.reply(function () {}); }, 1); return {defer: true}; },
    "/caught": function (req) { setTimeout(function () { try { req.reply([1]); } catch (e) {} }, 1); return {defer: true}; },
    "/rejects": function (req) { setTimeout(function () { req.reply(Promise.reject(new TypeError("may not"))); }, 1);
                                 return {defer: true}; },
    "/promised": function (req) { setTimeout(function () { req.reply(Promise.resolve([1])); }, 1); return {defer: true}; },
    "/retry": function (req) { setTimeout(function () {
        try { req.reply([1]); } catch (e) { setTimeout(function () { req.reply("mended"); }, 20); } }, 1);
        return {defer: true}; }
}"""


@pytest.mark.parametrize("path", ["/array", "/function", "/caught", "/rejects", "/promised"])
def test_a_reply_that_is_none_is_an_error_when_no_other_comes(site, path):
    s = site(map=NO_REPLY, options="threads: 1, developerMode: true")
    reply = s.get(path)
    assert reply.status == 500 and "TypeError: " in reply.text and "may not" in reply.text, reply.text
    assert s.get("/retry").text == "mended"
    assert s.log().count("TypeError: ") == 1
    assert len(s.log_lines(f"error: GET {path}: ")) == 1
    s = site(map=NO_REPLY, options='notFoundFunc: function (req) { return {status: 404, txt: "nf " + req.errMsg}; }')
    reply = s.get(path)
    assert reply.status == 404 and reply.text.startswith("nf error in ") and "TypeError: " in reply.text


def test_a_promise_is_awaited(site):
    s = site(before=LATER + """
        function wait(ms, value) { return new Promise(function (done) { setTimeout(function () { done(value); }, ms); }); }""",
             map="""{
        "/pending": function (req) { req.put("A"); return later(req, 1, wait(20, {html: "B", status: 201})); },
        "/settled": function (req) { return later(req, 1, Promise.resolve("now")); },
        "/missing": function (req) { return later(req, 1, wait(5, {status: 404})); },
        "/chunks": function (req) { return later(req, 1, wait(5, {chunk: true, txt: function (r) { r.chunkEnd("c"); }})); },
        "/taken_off": function (req) { var r = req.reply; setTimeout(function () { var r = req.reply; r(wait(5, "off")); }, 1);
                                       return {defer: true}; },
        "/deferred": function (req) { return later(req, 1, wait(5, {defer: true})); },
        "/twice": function (req) { setTimeout(function () {
            req.reply(wait(20, "first")); note(error_of(function () { req.reply("second"); })); }, 1);
            return {defer: true}; },
        "/dropped": function (req) { setTimeout(function () { req.reply(new Promise(function () {})); }, 1);
                                     return {defer: true}; }
    }""", options="developerMode: true, threads: 1")
    reply = s.get("/pending")
    assert (reply.status, reply.text) == (201, "AB")
    assert [s.get("/" + path).text for path in ("settled", "chunks", "taken_off", "twice")] == ["now", "c", "off", "first"]
    assert notes(s) == ["Error: req.reply: this request has been answered"]
    assert s.get("/missing").status == 404
    reply = s.get("/deferred")
    assert reply.status == 500 and "a reply cannot be deferred again" in reply.text
    assert (s.get("/dropped").status, s.get("/dropped").body) == (200, b"")
    assert s.log_lines("the Promise that req.reply.. was given can no longer be settled")


def test_never_replied_and_dropped(site):
    s = site(map="""{"/": function (req) { req.put("what was put"); return {defer: true}; }}""")
    reply = s.get("/")
    assert (reply.status, reply.text) == (200, "what was put")
    assert reply.headers["Content-Type"].startswith("text/plain")


def test_script_timeout_ends_an_unanswered_deferral(site):
    s = site(before=LATER, options="threads: 1, scriptTimeout: 0.4", map="""{
        "/never": function (req) { kept.push(req); return {defer: true}; },
        "/late": function (req) {
            setTimeout(function () { note(error_of(function () { req.put("x"); })); note(String(req.reply("late"))); }, 700);
            return {defer: true};
        },
        "/pid": function () { return String(process.getpid()); }
    }""")
    pid = s.get("/pid").text
    begin = time.monotonic()
    with s.connect() as c:
        reply = c.get("/never")
        assert reply.status == 500 and "<h1>Internal Server Error</h1>" in reply.text
        assert 0.38 < time.monotonic() - begin < scaled(0.8)
        assert c.get("/late").status == 500
        assert c.get("/pid").text == pid, "the worker lives, and so does the connection"
    assert wait_until(lambda: notes(s)[1:] and notes(s)) == ["Error: req.put: this request has been answered",
                                                            "undefined"]
    assert len(s.log_lines(r'error: GET /never in the callback of map key "/never" was deferred and not answered '
                           r"within scriptTimeout \(0.4 s\)")) == 1


def test_connect_timeout_does_not_apply_while_deferred(site):
    s = site(before=LATER, options="connectTimeout: 0.3", map="""{
        "/": function (req) { return later(req, 1000, "in time"); } }""")
    assert s.get("/").text == "in time"


@pytest.mark.parametrize("how", ["reset", "close", "pipelined"])
def test_the_client_leaves(site, how):
    s = site(before=LATER, options="threads: 1", map="""{
        "/wait": function (req) { kept.push(req); note("waits"); return {defer: true}; },
        "/gone": function () {
            return error_of(function () { kept[0].put("x"); });
        },
        "/reply": function () { return String(kept[0].reply("nobody hears")); }
    }""")
    c = s.connect()
    c.send_request("GET", "/wait")
    wait_until(lambda: notes(s) == ["waits"])
    if how == "pipelined":
        c.send_request("GET", "/wait")
    c.abort() if how == "reset" else c.close()
    wait_until(lambda: s.get("/gone").text == "Error: req.put: this request has been answered", 8)
    assert s.get("/reply").text == "undefined"
    assert s.get("/reply").text == "undefined"
    assert len(notes(s)) == 1, "what was pipelined behind it is not run for a client that has gone"


def test_a_half_closed_client_gets_its_reply(site):
    s = site(before=LATER, map="""{"/": function (req) { return later(req, 300, "still here"); }}""")
    with s.connect() as c:
        c.send_request("GET", "/")
        c.shutdown_write()
        assert c.read_response().text == "still here"
        assert c.is_closed_by_peer()


def test_pipelined_requests_stay_in_order(site):
    s = site(before=LATER, options="threads: 2", map="""{
        "/slow": function (req) { return later(req, 200, "slow " + req.query.n); },
        "/chunks": function (req) {
            return {chunk: true, chunkDelay: 30, txt: function (r) {
                if (r.chunkIndex < 3) r.chunkSend("c" + r.chunkIndex); else r.chunkEnd("!");
            }};
        },
        "/fast": function (req) { return "fast " + req.query.n; },
        "/static/": "@DIR@/"
    }""", files={"f.txt": "file"})
    with s.connect() as c:
        paths = ["/slow?n=1", "/fast?n=2", "/chunks", "/static/f.txt", "/slow?n=3", "/fast?n=4"]
        c.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
        assert [c.read_response().text for _ in paths] == ["slow 1", "fast 2", "c0c1c2!", "file", "slow 3", "fast 4"]


def test_the_request_stays_readable(site):
    """Also a large body, which came as a file, and after other requests."""
    s = site(before=LATER, options="threads: 1", map="""{
        "/post": function (req) {
            setTimeout(function () {
                req.reply({json: {length: req.body.length, last: req.body[req.body.length - 1], query: req.query,
                                  host: req.headers.Host != undefined, path: req.path.path, method: req.method,
                                  type: req.postData["Content-Type"]}});
            }, 100);
            return {defer: true};
        },
        "/other": function () { return "other"; }
    }""")
    for size in (10, 300_000):
        with s.connect() as c:
            c.send_request("POST", "/post?a=b", {"Content-Type": "application/x-thing"}, b"x" * (size - 1) + b"z")
            for _ in range(5):
                assert s.post("/other", b"y" * size).text == "other"
            assert c.read_response().json() == {"length": size, "last": ord("z"), "query": {"a": "b"}, "host": True,
                                                "path": "/post", "method": "POST", "type": "application/x-thing"}


def test_functions_taken_off_req(site):
    s = site(before=LATER, map="""{
        "/": function (req) {
            setTimeout(function () { var reply = req.reply; reply({txt: "unbound"}); }, 1);
            return {defer: true};
        },
        "/nested": function (req) {
            setTimeout(function () {
                var second;
                req.reply({json: {toJSON: function () {
                    second = error_of(function () { req.reply("inner"); });
                    return {second: second};
                }}});
            }, 1);
            return {defer: true};
        }
    }""")
    assert s.get("/").text == "unbound"
    assert s.get("/nested").json() == {"second": "Error: req.reply: this request is being answered"}


def test_an_error_in_the_timer_leaves_the_request_open(site):
    s = site(before=LATER, options="threads: 1", map="""{
        "/": function (req) {
            setTimeout(function () { throw new Error("in the timer"); }, 1);
            return later(req, 50, "fine");
        } }""")
    assert s.get("/").text == "fine"
    s.wait_log("Error in setTimeout callback")


def test_http_1_0_and_close(site):
    s = site(before=LATER, map="""{ "/": function (req) { return later(req, 10, "late"); } }""")
    reply, = s.raw(b"GET / HTTP/1.0\r\n\r\n", responses=1)
    assert reply.text == "late"
    with s.connect() as c:
        reply = c.get("/", {"Connection": "close"})
        assert (reply.text, reply.headers["Connection"]) == ("late", "close")
        assert c.is_closed_by_peer()
