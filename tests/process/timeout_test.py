"""scriptTimeout: the soft stage throws in the script, so that the log has its stack; the hard one, 50 ms later, ends what
does not listen. The client gets 500 either way, and nobody else notices."""

import re
import time

import pytest

from process.traffic import FAST, Watch
from support.timing import scaled, wait_until

TIMEOUT = 0.4
OPTIONS = f"threads: 2, scriptTimeout: {TIMEOUT}"
# A connection may be in the same batch as the attack, ahead of it, and its reply not yet sent: sleep() sends it, as
# anything that can block does. So the attack hits nobody but itself.
CALM = "rampart.utils.sleep(0.001);"


def app_map(body, more=""):
    """/attack runs `body`; its lines are numbered from the line of "function attack"."""
    return "{" + FAST + ',\n"/attack": function attack(req) {' + CALM + body + "}" + more + "}"


def ask(s, path="/attack"):
    begin = time.monotonic()
    reply = s.get(path, timeout=20)
    return reply, time.monotonic() - begin


def assert_timely(seconds):
    assert TIMEOUT * 0.95 < seconds < TIMEOUT + 0.05 + scaled(1), seconds


SOFT = {
    "loop": "while (true) {}",
    "work": "var n = 0; while (true) { n = [n, 1].map(function (x) { return x + 1; }).length; }",
    "caught": "while (true) { try { while (true) {} } catch (e) {} }",
    "finally": "try { while (true) {} } finally { while (true) {} }",
    "nested": "function inner() { try { while (true) {} } catch (e) { inner(); } } inner();",
    "sorting": "[3, 2, 1].sort(function () { while (true) {} });",
    "replace": "'aaa'.replace(/a/g, function () { while (true) {} });",
    "getter": "var o = {get x() { while (true) {} }}; return {txt: o.x};",
    "toJSON": "return {json: {toJSON: function () { while (true) {} }}};",
    "toString": "return {txt: '' + {toString: function () { while (true) {} }}};",
    "eval": "eval('while (true) {}');",
    "coroutine": "var t = new Duktape.Thread(function () { while (true) {} }); Duktape.Thread.resume(t);",
}


@pytest.mark.parametrize("name", SOFT)
def test_a_script_that_hangs(site, name):
    s = site(map=app_map(SOFT[name]), options=OPTIONS)
    with Watch(s) as watch:
        reply, seconds = ask(s)
    assert reply.status == 500 and "text/html" in reply.headers["Content-Type"]
    assert_timely(seconds)
    entry = watch.expect_entry("/attack")
    print(entry)


def test_the_log_names_the_line_that_hangs(site):
    s = site({"app.js": """// line 1
var server = require("rampart-server");
function innermost() { var i = 0;
    while (true) {
        i++;
    }
}
function outer() { var got = innermost(); return got; }
server.start({bind: "127.0.0.1:@PORT@", user: "@USER@", scriptTimeout: 0.4, threads: 2, map: {
    """ + FAST + """,
    "/attack": function attack(req) { rampart.utils.sleep(0.001); var got = outer(); return got; }
}});
"""})
    with Watch(s) as watch:
        reply, seconds = ask(s)
    assert reply.status == 500
    assert_timely(seconds)
    entry = watch.expect_entry("(?i)time.?out|timed out|too long")
    assert "/attack" in entry
    stack = [line.strip() for line in entry.split("\n") if line.strip().startswith("at ")]
    # The engine names the instruction before the one at which it was interrupted, so perhaps the line above the loop.
    assert "innermost" in stack[0] and any(f"app.js:{line})" in stack[0] for line in (3, 4, 5)), entry
    assert "outer" in stack[1] and "app.js:8)" in stack[1] and "attack" in stack[2], entry


HARD = {
    "regular expression": r'/^(a+)+$/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");',
    "join": "new Array(1 << 28).join('x');",
    "sleep": "rampart.utils.sleep(60);",
    "C function": "hostile.spin(60);",
    "signals blocked": "hostile.blockSignalsAndSpin();",
    "sleep with children": "hostile.leaveChild(); rampart.utils.sleep(60);",
}


@pytest.mark.parametrize("name", HARD)
def test_native_code_that_hangs(site, hostile, name):
    s = site(map=app_map(HARD[name]), options=OPTIONS, before='var hostile = require("./hostile.so");', files=hostile)
    with Watch(s) as watch:
        reply, seconds = ask(s)
    assert reply.status == 500
    assert_timely(seconds)
    entry = watch.expect_entry("/attack")
    assert "0.4 s" in entry and "killed" in entry
    # Its children went with it: the site fixture fails on processes left, this on those that only the stop would end.
    assert not s.pids()["other"] and len(s.workers()) == 2


def test_a_timeout_is_500_in_developer_mode_too_and_not_found_func_is_not_asked(site):
    s = site(map=app_map("while (true) {}"), options=OPTIONS + """, developerMode: true,
        notFoundFunc: function (req) { return {status: 404, html: "mine"}; }""")
    reply, _ = ask(s)
    assert reply.status == 500 and "mine" not in reply.text


@pytest.mark.parametrize("path, where", [
    ("/sleeps", 'in the callback of map key "/sleeps"'), ("/module", 'in {module: "sleeps"} of map key "/module"'),
    ("/deferred", 'in the callback of map key "/deferred"')])
def test_the_page_of_developer_mode_says_where(site, path, where):
    """Also when native code had to be killed, and when a deferred reply never came."""
    s = site(options=OPTIONS + ", developerMode: true", files={"sleeps.js": "module.exports = function () { nap(); };"},
             before="function nap() { rampart.utils.sleep(60); } rampart.globalize({nap: nap}); var kept;",
             map="""{"/sleeps": nap, "/module": {module: "sleeps"},
                     "/deferred": function (req) { kept = req; return {defer: true}; }}""")
    reply, _ = ask(s, path)
    page = reply.text.replace("&quot;", '"')
    assert reply.status == 500 and f"<pre>script timed out after 400 ms {where}</pre>" in page, page
    wait_until(lambda: s.log_lines(re.escape(where)), 5, "the log line")


def test_no_timeout_without_the_option(site):
    s = site(map=app_map("var end = Date.now() + 1500; while (Date.now() < end) {} return {txt: 'done'};"),
             options="threads: 2")
    with Watch(s, replaced=0) as watch:
        assert s.get("/attack").text == "done"
    assert not watch.incidents()


def test_many_requests_just_within_the_timeout_harm_nobody(site):
    """The deadline is that of the request, not of the worker."""
    s = site(map=app_map("var end = Date.now() + 150; while (Date.now() < end) {} return {txt: 'done'};"),
             options=f"threads: 2, scriptTimeout: {scaled(0.4)}")
    with Watch(s, replaced=0) as watch:
        for _ in range(6):
            assert s.get("/attack").text == "done"
    assert not watch.incidents()


def test_the_next_context_is_fresh(site):
    """Module variables of the worker that was stopped are gone (server-details 19)."""
    s = site(map="{" + FAST + """,
        "/count.txt": function () { return {txt: "" + (++counter)}; },
        "/hang": function () { while (true) {} }}""", options="threads: 1, scriptTimeout: 0.2", before="var counter = 0;")
    assert [s.get("/count.txt").text for _ in range(3)] == ["1", "2", "3"]
    assert s.get("/hang").status == 500
    assert s.get("/count.txt").text == "1"


def test_a_module_that_hangs_while_it_loads(site):
    s = site(map="{" + FAST + ', "/attack": {module: "hang"}}', options=OPTIONS, files={
        "hang.js": "// line 1\nvar n = 0; while (true)\n    n++;\nmodule.exports = function () {};\n"})
    for _ in range(2):
        with Watch(s) as watch:
            reply, seconds = ask(s)
        assert reply.status == 500
        assert_timely(seconds)
        entry = watch.expect_entry("/attack")
        assert any(f"hang.js:{line})" in entry for line in (2, 3)), entry
    s.write("hang.js", 'module.exports = function () { return {txt: "repaired"}; };')
    assert s.get("/attack").text == "repaired"


def test_a_not_found_function_that_hangs(site):
    s = site(map="{" + FAST + "}", options=OPTIONS + ", notFoundFunc: function nobodyHome() { while (true) {} }")
    with Watch(s) as watch:
        reply, seconds = ask(s, "/nowhere")
    assert reply.status == 500
    assert_timely(seconds)
    assert "nobodyHome" in watch.expect_entry("/nowhere|notFoundFunc")


def test_all_workers_hang_at_once(site):
    s = site(map=app_map("while (true) {}"), options=OPTIONS)
    connections = [s.connect() for _ in range(6)]
    begin = time.monotonic()
    for connection in connections:
        connection.send_request("GET", "/attack")
    assert [connection.read_response().status for connection in connections] == [500] * 6
    # Two at a time.
    assert time.monotonic() - begin < 3 * (TIMEOUT + 0.05) + scaled(1.5)
    assert s.get("/fast.txt?n=1").text == "fast 1"
