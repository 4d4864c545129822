"""Who runs as whom: started as root, every process is `user` for good; workers cannot look into the frontend."""

import errno
import grp
import os
import pwd
import re
import socket

import pytest

from process.conftest import IS_SAN
from process.traffic import FAST, wait_workers
from support import processes
from support.site import BUILD, app
from support.timing import wait_until

MAP = "{" + FAST + """,
    "/open.txt": function (req) { return {txt: "" + hostile.tryOpen(req.query.path, req.query.write == "1")}; },
    "/ptrace.txt": function (req) { return {txt: "" + hostile.tryPtrace(parseInt(req.query.pid))}; },
    "/root.txt": function () { return {txt: "" + hostile.tryBecomeRoot()}; },
    "/read.txt": function (req) { return {txt: rampart.utils.bufferToString(rampart.utils.readFile(req.query.path))}; },
    "/send.txt": function (req) { return {txt: "@" + req.query.path}; }
}"""
BEFORE = 'var hostile = require("./hostile.so");'


def status_of(pid):
    return dict(line.split(":\t", 1) for line in processes.read(pid, "status").decode().splitlines() if ":\t" in line)


def assert_is_nobody(pid):
    status = status_of(pid)
    nobody = pwd.getpwnam("nobody")
    who = f"{processes.role(pid)} {pid}"
    assert set(status["Uid"].split()) == {str(nobody.pw_uid)}, f"{who}: {status['Uid']}"
    assert set(status["Gid"].split()) == {str(nobody.pw_gid)}, f"{who}: {status['Gid']}"
    groups = {nobody.pw_gid, *(group.gr_gid for group in grp.getgrall() if "nobody" in group.gr_mem)}
    assert {int(group) for group in status["Groups"].split()} <= groups, f"{who}: {status['Groups']}"
    assert status["NoNewPrivs"].strip() == "1", who
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[capabilities], 16) == 0, f"{who}: {capabilities} {status[capabilities]}"


def test_every_process_becomes_the_user(site, as_root):
    s = site(map=MAP, options="threads: 2", before='var hostile = {};')
    everyone = s.left_processes()
    assert len(everyone) == 5
    for pid in everyone:
        assert_is_nobody(pid)


def test_replaced_processes_are_the_user_too(site, as_root):
    s = site(map=MAP, options="threads: 2", before='var hostile = {};')
    for role in ("zygote", "frontend"):
        before = s.pid(role)
        processes.kill(before)
        wait_until(lambda: s.pids()[role] not in ([], [before]), 5, f"a new {role}")
    wait_workers(s, 2)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    for pid in s.left_processes():
        assert_is_nobody(pid)


def test_a_daemon_is_the_user_too(site, as_root):
    s = site(app(MAP, "daemon: true", before='var hostile = {};'), daemon=True)
    assert s.wait_exit() == 0
    everyone = s.left_processes()
    assert len(everyone) >= 4
    for pid in everyone:
        assert_is_nobody(pid)


def test_a_worker_cannot_look_into_the_frontend(site, hostile, as_root):
    if IS_SAN:
        pytest.skip("a frontend with sanitizers stays dumpable, or it could not write its reports")
    s = site(map=MAP, options="threads: 1", before=BEFORE, files=hostile)
    frontend = s.pid("frontend")
    for path, write in (("mem", "0"), ("mem", "1"), ("environ", "0"), ("maps", "0")):
        assert s.get(f"/open.txt?path=/proc/{frontend}/{path}&write={write}").text in (
            str(errno.EACCES), str(errno.EPERM)), path
    assert s.get(f"/ptrace.txt?pid={frontend}").text == str(errno.EPERM)


def test_a_worker_cannot_become_root_again(site, hostile, as_root):
    s = site(map=MAP, options="threads: 1", before=BEFORE, files=hostile)
    assert s.get("/root.txt").text == str(errno.EPERM)


def test_files_that_the_user_may_not_read_stay_closed(site, hostile, as_root):
    s = site(map=MAP, options="threads: 1", before=BEFORE, files=hostile)
    s.write("secret.txt", "secret", mode=0o600)
    assert "secret" not in s.get(f"/read.txt?path={s.dir}/secret.txt").text
    assert s.get(f"/send.txt?path={s.dir}/secret.txt").status in (403, 404)
    assert s.get("/open.txt?path=/etc/shadow").text == str(errno.EACCES)


def test_root_must_name_a_user(site, as_root):
    s = site.run('require("rampart-server").start({bind: "127.0.0.1:@PORT@", map: {}});')
    assert s.returncode == 1
    assert "server.start" in s.log() and re.search(r"\buser\b", s.log())


def test_an_unknown_user_is_named(site, as_root):
    s = site.run('require("rampart-server").start({bind: "127.0.0.1:@PORT@", user: "no-such-user-here", map: {}});')
    assert s.returncode == 1
    assert "user" in s.log() and "no-such-user-here" in s.log()


def test_a_privileged_port(site, as_root):
    """Bound as root, served as the user, and still so after the frontend was replaced."""
    port = next(port for port in range(700, 1000) if is_free(port))
    s = site(map="{" + FAST + "}", port=port)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    frontend = s.pid("frontend")
    processes.kill(frontend)
    wait_until(lambda: s.pids()["frontend"] not in ([], [frontend]), 5, "a new frontend")
    assert s.get("/fast.txt?n=2").text == "fast 2"
    for pid in s.left_processes():
        assert_is_nobody(pid)


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def test_root_may_stay_root_with_a_loud_warning(site, as_root):
    s = site(map="{" + FAST + "}", options='user: "root"', allow_log=["root"])
    assert s.get("/fast.txt?n=1").text == "fast 1"
    assert len(s.log_lines("(?i)warning.*root")) == 1


AS_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", str(BUILD / "ravelin"), "app.js"]


@pytest.mark.parametrize("user", ["", 'user: "nobody", ', 'user: "no-such-user-here", '])
def test_started_by_somebody_else(site, as_root, user):
    """`user` is not needed, and ignored: who is not root cannot become another (server-details 2)."""
    script = 'require("rampart-server").start({bind: "127.0.0.1:@PORT@", ' + user + "threads: 1, map: {" + FAST + "}});"
    s = site(script, command=AS_NOBODY)
    assert s.get("/fast.txt?n=1").text == "fast 1"
    for pid in s.left_processes():
        assert_is_nobody(pid)
    worker = s.workers()
    processes.kill(worker[0])
    wait_workers(s, 1, without=worker)
    assert s.get("/fast.txt?n=2").text == "fast 2"


def test_a_privileged_port_without_privileges(site, as_root):
    if int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read()) < 81:
        pytest.skip("every port is unprivileged on this machine")
    s = site('require("rampart-server").start({bind: "127.0.0.1:80", map: {}});', wait=False, command=AS_NOBODY)
    assert s.wait_exit() == 1
    assert "127.0.0.1:80" in s.log() and "denied" in s.log().lower()


def test_the_server_can_be_started_from_a_folder_that_only_root_may_enter(site, as_root):
    """The script and its modules are read before privileges drop; what workers read later needs the user's rights."""
    s = site(map="{" + FAST + "}", options="threads: 1", start=False)
    os.chmod(s.root, 0o700)
    s.start()
    assert s.get("/fast.txt?n=1").text == "fast 1"
    worker, frontend = s.workers(), s.pid("frontend")
    processes.kill(worker[0])
    wait_workers(s, 1, without=worker)
    processes.kill(frontend)
    wait_until(lambda: s.pids()["frontend"] not in ([], [frontend]), 5, "a new frontend")
    assert s.get("/fast.txt?n=2").text == "fast 2"
