"""The manual's "Technical Notes", sentence by sentence: the stages of a server script, what the contexts of the workers get
from it, where timers and events run, and what becomes of an HTTP context that runs into its timeout. What Ravelin promises
beyond the notes (closures are copied, too) is said where it is tested."""

import json
import os
import re
import select
from urllib.parse import quote

import pytest

from support import processes
from support.contexts import Contexts
from support.site import app
from support.timing import wait_until


def stdout_lines(s, count, seconds=5):
    """The lines that the main script has printed, once there are `count` of them."""
    return wait_until(lambda: (lambda lines: lines if len(lines) >= count else None)(s.stdout().splitlines()), seconds,
                      f"{count} lines on stdout")


# --- "A rampart server script is broken into 3 stages": begin code, server.start(), end of script

STAGES_BEFORE = """
console.log("begin code", process.getpid());
var began = process.getpid();
setTimeout(function () { console.log("timer of begin code", process.getpid()); }, 0);
rampart.event.on("stage", "begin", function (u, d) { console.log("event", d, process.getpid()); });
rampart.event.trigger("stage", "of begin code");
"""
STAGES_AFTER = """
var late = "set after the start";
setTimeout(function () { console.log("timer of the end", process.getpid()); }, 5);
console.log("end of script", process.getpid());
"""
STAGES_MODULE = """
var loaded = process.getpid(), requests = 0;
if (!global.loads) global.loads = 0;
global.loads++;
module.exports = function (req) {
  rampart.utils.sleep(0.005);  // requests that take no time may all share one worker
  return {json: {pid: process.getpid(), loaded: loaded, loads: loads, requests: ++requests, began: began, late: typeof late}};
};
"""


def test_three_stages(site):
    """Begin code and the end of the script run once, in the main process; its timers and events run there too, and not
    before the script has ended. A module is loaded in each worker, once, in the worker; the function for each request."""
    s = site(map='{"/m": {module: "stages.js"}, "/f": function (req) { return {json: {pid: process.getpid(), late: typeof late}} }}',
             options="threads: 2", before=STAGES_BEFORE, after=STAGES_AFTER, files={"stages.js": STAGES_MODULE})
    launcher = s.pid("launcher")
    lines = stdout_lines(s, 5)
    assert lines[:2] == [f"begin code {launcher}", f"end of script {launcher}"]
    assert sorted(lines[2:4]) == [f"event of begin code {launcher}", f"timer of begin code {launcher}"]
    assert lines[4:] == [f"timer of the end {launcher}"]
    seen = {}
    for _ in range(40):
        replies = in_each_worker(s, "/m")
        for reply in replies:
            assert reply["loaded"] == reply["pid"] != launcher and reply["loads"] == 1
            assert reply["began"] == launcher and reply["late"] == "undefined", "workers are made by server.start()"
            seen.setdefault(reply["pid"], []).append(reply["requests"])
        if len(seen) == 2:
            break
    assert sorted(seen) == s.workers()
    for requests in seen.values():
        assert sorted(requests) == list(range(1, len(requests) + 1))
    assert s.get("/f").json()["late"] == "undefined"
    assert s.stdout().splitlines() == lines, "nothing of the start script runs again"


def in_each_worker(s, path):
    """Several requests at the same moment, so that each worker gets some."""
    connections = [s.connect() for _ in range(4)]
    for connection in connections:
        connection.send_request("GET", path)
    replies = [connection.read_response("GET").json() for connection in connections]
    for connection in connections:
        connection.close()
    return replies


def test_a_script_that_fails_before_its_start_serves_nothing(site):
    s = site.run('setTimeout(function () { console.log("never") }, 0);\nthrow new Error("in begin code");\n')
    assert s.returncode == 1
    assert re.search(r"Error: in begin code\n    at .*app\.js:2", s.log())
    assert s.stdout() == ""


# --- "Global variables and functions from "begin code" are copied"

GLOBALS = {
    "a Number": ("var it = 42;", "it", 42),
    "a String": ("var it = 'h\\u00e9';", "it", "hé"),
    "an Object": ("var it = {a: [1, {b: null}], c: 'x'};", "it", {"a": [1, {"b": None}], "c": "x"}),
    "a Buffer": ("var it = new Uint8Array([1, 2, 255]);", "[it instanceof Uint8Array, it.length, it[2]]", [True, 3, 255]),
    "a Date": ("var it = new Date(5000);", "[it instanceof Date, it.getTime()]", [True, 5000]),
    "a RegExp": ("var it = /b+/g;", "'abbc'.match(it)[0]", "bb"),
    "a function": ("function it(n) { return n * factor; } var factor = 3;", "it(14)", 42),
    "a function in a variable": ("var it = function (n) { return n + 1; };", "it(41)", 42),
    "an Object with methods": ("var it = {n: 5, get: function () { return this.n; }};", "it.get()", 5),
    "an Object of a class": ("function It(n) { this.n = n; } It.prototype.get = function () { return this.n; };"
                             "var it = new It(6);", "[it.get(), it instanceof It]", [6, True]),
    "the same object twice": ("var it = {n: 1}, other = {it: it};", "it === other.it", True),
    "an object that contains itself": ("var it = {}; it.it = it;", "it.it.it === it", True),
    "without var": ("it = 7;", "it", 7),
    "a property of global": ("global.it = 8;", "it", 8),
    "globalised utils": ("rampart.globalize(rampart.utils);", "sprintf('%d', 9)", "9"),
    # Beyond the notes, which say "Local variables are lost": a worker has the closures as well.
    "a closure": ("var it = (function () { var n = 0; return function () { return ++n; }; })(); it();", "it()", 2),
    "a module's exports": ("var it = require('./counter.js'); it.add(); it.add();", "[it.add(), it.n]", [3, 3]),
}


HELD_AFTER = """
console.log("started");
while (!rampart.utils.stat(process.scriptPath + "/go")) rampart.utils.sleep(0.02);
var late = "set after the start";
rampart.event.on("hit", "late listener", function (u, path) { console.log("hit", path); });
console.log("end of script");
"""
HELD_MAP = '{"/hit": function (req) { rampart.event.trigger("hit", req.path.path); return {text: "hit"}; }}'


def held_site(site, **more):
    """A site whose start script goes on after server.start() until let_it_end()."""
    return site(map=HELD_MAP, after=HELD_AFTER, wait=False, **more)


def let_it_end(s):
    (s.dir / "go").touch()


def connect_when_bound(s):
    """server.start() has bound its port when this connects."""
    def attempt():
        try:
            return s.connect()
        except ConnectionRefusedError:
            return None
    return wait_until(attempt, 10, "the port is bound")


@pytest.mark.parametrize("threads", [1, 2])
def test_requests_wait_until_the_script_has_ended(site, threads):
    """"At 'end of script' the main thread's event loop starts and server.start is initialized from within it": what
    connects before that waits, and what the script registers meanwhile is there for the first request."""
    s = held_site(site, options=f"frontendThreads: {threads}")
    early = [connect_when_bound(s)] + [s.connect() for _ in range(5)]
    for connection in early:
        connection.send_request("GET", "/hit")
    assert not select.select([c.sock for c in early], [], [], 0.3)[0], "answered before the script has ended"
    assert not s.log_lines("serving on")
    let_it_end(s)
    for connection in early:
        assert connection.read_response("GET").text == "hit"
    lines = stdout_lines(s, 8)
    assert lines == ["started", "end of script"] + ["hit /hit"] * 6
    assert len(s.log_lines("serving on")) == 1
    assert s.get("/hit").text == "hit"


def test_what_dies_before_the_end_of_the_script_is_replaced(site):
    s = held_site(site)
    stdout_lines(s, 1)  # until server.start() has returned, a death is an error of the start
    early = connect_when_bound(s)
    early.send_request("GET", "/hit")
    for name in ("frontend", "zygote"):
        before = wait_until(lambda: s.pids()[name], 5, f"a {name}")
        processes.kill(before[0])
        wait_until(lambda: s.pids()[name] not in ([], before), 5, f"a new {name}")
    assert not select.select([early.sock], [], [], 0.3)[0]
    let_it_end(s)
    assert early.read_response("GET").text == "hit"
    assert s.get("/hit").text == "hit"


@pytest.mark.parametrize("busy", ["while (true) {}", "rampart.utils.sleep(3600);"], ids=["loop", "sleep"])
def test_a_script_that_never_ends_is_told_of_and_can_be_stopped(site, busy):
    s = site(map=HELD_MAP, after=busy, wait=False)
    connection = connect_when_bound(s)
    connection.send_request("GET", "/hit")
    wait_until(lambda: s.log_lines("warning: the start script has not ended 5 s after server.start"), 15, "the warning")
    assert not select.select([connection.sock], [], [], 0)[0]
    assert s.stop(5) == 0


def test_a_script_that_fails_after_server_start_serves_nothing(site):
    s = site(map=HELD_MAP, after='throw new Error("behind the start");', wait=False)
    assert s.proc.wait(10) == 1
    assert s.log_lines("behind the start") and not s.log_lines("serving on")


def test_a_server_started_in_a_callback_serves_when_the_callback_has_ended(site):
    script = app(HELD_MAP).replace("var serverPid", "setTimeout(function () { var serverPid")
    s = site(script + 'rampart.event.on("hit", "late", function (u, path) { console.log("hit", path); }); }, 20);')
    assert s.get("/hit").text == "hit"
    assert stdout_lines(s, 1) == ["hit /hit"]


def test_globals_are_copied_when_the_server_starts(site):
    """All kinds in one script, under names of their own, read by functions of the start script in a worker."""
    before = "var readers = {};\n"
    for number, (name, (declaration, expression, _)) in enumerate(GLOBALS.items()):
        code = f"{declaration}\nreaders[{json.dumps(name)}] = function () {{ return {expression}; }};\n"
        before += re.sub(r"\bit\b", f"it{number}", code)
    s = site(map='{"/": function (req) { return {json: {value: readers[req.query.name]()}} }}', before=before,
             options="threads: 1",
             files={"counter.js": "exports.n = 0; exports.add = function () { return ++exports.n; };"})
    for name, (_, _, expected) in GLOBALS.items():
        assert s.get(f"/?name={quote(name)}").json() == {"value": expected}, name


@pytest.mark.parametrize("name", ["an Object", "a function", "a Buffer", "without var", "globalised utils"])
def test_globals_are_seen_by_functions_and_modules(site, name):
    declaration, expression, expected = GLOBALS[name]
    s = site(map=f'{{"/f": function (req) {{ return {{json: [{expression}]}} }}, "/m": {{module: "look.js"}}}}',
             options="threads: 1", before=declaration,
             files={"look.js": f"module.exports = function (req) {{ return {{json: [{expression}]}} }};"})
    assert s.get("/f").json() == [expected]
    assert s.get("/m").json() == [expected]


def test_no_data_is_shared_between_contexts(site):
    """"In general, no data is shared between them": what one changes stays in it, and a new worker begins afresh."""
    c = Contexts(site, before="var common = {n: 0};", after="setTimeout(function () { common.n = 'main' }, 0);")
    here, there = c.everywhere("1")
    assert c.run("common.n = 'here'; common.n", here) == "here"
    assert c.run("common.n", there) == 0
    c.wait_main("common.n", "main")
    processes.kill(here)
    wait_until(lambda: here not in c.site.workers() and len(c.site.workers()) == 2, 10, "a new worker")
    new = (set(c.everywhere("1")) - {there}).pop()
    assert c.run("common.n", new) == 0


# --- "Any events or setTimeouts set from within server callbacks are run within that thread's event loop"

def test_timers_of_a_callback_run_in_its_worker(site):
    c = Contexts(site)
    here, there = c.everywhere("1")
    c.run("""
        setTimeout(function (a, b) { seen.push([process.getpid(), this === global, a, b]);
            setTimeout(function () { seen.push("inner"); rampart.event.trigger("done", process.getpid()); }, 1); }, 1, "a", 2);
        var beats = 0, interval = setInterval(function () { if (++beats == 3) clearInterval(interval); }, 1);
        var cleared = setTimeout(function () { seen.push("cleared"); }, 5); clearTimeout(cleared);
        var ticks = 0, metronome = setMetronome(function () { if (++ticks == 3) clearMetronome(metronome); }, 1);
        seen.push("returned"); 1
    """, here)
    c.wait_seen(here, ["returned", [here, True, "a", 2], "inner"])
    wait_until(lambda: c.run("[beats, ticks]", here) == [3, 3], 10, "interval and metronome")
    assert c.run("[seen.length, typeof beats]", there) == [0, "undefined"]
    c.wait_main("seen", [])


def test_timers_run_after_the_reply_and_do_not_hold_it(site):
    c = Contexts(site, workers=1)
    assert c.run("setTimeout(function () { seen.push('timer') }, 0); seen.push('handler'); seen.length") == 1
    wait_until(lambda: c.run("seen") == ["handler", "timer"], 10, "the timer")


def test_timers_and_events_of_the_main_script_run_in_the_main_process(site):
    """Those of "begin code" and those "before end of script"."""
    where = "seen.push([what, process.getpid()])"
    before = (f"var what; setTimeout(function () {{ what = 'early timer'; {where} }}, 20);"
              f"rampart.event.on('e', 'early', function () {{ what = 'early event'; {where} }});")
    after = (f"setTimeout(function () {{ what = 'late timer'; {where} }}, 20);"
             f"rampart.event.on('e', 'late', function () {{ what = 'late event'; {where} }});")
    c = Contexts(site, before=before, after=after)
    launcher = c.site.pid("launcher")
    pids = c.everywhere("1")
    c.run("rampart.event.trigger('e'); 1", pids[0])
    found = wait_until(lambda: (lambda seen: len(seen) == 4 and seen)(c.ask_main("seen")), 10, "all four")
    assert sorted(found) == sorted([name, launcher] for name in ("early timer", "late timer", "early event", "late event"))
    for pid in pids:
        assert c.run("seen", pid) == []


def test_events_can_be_triggered_wherever_they_reside(site):
    """"events can be triggered regardless on which thread they reside": every context to every other, from a request, a
    timer and an event callback."""
    register = "rampart.event.on('e', 'f', function (who, d) { seen.push([who, d]) }, process.getpid());"
    c = Contexts(site, options="frontendThreads: 2", before="rampart.event.on('relay', 'f', function (u, d) {"
                 " setTimeout(function () { rampart.event.trigger('e', 'relayed ' + d) }, 0) });", after=register)
    launcher = c.site.pid("launcher")
    here, there = c.everywhere(register + "1")
    c.run("rampart.event.trigger('e', 'request'); 1", here)
    for pid in (here, there):
        c.wait_seen(pid, [[pid, "request"]])
    c.run("setTimeout(function () { rampart.event.trigger('e', 'timer') }, 1); 1", there)
    for pid in (here, there):
        c.wait_seen(pid, [[pid, "request"], [pid, "timer"]])
    c.run("rampart.event.trigger('relay', 'event'); 1", here)
    expected = ["request", "timer", "relayed event"]
    for pid in (here, there):
        c.wait_seen(pid, [[pid, data] for data in expected])
    c.wait_main("seen", [[launcher, data] for data in expected])


def test_the_user_variable_holds_the_request(site):
    """As the manual's example registers: `req` as user variable, alive when the event comes later."""
    c = Contexts(site, workers=1, more_map=""""/wait": function (req) {
        rampart.event.on("later", "f", function (kept, d) { seen.push([kept.query.name, d.msg, d.file.length]) }, req);
        return {txt: "registered"};
    }""")
    assert c.site.get("/wait?name=ann").text == "registered"
    c.run("rampart.event.trigger('later', {msg: 'hi', file: new Uint8Array(3)}); 1")
    wait_until(lambda: c.run("seen") == [["ann", "hi", 3]], 10, "the event")


# --- "The Duktape context for http requests may be destroyed and recreated upon timeout"

def test_the_http_context_is_recreated_on_timeout(site):
    """The request gets an error; its worker's timers, listeners and variables are gone, what the start script made is there
    again, and a module registers anew. The other worker, and its timers, notice nothing."""
    module = """
        rampart.event.on("e", "of module", function (u, d) { seen.push("module " + d) });
        module.exports = function () { return {json: process.getpid()} };
    """
    c = Contexts(site, before="var common = {n: 0};", options="scriptTimeout: 1,", files={"m.js": module}, more_map="""
        "/hang": function (req) {
            setTimeout(function () { console.log("ghost of a timer") }, 0);
            setInterval(function () { console.log("ghost of an interval") }, 1);
            rampart.event.on("e", "hang", function () { console.log("ghost of an event") });
            rampart.event.trigger("e", "from the hanging request");
            common.n = 99;
            if (req.query.how == "sleep") rampart.utils.sleep(20);
            while (true) {}
        }""")
    for how in ("loop", "sleep"):
        survivor, victim = hang(c, how)
        assert victim not in c.site.workers() and survivor in c.site.workers()
        new = (set(c.everywhere("1")) - {survivor}).pop()
        assert c.run("[common.n, seen]", new) == [0, []]
        c.run("require('./m.js'); 1", new)
        c.run("seen = []; rampart.event.trigger('e', 'again'); 1", survivor)
        c.wait_seen(new, ["module again"])
        wait_until(lambda: c.run("beats > 3 && seen.length", survivor), 10, "the survivor's timers and events")
        assert c.run("seen[seen.length - 1]", survivor) == "again"
    assert "ghost" not in c.site.stdout()


def hang(c, how):
    """Lets one of two workers hang in /hang?how=..., while the other serves. Returns (the other, the one that hung)."""
    before = c.everywhere("if (!this.beating) { beating = true; beats = 0; setInterval(function () { beats++ }, 5); listen('e'); } 1")
    with c.site.connect() as connection:
        connection.send_request("GET", f"/hang?how={how}")
        served = 0
        while len(c.site.workers()) == 2 and set(c.site.workers()) == set(before) and served < 10000:
            assert c.run("1 + 1") == 2
            served += 1
        assert connection.read_response("GET").status == 500
    assert served > 10, "the service goes on meanwhile"
    wait_until(lambda: len(c.site.workers()) == 2 and set(c.site.workers()) != set(before), 10, "a new worker")
    assert c.site.wait_log("scriptTimeout|script timed out", 5)
    victim, = set(before) - set(c.site.workers())
    survivor, = set(before) & set(c.site.workers())
    return survivor, victim


def test_a_timer_that_never_ends_is_stopped(site):
    """It ends after scriptTimeout, with its stack in the log; the worker and what its script holds stay."""
    c = Contexts(site, workers=1, options="scriptTimeout: 0.3,")
    old = c.run("setTimeout(function () { console.log('hanging'); while (true) {} }, 0); process.getpid()")
    wait_until(lambda: "hanging" in c.site.stdout(), 5, "the timer")
    assert c.run("process.getpid()") == old
    assert c.site.log_lines("Error in setTimeout callback") and c.site.log_lines("RangeError: execution timeout")


# --- "Global functions and variables are set once"; "Modules ... are checked upon each execution"

def test_a_changed_module_is_loaded_again_and_a_global_function_is_not(site):
    s = site(map='{"/f": function (req) { return {txt: "version " + version()} }, "/m": {module: "m.js"}}',
             options="threads: 1", before="function version() { return 1; }",
             files={"m.js": 'module.exports = function () { return {txt: "version 1"} };'})
    assert (s.get("/f").text, s.get("/m").text) == ("version 1", "version 1")
    worker = s.workers()
    path = s.write("m.js", 'module.exports = function () { return {txt: "version 2"} };')
    os.utime(path, (path.stat().st_atime + 2, path.stat().st_mtime + 2))
    script = s.dir / "app.js"
    s.write("app.js", script.read_text().replace("return 1;", "return 2;"))
    assert (s.get("/f").text, s.get("/m").text) == ("version 1", "version 2")
    assert s.workers() == worker


# --- what is thrown in a timer or an event callback

THROWN = {
    "setTimeout": "setTimeout(function broken() { throw new TypeError(MARK) }, 0);",
    "setInterval": "var t = setInterval(function broken() { clearInterval(t); throw new TypeError(MARK) }, 1);",
    "setMetronome": "var t = setMetronome(function broken() { clearMetronome(t); throw new TypeError(MARK) }, 1);",
    "event": "rampart.event.on('b', 'broken', function broken() { throw new TypeError(MARK) });"
             "rampart.event.on('b', 'next', function () { seen.push('the next one runs') }); rampart.event.trigger('b');",
    "string": "setTimeout(function () { throw 'just text ' + MARK }, 0);",
    "promise": "setTimeout(function () { Promise.reject(new TypeError(MARK)) }, 0);",
    "overflow": "setTimeout(function () { (function f() { f() })() }, 0);",
}


@pytest.mark.parametrize("place", ["a worker", "the main script"])
def test_errors_in_callbacks_are_logged_and_kill_nothing(site, place):
    c = Contexts(site)
    pids = c.site.workers()
    launcher = c.site.pid("launcher")
    here = c.everywhere("1")[0]

    def run(code):
        return c.run(code + "1", here) if place == "a worker" else c.main(code)

    for name, code in THROWN.items():
        run(f"var MARK = 'error {name}'; " + code)
        if name == "overflow":
            c.site.wait_log(r"RangeError: .*(stack|recursion|limit)")
            continue
        c.site.wait_log(f"error {name}")
        where = {"string": "setTimeout", "promise": None}.get(name, name)
        if where == "event":
            expected = r"^Error in event callback: TypeError: error event\n    at broken \("
        elif name == "string":
            expected = r"^Error in setTimeout callback:\n  just text error string\n"
        elif name == "promise":
            expected = r"TypeError: error promise\n    at "
        else:
            expected = rf"^Error in {where} callback:\n  TypeError: error {name}\n    at broken \("
        assert re.search(expected, c.site.log(), re.M), c.site.log()
    run("rampart.event.trigger('b');")
    seen = ["the next one runs"] * 2
    if place == "a worker":
        c.wait_seen(here, seen)
    else:
        c.wait_main("seen", seen)
    assert (c.site.workers(), c.site.pid("launcher")) == (pids, launcher)
    assert c.run("1 + 1") == 2
