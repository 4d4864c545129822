"""rampart.event (runtime-api 4) between workers, and between workers and the main script."""

from urllib.parse import quote

import pytest

from support import processes
from support.contexts import Contexts
from support.timing import scaled, wait_until

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
  return JSON.stringify(v).replace(/[^ -~]/g, function (c) { return '<' + c.charCodeAt(0).toString(16) + '>'; });
}
"""


def test_data_between_workers_and_main_script(site):
    """Every kind of value, from a worker and from the main script, to both workers and the main script."""
    listener = "rampart.event.on('data', 'f', function (u, d) { seen.push(show(d)) });"
    c = Contexts(site, before=SHOW, after=listener)
    here, there = c.everywhere(listener + "1")
    values = list(DATA)
    expected = [DATA[value] if DATA[value] is not None else c.run(f"show({value})") for value in values]
    send = f"[{', '.join(f'({value})' for value in values)}].forEach(function (v) {{ rampart.event.trigger('data', v) }});"
    for sender, rounds in (("a worker", 1), ("main", 2)):
        c.run(send + "1", here) if sender == "a worker" else c.main(send)
        for pid in (here, there):
            wait_until(lambda: len(c.run("seen", pid)) == rounds * len(expected), 10, f"data of {sender} in worker {pid}")
            assert dict(zip(values, c.run("seen", pid)[-len(values):])) == dict(zip(values, expected)), sender
        c.wait_main("seen.length", rounds * len(expected))
        got = c.ask_main("seen")
        assert dict(zip(values, got[-len(values):])) == dict(zip(values, expected)), sender


def test_data_is_a_plain_buffer_and_each_context_has_its_own(site):
    look = ("rampart.event.on('b', 'f', function (u, d) { d.buffer[0] += 1;"
            " seen.push([d.buffer[0], d.buffer instanceof Uint8Array, Buffer.isBuffer(d.buffer), String(d.buffer)]) });")
    c = Contexts(site, after=look)
    pids = c.everywhere(look + "1")
    c.run("var b = new Buffer(2); b[0] = 7; rampart.event.trigger('b', {buffer: b}); b[0] = 50; 1", pids[0])
    expected = [[8, True, False, "[object Uint8Array]"]]
    for pid in pids:
        c.wait_seen(pid, expected)
    c.wait_main("seen", expected)


def test_what_cannot_be_carried_whole_harms_nobody(site):
    """Requests, file handles, Errors, Maps and the like lose something on the way (runtime-api 4.3), but arrive."""
    c = Contexts(site, after="listen('e');", more_map=""""/odd": function (req) {
        var odd = [req, rampart.utils.stderr, new Error("x"), new Map([[1, 2]]), /x/, Symbol && Symbol("s"),
                   Object.create({inherited: 1}), new String("boxed"), function named() {}, rampart, global.JSON, Math];
        odd.forEach(function (value) { rampart.event.trigger("e", value); });
        rampart.event.trigger("e", {req: req, end: true});
        return {json: odd.length};
    }""")
    here, there = c.everywhere("listen('e'); 1")
    count = c.site.get("/odd?a=b", headers={"X-Test": "yes"}).json() + 1
    for pid in (here, there):
        wait_until(lambda: c.run("seen.length", pid) == count, 10, f"everything in worker {pid}")
        assert c.run("[seen[0].query.a, seen[0].headers['X-Test'], seen[0].path.path, typeof seen[0].printf]", pid) == [
            "b", "yes", "/odd", "undefined"]
        assert c.run("[seen[seen.length - 1].req.query, seen[seen.length - 1].end]", pid) == [{"a": "b"}, True]
    c.wait_main("seen.length", count)
    assert not c.site.log_lines("rror")


def test_user_variable_is_never_copied(site):
    """A function, an object and its later changes; in the context that registered and nowhere else."""
    c = Contexts(site)
    here, there = c.everywhere("1")
    c.run("var state = {count: 0, add: function (n) { return state.count += n }};"
          "rampart.event.on('e', 'f', function (u, d) { seen.push(u === state, u.add(d)) }, state); state.count = 10; 1", here)
    c.run("rampart.event.trigger('e', 5); 1", there)
    c.wait_seen(here, [True, 15])
    assert c.run("typeof state", there) == "undefined"


def test_every_context_that_listens_gets_it_once(site):
    c = Contexts(site, workers=3, after="listen('e');")
    pids = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 'from a worker'); 1", pids[0])
    for pid in pids:
        c.wait_seen(pid, ["from a worker"])
    c.wait_main("seen", ["from a worker"])
    c.main("rampart.event.trigger('e', 'from main')")
    for pid in pids:
        c.wait_seen(pid, ["from a worker", "from main"])
    c.wait_main("seen", ["from a worker", "from main"])


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


@pytest.mark.parametrize("threads", [1, 3])
def test_order_of_one_sender(site, threads):
    c = Contexts(site, options=f"frontendThreads: {threads}")
    here, there = c.everywhere("listen('e', 'a'); rampart.event.on('e', 'b', function (u, d) { seen.push('b' + d) }); 1")
    c.run("for (var i = 0; i < 3000; i++) rampart.event.trigger('e', i); rampart.event.off('e', 'a');"
          "rampart.event.trigger('e', 'x'); rampart.event.remove('e'); rampart.event.trigger('e', 'y'); 1", here)
    expected = [item for i in range(3000) for item in (i, f"b{i}")] + ["bx"]
    for pid in (here, there):
        c.wait_seen(pid, expected)


COUNT_BY_SENDER = """
var next = {}, wrong = [], total = 0;
function check(u, d) {
  total++;
  if (d[1] !== (next[d[0]] || 0)) wrong.push(d);
  next[d[0]] = d[1] + 1;
}
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_ten_thousand_of_each_sender_arrive_in_order(site, threads):
    """Three workers and the main script send at the same time, and all four listen."""
    register = "rampart.event.on('e', 'f', check);"
    c = Contexts(site, workers=3, options=f"frontendThreads: {threads}", before=COUNT_BY_SENDER, after=register)
    pids = c.everywhere(register + "1")
    send = "for (var i = 0; i < 10000; i++) rampart.event.trigger('e', [process.getpid(), i, 'some text to carry']);"
    c.main(send)
    senders = {answer["pid"] for answer in c.at_once(f"if (!this.sent) {{ sent = true; {send} }} 1")}
    for pid in set(pids) - senders:
        c.run(send + "1", pid)
    expected = {str(pid): 10000 for pid in [*pids, c.site.pid("launcher")]}
    for pid in pids:
        wait_until(lambda: c.run("total", pid) == 40000, 30, f"all events in worker {pid}")
        assert c.run("[next, wrong]", pid) == [expected, []]
    c.wait_main("total", 40000, 30)
    c.wait_main("[next, wrong]", [expected, []])


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


def replaced_worker(c, old, kept):
    """Kills worker `old` with SIGKILL; the pid of the one that takes its place."""
    processes.kill(old)
    wait_until(lambda: old not in c.site.workers() and len(c.site.workers()) == c.count, 10, "a new worker")
    return (set(c.everywhere("1")) - {kept}).pop()


def test_listeners_vanish_with_their_process(site):
    c = Contexts(site)
    here, there = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 1); 1", here)
    c.wait_seen(there, [1])
    new = replaced_worker(c, there, here)
    c.run("rampart.event.trigger('e', 2); 1", here)
    c.wait_seen(here, [1, 2])
    assert c.run("seen", new) == []
    c.run("listen('e'); 1", new)
    c.run("rampart.event.trigger('e', 3); 1", here)
    c.wait_seen(new, [3])


def test_what_a_new_worker_listens_to(site):
    """Listeners of the start script live in the main script alone; those of a module come with the module, in each worker
    that loads it."""
    module = """
        rampart.event.on("e", "of module", function (u, d) { seen.push("module " + d) });
        module.exports = function () { return {json: process.getpid()} };
    """
    c = Contexts(site, before="rampart.event.on('e', 'of start script', function (u, d) { seen.push('start ' + d) });",
                 files={"listener.js": module})
    here, there = c.everywhere("rampart.event.trigger('unknown'); 1")

    def load_module_in(pid):
        assert c.run("require('./listener.js')().json", pid) == pid

    load_module_in(here), load_module_in(there)
    c.run("rampart.event.trigger('e', 1); 1", here)
    for pid in (here, there):
        c.wait_seen(pid, ["module 1"])
    c.wait_main("seen", ["start 1"])
    new = replaced_worker(c, there, here)
    c.run("rampart.event.trigger('e', 2); 1", here)
    c.wait_seen(here, ["module 1", "module 2"])
    assert c.run("seen", new) == [], "it has not loaded the module"
    load_module_in(new)
    c.run("rampart.event.trigger('e', 3); 1", here)
    c.wait_seen(new, ["module 3"])
    c.wait_main("seen", ["start 1", "start 2", "start 3"])


def test_events_go_on_when_the_zygote_is_replaced(site):
    c = Contexts(site, after="listen('e');", check_fds=False)  # the launcher watches the worker that it has adopted
    here, there = c.everywhere("listen('e'); 1")
    zygote = c.site.pid("zygote")
    processes.kill(zygote)
    wait_until(lambda: zygote not in c.site.pids()["zygote"] and c.site.pids()["zygote"], 10, "a new zygote")
    c.run("rampart.event.trigger('e', 1); 1", here)
    c.wait_seen(there, [1])
    new = replaced_worker(c, there, here)
    c.run("listen('e'); 1", new)
    c.main("rampart.event.trigger('e', 2)")
    c.wait_seen(here, [1, 2])
    c.wait_seen(new, [2])
    c.wait_main("seen", [1, 2])


def test_the_main_script_triggers_while_the_frontend_is_away(site):
    """A metronome in the main script goes on through the death of the frontend; the new workers hear it."""
    c = Contexts(site, after="var n = 0; listen('tick'); setMetronome(function () { rampart.event.trigger('tick', n++) }, 2);")
    c.everywhere("listen('tick'); 1")
    for _ in range(2):
        frontend = c.site.pid("frontend")
        processes.kill(frontend)
        wait_until(lambda: frontend not in c.site.pids()["frontend"] and c.site.pids()["frontend"], 10, "a new frontend")
        wait_until(lambda: c.site.get("/run?code=1").status == 200, 10, "the site to serve again")
    for pid in c.everywhere("listen('tick'); 1"):
        wait_until(lambda: len(c.run("seen", pid)) > 20, 10, f"ticks in worker {pid}")
        seen = c.run("seen", pid)
        assert seen == list(range(seen[0], seen[0] + len(seen)))
    seen = c.ask_main("seen")
    assert seen == list(range(len(seen))), "its own listener misses nothing"
    assert not c.site.log_lines("Error|cannot be read")


def test_the_main_script_stays_connected_when_the_frontend_is_replaced(site):
    c = Contexts(site, after="listen('e');")
    c.run("rampart.event.trigger('e', 1)")
    c.wait_main("seen", [1])
    frontend = c.site.pid("frontend")
    processes.kill(frontend)
    wait_until(lambda: frontend not in c.site.pids()["frontend"] and c.site.pids()["frontend"], 10, "a new frontend")
    wait_until(lambda: len(c.site.workers()) == 2, 10, "new workers")
    wait_until(lambda: c.site.get("/run?code=1").status == 200, 10, "the site to serve again")
    pids = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 2)")
    c.wait_main("seen", [1, 2])
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


def test_a_listener_of_the_main_script_is_known_before_its_output(site):
    c = Contexts(site, options="frontendThreads: 2")
    for number in range(20):
        c.main(f"listen('m{number}'); console.log('listens {number}')")
        wait_until(lambda: f"listens {number}\n" in c.site.stdout(), 10, "the output", step=0.0005)
        c.run(f"rampart.event.trigger('m{number}', {number}); 1")
    c.wait_main("seen", list(range(20)))


def test_events_in_a_daemon(site):
    """The workers of a daemon meet; listeners of the start script stay with the process that ran it."""
    c = Contexts(site, options="daemon: true", daemon=True,
                 before="rampart.event.on('e', 'f', function (u, d) { console.log('start script', d) });",
                 after="rampart.event.trigger('e', 'own');")
    pids = c.everywhere("listen('e'); 1")
    c.run("rampart.event.trigger('e', 1); 1", pids[0])
    for pid in pids:
        c.wait_seen(pid, [1])
    assert "start script own" in c.site.stdout() and "start script 1" not in c.site.stdout()


def test_events_through_a_storm_of_deaths(site):
    """Everybody listens and triggers all the time, in timers, callbacks and requests, while workers, the zygote and the
    frontend are killed. No frame is ever wrong, and afterwards everybody hears everybody."""
    busy = """
        var heard = {}, large = new Uint8Array(70000);
        rampart.event.on("storm", "f", function (u, d) { heard[d.pid] = d.n; });
        rampart.event.on("large", "f", function (u, d) { if (d.length != 70000) console.log("wrong length"); });
        setMetronome(function () {
          for (var i = 0; i < 20; i++) rampart.event.trigger("storm", {pid: process.getpid(), n: i});
          rampart.event.trigger("large", large);
          rampart.event.on("own" + process.getpid(), "f", function () { rampart.event.remove("own" + process.getpid()); });
          rampart.event.trigger("own" + process.getpid());
        }, 3);
    """
    # A new zygote is a copy of the main script as it is by then: what is set there says nothing about the worker.
    once = f"if (this.busy !== process.getpid()) {{ busy = process.getpid(); {busy} }} 1"
    c = Contexts(site, workers=3, options="frontendThreads: 2", after=busy, check_fds=False)
    for number, role in enumerate(["worker", "worker", "zygote", "worker", "frontend", "worker", "frontend", "zygote", "worker"]):
        ask_until_served(c, once)
        victim = c.site.pids()[role][0]
        processes.kill(victim)
        wait_until(lambda: victim not in c.site.pids()[role] and c.site.pids()[role], 10, f"another {role} ({number})")
    wait_until(lambda: ask_until_served(c, once) and len(c.site.workers()) == 3, 20, "calm")
    pids = c.everywhere(once)
    everybody = {str(pid): 19 for pid in [*pids, c.site.pid("launcher")]}
    for pid in pids:
        wait_until(lambda: everybody.items() <= c.run("heard", pid).items(), 10, f"worker {pid} to hear everybody")
    wait_until(lambda: everybody.items() <= c.ask_main("heard").items(), 10, "the main script to hear everybody")
    assert not c.site.log_lines("protocol|bad frame|cannot be read|Error in|misses|malformed|unexpected frame")
    assert "wrong" not in c.site.stdout()


def ask_until_served(c, code):
    """Several requests, until they all have been answered: those that a death hits are tried again."""
    def ask():
        try:
            return all([c.site.get(f"/run?code={quote(code)}").status == 200 for _ in range(6)])
        except (AssertionError, OSError):
            return False
    return wait_until(ask, 20, "the site to serve")


SCOPED_MODULE = """
exports.listen = function () { rampart.event.on("e", "f", function (u, d) { seen.push(module.id.split("/").pop() + " " + d) }); };
exports.send = function (d) { rampart.event.trigger("e", d); };
exports.end = function () { rampart.event.off("e", "f"); };
"""


@pytest.mark.parametrize("who", ["the start script", "the main script, late", "a worker"])
def test_scope_to_module_is_for_all_contexts(site, who):
    """The same module meets itself everywhere, and nobody else."""
    before = "rampart.event.scopeToModule();" if who == "the start script" else ""
    c = Contexts(site, before=before, files={"a.js": SCOPED_MODULE, "b.js": SCOPED_MODULE})
    here, there = c.everywhere("1")
    if who == "a worker":
        c.run("rampart.event.scopeToModule(); 1", here)
    elif who == "the main script, late":
        c.main("rampart.event.scopeToModule(); 'scoped'")
        wait_until(lambda: "scoped" in c.site.stdout(), 10, "the call")
    listen = "var a = require('./a.js'), b = require('./b.js'); a.listen(); b.listen(); listen('e');"
    for pid in (here, there):
        c.run(listen + "1", pid)
    c.main(listen + "'listening'")
    wait_until(lambda: "listening" in c.site.stdout(), 10, "the main script")
    c.run("a.send(1); b.send(2); rampart.event.trigger('e', 3); 1", here)
    expected = ["a.js 1", "b.js 2", 3]
    for pid in (here, there):
        c.wait_seen(pid, expected)
    c.wait_main("seen", expected)
    c.main("a.end(); a.send('x'); b.send(4)")
    for pid in (here, there):
        c.wait_seen(pid, [*expected, "b.js 4"])
    new = replaced_worker(c, there, here)
    c.run(listen + "a.send(5); 1", new)
    c.wait_seen(new, ["a.js 5"])


def test_large_data(site):
    c = Contexts(site, after="rampart.event.on('big', 'f', function (u, d) { console.log('big', d.b.length, d.b[5000000]) });")
    here, there = c.everywhere("rampart.event.on('big', 'f', function (u, d) { seen.push([d.b.length, d.b[5000000], d.n]) }); 1")
    c.run("var b = new Uint8Array(8000000); b[5000000] = 77; for (var i = 0; i < 5; i++)"
          " rampart.event.trigger('big', {b: b, n: i}); 1", here)
    for pid in (here, there):
        c.wait_seen(pid, [[8000000, 77, n] for n in range(5)])
    wait_until(lambda: c.site.stdout().count("big 8000000 77") == 5, 10, "the launcher")
    assert "RangeError" in c.run("try { rampart.event.trigger('big', new Uint8Array(70e6)) } catch (e) { String(e) }")


def test_timers_and_requests_get_their_turn_beside_events(site):
    c = Contexts(site, workers=1)
    c.run("var ticks = 0, stop = false; setInterval(function () { ticks++ }, 1);"
          "rampart.event.on('again', 'f', function () { if (!stop) rampart.event.trigger('again') });"
          "rampart.event.trigger('again'); 1")
    before = c.run("ticks")
    wait_until(lambda: c.run("ticks") > before + 20, 10, "timers")
    c.run("stop = true")
