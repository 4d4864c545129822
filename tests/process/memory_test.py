"""Recursion, runaway allocation and huge output: an error for the request, and a fresh worker where memory ran out."""

import pytest

from process.traffic import FAST, Watch
from support import processes
from support.timing import wait_until

CALM = "rampart.utils.sleep(0.001);"


# A long text, without the millions of array elements that join() would need.
TIMES = "function times(s, n) { var t = s; while (t.length < n * s.length) t += t; return t.slice(0, n * s.length); }"


def attack_site(site, body, options="", before="", **more):
    script = "{" + FAST + ',\n"/attack": function attack(req) {' + CALM + body + "}}"
    return site(map=script, options="threads: 2, developerMode: true" + ("," + options if options else ""),
                before=TIMES + before, **more)


RECURSIONS = {
    "script": "function down() { return down() + 1; } down();",
    "native map": "function down() { return [1].map(down); } down();",
    "native sort": "function down() { [2, 1].sort(down); return 0; } down();",
    "replace": 'function down() { return "a".replace(/a/, down); } down();',
    "getter": "var o = {get x() { return this.x; }}; o.x;",
    "toString": "var o = {toString: function () { return '' + o; }}; return {txt: o};",
    "JSON": "var deep = []; for (var i = 0; i < 1000000; i++) deep = [deep]; return {json: deep};",
    "JSON text": 'JSON.parse(times("[", 1000000));',
    "printf": 'var deep = []; for (var i = 0; i < 100000; i++) deep = [deep]; rampart.utils.sprintf("%J", deep);',
    "reply": "var deep = {}; for (var i = 0; i < 100000; i++) deep = {txt: deep}; return deep;",
    "regular expression": 'new RegExp(times("(", 100000) + "a");',
    "function source": 'eval(times("(", 100000) + "1" + times(")", 100000));',
    "proxy": "var p = new Proxy({}, {get: function (t, k, r) { return r.x; }}); p.x;",
    "prototype": "var o = {}; for (var i = 0; i < 20000; i++) o = Object.create(o); return {txt: '' + o.nothing};",
}


@pytest.mark.parametrize("name", RECURSIONS)
def test_recursion_is_an_error_of_its_script(site, name):
    """The worker lives on; above all it does not run out of its C stack."""
    s = attack_site(site, RECURSIONS[name])
    with Watch(s, replaced=0) as watch:
        reply = s.get("/attack", timeout=30)
    assert reply.status in (200, 500), reply
    if reply.status == 500:
        watch.expect_entry("Error")
    assert s.workers() == watch.workers, s.log()


ALLOCATIONS = {
    "array": "var a = []; while (true) a.push({n: a.length, s: 'x' + a.length});",
    "string": "var t = 'x'; while (true) t += t;",
    "strings": "var a = []; while (true) a.push(times('y', 1000000) + a.length);",
    "buffer": "new Buffer(1 << 30);",
    "buffers": "var a = []; while (true) a.push(new Buffer(1 << 20));",
    "typed array": "new Float64Array(1 << 27);",
    "doubling": "return {txt: times('abcdefgh', 1 << 26)};",
    "1 GB string": "var t = times('x', 1 << 20), a = []; for (var i = 0; i < 1024; i++) a.push(t); "
                   "return {txt: a.join('')};",
    "1 GB in a loop": "var t = times('x', 1 << 20), out = ''; for (var i = 0; i < 1024; i++) out += t; "
                      "return {txt: out};",
    "1 GB buffer": "var b = new Buffer(1 << 30); b.fill(65); return {bin: b};",
    "1 GB header": "return {txt: 'x', headers: {'X-Long': times('h', 1 << 30)}};",
    "printf": 'rampart.utils.sprintf("%1000000000s", "x");',
    "bufferToString": "var b = new Buffer(60 << 20); var a = []; while (true) a.push(rampart.utils.bufferToString(b));",
    "globals": "var g = Function('return this')(); for (var i = 0; ; i++) g['leak' + i] = times('x', 1000000) + i;",
}


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_runaway_allocation_ends_at_the_limit(site, name):
    """An error in the script that asks for too much; and a fresh worker, since what the old one holds is anybody's guess."""
    s = attack_site(site, ALLOCATIONS[name], 'maxMemory: "96M", scriptTimeout: 20')
    with Watch(s, replaced=0) as watch:
        reply = s.get("/attack", timeout=60)
    assert reply.status == 500, reply
    watch.expect_entry("(?i)memory|alloc|limit|too l|invalid length|RangeError")
    # What is left of it is bounded.
    for pid in s.workers():
        assert (processes.memory_kb(pid, "Private_Dirty") or 0) < 160 * 1024


@pytest.mark.parametrize("name", ["strings", "buffers"])
def test_a_worker_that_hit_its_limit_is_replaced(site, name):
    s = attack_site(site, ALLOCATIONS[name], "maxMemory: 64")
    with Watch(s) as watch:
        assert s.get("/attack", timeout=30).status == 500
    watch.expect_entry("(?i)memory|alloc")


def test_an_allocation_error_that_the_script_catches(site):
    """It answers as it likes; the worker is replaced all the same."""
    s = attack_site(site, """
        try { var a = []; while (true) a.push(new Buffer(1 << 20)); } catch (e) { return {txt: "caught " + e.name}; }""",
                    "maxMemory: 64")
    with Watch(s):
        reply = s.get("/attack", timeout=30)
        assert (reply.status, reply.text[:7]) == (200, "caught ")


def test_allocation_errors_caught_for_ever(site):
    s = attack_site(site, "var a = []; while (true) { try { while (true) a.push(new Buffer(1 << 20)); } catch (e) {} }",
                    "maxMemory: 64, scriptTimeout: 0.5")
    with Watch(s) as watch:
        assert s.get("/attack", timeout=30).status == 500
    watch.expect_entry("/attack")


def test_native_allocation_ends_at_the_address_space_limit(site, hostile, memory_limits):
    s = attack_site(site, "hostile.exhaustMemory();", "maxMemory: 64, scriptTimeout: 20", files=hostile,
                    before='var hostile = require("./hostile.so");', san_sees_crashes=False)
    with Watch(s) as watch:
        assert s.get("/attack", timeout=30).status == 502
    watch.expect_entry(r"died of signal \d+ .* while running GET /attack")


def test_a_leak_over_many_requests(site):
    """Each request leaks a little: the one that hits the limit may fail, the next is served by a fresh worker."""
    s = site(map="{" + FAST + """, "/leak.txt": function () {
        for (var i = 0; i < 4; i++) leaked.push(new Buffer(1 << 20));
        return {txt: "" + leaked.length}; }}""", before="var leaked = [];", options="threads: 1, maxMemory: 64")
    statuses = [s.get("/leak.txt").status for _ in range(60)]
    assert set(statuses) <= {200, 500}, statuses
    assert 2 <= statuses.count(500) <= 8, statuses
    assert s.get("/fast.txt?n=1").text == "fast 1"


@pytest.mark.parametrize("how", ["txt: times('x', 100 << 20)",
                                 "bin: (function () { var b = new Buffer(100 << 20); b.fill(120); return b; })()"],
                         ids=["string", "buffer"])
def test_100_mb_arrive_whole(site, how):
    s = attack_site(site, "return {" + how + "};", "maxMemory: 1024")
    with Watch(s, replaced=0) as watch:
        reply = s.get("/attack", timeout=60)
    assert reply.status == 200 and len(reply.body) == 100 << 20 and reply.body.count(b"x") == 100 << 20
    assert not watch.incidents()


def test_1_gb_arrives_whole_when_the_site_allows_it(site):
    """And the worker is free long before the client has it all."""
    s = attack_site(site, "var b = new Buffer(1 << 30); b.fill(120); b[5] = 121; return {bin: b};", "maxMemory: 4096")
    with Watch(s, replaced=0) as watch:
        with s.connect(timeout=120) as connection:
            connection.send_request("GET", "/attack")
            head = connection.read_head()
            assert head.status == 200 and head.headers["Content-Length"] == str(1 << 30)
            first, total = connection.pending, len(connection.pending)
            scratch = bytearray(1 << 20)
            while total < 1 << 30:
                received = connection.sock.recv_into(scratch)
                assert received, f"ended after {total} bytes"
                if len(first) < 16:
                    first += bytes(scratch[:16])
                total += received
    assert total == 1 << 30 and first[:16] == b"xxxxxyxxxxxxxxxx"
    assert not watch.incidents()


def test_a_slow_reader_of_a_large_reply_holds_no_worker(site):
    s = site(map="{" + FAST + """, "/big": function () { return {txt: times("x", 32 << 20)}; }}""",
             options="threads: 1", before=TIMES)
    connection = s.connect(receive_buffer=4096)
    connection.send_request("GET", "/big")
    assert connection.read_head().status == 200
    assert s.get("/fast.txt?n=1").text == "fast 1"
    frontend = s.pid("frontend")
    assert processes.memory_kb(frontend, "Private_Dirty") < 16 * 1024, "a reply waits in a file, not in memory"
    connection.close()
    wait_until(lambda: not any("memfd" in target or "deleted" in target
                               for target in processes.open_files(frontend).values()
                               if "claim" not in target), 5, "the reply to be dropped with its client")
