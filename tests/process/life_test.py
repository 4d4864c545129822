"""The life of a server around its start: start() returns, the script goes on, what ends it and what must not."""

import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from process.traffic import FAST, wait_workers
from support import processes
from support.site import IS_ROOT, app, free_port
from support.timing import wait_until

MAP = "{" + FAST + "}"


def test_start_returns_the_pid_and_the_script_goes_on(site):
    s = site(map=MAP, after='rampart.utils.printf("after %d %d\\n", serverPid, process.getpid());')
    wait_until(lambda: "after" in s.stdout(), what="output of the code after start()")
    pid = str(s.proc.pid)
    assert re.search(r"^after (\d+) (\d+)$", s.stdout(), re.M).groups() == (pid, pid)
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_timers_of_the_script_run_beside_the_server(site):
    s = site(map=MAP, after="""
        var ticks = 0;
        setTimeout(function () { rampart.utils.printf("once\\n"); }, 20);
        clearTimeout(setTimeout(function () { rampart.utils.printf("never\\n"); }, 30));
        var ticking = setInterval(function () {
            rampart.utils.printf("tick %d\\n", ++ticks);
            if (ticks == 5) clearInterval(ticking);
        }, 10);
        setTimeout(function () { rampart.utils.printf("last %d\\n", process.getpid()); }, 300);""")
    wait_until(lambda: "last" in s.stdout(), what="the last timer")
    lines = s.stdout().split("\n")
    assert [line for line in lines if line.startswith("tick")] == [f"tick {n}" for n in range(1, 6)]
    assert lines.count("once") == 1 and "never" not in lines
    # Workers have the launcher's heap, but not its timers.
    assert [line for line in lines if line.startswith("last")] == [f"last {s.proc.pid}"]
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_timers_set_before_start_run_once_and_only_in_the_launcher(site):
    s = site(map=MAP, options="threads: 3",
             before='setTimeout(function () { rampart.utils.printf("timer in %d\\n", process.getpid()); }, 100);',
             after='setTimeout(function () { rampart.utils.printf("end\\n"); }, 400);')
    wait_until(lambda: "end" in s.stdout(), what="the last timer")
    assert [line for line in s.stdout().split("\n") if "timer" in line] == [f"timer in {s.proc.pid}"]


def test_an_error_in_a_timer_of_the_script_does_not_end_the_server(site):
    s = site(map=MAP, after="""
        setTimeout(function timerThatThrows() { throw new Error("from a timer"); }, 10);
        setTimeout(function () { rampart.utils.printf("later\\n"); }, 200);""")
    wait_until(lambda: "later" in s.stdout(), what="the timer behind the one that throws")
    assert len(s.log_lines("from a timer")) == 1
    assert s.log_lines(r"timerThatThrows.*app\.js:\d+")
    assert s.get("/fast.txt?n=1").text == "fast 1"


@pytest.mark.parametrize("busy", ["while (true) {}", "rampart.utils.sleep(3600);"], ids=["loop", "sleep"])
def test_a_callback_that_never_ends_serves_and_heals_and_stops(site, busy):
    s = site(map=MAP, options="threads: 2", after=f"setTimeout(function () {{ {busy} }}, 0);")
    assert s.get("/fast.txt?n=1").text == "fast 1"
    before = wait_workers(s, 2)
    processes.kill(before[0])
    wait_workers(s, 2, without=before[:1])
    frontend = s.pid("frontend")
    processes.kill(frontend)
    wait_until(lambda: s.pids()["frontend"] not in ([], [frontend]), 5, "a new frontend")
    assert s.get("/fast.txt?n=2").text == "fast 2"
    assert s.stop(5) == 0


def test_an_error_before_start_ends_with_1(site):
    s = site.run('var server = require("rampart-server");\nthrow new TypeError("before start");\n')
    assert s.returncode == 1
    assert "TypeError: before start" in s.log()
    assert re.search(r"app\.js:2", s.log())


def test_an_error_after_start_ends_the_server_too(site):
    s = site.run(app(MAP, after='throw new Error("after start");'))
    assert s.returncode == 1
    assert "Error: after start" in s.log()
    assert not processes.wait_gone(s.left_processes(), 2)


@pytest.mark.parametrize("code", [0, 5])
def test_exit_of_the_script_ends_the_server_at_once(site, code):
    s = site.run(app(MAP, after=f"process.exit({code});"))
    assert s.returncode == code
    assert not processes.wait_gone(s.left_processes(), 2)


def test_exit_in_a_timer(site):
    s = site(map=MAP, after="setTimeout(function () { process.exit(7); }, 300);")
    assert s.wait_exit() == 7
    assert not processes.wait_gone(s.left_processes(), 2)


def test_a_second_server_in_one_process_throws_and_the_first_goes_on(site):
    s = site(map=MAP, after="""
        try { server.start({bind: "127.0.0.1:0", user: "@USER@", map: {}}); rampart.utils.printf("no error\\n"); }
        catch (e) { rampart.utils.printf("caught %s\\n", e.message); }""")
    wait_until(lambda: s.stdout(), what="output of the second start()")
    assert s.stdout().startswith("caught")
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_address_in_use_names_the_address_and_the_reason(site):
    first = site(map=MAP)
    second = site.run(app(MAP), port=first.port)
    assert second.returncode == 1
    assert f"127.0.0.1:{first.port}" in second.log()
    assert "in use" in second.log().lower()
    assert first.get("/fast.txt?n=1").text == "fast 1"


def test_address_in_use_by_another_program(site):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        s = site.run(app(MAP), port=other.getsockname()[1])
    assert s.returncode == 1
    assert f"127.0.0.1:{s.port}" in s.log() and "in use" in s.log().lower()


def test_a_failed_start_can_be_caught_and_tried_again(site):
    blocker = socket.socket()
    blocker.bind(("127.0.0.1", 0))
    blocker.listen()
    with blocker:
        s = site(app(MAP, before=f"""
            var failures = 0;
            ["bind: busy", "no such user", "bad option"].forEach(function (what, i) {{
                var options = {{bind: "127.0.0.1:@PORT@", user: "@USER@", map: {{}}}};
                if (i == 0) options.bind = "127.0.0.1:{blocker.getsockname()[1]}";
                if (i == 1) options.user = "no-such-user-here";
                if (i == 2) options.scriptTimeout = "soon";
                try {{ server.start(options); }} catch (e) {{ failures++; }}
            }});""", after='rampart.utils.printf("failures %d\\n", failures);'))
        # Who is not root may not choose the user, and is not refused one that does not exist.
        wait_until(lambda: "failures" in s.stdout(), what="the count of failures")
        assert f"failures {3 if IS_ROOT else 2}" in s.stdout()
        assert s.get("/fast.txt?n=1").text == "fast 1"


# What start() must refuse: the option's name and what else the message has to name.
REFUSED = [
    ("scriptTimeout: 'soon'", ["scriptTimeout", "soon"]),
    ("threads: 'many'", ["threads", "many"]),
    ("developerMode: 'yes'", ["developerMode", "yes"]),
    ("daemon: 1", ["daemon", "1"]),
    ("secure: true", ["secure"]),
    ("maxMemory: 'plenty'", ["maxMemory", "plenty"]),
    ("bind: 'localhost:80'", ["bind", "localhost:80"]),
    ("bind: '127.0.0.1:1x'", ["bind", "127.0.0.1:1x"]),
    ("bind: '127.0.0.1:65536'", ["bind", "65536"]),
    ("bind: []", ["bind"]),
    ("notFoundFunc: 5", ["notFoundFunc", "5"]),
]
REFUSED_MAPS = [
    ("{'/dir/': '@DIR@/nowhere'}", ["map", "/dir/", "nowhere", "No such file"]),
    ("{'/dir/': '@DIR@/app.js'}", ["map", "/dir/", "app.js"]),
    ("{'/n': 12}", ["map", "/n", "12"]),
    ("{'/n': null}", ["map", "/n"]),
    ("{'/n': {}}", ["map", "/n"]),
    ("{'~/a(b': function () {}}", ["map", "~/a(b"]),
]


@pytest.mark.parametrize("option, named", REFUSED, ids=[option for option, _ in REFUSED])
def test_a_bad_option_is_named_with_its_value(site, option, named):
    s = site.run(app(MAP, option))
    assert s.returncode == 1
    for word in ["server.start", *named]:
        assert word in s.log(), word


@pytest.mark.parametrize("bad, named", REFUSED_MAPS, ids=[bad for bad, _ in REFUSED_MAPS])
def test_a_bad_map_is_named_with_its_key(site, bad, named):
    s = site.run(app(bad))
    assert s.returncode == 1
    for word in ["server.start", *named]:
        assert word in s.log(), word


@pytest.mark.parametrize("call", ["server.start()", "server.start('x')", "server.start([])", "server.start({})",
                                  "server.start(function () {})"])
def test_a_bad_call_of_start(site, call):
    s = site.run(f'var server = require("rampart-server");\n{call};\n')
    assert s.returncode == 1
    assert "server.start" in s.log()


def test_an_unknown_option_is_one_warning_with_the_nearest_name(site):
    s = site(map=MAP, options="scriptTimeuot: 3, SCRIPTTIMEOUT: 4")
    assert s.get("/fast.txt?n=1").text == "fast 1"
    lines = s.log_lines("scriptTimeuot")
    assert len(lines) == 1 and "scriptTimeout" in lines[0]
    assert len(s.log_lines("(?i)warning")) == 1


def test_two_servers_side_by_side(site):
    first, second = site(map=MAP), site(map=MAP, port=free_port())
    assert first.get("/fast.txt?n=1").text == second.get("/fast.txt?n=1").text == "fast 1"
    first.proc.send_signal(signal.SIGKILL)
    first.wait_exit()
    assert not processes.wait_gone(first.left_processes(), 2)
    assert second.get("/fast.txt?n=2").text == "fast 2"
    # The address is free again at once.
    third = site(map=MAP, port=first.port)
    assert third.get("/fast.txt?n=3").text == second.get("/fast.txt?n=3").text == "fast 3"
    third.stop()
    assert second.get("/fast.txt?n=4").text == "fast 4"


def test_titles_tell_the_processes_apart(site):
    s = site(map=MAP, options="threads: 2")
    counts = {name: len(pids) for name, pids in s.pids().items()}
    assert counts == {"launcher": 1, "frontend": 1, "zygote": 1, "worker": 2, "other": 0}


def test_nothing_keeps_a_script_without_a_server(site):
    s = site.run('var server = require("rampart-server"); setTimeout(function () { console.log("bye"); }, 20);')
    assert s.returncode == 0 and s.stdout() == "bye\n"


def test_each_context_has_a_number(site):
    s = site(before="if (rampart.thread_id !== 0) throw new Error('the launcher is ' + rampart.thread_id);",
             map="""{"/id": function () { rampart.utils.sleep(0.3); return String(rampart.thread_id); }}""",
             options="threads: 3")
    with ThreadPoolExecutor(3) as pool:
        found = set()
        wait_until(lambda: found.update(pool.map(lambda _: s.get("/id").text, range(3))) or len(found) == 3, 20,
                   "a request at each worker")
    assert found == {"1", "2", "3"}
