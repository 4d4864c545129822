#!/usr/bin/python3
"""make bench: what a request costs on Ravelin, nginx, Node and nginx with PHP-FPM, measured in one run.

tests/bench/README.md tells how to read the output.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

# pylint: disable=wrong-import-position
import kill_to_ready
import load
import report
import servers
import targets
import worker_memory

MEMORY_WARM_SECONDS = 1


def comma_list(known):
    def parse(text):
        names = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)} (known: {', '.join(known)})")
        return names
    return parse


def connection_list(text):
    counts = [int(number) for number in text.split(",")]
    if any(count < 1 for count in counts):
        raise argparse.ArgumentTypeError("a connection count must be at least 1")
    return counts


def parse_arguments():
    parts = list(targets.TARGETS) + ["memory", "kills"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=comma_list(parts), default=parts, metavar="PART,...",
                        help="of " + ",".join(parts))
    parser.add_argument("--servers", type=comma_list(list(servers.KINDS)), default=list(servers.KINDS),
                        metavar="NAME,...", help="of " + ",".join(servers.KINDS))
    parser.add_argument("--connections", type=connection_list, default=None, metavar="N,...", help="default 1,8,64,256")
    parser.add_argument("-d", "--seconds", type=int, default=2, help="length of one measured run (default 2)")
    parser.add_argument("--warm", type=int, default=1, help="seconds of load before a server's first row of a target")
    parser.add_argument("--repeat", type=int, default=1, help="runs per row, medians are printed (default 1)")
    parser.add_argument("--repeat-promised", type=int, default=3, metavar="N",
                        help=f"the same for the rows at {targets.PROMISED_AT} connections (default 3)")
    parser.add_argument("--kills", type=int, default=200, help="kills of a busy worker (default 200)")
    parser.add_argument("--idle-kills", type=int, default=5, help="kills of an idle worker (default 5)")
    parser.add_argument("--quick", action="store_true", help="64 connections, one second, one run, 20 kills")
    parser.add_argument("--ravelin", metavar="PROGRAM", help="default build/ravelin")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a promise is missed")
    parser.add_argument("--serve", choices=list(servers.KINDS), help="only start this server and wait for Ctrl-C")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.connections = arguments.connections or [targets.PROMISED_AT]
        arguments.seconds, arguments.repeat, arguments.repeat_promised = 1, 1, 1
        arguments.kills, arguments.idle_kills = min(arguments.kills, 20), min(arguments.idle_kills, 1)
    if min(arguments.seconds, arguments.repeat, arguments.repeat_promised) < 1:
        parser.error("--seconds, --repeat and --repeat-promised must be at least 1")
    if arguments.ravelin:
        servers.Ravelin.program = os.path.abspath(arguments.ravelin)
    return arguments


def version_of(*command):
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except OSError:
        return "missing"
    lines = result.stdout.strip().splitlines()
    return lines[0].strip() if lines else "?"


def print_machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        models = [line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")]
    print(f"{os.cpu_count()} x {models[0] if models else platform.machine()}, Linux {platform.release()}, "
          f"load {os.getloadavg()[0]:.2f}")
    fpm = servers.find_program(*servers.PhpFpm.fpm_names) or "php-fpm"
    print("; ".join([version_of(servers.find_program("nginx") or "nginx", "-v"),
                     "node " + version_of(servers.find_program("node", "nodejs") or "node", "--version"),
                     version_of(fpm, "-v").split(" (")[0], version_of("wrk", "-v").split(" [")[0]]), flush=True)


def start_servers(names, folder, static_root, running, needed=True):
    """Starts what is installed into `running`; returns the names of those that are installed and did not come up."""
    failed = []
    for name in names:
        server = servers.KINDS[name](folder, static_root)
        if server.missing():
            print(f"skipped: {server.label} ({server.missing()} is not there)")
            continue
        if not needed:
            continue
        running[name] = server
        try:
            server.start()
        except servers.StartError as error:
            print(f"FAILED to start: {error}")
            server.stop()
            del running[name]
            failed.append(name)
    return failed


def usable(target, running):
    """The servers that answer this target rightly; says of the others what was wrong."""
    names = []
    for name, server in running.items():
        if target.name not in server.targets:
            continue
        try:
            status, body = server.get(target.path_for(name), target.headers)
            wrong = target.wrong_answer(name, status, body)
        except (OSError, ValueError) as error:
            wrong = str(error)
        if wrong:
            print(f"FAILED: {server.label} on {target.name}: {wrong}")
        else:
            names.append(name)
    return names


def measure_target(target, arguments, running, rows):
    """All rows of one target. Returns the names of the servers that did not answer it rightly, before or after."""
    expected = [name for name in running if target.name in running[name].targets]
    names = usable(target, running)
    urls = {name: running[name].url(target.path_for(name)) for name in names}
    for name in names:
        if arguments.warm:
            load.warm_up(urls[name], arguments.warm, target.headers)
    for connections in arguments.connections or [1, 8, 64, 256]:
        if target.only_at and connections not in target.only_at:
            continue
        repeat = arguments.repeat
        if connections == targets.PROMISED_AT:
            repeat = max(repeat, arguments.repeat_promised)
        group = {name: report.Row(target.name, connections, name) for name in names}
        for turn in range(repeat):
            # Servers take turns, each round beginning with another, so that noise of the machine hits all alike.
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                group[name].runs.append(load.measure(running[name].root_pids(), urls[name], connections,
                                                     arguments.seconds, target.headers))
        rows.extend(group.values())
        print(f"  measured {target.name} at {connections}", file=sys.stderr, flush=True)
    still = usable(target, {name: running[name] for name in names})
    return [name for name in expected if name not in still]


def stop_servers(running):
    for server in running.values():
        killed = server.stop()
        if killed:
            print(f"{server.label} did not stop on SIGTERM; killed {', '.join(killed)}")
    running.clear()


def measure_ravelin_alone(arguments, folder, static_root, running, results):
    """Memory and kill-to-ready need servers of their own. Returns False on a miss."""
    if "ravelin" not in arguments.servers or servers.Ravelin("", "").missing():
        return True
    kept = True
    if "memory" in arguments.only:
        results["worker_private_dirty_kb"] = worker_memory.measure(folder, static_root, MEMORY_WARM_SECONDS)
        worker_memory.print_rivals(running)
        kept = results["worker_private_dirty_kb"] < targets.WORKER_PRIVATE_DIRTY_LIMIT_KB
    if "kills" in arguments.only:
        stop_servers(running)
        median = kill_to_ready.measure(folder, static_root, arguments.kills, arguments.idle_kills)
        results["kill_to_ready_median_ms"] = median
        kept = kept and median is not None and median < targets.KILL_TO_READY_LIMIT_MS
    return kept


def bench(arguments, folder, static_root, running):
    """The whole run; returns the exit status."""
    chosen = [target for name, target in targets.TARGETS.items() if name in arguments.only]
    failed = start_servers(arguments.servers, folder, static_root, running, needed=bool(chosen))
    rows, results = [], {}
    for target in chosen:
        if any(target.name in server.targets for server in running.values()):
            failed += measure_target(target, arguments, running, rows)
    if rows:
        report.print_rows(rows)
    kept = report.print_promises(rows, [target.name for target in chosen])
    try:
        kept = measure_ravelin_alone(arguments, folder, static_root, running, results) and kept
    except servers.StartError as error:
        print(f"FAILED: {error}")
        failed.append("ravelin")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as json_file:
            json.dump({"rows": [row.as_dict() for row in rows], **results}, json_file, indent=1)
    if failed or any(row.errors() for row in rows):
        return 1
    return 1 if arguments.check and not kept else 0


def serve(name, folder, static_root, running):
    """For profile.sh and for looking by hand."""
    if start_servers([name], folder, static_root, running) or name not in running:
        return 1
    server = running[name]
    print(f"url {server.url('')}")
    print("pids " + " ".join(str(pid) for pid in sorted(server.family())), flush=True)
    while server.alive():
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.started[0].wait(timeout=1)
    return 1


def raise_interrupt(_signal, _frame):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    if not servers.find_program("wrk") and not arguments.serve:
        print("wrk is not installed: make bench needs it (deploy/install-deps.sh)")
        return 1
    for stop_signal in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop_signal, raise_interrupt)
    servers.adopt_orphans()
    folder = tempfile.mkdtemp(prefix="ravelin-bench-")
    os.chmod(folder, 0o755)
    running = {}
    try:
        static_root = servers.make_static_root(folder)
        if arguments.serve:
            return serve(arguments.serve, folder, static_root, running)
        print_machine()
        return bench(arguments, folder, static_root, running)
    except KeyboardInterrupt:
        print("interrupted: stopping what was started", flush=True)
        return 130
    finally:
        for stop_signal in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(stop_signal, signal.SIG_IGN)  # nothing may cut the tidying short; it is bounded in time
        try:
            stop_servers(running)
        finally:
            servers.kill_everything()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
