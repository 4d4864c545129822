"""server.start(): accepted values, names, warnings, what it returns, and its errors (server-details 1, 2)."""

import os
import re
import signal
import socket

import pytest

from support import processes
from support.site import IS_ROOT
from support.timing import wait_until

HELLO = '{"/hello": function () { return "hello"; }}'


def assert_serves(s, path="/hello", text="hello"):
    assert s.get(path).text == text


# -- 1.1, 1.2 names of options


@pytest.mark.parametrize("spelling", ["MAP", "Map", "map"])
def test_option_names_ignore_case(site, spelling):
    s = site(f"""require("rampart-server").start({{BIND: "127.0.0.1:@PORT@", USER: "@USER@", {spelling}: {HELLO},
                 USETHREADS: false, scripttimeout: 5}});""")
    assert_serves(s)
    assert len(s.workers()) == 1


def test_nested_keys_keep_their_case(site):
    s = site(map='{"/x": {Module: "m"}}', wait=False)
    s.wait_exit()
    assert s.proc.returncode != 0 and "server.start" in s.log()


@pytest.mark.parametrize("unknown, nearest", [("scriptTimout", "scriptTimeout"), ("thread", "threads"),
                                              ("compressFile", "compressFiles"),
                                              ("notFoundFunction", "notFoundFunc"), ("maxBodysizes", "maxBodySize")])
def test_unknown_option_is_one_warning_with_the_nearest_name(site, unknown, nearest):
    s = site(map=HELLO, options=f"{unknown}: 5")
    assert_serves(s)
    lines = s.log_lines("warning")
    assert len(lines) == 1
    assert re.search(rf"\b{unknown}\b.*\b{nearest}\b", lines[0])


def test_keys_of_a_site_configuration_are_no_warnings(site):
    s = site(map=HELLO,
             options="""htmlRoot: "/x", dataRoot: "/y", serverRoot: "/z", appsRoot: "", wsappsRoot: "", ipPort: 8088,
             rotateLogs: false, monitor: false, letsencrypt: "", redirPort: -1, fullServer: 1, quickserver: false""")
    assert_serves(s)
    assert s.log_lines("warning") == []


LATER = [("log", "true"), ("accessLog", '"./access.log"'), ("errorLog", '"./error.log"'),
         ("logIpFromHeader", '"X-Real-Ip"'),
         ("compressFiles", '["html"]'), ("compressScripts", "true"), ("compressLevel", "5"), ("compressMinSize", "100"),
         ("sslKeyFile", '"/x"'), ("sslCertFile", '"/x"'), ("sslMinVersion", '"tls1.3"'),
         ("beginFunc", "function () {}"),
         ("endFunc", "function () {}"), ("logFunc", "function () {}"), ("rateLimit", '{"/": {rate: 1}}')]


def test_options_of_later_work_warn_once_each(site):
    values = dict(LATER)
    s = site(map=HELLO, options=", ".join(f"{name}: {value}" for name, value in values.items()))
    assert_serves(s)
    for name in values:
        assert len([line for line in s.log_lines("warning") if re.search(rf"\b{name}\b", line)]) == 1, name


@pytest.mark.parametrize("options", ["compressFiles: true, log: false, beginFunc: {module: 'm'}", 'log: true',
                                     'sslMinVersion: "tls1"'])
def test_other_values_of_such_options(site, options):
    s = site(map=HELLO, options=options)
    assert_serves(s)
    assert len(s.log_lines("warning")) == options.count(":") - options.count("false") - options.count("module")


def test_option_of_later_work_that_is_off_is_silent(site):
    s = site(map=HELLO,
             options="""log: false, accessLog: null, errorLog: false, compressFiles: false, compressScripts: false,
             secure: false, beginFunc: null, endFunc: false, rateLimit: null, authMod: false, logFunc: false""")
    assert_serves(s)
    assert s.log_lines("warning") == []


def test_websocket_and_proxy_routes_warn_once(site):
    s = site(map="""{"ws:/chat": function () {}, "/api/": {proxy: "http://127.0.0.1:1/"},
                     "/hello": function () { return "hello"; }}""")
    assert_serves(s)
    for key in ("ws:/chat", "/api/"):
        assert len([line for line in s.log_lines("warning") if key in line]) == 1


# -- 2 accepted values


@pytest.mark.parametrize("options, workers", [("threads: 1", 1), ("threads: 3", 3), ("threads: 2.9", 2),
                                              ("threads: -1", os.cpu_count()),
                                              ("threads: 0", os.cpu_count()), ("useThreads: false, threads: 3", 1),
                                              ("useThreads: false", 1),
                                              ("useThreads: true, threads: 3", 3), ("", os.cpu_count())])
def test_number_of_workers(site, options, workers):
    s = site(map=HELLO, options=options)
    wait_until(lambda: len(s.workers()) == workers, what=f"{workers} workers, there are {len(s.workers())}")


@pytest.mark.parametrize("options", [
    "scriptTimeout: 0, connectTimeout: 0, maxRead: 0, maxWrite: 0, mimeMap: {}, mapSort: true, "
    "developerMode: false, maxBodySize: 0",
    "scriptTimeout: -1, connectTimeout: -1, maxRead: 100000, maxWrite: 100, appendProcTitle: true, "
    "compressLevel: 1.5, maxMemory: 0",
    'scriptTimeout: undefined, maxRead: 1, maxWrite: 1, cacheControl: "", maxMemory: "1G", '
    'sslMinVersion: "tls1.0", frontendThreads: 2'])
def test_accepted_values(site, options):
    s = site(map=HELLO, options=options)
    assert_serves(s)


def test_script_timeout_0_is_none(site):
    s = site(map='{"/hello": function () { rampart.utils.sleep(0.3); return "hello"; }}', options="scriptTimeout: 0")
    assert_serves(s)


@pytest.mark.parametrize("bind", ['"127.0.0.1:@PORT@"', '["127.0.0.1:@PORT@"]', '" 127.0.0.1 : @PORT@ "',
                                  '["127.0.0.1:@PORT@", "[::1]:@PORT@"]',
                                  '[" [ ::1 ] : @PORT@", "127.0.0.1:@PORT@"]', '["0.0.0.0:@PORT@"]'])
def test_bind(site, bind):
    s = site(map=HELLO, options=f"bind: {bind}")
    assert_serves(s)
    if "::1" in bind:
        assert s.get("/hello", {"Host": "x"}, host="::1").text == "hello"


def test_port_0_is_a_free_port(site):
    s = site(map=HELLO, options='bind: "127.0.0.1:0"', wait=False)
    line = s.wait_log(r"127\.0\.0\.1:\d+")[0]
    s.port = int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])
    assert s.port != 0
    wait_until(lambda: s.pids()["worker"], what="a worker")
    assert_serves(s)


def test_default_addresses(site):
    """Ports 8088 on both loopback addresses; skipped when someone has them."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            try:
                probe.bind((address, 8088))
            except OSError:
                pytest.skip("port 8088 is taken")
    s = site(f'require("rampart-server").start({{user: "@USER@", map: {HELLO}}});', port=8088)
    assert_serves(s)
    assert s.get("/hello", {"Host": "x"}, host="::1").text == "hello"


# -- 1.5, 1.6, 1.8 what start() returns and what happens after it


def test_returns_the_pid_and_the_script_goes_on(site):
    s = site(map=HELLO,
             after='rampart.utils.printf("%s %d\\n", typeof serverPid, serverPid); console.log("after start");')
    wait_until(lambda: "after start" in s.stdout(), what="the line after start()")
    assert s.stdout().splitlines()[0] == f"number {s.proc.pid}"


def test_timers_of_the_script_run(site):
    s = site(map=HELLO,
             after="""
        var n = 0;
        var timer = setInterval(function () { console.log("beat " + ++n); if (n == 3) clearInterval(timer); }, 10);
        setTimeout(function () { console.log("once"); }, 5);""")
    wait_until(lambda: "beat 3" in s.stdout() and "once" in s.stdout(), what="the timers")
    assert_serves(s)


def test_second_start_throws(site):
    s = site(map=HELLO, after=f"""try {{ server.start({{bind: "127.0.0.1:0", user: "@USER@", map: {HELLO}}}); }}
                                  catch (e) {{ console.log("second: " + e.message); }}""")
    wait_until(lambda: "second:" in s.stdout(), what="the message of the second start()")
    assert "server.start" in s.stdout()
    assert_serves(s)


def test_start_after_a_failed_one(site):
    s = site(f"""var server = require("rampart-server");
        try {{ server.start({{bind: "127.0.0.1:@PORT@", user: "@USER@", map: {{"/x": 5}}}}); }}
        catch (e) {{ console.log("first: " + e.message); }}
        server.start({{bind: "127.0.0.1:@PORT@", user: "@USER@", map: {HELLO}}});""")
    assert_serves(s)
    assert "first: server.start" in s.stdout()


@pytest.mark.parametrize("argument, result", [('"html"', "text/html"), ('"m4v"', "video/x-m4v"),
                                              ('"no_such"', "undefined"), ('""', "undefined")])
def test_get_mime(site, argument, result):
    s = site.run(f'rampart.utils.printf("%s\\n", "" + require("rampart-server").getMime({argument}));')
    assert s.stdout() == result + "\n"


@pytest.mark.parametrize("argument", ["", "5", "null", "{}"])
def test_get_mime_needs_a_string(site, argument):
    s = site.run(f"""try {{ require("rampart-server").getMime({argument}); }}
                     catch (e) {{ rampart.utils.printf("threw %s\\n", e.message); }}""")
    assert s.stdout().startswith("threw")


def test_get_mime_respects_mime_map(site):
    s = site(map="""{"/x": function () { return server.getMime("m4v"); }}""", options='mimeMap: {m4v: "video/mp4"}',
             after='console.log(server.getMime("m4v"));')
    assert_serves(s, "/x", "video/mp4")
    assert s.stdout() == "video/mp4\n"


def test_require_returns_the_same_module(site):
    s = site.run("""var a = require("rampart-server"), b = require("rampart-server");
                    rampart.utils.printf("%s %s\\n", typeof a.start, a.start === b.start);""")
    assert s.stdout() == "function true\n"


# -- errors that nobody catches


@pytest.mark.parametrize("options, named", [("threads: 'x'", "threads"), ("bind: 'x'", "bind"),
                                            ("user: 'no_such_user_here'", "no_such_user_here"),
                                            ("secure: true", "secure")])
def test_uncaught_error_ends_the_process(site, options, named):
    s = site(map=HELLO, options=options, wait=False)
    assert s.wait_exit() != 0
    assert "server.start" in s.log() and named in s.log()
    assert "app.js:" in s.log()
    assert s.left_processes() == []


def test_address_in_use(site):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        s = site(map=HELLO, port=port, wait=False)
        assert s.wait_exit() != 0
    assert "server.start" in s.log() and f"127.0.0.1:{port}" in s.log() and "in use" in s.log()
    assert s.left_processes() == []


def test_one_address_of_two_in_use_leaves_nothing_bound(site):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        s = site(map=HELLO, options=f'bind: ["127.0.0.1:@PORT@", "127.0.0.1:{other.getsockname()[1]}"]', wait=False,
                 after="")
        assert s.wait_exit() != 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", s.port))


@pytest.mark.skipif(not IS_ROOT, reason="only root must name a user")
def test_root_needs_a_user(site):
    s = site.run(f'require("rampart-server").start({{bind: "127.0.0.1:0", map: {HELLO}}});')
    assert s.returncode != 0
    assert "server.start" in s.log() and "user" in s.log()


@pytest.mark.skipif(not IS_ROOT, reason="only root can change the user")
def test_everything_runs_as_the_user(site):
    s = site(map=HELLO)
    owners = {role: {os.stat(f"/proc/{pid}").st_uid for pid in pids} for role, pids in s.pids().items() if pids}
    import pwd

    nobody = pwd.getpwnam("nobody").pw_uid
    assert owners["frontend"] == owners["worker"] == {nobody}
    assert all(uids == {nobody} for uids in owners.values())


@pytest.mark.skipif(not IS_ROOT, reason="only root can serve as root")
def test_user_root_is_allowed_with_a_warning(site):
    s = site(map=HELLO, options='user: "root"')
    assert_serves(s)
    assert [line for line in s.log_lines("root") if "warning" in line]


# -- daemon


def test_daemon_returns_the_pid_of_the_server(site):
    s = site(map=HELLO, options="daemon: true", daemon=True, after='rampart.utils.printf("%d\\n", serverPid);')
    wait_until(lambda: s.proc.poll() is not None, what="the end of the starting process")
    pid = int(s.stdout().split()[0])
    assert pid != s.proc.pid and processes.is_running(pid)
    assert_serves(s)


def test_nothing_behind_start_runs_in_the_daemon(site):
    s = site(map=HELLO, options="daemon: true", daemon=True,
             after='rampart.utils.fprintf("@DATA@/ran", true, "%s\\n", "once");')
    wait_until(lambda: s.proc.poll() is not None, what="the end of the starting process")
    assert_serves(s)
    assert (s.data / "ran").read_text() == "once\n"


@pytest.mark.parametrize("options", ["threads: 'x'", "bind: '127.0.0.1:1x'", "bind: '127.0.0.1:@BUSY@'"])
def test_daemon_errors_are_thrown_in_the_caller(site, options):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        options = options.replace("@BUSY@", str(other.getsockname()[1]))
        s = site(map=HELLO, options=f"daemon: true, {options}", wait=False)
        assert s.wait_exit() != 0
    assert "server.start" in s.log()
    assert s.left_processes() == []


def test_daemon_ends_with_sigterm(site):
    s = site(map=HELLO, options="daemon: true", daemon=True)
    wait_until(lambda: s.proc.poll() is not None, what="the end of the starting process")
    s.stop()


def test_daemon_ignores_sighup(site):
    s = site(map=HELLO, options="daemon: true", daemon=True, after='rampart.utils.printf("%d\\n", serverPid);')
    wait_until(lambda: s.stdout().endswith("\n"), what="the pid")
    os.kill(int(s.stdout()), signal.SIGHUP)
    assert_serves(s)
    assert processes.is_running(int(s.stdout()))
