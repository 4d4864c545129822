"""What /proc says about the processes of a server under test.

A server's processes are found in three ways, because none is enough: by the mark RAVELIN_TEST_ID in their environment
(a daemon still has it), by their session (a program may have overwritten its environment) and by descent. The test
process is a child subreaper: whatever loses its parent becomes our child, never init's, and can be reaped.
"""

import ctypes
import os
import signal
import time
from pathlib import Path

from support.timing import scaled

PR_SET_CHILD_SUBREAPER = 36
MARK = "RAVELIN_TEST_ID"

# /proc shows at most 15 characters of a process name.
ROLES = {
    "ravelin": "launcher",
    "ravelin-frontend"[:15]: "frontend",
    "ravelin-zygote"[:15]: "zygote",
    "ravelin-worker"[:15]: "worker",
}


def become_subreaper():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def read(pid, name):
    """The bytes of /proc/PID/name, or None when the process is gone or hidden from us."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return None


def stat(pid):
    """(comm, state, parent pid, session) or None."""
    raw = read(pid, "stat")
    if not raw:
        return None
    comm, rest = raw[raw.index(b"(") + 1:raw.rindex(b")")], raw[raw.rindex(b")") + 2:].split()
    return comm.decode(errors="replace"), rest[0].decode(), int(rest[1]), int(rest[3])


def is_running(pid):
    """Exists and is no zombie."""
    fields = stat(pid)
    return fields is not None and fields[1] not in ("Z", "X")


def role(pid):
    fields = stat(pid)
    return ROLES.get(fields[0], "other") if fields else None


def command(pid):
    raw = read(pid, "cmdline") or b""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def all_processes():
    """{pid: (comm, state, parent pid, session)} of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat(int(name))
            if fields:
                found[int(name)] = fields
    return found


def descendants(root, processes=None):
    processes = processes or all_processes()
    children = {}
    for pid, fields in processes.items():
        children.setdefault(fields[2], []).append(pid)
    found, queue = [], [root]
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found


def marked(test_id):
    """Running processes whose environment carries the mark of this test, the test process itself excepted."""
    mark = f"{MARK}={test_id}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            environment = read(int(name), "environ")
            if environment and mark in environment.split(b"\0") and is_running(int(name)):
                found.append(int(name))
    return found


def children():
    """Running processes whose parent is the test process: what it started and what it has adopted."""
    me = os.getpid()
    return {pid for pid, fields in all_processes().items() if fields[2] == me and fields[1] not in ("Z", "X")}


def reap_adopted(known):
    """Waits for zombies that the subreaper inherited; `known` are the pids that someone else waits for."""
    me = os.getpid()
    for pid, fields in all_processes().items():
        if fields[2] == me and fields[1] == "Z" and pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def wait_gone(pids, seconds):
    """Waits until none of `pids` runs; returns those that still do."""
    deadline = time.monotonic() + scaled(seconds)
    while True:
        left = [pid for pid in pids if is_running(pid)]
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(0.005)


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def open_files(pid):
    """{fd: what it is} of a process, or None when it is gone."""
    found = {}
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                pass
    except OSError:
        return None
    return found


def cpu_seconds(pid):
    """User plus system time of a process so far."""
    raw = read(pid, "stat")
    fields = raw[raw.rindex(b")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid, key="Private_Dirty"):
    """One line of /proc/PID/smaps_rollup in kilobytes."""
    for line in (read(pid, "smaps_rollup") or b"").decode().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return None
