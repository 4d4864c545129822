"""The measured servers: how each is configured, started, found ready and stopped.

Every server gets a folder of its own below one temporary folder, a free loopback port and a session of its own, so that
all its processes can be found and ended by pid, whatever happened.
"""

import ctypes
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import processes

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
HELLO = "<html><body><h1>Hello, World!</h1></body></html>"
STATIC_SIZES = {"1k.txt": 1024, "100k.txt": 100 * 1024}
READY_WITHIN_S = 15
STOP_WITHIN_S = 5
# The account that servers drop to when the benchmark runs as root.
SITE_USER = "nobody"

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """A server did not come up; the text says which and what it printed."""


def adopt_orphans():
    """Makes this program the parent of whatever loses its own below it, so that nothing escapes kill_everything()."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    """Runs in the child between fork and exec: should this program be killed outright, the server ends too."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def is_root():
    return os.geteuid() == 0


def site_group():
    return grp.getgrgid(pwd.getpwnam(SITE_USER).pw_gid).gr_name


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_static_root(folder):
    """The folder that all servers serve: files of the measured sizes, made of lines of text."""
    root = os.path.join(folder, "www")
    os.mkdir(root, 0o755)
    for name, size in STATIC_SIZES.items():
        line = "The quick brown fox jumps over the lazy dog, 0123456789.\n"
        path = os.path.join(root, name)
        with open(path, "w", encoding="ascii") as static_file:
            static_file.write((line * (size // len(line) + 1))[:size])
        os.chmod(path, 0o644)
    return root


def find_program(*names):
    for name in names:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")
        if found:
            return found
    return None


class Server:
    """A server with its processes. A subclass says what it needs, what it runs and what it can answer."""

    name = ""
    label = ""
    targets = ()

    def __init__(self, folder, static_root, threads=2):
        self.parent_folder = folder
        self.folder = None
        self.static_root = static_root
        self.threads = threads
        self.port = 0
        self.started = []

    def missing(self):
        """The name of a program that is not installed, or None."""
        raise NotImplementedError

    def commands(self):
        """Writes the configuration into self.folder and returns the commands to start, each as a list."""
        raise NotImplementedError

    def user_line(self):
        """The line of the configuration that names the account to drop to; only root may and must say it."""
        return ""

    def write_site(self, template, name=None):
        """Fills in one file of sites/ and returns the path of the result."""
        with open(os.path.join(HERE, "sites", template), encoding="utf-8") as source:
            text = source.read()
        values = {"DIR": self.folder, "ROOT": self.static_root, "PORT": str(self.port), "HELLO": HELLO,
                  "THREADS": str(self.threads), "SITE_USER": SITE_USER, "SITE_GROUP": site_group(),
                  "USER_LINE": self.user_line() if is_root() else ""}
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        path = os.path.join(self.folder, name or template)
        with open(path, "w", encoding="utf-8") as result:
            result.write(text)
        os.chmod(path, 0o644)
        return path

    def start(self):
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix=f"{self.name}-", dir=self.parent_folder)
        os.chmod(self.folder, 0o755)  # the account that the server drops to reads here
        self.log_path = os.path.join(self.folder, "output.log")
        for command in self.commands():
            with open(self.log_path, "ab") as output:
                self.started.append(subprocess.Popen(
                    command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True, preexec_fn=die_with_parent))
        self.wait_ready()

    def wait_ready(self):
        deadline = time.monotonic() + READY_WITHIN_S
        answer = "no answer"
        while time.monotonic() < deadline:
            for process in self.started:
                if process.poll() is not None:
                    raise StartError(f"{self.name}: {process.args[0]} ended with {process.returncode}: "
                                     f"{self.log_tail()}")
            try:
                status, _ = self.get(self.ready_path())
                if status == 200:
                    return
                answer = f"status {status}"
            except (OSError, ValueError) as error:
                answer = str(error)
            time.sleep(0.02)
        raise StartError(f"{self.name}: not ready after {READY_WITHIN_S} s ({answer}): {self.log_tail()}")

    def ready_path(self):
        return "/hello"

    def log_tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as output:
            return output.read()[-600:].strip() or "it printed nothing"

    def get(self, path, headers=None):
        """One GET on a connection of its own: (status, body)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            return read_reply(connection)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def root_pids(self):
        return [process.pid for process in self.started]

    def family(self):
        return processes.family(self.root_pids())

    def alive(self):
        return bool(self.started) and all(process.poll() is None for process in self.started)

    def stop(self):
        """SIGTERM to those started here, then SIGKILL to what is left of their families. Returns whom it killed."""
        members = self.family() if self.started else {}
        for process in self.started:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_WITHIN_S
        for process in self.started:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
        left = [pid for pid, before in members.items() if is_running(pid, before.comm)]
        while any(is_running(pid, members[pid].comm) for pid in left) and time.monotonic() < deadline:
            time.sleep(0.02)
        killed = [f"{members[pid].comm}({pid})" for pid in left if kill_if_running(pid, members[pid].comm)]
        for process in self.started:
            process.wait()
        self.started = []
        return killed


def is_running(pid, comm):
    stat = processes.read_stat(pid)
    return stat is not None and stat.comm == comm and stat.state not in "ZX"


def kill_if_running(pid, comm):
    if not is_running(pid, comm):
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def read_reply(connection):
    """Reads one reply with a Content-Length, a chunked body or an end at close: (status, body)."""
    buffered = b""
    while b"\r\n\r\n" not in buffered:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("closed before the end of the reply's head")
        buffered += piece
    head, body = buffered.split(b"\r\n\r\n", 1)
    status = int(head.split(b" ", 2)[1])
    fields = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
    lengths = [int(value) for name, value in fields if name.strip().lower() == b"content-length"]
    chunked = any(name.strip().lower() == b"transfer-encoding" for name, _ in fields)

    def complete():
        return body.endswith(b"0\r\n\r\n") if chunked else bool(lengths) and len(body) >= lengths[0]
    while not complete():
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    if lengths and len(body) < lengths[0]:
        raise OSError(f"body ended after {len(body)} of {lengths[0]} bytes")
    return status, unchunk(body) if chunked else body


def unchunk(body):
    whole = b""
    while body:
        size_line, body = body.split(b"\r\n", 1)
        size = int(size_line.split(b";")[0], 16)
        if size == 0:
            break
        whole, body = whole + body[:size], body[size + 2:]
    return whole


class Nginx(Server):
    name, label = "nginx", "nginx"
    targets = ("hello", "req", "reqbrowser", "static1k", "static100k")

    def missing(self):
        return None if find_program("nginx") else "nginx"

    def user_line(self):
        return f"user {SITE_USER} {site_group()};"

    def commands(self):
        conf = self.write_site("nginx.conf")
        return [[find_program("nginx"), "-p", self.folder, "-e", os.path.join(self.folder, "error.log"), "-c", conf]]


class Node(Server):
    name, label = "node", "Node"
    targets = ("hello", "req", "reqbrowser", "static1k", "static100k")

    def missing(self):
        return None if find_program("node", "nodejs") else "node"

    def commands(self):
        site = self.write_site("node.js")
        return [["/usr/bin/env", "NODE_ENV=production", find_program("node", "nodejs"), site]]


class PhpFpm(Server):
    name, label = "php", "PHP-FPM"
    targets = ("hello", "req", "reqbrowser")
    fpm_names = ("php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4", "php-fpm8.1")

    def missing(self):
        if not find_program("nginx"):
            return "nginx"
        return None if find_program(*self.fpm_names) else "php-fpm8.2"

    def user_line(self):
        return f"user {SITE_USER} {site_group()};"

    def commands(self):
        self.write_site("hello.php")
        self.write_site("req.php")
        nginx_conf = self.write_site("nginx_php.conf")
        fpm_conf = self.write_site("php-fpm.conf")
        return [[find_program(*self.fpm_names), "-F", "-y", fpm_conf],
                [find_program("nginx"), "-p", self.folder, "-e", os.path.join(self.folder, "error.log"), "-c",
                 nginx_conf]]


class Ravelin(Server):
    name, label = "ravelin", "Ravelin"
    targets = ("hello", "req", "reqbrowser", "static1k", "static100k")
    program = os.path.join(os.environ.get("RAVELIN_BUILD", os.path.join(REPOSITORY, "build")), "ravelin")
    # The kernel cuts names at 15 characters; this one is shorter.
    worker_comm = "ravelin-worker"

    def missing(self):
        return None if os.access(self.program, os.X_OK) else self.program

    def user_line(self):
        return f'user: "{SITE_USER}",'

    def commands(self):
        return [[self.program, self.write_site("ravelin.js")]]

    def workers(self):
        return sorted(pid for pid, stat in self.family().items()
                      if stat.comm == self.worker_comm and stat.state not in "ZX")


KINDS = {kind.name: kind for kind in (Nginx, Node, PhpFpm, Ravelin)}


def kill_everything():
    """Ends all descendants of this program, which are all of its making, and buries them. For the very end only."""
    for _ in range(50):
        left = [pid for pid, stat in processes.family([os.getpid()]).items()
                if pid != os.getpid() and stat.state not in "ZX"]
        if not left:
            break
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
