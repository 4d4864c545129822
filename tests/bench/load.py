"""One run of wrk against one URL, with what it cost the server."""

import os
import subprocess
import time
from dataclasses import dataclass

import processes

LUA_REPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sites", "wrk_report.lua")
ERROR_KINDS = ("connect", "read", "write", "status", "timeout")


@dataclass
class Run:
    """What one measured run showed. Times as the name says; other_cores is CPU used by neither server nor wrk."""

    requests: int
    requests_per_s: float
    cpu_us_per_request: float
    p50_us: float
    p99_us: float
    errors: dict
    died: int
    other_cores: float


def wrk_command(url, connections, seconds, headers):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", LUA_REPORT]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    return command + [url]


def run_wrk(command):
    """The numbers of the BENCH line that wrk_report.lua prints. Raises RuntimeError when there is none."""
    wrk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = wrk.communicate()
    finally:
        if wrk.poll() is None:
            wrk.kill()
            wrk.wait()
    for line in output.splitlines():
        if line.startswith("BENCH "):
            return {key: float(value) for key, value in (pair.split("=") for pair in line.split()[1:])}
    raise RuntimeError(f"{' '.join(command)} gave no result: {output.strip()}")


def own_cpu_ns():
    """CPU time of this program and of the children it has waited for: wrk is the only one that ends meanwhile."""
    times = os.times()
    return int((times.user + times.system + times.children_user + times.children_system) * 1e9)


def warm_up(url, seconds, headers):
    run_wrk(wrk_command(url, 64, seconds, headers))


def measure(root_pids, url, connections, seconds, headers):
    before = processes.sample_cpu(root_pids)
    busy_before, own_before, start = processes.machine_busy_ns(), own_cpu_ns(), time.monotonic_ns()
    numbers = run_wrk(wrk_command(url, connections, seconds, headers))
    elapsed = time.monotonic_ns() - start
    own = own_cpu_ns() - own_before
    busy = processes.machine_busy_ns() - busy_before
    used, died = processes.cpu_between(before, processes.sample_cpu(root_pids))
    requests = int(numbers["requests"])
    return Run(
        requests=requests,
        requests_per_s=requests / (numbers["duration_us"] / 1e6) if requests else 0.0,
        cpu_us_per_request=used / 1000 / requests if requests else float("nan"),
        p50_us=numbers["p50_us"],
        p99_us=numbers["p99_us"],
        errors={kind: int(numbers[kind]) for kind in ERROR_KINDS if numbers[kind]},
        died=died,
        other_cores=max(0.0, (busy - used - own) / elapsed),
    )
