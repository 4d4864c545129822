"""A site under test: its folder, its server's processes, its log, and the checks that every test ends with."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from support import http, processes
from support.timing import scaled, wait_until

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RAVELIN_BUILD") or ROOT / "build")
IS_ROOT = os.geteuid() == 0
USER = "nobody" if IS_ROOT else __import__("getpass").getuser()
STOP_SECONDS = 15.0  # the server's own grace time is 10 s
LONG_LIVED = ("launcher", "frontend", "zygote")
ALARM = re.compile(r"\b(alert|emerg)\b", re.IGNORECASE)
SANITIZER = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer)")
SAN_PER_PROCESS_OPTIONS = {
    # Leak detection attaches to its own process with ptrace, which a process that changed its user may not do.
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "report_signal_unsafe=0",
}


class StartFailed(AssertionError):
    """The server ended, or took no connection, before a test could use it."""


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def app(map_text, options="", before="", after=""):
    """The text of a start script that serves `map_text` (a JavaScript object literal) on the test's port.

    options: more properties for start(), e.g. "scriptTimeout: 1, threads: 2". before / after: JavaScript around the
    call; its value is in `serverPid`. The user is only named when the test runs as root: others may not choose.
    """
    user = '  user: "@USER@",\n' if IS_ROOT and not re.search(r"\buser\s*:", options) else ""
    bind = '' if re.search(r"\bbind\s*:", options) else '  bind: "127.0.0.1:@PORT@",\n'
    more = f"  {options.strip().rstrip(',')},\n" if options.strip() else ""
    return (f'var server = require("rampart-server");\n{before}\n'
            f"var serverPid = server.start({{\n{bind}{user}{more}  map: {map_text}\n}});\n{after}\n")


class Site:
    """One server. Made by the `site` fixture; see tests/README.md for the arguments of the fixture."""

    started = set()  # the pids of all programs that any Site has started

    def __init__(self, files, script="app.js", port=None, env=None, args=(), san_sees_crashes=True, cwd=None,
                 command=None, check_fds=True, allow_log=(), daemon=False):
        self.test_id = uuid.uuid4().hex
        self.port = port or free_port()
        self.root = Path(tempfile.mkdtemp(prefix="ravelin-test-"))
        self.root.chmod(0o755)
        self.dir = self._folder("site", 0o755)
        self.data = self._folder("data", 0o777)  # for what scripts write: the server's user may
        self.spool = self._folder("spool", 0o777)  # the server's TMPDIR
        self.san = self._folder("san", 0o777)  # sanitizer reports
        self.proc = None
        self.connections = []
        self.check_fds = check_fds
        self.daemon = daemon  # the program that we start ends at once and leaves the server behind
        self.allow_log = [re.compile(pattern) for pattern in allow_log]
        self.baseline = None
        self.said = {}
        for name, content in files.items():
            self.write(name, content)
        self.command = command or [str(BUILD / "ravelin"), *args, script]
        self.cwd = str(cwd or self.dir)
        self.env = self._environment(san_sees_crashes, env or {})

    # -- files

    def _folder(self, name, mode):
        path = self.root / name
        path.mkdir()
        path.chmod(mode)
        return path

    def expand(self, text):
        """@PORT@, @DIR@ (the script's folder), @DATA@ (a folder that the server's user may write) and @USER@."""
        for name, value in (("PORT", self.port), ("DIR", self.dir), ("DATA", self.data), ("USER", USER)):
            text = text.replace(f"@{name}@", str(value))
        return text

    def write(self, name, content, mode=0o644):
        """Writes a file of the site, readable by everyone; text is expanded, bytes are taken as they are."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in path.parents:
            if parent == self.dir:
                break
            parent.chmod(0o755)
        path.write_bytes(content if isinstance(content, bytes) else self.expand(content).encode())
        path.chmod(mode)
        return path

    def _environment(self, san_sees_crashes, extra):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("RAVELIN_", "PYTEST"))}
        env[processes.MARK] = self.test_id
        env["TMPDIR"] = str(self.spool)
        for name, options in SAN_PER_PROCESS_OPTIONS.items():
            options += f":log_path={self.san}/report"
            if not san_sees_crashes:
                # A test that crashes a worker on purpose wants the plain signal, not a report.
                options += ":handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0"
            env[name] = options
        env.update({name: str(value) for name, value in extra.items()})
        return {name: self.expand(value) for name, value in env.items()}

    # -- life

    def start(self, wait=True, seconds=10.0, host="127.0.0.1"):
        """Runs the server. With `wait`, returns once it takes connections and a first worker is there."""
        out, err = open(self.root / "stdout.log", "ab"), open(self.root / "stderr.log", "ab")
        with out, err:
            self.proc = subprocess.Popen(self.command, cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL,
                                         stdout=out, stderr=err, start_new_session=True)
        self.started.add(self.proc.pid)
        if wait:
            self.wait_ready(seconds, host)
        return self

    def wait_ready(self, seconds=10.0, host="127.0.0.1"):
        if not http.wait_accepting(self.port, host, seconds, lambda: self.proc.poll() not in (None, 0)):
            raise StartFailed(f"no connection on port {self.port} (exit code {self.proc.poll()})\n{self.log()}")
        self._wait_settled()
        self.baseline = self._fd_counts()

    def _wait_settled(self):
        """Waits until the processes stay the same for a moment, so that the descriptor counts are those of rest."""
        deadline = time.monotonic() + scaled(2)
        last = None
        while time.monotonic() < deadline:
            now = self.pids()
            if now == last and now["frontend"] and now["worker"] and self._accepts(now):
                return
            last = now
            time.sleep(0.01)

    @staticmethod
    def _accepts(pids):
        """The frontend has the launcher's listening sockets, which it gets when the start script has ended."""
        files = [processes.open_files(pids[name][0]) or {} for name in ("launcher", "frontend") if pids[name]]
        sockets = [{target for target in open_files.values() if target.startswith("socket:")} for open_files in files]
        return len(sockets) == 2 and bool(sockets[0] & sockets[1])

    def wait_exit(self, seconds=10.0):
        """Waits for the launcher to end by itself and returns its exit code."""
        try:
            return self.proc.wait(scaled(seconds))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not end within {scaled(seconds):g} s\n{self.log()}")

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM to the launcher; everything must be gone within the grace time. Returns its exit code (of a daemon:
        that of the program which started it)."""
        self._terminate()
        if self.daemon:
            left = processes.wait_gone(self.left_processes(), seconds)
        else:
            self.wait_exit(seconds)
            left = processes.wait_gone(self.left_processes(), 2)
        assert not left, f"processes left after SIGTERM: {[(pid, processes.command(pid)) for pid in left]}"
        return self.proc.poll()

    def _terminate(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        elif self.daemon:
            for pid in self.pids()["launcher"]:
                processes.kill(pid, signal.SIGTERM)

    # -- what it says

    def log(self):
        """What the server wrote to stderr so far, also after the test."""
        return self._read("stderr.log")

    def stdout(self):
        return self._read("stdout.log")

    def _read(self, name):
        path = self.root / name
        if path.exists():
            self.said[name] = path.read_text(errors="replace")
        return self.said.get(name, "")

    def log_lines(self, pattern):
        return [line for line in self.log().splitlines() if re.search(pattern, line)]

    def wait_log(self, pattern, seconds=5.0, count=1):
        """Waits until `count` log lines match and returns all that do."""
        return wait_until(lambda: (lambda found: found if len(found) >= count else None)(self.log_lines(pattern)),
                          seconds, f"{count} log lines that match {pattern!r} in\n{self.log()}")

    # -- processes

    def pids(self):
        """{"launcher": [...], "frontend": [...], "zygote": [...], "worker": [...], "other": [...]}, each sorted by pid."""
        found = {name: [] for name in ("launcher", "frontend", "zygote", "worker", "other")}
        for pid in self.left_processes():
            name = processes.role(pid)
            if name:
                found[name].append(pid)
        return {name: sorted(pids) for name, pids in found.items()}

    def pid(self, name):
        """The one process of this role."""
        pids = self.pids()[name]
        assert len(pids) == 1, f"expected one {name}, found {pids}"
        return pids[0]

    def workers(self):
        return self.pids()["worker"]

    def left_processes(self):
        """Every running process of this server, whoever its parent is now."""
        everything = processes.all_processes()
        found = set(processes.marked(self.test_id))
        if self.proc:
            found.update(pid for pid, fields in everything.items() if fields[3] == self.proc.pid)
        if self.daemon:
            # It has a session of its own, and its title lies where the mark was; the subreaper has adopted it.
            found.update(pid for pid, fields in everything.items()
                         if fields[2] == os.getpid() and fields[0] in processes.ROLES and pid not in self.started)
        for root in list(found):
            found.update(processes.descendants(root, everything))
        return sorted(pid for pid in found if processes.is_running(pid))

    # -- talking to it

    def connect(self, **kw):
        """An http.Connection; closed at the end of the test if the test does not."""
        connection = http.Connection(self.port, **kw)
        self.connections.append(connection)
        return connection

    def request(self, method, path, headers=None, body=None, **kw):
        return http.request(self.port, method, path, headers, body, **kw)

    def get(self, path, headers=None, **kw):
        return self.request("GET", path, headers, **kw)

    def post(self, path, body, headers=None, **kw):
        return self.request("POST", path, headers, body, **kw)

    def raw(self, data, responses=None, **kw):
        """Raw bytes on a connection of their own: a list of replies, or every byte up to the close."""
        return http.raw_exchange(self.port, data, responses=responses, **kw)

    # -- the checks at the end

    def _fd_counts(self):
        counts = {"worker": len(self.workers())}
        for name in LONG_LIVED:
            for pid in self.pids()[name][:1]:
                files = processes.open_files(pid)
                if files is not None:
                    counts[name] = (pid, files)
        return counts

    def assert_no_leaks(self, seconds=5.0):
        """The frontend, the launcher and the zygote have no more descriptors open than when the server was ready, once
        the test's connections are closed. A process that was replaced meanwhile has no start to compare with."""
        for connection in self.connections:
            connection.close()
        try:
            wait_until(lambda: not self.leaked_files(), seconds, "descriptors to be closed")
        except AssertionError:
            raise AssertionError(f"descriptors leaked since the start: {self.leaked_files()}")

    def leaked_files(self):
        """{role: [what is open more]}, empty when all is well. Every worker has its channel and a few more descriptors in
        the frontend, so those that came up after the start are allowed for."""
        if not self.baseline:
            return {}
        now = self._fd_counts()
        new_workers = max(0, now["worker"] - self.baseline["worker"])
        leaks = {}
        for name in LONG_LIVED:
            then_pid, then_files = self.baseline.get(name, (None, None))
            now_pid, now_files = now.get(name, (None, None))
            if then_pid is None or then_pid != now_pid:
                continue
            timer = "anon_inode:[timerfd]"  # of the launcher's script, from its first setTimeout() on
            late_timer = list(now_files.values()).count(timer) == list(then_files.values()).count(timer) + 1
            if len(now_files) > len(then_files) + 8 * new_workers + late_timer:
                leaks[name] = [f"{fd} -> {target}" for fd, target in sorted(now_files.items())
                               if then_files.get(fd) != target]
        return leaks

    def problems(self):
        """Everything that every test fails on; called by the fixture after the test, ends the server."""
        found = []
        if self.check_fds and self.proc and self.proc.poll() is None:
            try:
                self.assert_no_leaks()
            except AssertionError as error:
                found.append(str(error))
        for connection in self.connections:
            connection.close()
        found += self._end_problems()
        spooled = [path.name for path in self.spool.iterdir()]
        if spooled:
            found.append(f"files left in the spool folder: {spooled}")
        for line in self.log().splitlines():
            if SANITIZER.search(line):
                found.append(f"sanitizer report in the log: {line}")
            elif ALARM.search(line) and not any(pattern.search(line) for pattern in self.allow_log):
                found.append(f"unexpected line in the log: {line}")
        for report in sorted(self.san.iterdir()):
            found.append(f"sanitizer report {report.name}:\n{report.read_text(errors='replace')[:6000]}")
        return found

    def _end_problems(self):
        """Ends the server with SIGTERM if it still runs; whatever is left after that is a problem and is killed."""
        found = []
        if self.proc is None:
            return found
        running = self.proc.poll() is None
        self._terminate()
        if running:
            try:
                self.proc.wait(scaled(STOP_SECONDS))
            except subprocess.TimeoutExpired:
                found.append(f"the launcher did not end within {scaled(STOP_SECONDS):g} s of SIGTERM")
        left = processes.wait_gone(self.left_processes(), STOP_SECONDS if self.daemon else 2)
        if left:
            found.append(f"processes left: {[(pid, processes.role(pid), processes.command(pid)) for pid in left]}")
        # A fork bomb may make more while we kill: go on until there are none.
        for _ in range(200):
            left = self.left_processes()
            if not left:
                break
            for pid in left:
                processes.kill(pid)
            time.sleep(0.01)
        self.proc.wait()
        processes.reap_adopted(known=())
        return found

    def remove(self):
        self.log(), self.stdout()
        if os.environ.get("RAVELIN_TEST_KEEP"):
            print(f"kept: {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)
