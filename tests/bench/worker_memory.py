"""What one more worker of the hello site costs in memory that is its own."""

import load
import processes
import servers
import targets

WORKER_COUNTS = (1, 2, 4)


def measure(folder, static_root, warm_seconds):
    """Starts Ravelin with 1, 2 and 4 workers, loads each, prints their private memory. Returns the largest, in kB."""
    print("\nPrivate memory of Ravelin's workers after a load of 64 connections (smaps_rollup, kB)")
    largest = 0
    for count in WORKER_COUNTS:
        server = servers.Ravelin(folder, static_root, threads=count)
        try:
            server.start()
            load.warm_up(server.url("/hello"), warm_seconds, {})
            largest = max(largest, print_workers(server, count))
        finally:
            server.stop()
    if largest:
        limit = targets.WORKER_PRIVATE_DIRTY_LIMIT_KB
        verdict = "pass" if largest < limit else "MISS"
        print(f"  largest Private_Dirty of a worker: {largest} kB   < {limit} kB   {verdict}")
    return largest


def print_workers(server, expected):
    workers = server.workers()
    memory = {pid: processes.memory_kb(pid) for pid in workers}
    readable = {pid: kb for pid, kb in memory.items() if kb}
    if not readable:
        print(f"  threads {expected}: not readable (run as root, or as the account of the workers)")
        return 0
    whole = [kb for kb in (processes.memory_kb(pid) for pid in server.family()) if kb]
    dirty = ", ".join(str(kb["Private_Dirty"]) for kb in readable.values())
    clean = sum(kb["Private_Clean"] for kb in readable.values())
    note = "" if len(workers) == expected else f"   ({len(workers)} workers, expected {expected})"
    print(f"  threads {expected}: Private_Dirty {dirty}; Private_Clean together {clean}; "
          f"Pss of the whole server {sum(kb['Pss'] for kb in whole)}{note}")
    return max(kb["Private_Dirty"] for kb in readable.values())


def print_rivals(running):
    """The same number for the children of Node and PHP-FPM that the rows were measured with."""
    for name, comm in (("node", "node"), ("php", "php-fpm")):
        server = running.get(name)
        if server is None or not server.alive():
            continue
        roots = server.root_pids()
        children = [processes.memory_kb(pid) for pid, stat in server.family().items()
                    if stat.comm.startswith(comm) and pid not in roots]
        dirty = ", ".join(str(kb["Private_Dirty"]) for kb in children if kb)
        if dirty:
            print(f"  for comparison, {server.label}: Private_Dirty {dirty} (children that served the rows)")
