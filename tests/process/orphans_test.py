"""SIGKILL of the launcher, which can clean up nothing: every other process must end by itself, about within a second."""

import signal
import time

import pytest

from process.traffic import FAST
from support import processes
from support.site import BUILD
from support.timing import scaled, wait_until

MAP = "{" + FAST + """,
    "/loop": function () { begun(); while (true) {} },
    "/sleep": function () { begun(); rampart.utils.sleep(3600); },
    "/regex": function () { begun(); /^(a+)+$/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"); },
    "/spin": function () { begun(); hostile.blockSignalsAndSpin(); },
    "/child": function () { hostile.leaveChild(); begun(); return {txt: "ok"}; }
}"""
BEFORE = """var hostile = require("./hostile.so");
    function begun() { rampart.utils.fprintf("@DATA@/begun", true, "x"); }"""


def kill_launcher(s, seconds=1.0):
    everyone = s.left_processes()
    begin = time.monotonic()
    processes.kill(s.proc.pid)
    s.wait_exit()
    left = processes.wait_gone(everyone, seconds)
    assert not left, f"left after {scaled(seconds):g} s: {[(pid, processes.role(pid)) for pid in left]}"
    print(f"all gone {1000 * (time.monotonic() - begin):.0f} ms after SIGKILL of the launcher")


def busy_site(site, hostile, path=None):
    s = site(map=MAP, options="threads: 2", before=BEFORE, files=hostile)
    if path:
        s.connect().send_request("GET", path)
        wait_until((s.data / "begun").exists, 5, f"{path} to begin")
    return s


@pytest.mark.parametrize("path", [None, "/loop", "/sleep", "/regex", "/spin", "/child"])
def test_nothing_outlives_the_launcher(site, hostile, path):
    kill_launcher(busy_site(site, hostile, path))


@pytest.mark.parametrize("role", ["worker", "zygote", "frontend"])
def test_not_even_a_stopped_process(site, hostile, role):
    s = busy_site(site, hostile)
    for pid in s.pids()[role]:
        processes.kill(pid, signal.SIGSTOP)
    kill_launcher(s)


def test_not_even_the_workers_of_a_dead_zygote(site, hostile):
    s = busy_site(site, hostile, "/spin")
    zygote = s.pid("zygote")
    processes.kill(zygote)
    wait_until(lambda: s.pids()["zygote"] not in ([], [zygote]), 5, "a new zygote")
    kill_launcher(s)


@pytest.mark.skipif("thread" in BUILD.name, reason="ThreadSanitizer holds signals back while a script only computes")
def test_frontend_and_zygote_killed_in_the_same_moment(site, hostile):
    s = busy_site(site, hostile, "/loop")
    for role in ("frontend", "zygote"):
        processes.kill(s.pid(role))
    kill_launcher(s)


def test_killed_during_its_start(site):
    """At any moment of the start: nothing may stay behind."""
    for delay_ms in range(0, 60, 6):
        s = site(map=MAP.replace("hostile", "undefined"), options="threads: 4", wait=False)
        time.sleep(delay_ms / 1000)
        processes.kill(s.proc.pid)
        s.wait_exit()
        wait_until(lambda: not s.left_processes(), 2, f"everything to end (killed after {delay_ms} ms): {s.pids()}")
