"""What one call prints reaches its file or pipe as one piece, however long (runtime-api 7.1)."""

import fcntl
import os
import signal
import subprocess

import pytest

from support.site import BUILD
from support.timing import scaled, wait_until

LINES = 30
# console.log and printf in turn; the line is made of one letter.
PRINTS = """
var letter = process.argv[2], size = Number(process.argv[3]), lines = Number(process.argv[4]), line = "";
while (line.length < size - 1) line += letter;
for (var i = 0; i < lines; i++) {
    if (i % 2) console.log(line); else rampart.utils.printf("%s\\n", line);
}
"""


@pytest.fixture
def start(tmp_path):
    script = tmp_path / "prints.js"
    script.write_text(PRINTS)
    started = []

    def start(letter, size, lines, stdout):
        process = subprocess.Popen([BUILD / "ravelin", script, letter, str(size), str(lines)], stdout=stdout)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def assert_whole(output, sizes, lines=LINES):
    found = output.split(b"\n")
    assert found.pop() == b""
    expected = {letter.encode(): size - 1 for letter, size in sizes.items()}
    mixed = [line for line in found if len(set(line)) != 1 or len(line) != expected[line[:1]]]
    assert not mixed, f"{len(mixed)} of {len(found)} lines"
    assert len(found) == lines * len(sizes)


SIZES = {"a": 5000, "b": 20000, "c": 20000}


def test_three_processes_and_a_pipe(start):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)  # every line waits for its reader
    for letter, size in SIZES.items():
        start(letter, size, LINES, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        assert_whole(pipe.read(), SIZES)


def test_three_processes_and_a_file(start, tmp_path):
    with open(tmp_path / "out", "wb") as file:
        processes = [start(letter, size, LINES, file) for letter, size in SIZES.items()]
        assert [process.wait(scaled(60)) for process in processes] == [0, 0, 0]
    assert_whole((tmp_path / "out").read_bytes(), SIZES)


def waits_for_a_lock(pid):
    with open("/proc/locks") as locks:
        return any(" -> " in line and f" {pid} " in line for line in locks)


def is_full(pipe):
    return int.from_bytes(fcntl.ioctl(pipe, 0x541B, b"\0" * 4), "little") == 8192  # FIONREAD


def test_a_writer_that_is_killed_frees_the_pipe(start):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
    first = start("a", 20000, 1, writer)
    wait_until(lambda: is_full(reader), 20, "the first line fills the pipe")
    second = start("b", 20000, 1, writer)
    os.close(writer)
    wait_until(lambda: waits_for_a_lock(second.pid), 20, "the second writer waits for the first")
    first.send_signal(signal.SIGKILL)
    first.wait()
    with open(reader, "rb") as pipe:
        output = pipe.read()
    assert output == b"a" * 8192 + b"b" * 19999 + b"\n"
    assert second.wait(scaled(20)) == 0
