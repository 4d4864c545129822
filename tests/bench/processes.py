"""What the kernel says about the processes of a server: who they are, what CPU they used, what memory is theirs.

Everything comes from /proc and from the kernel's per-process CPU clocks; nothing is asked of the server itself.
"""

import os
import time
from dataclasses import dataclass, field

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Stat:
    pid: int
    comm: str
    state: str
    ppid: int
    session: int
    reaped_ns: int  # CPU time of children that this process has waited for


def read_stat(pid):
    """The wanted fields of /proc/PID/stat, or None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat_file:
            text = stat_file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # comm stands in parentheses and may itself hold blanks and parentheses: the last one closes it.
    comm = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    reaped_ticks = int(fields[13]) + int(fields[14])
    return Stat(pid, comm, fields[0], int(fields[1]), int(fields[3]), reaped_ticks * 1_000_000_000 // TICKS_PER_SECOND)


def all_stats():
    stats = (read_stat(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [stat for stat in stats if stat is not None]


def family(root_pids, stats=None):
    """The roots, all their descendants, and whoever else is in a session that a root leads (an orphan, for example)."""
    stats = all_stats() if stats is None else stats
    roots = set(root_pids)
    members = {stat.pid: stat for stat in stats if stat.pid in roots or stat.session in roots}
    grown = True
    while grown:
        children = {stat.pid: stat for stat in stats if stat.ppid in members and stat.pid not in members}
        members.update(children)
        grown = bool(children)
    return members


def cpu_ns(pid):
    """CPU time of a process in ns, all threads, also those that have ended. None when the process is gone.

    This is the clock that clock_getcpuclockid(3) would return: the scheduler's own nanoseconds, where utime and stime
    of /proc/PID/stat count in steps of 10 ms.
    """
    per_process_schedule_clock = (~pid << 3) | 2
    try:
        return time.clock_gettime_ns(per_process_schedule_clock)
    except OSError:
        return None


@dataclass
class CpuSample:
    own_ns: dict = field(default_factory=dict)  # pid -> its own CPU time
    reaped_ns: dict = field(default_factory=dict)  # pid -> CPU time of the children it has waited for


def sample_cpu(root_pids):
    sample = CpuSample()
    for pid, stat in family(root_pids).items():
        used = cpu_ns(pid)
        if used is not None:
            sample.own_ns[pid] = used
            sample.reaped_ns[pid] = stat.reaped_ns
    return sample


def cpu_between(before, after):
    """(ns used by the family between two samples, number of processes that died meanwhile).

    A process that died between the samples has its whole life added to its parent's reaped time, so taking away what it
    had used at the first sample leaves what it used since; that part is exact to the kernel's 10 ms tick only.
    """
    total = sum(after.own_ns.values()) - sum(before.own_ns.values())
    for pid, reaped in after.reaped_ns.items():
        total += reaped - before.reaped_ns.get(pid, 0)
    died = sum(1 for pid in before.own_ns if pid not in after.own_ns)
    return total, died


def machine_busy_ns():
    """CPU time that all processes of this machine have used, interrupts and stolen time included."""
    with open("/proc/stat", encoding="ascii") as stat_file:
        ticks = [int(value) for value in stat_file.readline().split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = ticks
    return (user + nice + system + irq + softirq + steal) * 1_000_000_000 // TICKS_PER_SECOND


def memory_kb(pid):
    """smaps_rollup of a process as {"Private_Dirty": kB, "Pss": kB, ...}; None when gone or not permitted."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            lines = rollup.read().splitlines()[1:]
    except OSError:
        return None
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
