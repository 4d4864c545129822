"""rampart.event (runtime-api 4) within one process, between workers, and between workers and the main script."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from support import processes
from support.timing import scaled, wait_until

# Runs code in any context: a request in one worker, the event "main" in the launcher. `seen` is what listeners saw.
BEFORE = """
var seen = [];
function listen(event, name) {
  rampart.event.on(event, name || "f", function (variable, data) { seen.push(data); });
}
"""
MAP = """{
  "/run": function (req) {
    rampart.utils.sleep(Number(req.query.wait || 0));
    var pid = process.getpid();
    if (req.query.pid && req.query.pid != String(pid)) return {json: {pid: pid, other: true}};
    return {json: {pid: pid, value: (0, eval)(req.query.code)}};
  }
}"""
AFTER = """
rampart.event.on("main", "eval", function (variable, code) { console.log("main " + JSON.stringify((0, eval)(code))); });
"""


class Contexts:
    """The contexts of a site. run(code) runs in some worker, run(code, pid) in that one, everywhere(code) in all."""

    def __init__(self, site, workers=2, options="", before="", after="", **more):
        self.count = workers
        self.site = site(map=MAP, options=f"threads: {workers}, scriptTimeout: 20, {options}", before=BEFORE + before,
                         after=AFTER + after, **more)

    def get(self, code, pid="", wait=0):
        reply = self.site.get(f"/run?wait={wait}&pid={pid}&code={quote(code)}", timeout=scaled(60))
        assert reply.status == 200, reply.text
        return reply.json()

    def at_once(self, code, pid=""):
        """As many requests at the same moment as there are workers: each gets one."""
        with ThreadPoolExecutor(self.count) as pool:
            answers = list(pool.map(lambda _: self.get(code, pid, wait=scaled(0.1)), range(self.count)))
        return [answer for answer in answers if "other" not in answer]

    def run(self, code, pid=None):
        if pid is None:
            return self.get(code).get("value")
        for _ in range(20):
            answers = self.at_once(code, pid)
            if answers:
                return answers[0].get("value")
        raise AssertionError(f"no request came to worker {pid}")

    def everywhere(self, code):
        """For code that may run more than once in a worker. Returns the pids."""
        pids = set()
        for _ in range(20):
            pids.update(answer["pid"] for answer in self.at_once(code))
            if len(pids) == self.count:
                return sorted(pids)
        raise AssertionError(f"only {pids} of {self.count} workers took requests")

    def main(self, code):
        """Runs code in the main script, without waiting."""
        self.run(f"rampart.event.trigger('main', {json.dumps(code)})")

    def wait_main(self, code, text):
        self.main(f"{json.dumps(text)} + ' ' + JSON.stringify({code})")
        found = wait_until(lambda: re.search(f'main "{re.escape(text)} (.*)"', self.site.stdout()), 10, f"main: {text}")
        return json.loads(found.group(1).replace('\\"', '"'))

    def wait_seen(self, pid, expected, seconds=10):
        wait_until(lambda: self.run("seen", pid) == expected, seconds, f"worker {pid} to have seen {expected}")


# --- in one process

def test_the_example_of_the_reference(site):
    s = site.run("""
        rampart.event.on("tick", "show", function(u, d) { console.log(u, d); if (d < 3) rampart.event.trigger("tick", d + 1); }, "n =");
        rampart.event.trigger("tick", 1);
        console.log("start");
    """)
    assert (s.returncode, s.stdout()) == (0, "start\nn = 1\nn = 2\nn = 3\n")


def test_listeners_alone_do_not_keep_a_script_alive(site):
    s = site.run('rampart.event.on("e", "f", function () {}); console.log("end");')
    assert (s.returncode, s.stdout()) == (0, "end\n")


LOCAL = {
    "returns undefined": (
        "console.log(typeof ev.on('e', 'f', say), typeof ev.trigger('e', 1), typeof ev.off('e', 'g'), typeof ev.remove('x'),"
        " typeof ev.scopeToModule)", "undefined undefined undefined undefined function\nsay undefined 1\n"),
    "function anywhere": ("ev.on(say, 'e', 'f', 'u1'); ev.on('e2', say, 'f', 'u2'); ev.trigger('e', 1); ev.trigger('e2', 2)",
                          "say u1 1\nsay u2 2\n"),
    "same name replaces and keeps its place": (
        "ev.on('e', 'a', say, 'old'); ev.on('e', 'b', say, 'b'); ev.on('e', 'a', say, 'new'); ev.trigger('e', 1)",
        "say new 1\nsay b 1\n"),
    "any user variable, by reference": (
        "var o = {n: 1}; ev.on('e', 'f', function (u) { console.log(u === o, u.n) }, o); ev.trigger('e'); o.n = 2", "true 2\n"),
    "two arguments and global this": (
        "ev.on('e', 'f', function () { console.log(arguments.length, this === global) }); ev.trigger('e')", "2 true\n"),
    "data is copied at the call": ("var d = {n: 1}; ev.on('e', 'f', json); ev.trigger('e', d); d.n = 2", '{"n":1}\n'),
    "callbacks share the copy": (
        "ev.on('e', 'a', function (u, d) { d.n++ }); ev.on('e', 'b', json); ev.trigger('e', {n: 1})", '{"n":2}\n'),
    "nobody listens: dropped": ("ev.trigger('e', 1); ev.on('e', 'f', say)", ""),
    "added between trigger and delivery": (
        "ev.on('e', 'a', say, 'a'); ev.trigger('e', 1); ev.on('e', 'b', say, 'b')", "say a 1\nsay b 1\n"),
    "order of names": ("ev.on('e', 'z', say, 'z'); ev.on('e', 'a', say, 'a'); ev.trigger('e', 1)", "say z 1\nsay a 1\n"),
    "off is queued": ("ev.on('e', 'f', say); ev.trigger('e', 'bye'); ev.off('e', 'f'); ev.trigger('e', 'gone')",
                      "say undefined bye\n"),
    "remove is queued": ("ev.on('e', 'f', say); ev.remove('e'); ev.trigger('e', 1)", ""),
    "off spares a later on": ("ev.on('e', 'f', say, 1); ev.off('e', 'f'); ev.on('e', 'f', say, 2); ev.trigger('e', 'x')",
                              "say 2 x\n"),
    "remove spares a later on": (
        "ev.on('e', 'a', say, 'a'); ev.on('e', 'b', say, 'b'); ev.remove('e'); ev.on('e', 'b', say, 'c'); ev.trigger('e', 1)",
        "say c 1\n"),
    "off of one": ("ev.on('e', 'a', say, 'a'); ev.on('e', 'b', say, 'b'); ev.off('e', 'a'); ev.trigger('e', 1)", "say b 1\n"),
    "off of unknown names": ("ev.off('e', 'f'); ev.remove('e'); ev.on('e', 'f', say); ev.off('e', 'g'); ev.trigger('e', 1)",
                             "say undefined 1\n"),
    "no recursion: timers get their turn": (
        "var n = 0; ev.on('e', 'f', function () { if (++n < 5000) ev.trigger('e'); else console.log('done', timer > 0) });"
        "var timer = 0, id = setInterval(function () { timer++ }, 0); ev.on('e', 'z', function () { if (n >= 5000) clearInterval(id) });"
        "ev.trigger('e')", "done true\n"),
    "an error leaves the others": (
        "ev.on('e', 'a', function broken() { throw new TypeError('oh') }); ev.on('e', 'b', say, 'b'); ev.trigger('e', 1)",
        "say b 1\n"),
    "on(undefined) as userVar": ("ev.on('e', 'f', say, undefined); ev.trigger('e', undefined)", "say undefined undefined\n"),
    "names of any contents": (
        "ev.on('', '', say, 1); ev.trigger('', 2); ev.on('a\\0b', '\\ud83d\\ude00', say, 3); ev.trigger('a\\0b', 4);"
        " ev.trigger('a', 5)", "say 1 2\nsay 3 4\n"),
}


@pytest.mark.parametrize("name", LOCAL)
def test_semantics_in_one_context(site, name):
    code, expected = LOCAL[name]
    s = site.run("var ev = rampart.event; function say(u, d) { console.log('say', u, d) }\n"
                 "function json(u, d) { console.log(JSON.stringify(d)) }\n" + code)
    assert (s.returncode, s.stdout()) == (0, expected), s.log()
    if "error" in name:
        assert re.search(r"^Error in event callback: TypeError: oh\n    at broken \(.*app\.js:3\)$", s.log(), re.M), s.log()


ON = "event.on: parameters must be a string (event name), a second string(function name) and a function(callback)"
ERRORS = {
    "ev.on()": f"Error: {ON}", "ev.on('e', 'f')": f"Error: {ON}", "ev.on('e', say)": f"Error: {ON}",
    "ev.on(1, 'f', say)": f"Error: {ON}", "ev.on('e', 'f', 'g', say)": f"Error: {ON}",
    "ev.trigger()": "Error: event.trigger: parameter must be a string (event name)",
    "ev.trigger(5, 1)": "Error: event.trigger: parameter must be a string (event name)",
    "ev.off('e')": "Error: event.off: second parameter must be a string (function name)",
    "ev.off('e', 5)": "Error: event.off: second parameter must be a string (function name)",
    "ev.off()": "Error: event.off: parameter must be a string (event name)",
    "ev.remove({})": "Error: event.remove: parameter must be a string (event name)",
    "var a = {}; a.b = [a]; ev.trigger('e', a)": "TypeError: event.trigger: data contains itself",
    "var a = []; for (var i = 0; i < 2000; i++) a = [a]; ev.trigger('e', a)":
        "RangeError: event.trigger: data has more than 1000 levels",
    "ev.trigger('e', {get a() { throw new Error('mine') }})": "Error: mine",
}


def test_wrong_arguments(site):
    lines = "".join(f"try {{ {code}; console.log('no error') }} catch (e) {{ console.log(String(e)) }}\n" for code in ERRORS)
    s = site.run("var ev = rampart.event; function say() {}\n" + lines)
    assert s.stdout().splitlines() == list(ERRORS.values())


def test_a_context_that_never_returns_cannot_fill_the_memory(site):
    s = site.run("""
        rampart.event.on("e", "f", function () {});
        var data = new Uint8Array(60000), n = 0;
        try { for (;; n++) rampart.event.trigger("e", data); } catch (e) { console.log(n > 1000, String(e)); }
    """, seconds=60)
    assert s.stdout() == "true RangeError: rampart.event: more than 64 MB of events wait for this context's own listeners\n"


def test_scope_to_module(site):
    module = """
        rampart.event.on("e", "f", function (u, d) { console.log(module.id.split("/").pop(), d); });
        module.exports = function (d) { rampart.event.trigger("e", d); };
    """
    s = site.run("""
        rampart.event.scopeToModule();
        var a = require("./a.js"), b = require("./b.js");
        rampart.event.on("e", "f", function (u, d) { console.log("main", d); });
        a("from a"); b("from b"); rampart.event.trigger("e", "from main");
    """, files={"a.js": module, "b.js": module})
    assert s.stdout() == "a.js from a\nb.js from b\nmain from main\n"


# --- between processes

# expression: what the listener in another context gets, as JSON of show(data)
DATA = {
    "undefined": "undefined", "null": "null", "true": "true", "0": "0", "-0": "-0", "NaN": "NaN", "-Infinity": "-Infinity",
    "1.5e300": "1.5e+300", "-9007199254740991": "-9007199254740991", "4294967296": "4294967296", "-257": "-257",
    "'h\\u00e9 \\ud83d\\ude00 \\0 \\ud800'": None, "''": None, "[]": None, "{}": None,
    "[1, [2, {a: null, b: [undefined]}]]": None, "{a: undefined}": "{a: undefined}",
    "new Uint8Array([0, 255, 7])": "Uint8Array 0,255,7", "rampart.utils.stringToBuffer('ab')": "Uint8Array 97,98",
    "new Uint16Array([258])": "Uint8Array 2,1", "new Uint8Array([1, 2, 3, 4]).subarray(1, 3)": "Uint8Array 2,3",
    "new ArrayBuffer(2)": "Uint8Array 0,0", "new Buffer('x')": "Uint8Array 120",
    "new Date(1700000000123)": "Date 1700000000123", "new Date(NaN)": "Date NaN", "new Date(-1)": "Date -1",
    "{f: function () {}, a: 1}": "{a: 1}", "[function () {}]": "[{}]", "function () {}": "{}", "/x/": "{}",
    "Object.create({inherited: 1})": "{}", "JSON.parse('{\"__proto__\": 5}')": None,
    "(function () { var o = {n: 1}; return [o, o] })()": "[{n: 1}, {n: 1}]",
}
SHOW = """
function show(v) {
  if (v === undefined) return "undefined";
  if (typeof v == "number") return v === 0 && 1 / v < 0 ? "-0" : String(v);
  if (v instanceof Date) return "Date " + v.getTime();
  if (v instanceof Uint8Array) return (Buffer.isBuffer(v) ? "node " : "Uint8Array ") + Array.prototype.join.call(v, ",");
  if (Array.isArray(v)) return "[" + v.map(show).join(", ") + "]";
  if (v && typeof v == "object")
    return "{" + Object.keys(v).map(function (k) { return k + ": " + show(v[k]); }).join(", ") + "}";
  return JSON.stringify(v);
}
"""


def test_data_between_workers(site):
    c = Contexts(site, before=SHOW)
    expressions = list(DATA)
    here, there = c.everywhere("rampart.event.on('data', 'f', function (u, d) { seen.push(show(d)) }); 1")
    listing = ", ".join(f"({e})" for e in expressions)
    c.run(f"[{listing}].forEach(function (v) {{ rampart.event.trigger('data', v) }}); 1", here)
    expected = [DATA[e] if DATA[e] is not None else c.run(f"show({e})") for e in expressions]
    for pid in (here, there):
        wait_until(lambda: len(c.run("seen", pid)) == len(expected), 10, "all data to arrive")
        assert dict(zip(expressions, c.run("seen", pid))) == dict(zip(expressions, expected))


def test_every_context_that_listens_gets_it_once(site):
    c = Contexts(site, workers=3, after="listen('e');")
    pids = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 'from a worker'); 1", pids[0])
    for pid in pids:
        c.wait_seen(pid, ["from a worker"])
    assert c.wait_main("seen", "first") == ["from a worker"]
    c.main("rampart.event.trigger('e', 'from main')")
    for pid in pids:
        c.wait_seen(pid, ["from a worker", "from main"])
    assert c.wait_main("seen", "second") == ["from a worker", "from main"]


def test_listeners_and_triggers_of_the_main_script_stay_there(site):
    c = Contexts(site, before="""
        rampart.event.on("early", "f", function (u, d) { console.log("early", d, process.getpid()); });
        rampart.event.trigger("early", "before");
    """, after='console.log("end of script");')
    launcher = c.site.pid("launcher")
    wait_until(lambda: "before" in c.site.stdout(), 10, "the trigger from before the start")
    c.everywhere("rampart.event.trigger('early', 'worker'); 1")
    wait_until(lambda: c.site.stdout().count("worker") >= 2, 10, "triggers from workers")
    lines = [line for line in c.site.stdout().splitlines() if line.startswith(("early", "end"))]
    assert lines[:2] == ["end of script", f"early before {launcher}"]
    assert set(lines[2:]) == {f"early worker {launcher}"}


def test_order_of_one_sender(site):
    c = Contexts(site)
    here, there = c.everywhere("listen('e', 'a'); rampart.event.on('e', 'b', function (u, d) { seen.push('b' + d) }); 1")
    c.run("for (var i = 0; i < 3000; i++) rampart.event.trigger('e', i); rampart.event.off('e', 'a');"
          "rampart.event.trigger('e', 'x'); rampart.event.remove('e'); rampart.event.trigger('e', 'y'); 1", here)
    expected = [item for i in range(3000) for item in (i, f"b{i}")] + ["bx"]
    for pid in (here, there):
        c.wait_seen(pid, expected)


def test_removals_spare_what_is_registered_later(site):
    c = Contexts(site)
    here, there = c.everywhere("listen('e', 'a'); 1")
    c.run("rampart.event.off('e', 'a'); 1", here)
    c.run("listen('e', 'a'); 1", there)  # after the removal was issued, perhaps before it arrived
    c.run("rampart.event.trigger('e', 1); 1", here)
    c.wait_seen(there, [1])
    assert c.run("seen", here) == []
    c.run("rampart.event.remove('e'); rampart.event.trigger('e', 2); listen('e', 'a'); rampart.event.trigger('e', 3); 1", there)
    c.wait_seen(there, [1, 2, 3])  # 2 too: the listener was there when it was delivered


def test_listeners_vanish_with_their_process(site):
    c = Contexts(site)
    here, there = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 1); 1", here)
    c.wait_seen(there, [1])
    processes.kill(there)
    wait_until(lambda: len(set(c.site.workers()) - {there}) == 2, 10, "a new worker")
    new = (set(c.everywhere("1")) - {here}).pop()
    c.run("rampart.event.trigger('e', 2); 1", here)
    c.wait_seen(here, [1, 2])
    assert c.run("seen", new) == []
    c.run("listen('e'); 1", new)
    c.run("rampart.event.trigger('e', 3); 1", here)
    c.wait_seen(new, [3])


def test_the_main_script_stays_connected_when_the_frontend_is_replaced(site):
    c = Contexts(site, after="listen('e');")
    c.run("rampart.event.trigger('e', 1)")
    assert c.wait_main("seen", "before") == [1]
    frontend = c.site.pid("frontend")
    processes.kill(frontend)
    wait_until(lambda: frontend not in c.site.pids()["frontend"] and c.site.pids()["frontend"], 10, "a new frontend")
    wait_until(lambda: len(c.site.workers()) == 2, 10, "new workers")
    wait_until(lambda: c.site.get("/run?code=1").status == 200, 10, "the site to serve again")
    pids = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 2)")
    assert c.wait_main("seen", "after") == [1, 2]
    c.main("rampart.event.trigger('e', 3)")
    for pid in pids:
        c.wait_seen(pid, [2, 3])


@pytest.mark.parametrize("threads", [1, 3])
def test_a_reply_never_overtakes_a_listener(site, threads):
    """Each round: a request registers; when its reply has come, another client's request triggers."""
    c = Contexts(site, options=f"frontendThreads: {threads}")
    connections = [c.site.connect() for _ in range(12)]  # spread over the loops

    def ask(number, code):
        return connections[number % 12].request("GET", f"/run?code={quote(code)}").json()

    rounds = 300
    for number in range(rounds):
        ask(number, f"listen('e{number}'); 1")
        ask(number * 5 + 1, f"rampart.event.trigger('e{number}', {number}); 1")
    pids = c.everywhere("1")
    wait_until(lambda: sum(c.run("seen.length", pid) for pid in pids) == rounds, 10, "every trigger")


@pytest.mark.parametrize("threads", [1, 3])
def test_a_listener_is_known_before_anything_leaves_the_process(site, threads):
    """The worker goes on running its request; a file tells that it has registered."""
    c = Contexts(site, options=f"frontendThreads: {threads}")
    for number in range(5):
        flag = c.site.data / f"flag{number}"
        code = (f"listen('f{number}'); rampart.utils.fprintf('@DATA@/flag{number}', '%d', process.getpid());"
                "rampart.utils.sleep(0.2); seen.length").replace("@DATA@", str(c.site.data))
        with c.site.connect() as busy:
            busy.send_request("GET", f"/run?code={quote(code)}")
            wait_until(lambda: flag.exists() and flag.read_text(), 10, "the flag")
            c.run(f"rampart.event.trigger('f{number}', {number}); 1")
            busy.read_response()
        wait_until(lambda: number in c.run("seen", int(flag.read_text())), 10, "the event")


def test_large_data(site):
    c = Contexts(site, after="rampart.event.on('big', 'f', function (u, d) { console.log('big', d.b.length, d.b[5000000]) });")
    here, there = c.everywhere("rampart.event.on('big', 'f', function (u, d) { seen.push([d.b.length, d.b[5000000], d.n]) }); 1")
    c.run("var b = new Uint8Array(8000000); b[5000000] = 77; for (var i = 0; i < 5; i++)"
          " rampart.event.trigger('big', {b: b, n: i}); 1", here)
    for pid in (here, there):
        c.wait_seen(pid, [[8000000, 77, n] for n in range(5)])
    wait_until(lambda: c.site.stdout().count("big 8000000 77") == 5, 10, "the launcher")
    assert "RangeError" in c.run("try { rampart.event.trigger('big', new Uint8Array(70e6)) } catch (e) { String(e) }")


def test_errors_in_callbacks_of_a_worker(site):
    c = Contexts(site)
    here, there = c.everywhere("rampart.event.on('e', 'a', function broken() { throw new Error('oh ' + process.getpid()) });"
                               "listen('e', 'b'); 1")
    c.run("rampart.event.trigger('e', 1); 1", here)
    for pid in (here, there):
        c.wait_seen(pid, [1])
        assert re.search(rf"^Error in event callback: Error: oh {pid}\n    at broken", c.site.log(), re.M)


def test_timers_and_requests_get_their_turn_beside_events(site):
    c = Contexts(site, workers=1)
    c.run("var ticks = 0, stop = false; setInterval(function () { ticks++ }, 1);"
          "rampart.event.on('again', 'f', function () { if (!stop) rampart.event.trigger('again') });"
          "rampart.event.trigger('again'); 1")
    before = c.run("ticks")
    wait_until(lambda: c.run("ticks") > before + 20, 10, "timers")
    c.run("stop = true")


# --- floods

def resident_kb(pid):
    return int(re.search(rb"VmRSS:\s+(\d+) kB", processes.read(pid, "status")).group(1))


class PeakMemory:
    """The largest resident size of a process while the block runs."""

    def __init__(self, pid):
        self.pid, self.peak, self.done = pid, 0, False
        self.before = resident_kb(pid)
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.done:
            self.peak = max(self.peak, resident_kb(self.pid))
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.thread.join()


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
