"""rampart.utils.fork, daemon and newPipe (runtime-api 7.8)."""

import os
import re
import signal

from support.timing import wait_until

BEGIN = "rampart.globalize(rampart.utils);\n"


def has_ended(pid):
    """Or waits for whoever adopted it."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def test_values_go_both_ways(site):
    s = site.run(BEGIN + """
        var pipe = newPipe(), pid = fork(pipe);
        if (pid === 0) {
            var got = pipe.read().value;
            got.parent = process.getppid();
            pipe.write(got);
            process.exit(3);
        }
        pipe.write({a: [1, "\\u00e9", null, undefined], b: stringToBuffer("x\\u0000y"), d: new Date(5)});
        var back = pipe.read().value, end = pipe.read();
        console.log(JSON.stringify(back.a), hexify(back.b), back.d.getTime(), back.parent === process.pid, pid > 0);
        console.log(end.value, end.error);
        pipe.close();
        try { pipe.write(1); } catch (e) { console.log(e.message); }
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout().splitlines() == [
        '[1,"é",null,null] 780079 5 true true', "undefined the other process has closed the pipe",
        "pipe.write(): the pipe is closed, or was not given to this process"]


def test_a_forgotten_pipe_is_closed(site):
    """But not by the end of an object that inherits from it, and not while its callback waits."""
    s = site.run(BEGIN + """
        function sockets() { return readDir("/proc/self/fd").length; }
        var before = sockets(), pipe = newPipe();
        (function () { Object.create(pipe); newPipe(); newPipe().onRead(function (value) { console.log("got", value); }); })();
        Duktape.gc();
        Duktape.gc();
        pipe.write("still here");
        console.log(pipe.read().value, sockets() - before);
        process.exit(0);
    """)
    assert (s.returncode, s.log(), s.stdout()) == (0, "", "still here 4\n")


def test_large_values_and_callbacks(site):
    s = site.run(BEGIN + """
        var pipe = newPipe();
        if (fork(pipe) === 0) {
            var text = new Array(3000001).join("x");
            for (var i = 0; i < 3; i++) pipe.write({i: i, text: text});
        } else {
            pipe.onRead(function (value, error) { console.log(value ? value.i + " " + value.text.length : error); });
            console.log("waiting");
        }
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert s.stdout().splitlines() == ["waiting", "0 3000000", "1 3000000", "2 3000000",
                                       "the other process has closed the pipe"]


def test_the_loops_of_parent_and_child_are_apart(site):
    """Timers and listeners of before the fork stay with the parent; both go on with loops of their own."""
    s = site.run(BEGIN + """
        var name = "parent", pipe = newPipe();
        setTimeout(function () { console.log(name, "timer of before"); }, 30);
        rampart.event.on("e", "f", function () { console.log(name, "listener of before"); });
        watch("@DIR@", function () { return false; }).close();
        if (fork(pipe) === 0) {
            name = "child";
            rampart.event.trigger("e");
            setTimeout(function () { pipe.write("from the child's timer"); }, 1);
        } else {
            pipe.onRead(function (value) {
                console.log(value);
                pipe.close();
                rampart.event.trigger("e");
            });
        }
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert sorted(s.stdout().splitlines()) == ["from the child's timer", "parent listener of before", "parent timer of before"]


def test_fork_in_a_callback(site):
    """The child goes on behind its callback, with the code and the promises of it, and ends by itself."""
    s = site.run(BEGIN + """
        var beat = setInterval(function () { beats++; }, 5), beats = 0;
        function say(text) { fprintf("@DATA@/said", true, "%s\\n", text); }
        setTimeout(function () {
            var pipe = newPipe(), pid = fork(pipe), who = pid ? "parent" : "child";
            Promise.resolve().then(function () { say(who + " promise"); });
            if (pid === 0) {
                setTimeout(function () { say("child timer"); pipe.write("done"); }, 20);
                return;
            }
            pipe.onRead(function (value, error) {
                if (value) return say("parent got " + value);
                clearInterval(beat);
                say(error);
            });
        }, 1);
    """)
    assert (s.returncode, s.log()) == (0, "")
    assert sorted((s.data / "said").read_text().splitlines()) == [
        "child promise", "child timer", "parent got done", "parent promise", "the other process has closed the pipe"]


def test_a_child_has_no_descriptors_of_its_parent(site):
    s = site.run(BEGIN + """
        var kept = fopen("@DIR@/app.js", "r"), lost = newPipe(), pipe = newPipe();
        watch("@DIR@", function () {});
        function list() {
            return readDir("/proc/self/fd").map(function (fd) {
                try { return readLink("/proc/self/fd/" + fd).replace(/[0-9\\[\\]]/g, ""); } catch (e) { return ""; }
            }).filter(function (name, i) { return name && !/^\\/dev\\/null|\\/proc|\\/std(out|err)|^pipe:/.test(name); }).sort();
        }
        if (fork(pipe) === 0) {
            var error = "";
            try { lost.write(1); } catch (e) { error = e.message; }
            pipe.write({list: list(), error: error, line: kept.fgets(99), random: [Math.random(), rand()]});
            process.exit(0);
        }
        var own = [Math.random(), rand()], got = pipe.read().value;
        console.log(got.list.join(" "));
        console.log(got.error);
        console.log(got.line.trim() === "rampart.globalize(rampart.utils);", got.random[0] !== own[0], got.random[1] !== own[1]);
        process.exit(0);
    """)
    lines = s.stdout().splitlines()
    assert s.returncode == 0
    # The file, the child's end, and the event loop of its own.
    assert re.sub(r"\S*/app.js", "app.js", lines[0]).count("socket:") == 1 and "inotify" not in lines[0]
    assert lines[0].count("anon_inode:eventpoll") == 1
    assert lines[1:] == ["pipe.write(): the pipe is closed, or was not given to this process", "true true true"]


def test_daemon_lives_on(site):
    s = site.run(BEGIN + """
        var pipe = newPipe(), pid = daemon(pipe);
        if (pid === 0) {
            pipe.read();
            fprintf("@DATA@/pid.new", "%d %d %d", process.pid, process.getppid(), stat("/proc/self/fd/1").isCharacterDevice);
            rename("@DATA@/pid.new", "@DATA@/pid");
            pipe.read();
            process.exit(0);
        }
        pipe.write("go");
        while (!stat("@DATA@/pid")) sleep(0.01);
        console.log(pid, readFile("@DATA@/pid", true));
    """.replace("%d %d %d", "%d %d %s"))
    pid, own, parent, is_null = s.stdout().split()
    assert pid == own and is_null == "true" and int(parent) != s.proc.pid
    # Its pipe ended with the parent.
    wait_until(lambda: has_ended(pid), 5)


def test_ended_children_are_reaped(site):
    s = site.run(BEGIN + """
        var children = [];
        for (var i = 0; i < 5; i++) {
            var pipe = newPipe(), pid = fork(pipe);
            if (pid === 0) process.exit(0);
            children.push(pid);
            pipe.read();  // its end
            while (kill(pid, 0)) sleep(0.001);
        }
        console.log(children.filter(function (pid) { return stat("/proc/" + pid); }).length);
    """)
    assert (s.returncode, s.stdout()) == (0, "1\n")


def test_a_child_starts_a_server(site):
    """It is a launcher as its parent was, which goes on as a script without one."""
    s = site(before=BEGIN + """
        var pipe = newPipe(), child = fork(pipe);
        if (child !== 0) {
            pipe.onRead(function () { console.error("the child has ended"); });
        } else {
    """, after="}", map='{ "/": function () { return {txt: "x"}; } }')
    assert s.get("/").status == 200
    child, = set(s.pids()["launcher"]) - {s.proc.pid}
    os.kill(child, signal.SIGTERM)
    s.wait_log("the child has ended")
    assert s.wait_exit() == 0
def test_a_server_started_after_a_fork(site):
    """The launcher's supervision minds neither the child nor its end; in workers and beside the server nothing forks."""
    s = site(before=BEGIN + """
        var pipe = newPipe(), child = fork(pipe);
        if (child === 0) { pipe.read(); process.exit(0); }
        function refusal(f) { try { f(); return "nothing"; } catch (e) { return e.message; } }
    """, map="""{
        "/refused": function () {
            return {json: [refusal(function () { fork(); }), refusal(function () { daemon(); }),
                           refusal(function () { pipe.write(1); })]};
        },
        "/alive": function () { return {txt: String(!!stat("/proc/" + child))}; },
        "/stop": function () { rampart.event.trigger("stop"); return {txt: "x"}; },
        "/own": function () { var p = newPipe(); p.write({x: 1}); var got = p.read().value; p.close(); return {json: got}; },
        "/hang": function () { newPipe().read(); }
    }""", options="scriptTimeout: 0.3", after="""
        console.error(refusal(function () { fork(); }));
        rampart.event.on("stop", "f", function () { pipe.write("stop"); pipe.close(); });
    """)
    refused = "{}(): not possible in a worker, nor while a server runs"
    assert s.get("/refused").json() == [refused.format("fork"), refused.format("daemon"),
                                        "pipe.write(): the pipe is closed, or was not given to this process"]
    s.wait_log(re.escape(refused.format("fork")))
    assert s.get("/alive").text == "true"
    s.get("/stop")
    wait_until(lambda: s.get("/alive").text == "false", 5)
    assert s.get("/own").json() == {"x": 1}
    assert s.get("/hang").status == 500
    s.wait_log("script timed out after 300 ms")
    assert "execution timeout" in s.log() and "killed" not in s.log()


ERRORS = {
    "fork(5)": "fork(): argument 1 is no pipe of rampart.utils.newPipe()",
    "daemon({})": "daemon(): argument 1 is no pipe of rampart.utils.newPipe()",
    "(function () { var p = newPipe(); p.close(); fork(p) })()": "fork(): argument 1 is closed",
    "(function () { var p = newPipe(); if (fork(p) === 0) process.exit(0); fork(p) })()":
        "fork(): argument 1 belongs to another child",
    "newPipe().write.call({}, 1)": "pipe.write(): not called on a pipe of rampart.utils.newPipe()",
    "newPipe().onRead(5)": "pipe.onRead(): a callback Function is required",
    "newPipe().read(5)": "pipe.read(): the callback must be a Function",
    "(function () { var o = {}; o.o = o; newPipe().write(o) })()": "",
    "(function () { var p = newPipe(), t = new Array(100001).join('x'); for (;;) p.write(t) })()":
        "pipe.write(): the pipe is full, and no other process reads it",
}


def test_errors(site):
    rows = ", ".join(f"function () {{ {text} }}" for text in ERRORS)
    s = site.run(BEGIN + f"[{rows}].forEach(function (f) {{ try {{ f(); console.log('none'); }}"
                 " catch (e) { console.log(e.message); } });")
    lines = s.stdout().splitlines()
    assert len(lines) == len(ERRORS)
    for line, (text, wanted) in zip(lines, ERRORS.items()):
        assert line.startswith(wanted) and line != "none", text
