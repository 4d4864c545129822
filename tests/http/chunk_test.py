"""Chunked replies: chunk, chunkDelay, req.chunkSend(), req.chunkEnd(), req.chunkIndex (server-details 10.1 to 10.6)."""

import re
import time

import pytest

from support.http import encode_request
from support.peers import SlowReader
from support.timing import scaled, wait_until

BEFORE = """function note(text) { rampart.utils.fprintf("@DATA@/notes", true, "%s\\n", text); }
function error_of(f) { try { f(); return "nothing"; } catch (e) { return String(e); } }
function counting(req) {
    if (req.chunkIndex < 3) req.chunkSend("c" + req.chunkIndex + ";"); else req.chunkEnd("end");
}"""
COUNT = """function (req) { return {chunk: true, txt: counting}; }"""


def notes(s):
    path = s.data / "notes"
    return path.read_text().splitlines() if path.exists() else []


def test_pieces_and_framing(site):
    s = site(before=BEFORE, map="""{
        "/count": %s,
        "/put": function (req) { req.put("PRE;"); return {chunk: true, html: counting, status: 202, headers: {"X-A": "b"}}; },
        "/end": function (req) { return {chunk: true, txt: function (r) { r.chunkEnd(); }}; },
        "/hi": function () { return "hi"; }
    }""" % COUNT)
    with s.connect() as c:
        reply = c.get("/count")
        assert (reply.status, reply.text, reply.chunks) == (200, "c0;c1;c2;end", [3, 3, 3, 3])
        assert reply.headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in reply.headers
        assert reply.headers["Content-Type"].startswith("text/plain") and "Connection" not in reply.headers
        reply = c.get("/put")
        assert (reply.status, reply.text, reply.headers["X-A"]) == (202, "PRE;c0;c1;c2;end", "b")
        assert reply.headers["Content-Type"].startswith("text/html")
        assert (c.get("/end").text, c.get("/hi").text) == ("", "hi")


def test_values_of_chunk_send(site):
    s = site(before=BEFORE, files={"small": "0123456789", "large": b"L" * 3_000_000}, map="""{"/": function (req) {
        var values = ["text", "\\u20ac", new Buffer("buf"), 5, 1.5, true, false, {a: [1]}, [1, 2], null, undefined, "",
                      "\\\\@x", "@@DIR@/small"];
        return {chunk: true, bin: function (r) {
            if (r.chunkIndex >= values.length) return r.chunkEnd("@@DIR@/large");
            var value = values[r.chunkIndex], before = r.chunkIndex;
            r.put("<");
            note(r.chunkSend(value));
        }};
    }}""")
    reply = s.get("/")
    assert reply.body == ("<text<\u20ac<buf<5<1.5<true<false<{\"a\":[1]}<[1,2]<<<<@x<0123456789".encode() +
                          b"L" * 3_000_000)
    assert set(notes(s)) == {"true"}
    assert reply.chunks[-1] == 3_000_000


def test_several_sends_in_a_call_and_idle_calls(site):
    s = site(before=BEFORE, map="""{
        "/several": function (req) { return {chunk: true, txt: function (r) {
            r.chunkSend("a" + r.chunkIndex); r.chunkSend("b"); r.put("c"); r.chunkSend();
            if (r.chunkIndex == 2) r.chunkEnd("d");
        }}; },
        "/idle": function (req) { req.n = 0; return {chunk: true, txt: function (r) {
            note(r.n + ":" + r.chunkIndex);
            if (++r.n == 4) r.chunkSend("sent");
            if (r.n == 5) r.chunkEnd();
        }}; },
        "/lost": function (req) { return {chunk: true, txt: function (r) {
            r.put("never sent, "); if (r.getpos() != 12) throw new Error("buffer");
            req.n = (req.n || 0) + 1; if (req.n > 3) r.chunkEnd();
        }}; }
    }""")
    assert s.get("/several").text == "a0bca1bca2bcd"
    assert s.get("/idle").text == "sent"
    assert notes(s) == ["0:0", "1:0", "2:0", "3:0", "4:1"]
    assert s.get("/lost").text == "never sent, ", "chunkEnd() sends what is in the buffer, which was emptied before"


def test_idle_calls_are_no_busy_loop(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) { req.n = 0; var begin = Date.now(); return {chunk: true, txt: function (r) {
            ++r.n; if (Date.now() - begin > 500) r.chunkEnd(String(r.n)); }}; } }""")
    assert 5 < int(s.get("/").text) < 100


def test_chunk_with_other_values(site):
    s = site(before=BEFORE, files={"f.txt": "0123456789"}, map="""{
        "/whole": function () { return {chunk: true, txt: "whole"}; },
        "/put": function (req) { req.put("put "); return {chunk: true, txt: "whole"}; },
        "/file": function () { return {chunk: true, txt: "@@DIR@/f.txt"}; },
        "/missing": function () { return {chunk: true, txt: "@@DIR@/none"}; },
        "/empty": function () { return {chunk: true, txt: ""}; },
        "/none": function () { return {chunk: true}; },
        "/false": function () { return {chunk: false, txt: "plain"}; },
        "/delay": function () { return {chunk: true, chunkDelay: "x", txt: "warned"}; },
        "/204": function () { return {chunk: true, status: 204, txt: counting}; }
    }""")
    with s.connect() as c:
        for path, text in (("/whole", "whole"), ("/put", "put whole"), ("/file", "0123456789"), ("/empty", ""),
                           ("/none", ""), ("/delay", "warned")):
            reply = c.get(path)
            assert (reply.text, reply.headers["Transfer-Encoding"]) == (text, "chunked"), path
        assert c.get("/missing").status == 404
        reply = c.get("/false")
        assert (reply.text, reply.headers["Content-Length"]) == ("plain", "5")
        reply = c.get("/204")
        assert (reply.status, reply.body, "Transfer-Encoding" in reply.headers) == (204, b"", False)
        assert c.get("/whole").text == "whole"
    s.wait_log('"chunkDelay" is not a Number')


def test_head_does_not_call(site):
    s = site(before=BEFORE, map="""{"/": function (req) { return {chunk: true, txt: function (r) { note("called"); r.chunkEnd("x"); }}; }}""")
    with s.connect() as c:
        reply = c.request("HEAD", "/")
        assert (reply.status, reply.headers["Transfer-Encoding"]) == (200, "chunked")
        assert c.get("/").text == "x"
    assert notes(s) == ["called"]


def test_http_1_0(site):
    s = site(before=BEFORE, map="""{"/": %s, "/throw": function () { return {chunk: true, txt: function (r) {
        if (r.chunkIndex == 2) throw new Error("boom"); r.chunkSend("x"); }}; }}""" % COUNT)
    for extra in (b"", b"Connection: keep-alive\r\n"):
        raw = s.raw(b"GET / HTTP/1.0\r\n" + extra + b"\r\n")
        head, body = raw.split(b"\r\n\r\n", 1)
        assert body == b"c0;c1;c2;end" and b"Transfer-Encoding" not in head and b"Connection: close" in head
    with s.connect() as c:
        c.send(b"GET /throw HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):  # the end of the connection would look like the end of the body
            while c.sock.recv(1000):
                pass


def test_delay(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) { return {chunk: true, chunkDelay: 100, txt: counting}; },
        "/late": function (req) { return {chunk: true, chunkDelay: 100, txt: function (r) {
            if (r.chunkIndex == 0) rampart.utils.sleep(0.25);
            counting(r);
        }}; } }""")
    for path, beats in (("/", [100, 200, 300, 400]), ("/late", [350, 400, 500, 600])):
        with s.connect() as c:
            begin = time.monotonic()
            c.send_request("GET", path)
            c.read_head()
            times = []
            for size in (8, 8, 8, 8):
                c._take(size, "a piece")
                times.append((time.monotonic() - begin) * 1000)
        for at, beat in zip(times, beats):
            assert beat - 5 <= at < beat + 95 * scaled(1), (path, times)


def test_a_callback_that_throws(site):
    s = site(before=BEFORE, options="threads: 1, developerMode: true", map="""{
        "/throw": function () { return {chunk: true, txt: function (r) {
            if (r.chunkIndex == 2) throw new Error("boom"); r.chunkSend("x"); }}; },
        "/first": function () { return {chunk: true, txt: function (r) { throw new Error("first"); }}; },
        "/missing": function () { return {chunk: true, txt: function (r) {
            r.chunkEnd(error_of(function () { r.chunkSend("@/no/such/file"); })); }}; },
        "/pid": function () { return String(process.getpid()); }
    }""")
    pid = s.get("/pid").text
    for path, got in (("/throw", b"1\r\nx\r\n1\r\nx\r\n"), ("/first", b"")):
        with s.connect() as c:
            c.send_request("GET", path)
            c.read_head()
            assert c.read_to_end() == got, "no last chunk: the body is not whole"
    assert len(s.wait_log("error in the chunk callback", count=2)) == 2
    assert s.log().count("Error: boom") == 1
    assert s.get("/missing").text == 'Error: req.chunkSend: cannot open the file "/no/such/file": No such file or directory'
    assert s.get("/pid").text == pid


def test_the_client_leaves(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) {
            var calls = 0;
            return {chunk: true, chunkDelay: Number(req.query.d), bin: function (r) {
                ++calls; globalThis.calls = calls; globalThis.held = r; r.chunkSend(new Buffer(20000)); }};
        },
        "/calls": function () { return String(globalThis.calls); },
        "/send": function () { return held.chunkSend("x") + " " + held.chunkEnd("y"); }
    }""")
    for delay in (0, 20):
        for leave in ("abort", "close"):
            c = s.connect()
            c.send_request("GET", f"/?d={delay}")
            c.read_head()
            wait_until(lambda: int(s.get("/calls").text) >= 3)
            getattr(c, leave)()

            def stopped():
                before = s.get("/calls").text
                time.sleep(0.1)
                return s.get("/calls").text == before
            wait_until(stopped, 8)
            assert s.get("/send").text == "false false"


def test_an_idle_client_that_leaves(site):
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) { return {chunk: true, txt: function (r) { globalThis.held = r; }}; },
        "/send": function () { return String(held.chunkSend("x")); },
        "/has": function () { return String(globalThis.held != undefined); }
    }""")
    c = s.connect()
    c.send_request("GET", "/")
    c.read_head()
    wait_until(lambda: s.get("/has").text == "true")
    c.close()
    wait_until(lambda: s.get("/send").text == "false", 8)


def test_sends_outside_of_the_callback(site):
    """Beyond the manual: what a timer sends is sent when the client can take it, and counts against the bound."""
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) { return {chunk: true, txt: function (r) {
            if (r.begun) return;
            r.begun = true;
            var n = 0, timer = setInterval(function () {
                if (n < 5) { r.put("p"); note(r.chunkSend("t" + n++ + ";")); return; }
                clearInterval(timer);
                r.chunkEnd("end");
                note(r.chunkSend("after") + " " + r.chunkEnd("after"));
            }, 10);
        }}; },
        "/nested": function (req) { return {chunk: true, txt: function (r) {
            if (r.begun) return;
            r.begun = true;
            setTimeout(function () {
                note(r.chunkSend({toJSON: function () { r.chunkEnd("inner"); return "outer"; }}));
            }, 20);
        }}; },
        "/flood": function (req) { return {chunk: true, bin: function (r) {
            if (r.begun) return;
            r.begun = true;
            setTimeout(function () {
                var sent = 0;
                note(error_of(function () { for (;;) { r.chunkSend(new Buffer(1000000)); ++sent; } }) + sent);
                r.chunkEnd();
            }, 1);
        }}; }
    }""")
    assert s.get("/").text == "pt0;pt1;pt2;pt3;pt4;end"
    assert wait_until(lambda: notes(s)[5:] and notes(s)) == ["true"] * 5 + ["false false"]
    assert s.get("/nested").text == "inner"
    assert wait_until(lambda: notes(s)[6:] and notes(s)[6:]) == ["false"]
    body = s.get("/flood").body
    sent = int(re.search(r"\d+$", notes(s)[-1]).group())
    assert notes(s)[-1].startswith("RangeError: chunked reply: more than 16777216 bytes wait") and sent in (17, 18)
    assert len(body) == sent * 1_000_000


def test_async_callbacks(site):
    s = site(before=BEFORE + "function wait(ms) { return new Promise(function (ok) { setTimeout(ok, ms); }); }",
             options="threads: 1", map="""{
        "/": function () { return {chunk: true, txt: function (r) {
            return wait(5).then(function () { counting(r); });
        }}; },
        "/throw": function () { return {chunk: true, txt: function (r) {
            return wait(5).then(function () { throw new Error("late boom"); });
        }}; } }""")
    assert s.get("/").text == "c0;c1;c2;end"
    with s.connect() as c:
        c.send_request("GET", "/throw")
        c.read_head()
        assert c.read_to_end() == b""
    assert s.log().count("late boom") == 1


def test_a_slow_client_pulls(site):
    """The callback runs ahead of the client by what the kernel takes, and no more."""
    s = site(before=BEFORE, options="threads: 1", map="""{
        "/": function (req) { return {chunk: true, bin: function (r) {
            globalThis.calls = r.chunkIndex + 1;
            var piece = new Buffer(32768); piece.fill(r.chunkIndex & 255);
            if (r.chunkIndex < 200) r.chunkSend(piece); else r.chunkEnd("end");
        }}; },
        "/calls": function () { return String(globalThis.calls || 0); }
    }""")
    with SlowReader(s.port, encode_request("GET", "/", "x", {"Connection": "close"}), step=1024, pause=0.05, keep=True) as slow:
        wait_until(lambda: slow.received_bytes > 10_000)
        calls = int(s.get("/calls").text)
        assert calls < 40, "200 pieces of 32 KB wait for a client that has read some KB"
        slow.rush()
        wait_until(lambda: slow.ended, 20)
    pieces = slow.received.split(b"\r\n8000\r\n")
    assert len(pieces) == 201 and slow.received.endswith(b"\r\n3\r\nend\r\n0\r\n\r\n")
    assert all(pieces[n + 1][:32768] == bytes([n & 255]) * 32768 for n in range(200))


def test_one_chunk_of_any_size(site):
    """While nothing else waits for the client; what is sent ahead in one call stays bounded."""
    size = 30_000_000
    s = site(before=BEFORE, map="""{
        "/huge": function (req) { var b = new Buffer(30000000); b.fill(67); return {chunk: true, bin: function (r) {
            if (r.chunkIndex < 2) r.chunkSend(b); else r.chunkEnd("end"); }}; },
        "/put": function (req) { var b = new Buffer(30000000); b.fill(67); return {chunk: true, bin: function (r) {
            r.put(b); r.chunkEnd("end"); }}; },
        "/ahead": function (req) { var b = new Buffer(30000000); return {chunk: true, bin: function (r) {
            for (var i = 0; i < 100; i++) r.chunkSend(b); }}; }
    }""")
    assert s.get("/huge", timeout=30).body == b"C" * (2 * size) + b"end"
    assert s.get("/put", timeout=30).body == b"C" * size + b"end"
    with s.connect(timeout=30) as c:
        c.send_request("GET", "/ahead")
        c.read_head()
        c.read_to_end()
    s.wait_log("chunked reply: more than 16777216 bytes wait for the client")


def test_timeouts(site):
    """connectTimeout counts while the client does not read, not while the script has nothing; scriptTimeout is for each
    call of the callback."""
    s = site(before=BEFORE, options="threads: 1, connectTimeout: 0.5, scriptTimeout: 0.5", map="""{
        "/quiet": function (req) { return {chunk: true, chunkDelay: 900, txt: function (r) {
            if (r.chunkIndex < 1) r.chunkSend("x"); else r.chunkEnd("y"); }}; },
        "/flood": function (req) { return {chunk: true, bin: function (r) { r.chunkSend(new Buffer(100000)); }}; },
        "/hang": function (req) { return {chunk: true, txt: function (r) {
            if (r.chunkIndex == 0) return r.chunkSend("x"); while (true) {} }}; },
        "/hi": function () { return "hi"; }
    }""")
    assert s.get("/quiet").text == "xy"
    with s.connect(receive_buffer=4096) as c:
        c.send_request("GET", "/flood")
        c.read_head()
        with pytest.raises(AssertionError):
            time.sleep(scaled(2))
            c.read_response()  # the rest of what the kernel had, and then no last chunk
    with s.connect() as c:
        c.send_request("GET", "/hang")
        c.read_head()
        assert c.read_to_end() == b"1\r\nx\r\n"
    s.wait_log("script timed out after 500 ms in the chunk callback")
    wait_until(lambda: s.get("/hi").text == "hi")


def test_a_bound_on_pieces_to_one_client_on_each_loop(site):
    s = site(before=BEFORE, options="threads: 2, frontendThreads: 2", map='{"/": %s}' % COUNT)
    replies = [s.get("/").text for _ in range(40)]
    assert replies == ["c0;c1;c2;end"] * 40
