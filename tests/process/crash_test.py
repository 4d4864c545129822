"""Requests that kill their worker, or lie to the frontend from it. Each costs its own reply and nobody else's."""

import os
import pwd
import re
import time

import pytest

from process.traffic import FAST, Watch, log_entries, wait_workers
from support import processes
from support.site import BUILD
from support.timing import scaled, wait_until

BEFORE = 'var hostile = require("./hostile.so");'
# See timeout_test.py: what is finished is sent before the attack, so that the attack hits nobody but itself.
CALM = "rampart.utils.sleep(0.001);"


def attack_site(site, hostile, body, options="threads: 2, scriptTimeout: 0.5", **more):
    script = "{" + FAST + ',\n"/attack": function attack(req) {' + CALM + body + "}}"
    return site(map=script, options=options, before=BEFORE, files=hostile, san_sees_crashes=False, **more)


DEATHS = {
    "segv": ("hostile.segv();", r"died of signal 11 \(SIGSEGV\)"),
    "abort": ("hostile.abort();", r"died of signal 6 \(SIGABRT\)"),
    "kill 9": ("rampart.utils.kill(process.getpid(), 9); while (true) {}", r"died of signal 9 \(SIGKILL\)"),
    "kill group": ("hostile.kill(0, 9);", r"died of signal 9 \(SIGKILL\)"),
    "SIGTERM": ("rampart.utils.kill(process.getpid(), 15); rampart.utils.sleep(5);", r"died of signal 15 \(SIGTERM\)"),
    "C exit 3": ("hostile.exit(3);", "ended with exit code 3"),
    "C exit 0": ("hostile.exit(0);", "ended with exit code 0"),
    "_exit": ("hostile._exit(4);", "ended with exit code 4"),
    "process.exit": ("process.exit(5);", "ended with exit code 5"),
    "process.exit 0": ("process.exit();", "ended with exit code 0"),
    "native stack": ("hostile.overflowStack();", r"died of signal 11 \(SIGSEGV\)"),
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_request_that_ends_its_worker(site, hostile, name):
    body, how = DEATHS[name]
    s = attack_site(site, hostile, body)
    with Watch(s) as watch:
        reply = s.get("/attack?x=1")
    assert reply.status == 502 and "text/html" in reply.headers["Content-Type"]
    entry = watch.expect_entry(how)
    assert "while running GET /attack?x=1 (ran " in entry and "a new one takes its place" in entry


def test_a_page_that_crashes_at_every_hit(site, hostile):
    """The replacement is immediate each time: such a page must not take the others' workers away."""
    s = attack_site(site, hostile, "hostile.segv();")
    with Watch(s, replaced=2) as watch:
        for _ in range(25):
            assert s.get("/attack").status == 502
    wait_until(lambda: len(watch.incidents()) == 25, 5, "25 entries")
    assert watch.bystanders.slowest < 2


def test_crashing_requests_are_never_repeated(site, hostile):
    s = attack_site(site, hostile, 'hostile.count("@DATA@/runs", req.query.n); hostile.segv();')
    for n in range(10):
        assert s.post(f"/attack?n={n}", "x" * 1000).status == 502
        assert s.get(f"/attack?n={n + 100}").status == 502
    runs = (s.data / "runs").read_text().split()
    assert sorted(runs, key=int) == [str(n) for n in [*range(10), *range(100, 110)]]


def test_a_crash_in_one_batch_with_others(site, hostile):
    """What the worker had not begun goes to another; what it had answered and not sent is all that may be lost."""
    s = site(map="{" + FAST + ', "/attack": function () { hostile.segv(); }}', options="threads: 2", before=BEFORE,
             files=hostile, san_sees_crashes=False)
    with Watch(s, allowed=(502,)) as watch:
        for _ in range(20):
            assert s.get("/attack").status == 502
    assert watch.bystanders.odd[502] <= 40, watch.bystanders.odd


def owner(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def test_fork_bomb(site, hostile, as_root):
    """It ends with its worker's process group. The limit keeps a server that fails here from taking the machine with it;
    the kernel counts all processes of the user, whoever started them."""
    nobody = pwd.getpwnam("nobody").pw_uid
    others = sum(owner(pid) == nobody for pid in processes.all_processes())
    s = attack_site(site, hostile, "hostile.forkBomb();", options="threads: 2, scriptTimeout: 0.3",
                    command=["prlimit", f"--nproc={others + 150}", str(BUILD / "ravelin"), "app.js"])
    with Watch(s) as watch:
        begin = time.monotonic()
        reply = s.get("/attack", timeout=30)
        took = time.monotonic() - begin
        wait_until(lambda: len(s.pids()["worker"]) == 2, 10, "the bomb to be gone")
    print(f"fork bomb: answered after {took:.2f} s, slowest bystander {watch.bystanders.slowest:.2f} s")
    assert reply.status == 500 and took < scaled(5)
    # Under so tight a limit the new worker may have to wait for the bomb to be gone.
    texts = [text for _, text in watch.incidents() if "could not be forked" not in text]
    assert len(texts) == 1 and re.search("GET /attack .*scriptTimeout", texts[0]), watch.incidents()
    assert not s.pids()["other"]


def test_the_processes_of_scripts_are_limited(site, hostile, as_root):
    """A bomb that only waits, so that the server's own limit can be shown without harm."""
    s = attack_site(site, hostile, 'return {txt: "" + hostile.forkSleepers(3000)};', options="threads: 1")
    made = int(s.get("/attack", timeout=30).text)
    assert 100 <= made <= 600, made
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_a_child_left_behind_ends_with_its_worker(site, hostile):
    s = attack_site(site, hostile, 'if (req.query.crash) hostile.segv(); return {txt: "" + hostile.leaveChild()};',
                    options="threads: 1")
    child = int(s.get("/attack").text)
    assert processes.is_running(child)
    assert s.get("/attack?crash=1").status == 502
    assert not processes.wait_gone([child], 5)
    assert s.get("/fast.txt?n=1").text == "fast 1"


def test_all_descriptors_closed(site, hostile):
    s = attack_site(site, hostile, 'hostile.closeEverything(); return {txt: "ok"};')
    with Watch(s) as watch:
        assert s.get("/attack").status == 502
    watch.expect_entry("worker")


LIES = {
    "garbage": "hostile.sendGarbage();",
    "endless frame": "hostile.sendFrameHeader(0xffffffff, 14);",
    "half a frame": "hostile.sendFrameHeader(1000, 14); rampart.utils.sleep(0.05); process.exit(0);",
    "unknown type": "hostile.sendFrameHeader(0, 99);",
    "type of another sender": "hostile.sendFrameHeader(0, 4);",
    "second hello": "hostile.sendFrameHeader(12, 12); hostile.sendGarbage();",
    "reply to nothing": "hostile.sendFrameHeader(32, 14); hostile.sendGarbage();",
    "dropped nothing": "hostile.sendFrameHeader(0, 15);",
    "descriptors": "for (var i = 0; i < 10; i++) { hostile.sendDescriptors(); rampart.utils.sleep(0.01); }",
}


@pytest.mark.parametrize("name", LIES)
def test_a_worker_that_breaks_the_protocol(site, hostile, name):
    """The channel is closed and the worker replaced. The sleep behind the lie keeps it from beginning another request,
    which would then rightly be a victim, before the frontend has read the lie."""
    s = attack_site(site, hostile, LIES[name] + 'rampart.utils.sleep(0.2); return {txt: "ok"};')
    with Watch(s) as watch:
        assert s.get("/attack").status == 502
    watch.expect_entry("broke the protocol|exit code 0")
    s.assert_no_leaks()


def test_a_handler_that_returns_twice(site, hostile):
    """After fork() the copy answers too; the copy also reads the worker's channel and so takes requests from it."""
    s = attack_site(site, hostile, 'hostile.count("@DATA@/runs", req.query.n); hostile.forkOnce(); return {txt: "once"};')
    with Watch(s, allowed=(502,)) as watch:
        for n in range(5):
            before = s.workers()
            with s.connect() as connection:
                reply = connection.get(f"/attack?n={n}")
                assert (reply.status, reply.text) in ((200, "once"), (502, reply.text))
                connection.assert_nothing_comes(0.05)
            wait_until(lambda: len(s.workers()) == 2 and set(before) - set(s.workers()), 10, "the worker to be replaced")
    assert (s.data / "runs").read_text().split() == [str(n) for n in range(5)]
    assert watch.bystanders.odd[502] <= 30, watch.bystanders.odd
    assert not s.pids()["other"]


def test_nobody_else_shares_a_worker_process_group(site):
    """Workers are killed with their group: it must hold nothing but the worker and its children."""
    s = site(map="{" + FAST + "}", options="threads: 2")
    groups = {pid: int((processes.read(pid, "stat") or b"").rsplit(b")", 1)[1].split()[2]) for pid in s.left_processes()}
    workers = set(s.workers())
    assert all(groups[pid] == pid for pid in workers)
    assert not {groups[pid] for pid in groups if pid not in workers} & workers


def test_children_of_a_handler_inherit_no_channel_and_no_socket(site, hostile):
    """server-details 19. What exec() would start sees no descriptor above 2 that belongs to the server."""
    s = attack_site(site, hostile, 'return {txt: "" + process.getpid()};')
    worker = int(s.get("/attack").text)
    for fd, target in processes.open_files(worker).items():
        if fd > 2:
            flags = processes.read(worker, f"fdinfo/{fd}").decode()
            octal = next(line.split()[1] for line in flags.splitlines() if line.startswith("flags:"))
            assert int(octal, 8) & 0o2000000, f"descriptor {fd} ({target}) has no close-on-exec flag"


@pytest.mark.parametrize("pending", [None, "/attack"], ids=["idle", "in a request"])
def test_a_worker_holds_no_listening_or_client_socket(site, hostile, pending):
    s = attack_site(site, hostile, 'rampart.utils.sleep(0.4); return {txt: "ok"};')
    connection = s.connect()
    if pending:
        connection.send_request("GET", pending)
    inodes = set()
    for name in ("tcp", "tcp6"):
        for line in open(f"/proc/net/{name}").read().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == s.port:
                inodes.add(f"socket:[{fields[9]}]")
    assert inodes
    for pid in [*s.workers(), s.pid("zygote")]:
        assert not set(processes.open_files(pid).values()) & inodes


def test_an_error_in_not_found_func(site):
    """The built-in page, one line, no recursion (server-details 3.9)."""
    s = site(map="{" + FAST + "}", options="threads: 2, notFoundFunc: function lost() { throw new Error('lost too'); }")
    with Watch(s, replaced=0) as watch:
        reply = s.get("/nowhere")
    assert reply.status in (404, 500) and "<h1>" in reply.text and "lost too" not in reply.text
    assert "lost" in watch.expect_entry("lost too")


def test_script_errors_do_not_cost_a_worker(site):
    s = site(map="{" + FAST + ', "/attack": function attack() { null.x; }}', options="threads: 2, developerMode: true")
    workers = wait_workers(s, 2)
    with Watch(s, replaced=0) as watch:
        reply = s.get("/attack")
    assert reply.status == 500 and "TypeError" in reply.text
    assert "attack" in watch.expect_entry(r"TypeError.*app\.js:\d+")
    assert s.workers() == workers


def test_log_lines_do_not_grow_with_the_attackers_url(site, hostile):
    s = attack_site(site, hostile, "hostile.segv();")
    before = len(log_entries(s))
    assert s.get("/attack?" + "x" * 8000 + "%0aforged").status == 502
    wait_until(lambda: len(log_entries(s)) > before, 5, "a log line")
    entries = log_entries(s)[before:]
    assert len(entries) == 1 and len(entries[0][1]) < 1000
