"""daemon: true (server-details 1.4 to 1.7): start() returns in the caller, and only there."""

import os
import re
import signal
import socket

import pytest

from process.traffic import FAST
from support import processes
from support.http import request, wait_accepting
from support.site import app, free_port
from support.timing import wait_until

MAP = "{" + FAST + ', "/pid.txt": function () { return {txt: "" + process.getpid()}; }}'
AFTER = """
    rampart.utils.printf("pid %d of %d, alive %s\\n", serverPid, process.getpid(),
                         rampart.utils.kill(serverPid, 0));"""


def start_daemon(site, options="daemon: true", **more):
    s = site(app(MAP, options, after=AFTER), daemon=True, **more)
    assert s.wait_exit() == 0
    return s


def test_start_returns_the_pid_of_the_daemon(site):
    s = start_daemon(site)
    daemon, caller, alive = re.search(r"^pid (\d+) of (\d+), alive (\w+)$", s.stdout(), re.M).groups()
    assert caller == str(s.proc.pid) and daemon != caller and alive == "true"
    assert s.pids()["launcher"] == [int(daemon)]
    assert s.get("/fast.txt?n=1").text == "fast 1"
    # The code behind start() ran in the caller alone.
    assert s.stdout().count("pid ") == 1
    assert s.stop() == 0


def test_a_daemon_is_detached(site):
    s = start_daemon(site)
    daemon = s.pids()["launcher"][0]
    comm, _, parent, session = processes.stat(daemon)
    assert session not in (s.proc.pid, os.getsid(0))
    assert parent != s.proc.pid
    files = processes.open_files(daemon)
    assert [files.get(fd) for fd in (0, 1, 2)] == ["/dev/null"] * 3
    # A terminal that goes away does not end it.
    processes.kill(daemon, signal.SIGHUP)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    assert s.pids()["launcher"] == [daemon]


def test_the_caller_lives_on_with_its_timers(site):
    s = site(app(MAP, "daemon: true", before="""
        setTimeout(function () { rampart.utils.printf("timer in %d\\n", process.getpid()); }, 50);""",
                 after='rampart.utils.sleep(0.3); rampart.utils.printf("slept in %d\\n", process.getpid());'), daemon=True)
    assert s.wait_exit() == 0
    assert s.stdout().split("\n")[:2] == [f"slept in {s.proc.pid}", f"timer in {s.proc.pid}"]
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_listeners_of_the_script_live_on_in_the_daemon(site):
    """The daemon is the server's main process. What the caller had triggered, its own listeners hear."""
    note = 'function note(text) { rampart.utils.fprintf("@DATA@/" + process.getpid(), true, "%s\\n", text); }'
    text_map = """{"/trigger": function () { rampart.event.trigger("ask", "worker"); return "triggered"; },
                   "/fast.txt": function () { return "fast"; }}"""
    s = site(app(text_map, "daemon: true, threads: 1", before=note + """
        rampart.event.on("ask", "main", function (unused, data) {
            note("heard " + data);
            rampart.event.trigger("answer", data + " was heard");
        });
        rampart.event.on("ask", "removed", function () { note("removed"); });
        rampart.event.off("ask", "removed");
        rampart.event.trigger("ask", "caller");""", after='rampart.event.on("ask", "late", function () {});'), daemon=True)
    assert s.wait_exit() == 0
    assert s.get("/trigger").text == "triggered"
    daemon = s.pids()["launcher"][0]
    heard = lambda pid: (s.data / str(pid)).read_text() if (s.data / str(pid)).exists() else ""
    wait_until(lambda: heard(daemon) == "heard worker\n", 5, f"the daemon's listener, which heard {heard(daemon)!r}")
    assert heard(s.proc.pid) == "heard caller\n"


def test_timers_that_stay_behind_are_told_of(site):
    s = site(app(MAP, "daemon: true", before="setTimeout(function () {}, 1);"), daemon=True)
    assert s.wait_exit() == 0
    assert len(s.log_lines("warning: server.start: daemon: the timers that were set before stay with this process")) == 1
    s = start_daemon(site)
    assert not s.log_lines("timers")


def test_two_daemons_one_after_the_other(site):
    other = free_port()
    s = site(app(MAP, "daemon: true", after=f"""
        var second = server.start({{bind: "127.0.0.1:{other}", user: "@USER@", daemon: true, map: {MAP}}});
        rampart.utils.printf("pids %d %d\\n", serverPid, second);"""), daemon=True)
    assert s.wait_exit() == 0
    pids = [int(pid) for pid in re.search(r"^pids (\d+) (\d+)$", s.stdout(), re.M).groups()]
    assert wait_accepting(other)
    assert s.pids()["launcher"] == sorted(pids) and pids[0] != pids[1]
    assert s.get("/fast.txt?n=1").text == "fast 1"
    assert request(other, "GET", "/fast.txt?n=2").text == "fast 2"
    # The first ends alone.
    processes.kill(pids[0], signal.SIGTERM)
    wait_until(lambda: s.pids()["launcher"] == pids[1:], 15, "the first daemon to end")
    assert request(other, "GET", "/fast.txt?n=3").text == "fast 3"
    with pytest.raises(ConnectionRefusedError):
        s.get("/fast.txt?n=4")


def test_a_daemon_after_a_server_of_this_process_and_the_reverse(site):
    """One server per process; daemons do not count."""
    other = free_port()
    s = site(app(MAP, "daemon: true", after=f"""
        server.start({{bind: "127.0.0.1:{other}", user: "@USER@", map: {MAP}}});"""), daemon=True)
    assert wait_accepting(other)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    assert request(other, "GET", "/fast.txt?n=2").text == "fast 2"
    s.proc.send_signal(signal.SIGTERM)
    assert s.wait_exit() == 0
    assert s.get("/fast.txt?n=3").text == "fast 3"


BAD = [
    ("bind", 'bind: "127.0.0.1:@BUSY@"', "in use"),
    ("user", 'user: "no-such-user-here"', "no-such-user-here"),
    ("option", 'threads: "x"', "threads"),
]


@pytest.mark.parametrize("name, option, reason", BAD, ids=[name for name, _, _ in BAD])
def test_start_up_errors_throw_in_the_caller(site, as_root, name, option, reason):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        script = f"""
            var server = require("rampart-server");
            var options = {{bind: "127.0.0.1:@PORT@", user: "@USER@", daemon: true, map: {MAP}}};
            var bad = {{{option.replace("@BUSY@", str(busy.getsockname()[1]))}}};
            for (var key in bad) options[key] = bad[key];
            try {{ server.start(options); rampart.utils.printf("no error\\n"); }}
            catch (e) {{ rampart.utils.printf("caught in %d: %s\\n", process.getpid(), e.message); }}"""
        s = site.run(script, daemon=True)
    assert s.returncode == 0
    assert s.stdout().startswith(f"caught in {s.proc.pid}: ") and reason in s.stdout().lower()
    assert s.stdout().count("\n") == 1, s.stdout()
    assert not processes.wait_gone(s.left_processes(), 2)


def test_an_uncaught_start_up_error_ends_the_caller_with_1(site):
    s = site.run(app(MAP, 'daemon: true, threads: "x"'), daemon=True)
    assert s.returncode == 1 and "threads" in s.log()


def test_sigkill_of_a_daemon_leaves_nothing(site):
    s = start_daemon(site)
    processes.kill(s.pids()["launcher"][0])
    assert not processes.wait_gone(s.left_processes(), 2)


def test_a_daemon_heals(site):
    s = start_daemon(site)
    for name in ("worker", "zygote", "frontend"):
        before = s.pids()[name]
        processes.kill(before[0])
        wait_until(lambda: len(s.pids()[name]) == len(before) and before[0] not in s.pids()[name], 10, f"a new {name}")
        assert s.get("/fast.txt?n=1").text == "fast 1"
