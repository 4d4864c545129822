"""Each limit of the HTTP edge with its status, the options that set it, and slow clients."""

import time

import pytest

from support import processes
from support.peers import GarbageSender, Idler, SlowSender
from support.timing import scaled, wait_until

MAP = """{
    "/size.txt": function (req) { return {txt: "" + req.body.length}; },
    "/query.txt": function (req) { return {txt: "" + req.query_raw.length}; },
    "/headers.txt": function (req) { return {txt: "" + Object.keys(req.headers).length}; },
    "/slow.txt": function (req) { rampart.utils.sleep(0.8); return {txt: "slow"}; },
    "/files/": "@DIR@/files"
}"""
FILES = {"files/a.txt": "file a"}


@pytest.fixture(scope="module")
def server(shared_site):
    """All limits at their defaults."""
    return shared_site(map=MAP, files=FILES)


@pytest.fixture(scope="module")
def small(shared_site):
    """All limits set by options."""
    return shared_site(map=MAP, files=FILES, options="maxBodySize: 1000, maxRequestLine: 500, maxHeaderSize: 2000")


def assert_refused(server, raw, status):
    answer = server.raw(raw)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in answer.lower()


def get(target, fields=""):
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode()


# -- 414, 431


def test_request_line_within_the_limit(server):
    assert server.get("/query.txt?" + "q" * 16_000).text == "16000"


@pytest.mark.parametrize("size", [17_000, 200_000])
def test_request_line_too_long(server, size):
    assert_refused(server, get("/query.txt?" + "q" * size), 414)


def test_request_line_that_never_ends(server):
    assert_refused(server, b"GET /" + b"a" * 100_000, 414)


def test_option_max_request_line(small):
    assert small.get("/query.txt?" + "q" * 400).text == "400"
    assert_refused(small, get("/query.txt?" + "q" * 600), 414)


def test_headers_within_the_limit(server):
    assert server.get("/headers.txt", {"X-Big": "h" * 60_000}).status == 200


@pytest.mark.parametrize("fields", ["X-Big: " + "h" * 70_000 + "\r\n",
                                    "".join(f"X-{n}: {'h' * 1000}\r\n" for n in range(70)),
                                    "N" * 70_000 + ": x\r\n"], ids=["one value", "together", "one name"])
def test_headers_too_large(server, fields):
    assert_refused(server, get("/headers.txt", fields), 431)


def test_header_that_never_ends(server):
    assert_refused(server, b"GET /x HTTP/1.1\r\nX: " + b"a" * 200_000, 431)


def test_too_many_headers(server):
    assert server.get("/headers.txt", {f"X-{n}": "1" for n in range(250)}).status == 200
    assert_refused(server, get("/headers.txt", "".join(f"X-{n}: 1\r\n" for n in range(300))), 431)


def test_option_max_header_size(small):
    assert small.get("/headers.txt", {"X-Big": "h" * 1500}).status == 200
    assert_refused(small, get("/headers.txt", "X-Big: " + "h" * 2500 + "\r\n"), 431)


def test_trailers_are_bounded(server):
    endless = b"POST /size.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 20_000
    assert_refused(server, endless, 431)


# -- 413


def post(length, body=b"", fields=""):
    return f"POST /size.txt HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{fields}\r\n".encode() + body


def test_body_of_exactly_the_limit(small):
    assert small.post("/size.txt", b"x" * 1000).text == "1000"
    assert small.post("/size.txt", [b"x" * 600, b"y" * 400]).text == "1000"


def test_body_beyond_the_limit(small):
    assert_refused(small, post(1001, b"x" * 1001), 413)


def test_length_beyond_the_limit_is_refused_before_the_body(small):
    with small.connect() as connection:
        connection.send(post(1001))
        assert connection.read_response().status == 413
        assert connection.is_closed_by_peer(5)


def test_chunked_body_beyond_the_limit(small):
    chunks = b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\ny\r\n0\r\n\r\n"
    assert_refused(small, b"POST /size.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 413)


@pytest.mark.parametrize("size", ["3e9", "fffffff", "ffffffffffffffff"])
def test_chunk_announced_beyond_the_limit_is_refused_before_it_comes(small, size):
    with small.connect() as connection:
        connection.send(f"POST /size.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n".encode())
        assert connection.read_response().status == 413


def test_client_that_sends_a_refused_body_sees_the_reply(small):
    """It must not get a reset instead of the reply because its bytes were not read."""
    with small.connect() as connection:
        connection.send(post(500_000))
        for _ in range(50):
            connection.send(b"x" * 10_000)
        assert connection.read_response().status == 413


@pytest.mark.parametrize("length, status", [(52428800, 100), (52428801, 413), (2**63 - 1, 413), (2**64 - 1, 413)])
def test_default_limit_of_50_megabytes(server, length, status):
    with server.connect() as connection:
        connection.send(post(length, fields="Expect: 100-continue\r\n"))
        assert connection.read_head().status == status


def test_max_body_size_0_is_no_limit(site):
    s = site(map=MAP, files=FILES, options="maxBodySize: 0")
    with s.connect() as connection:
        connection.send(post(10**12, fields="Expect: 100-continue\r\n"))
        assert connection.read_head().status == 100


# -- 501, 505


@pytest.mark.parametrize("coding", ["gzip, chunked", "identity", "gzip", "xchunked", "deflate, chunked"])
def test_unknown_transfer_coding(server, coding):
    raw = f"POST /size.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n".encode()
    assert_refused(server, raw, 501)


@pytest.mark.parametrize("length, status", [(32, 200), (33, 501), (1000, 501), (15_000, 501)])
def test_method_longer_than_any(server, length, status):
    raw = b"M" * length + b" /size.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert server.raw(raw, responses=1)[0].status == status


@pytest.mark.parametrize("version", ["0.9", "2.0", "3.0", "9.9", "0.0"])
def test_other_versions(server, version):
    assert_refused(server, f"GET /size.txt HTTP/{version}\r\nHost: x\r\n\r\n".encode(), 505)


def test_http_2_preface(server):
    answer = server.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 505 ", b"HTTP/1.1 400 "))
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("raw, status", [(get("/" + "a" * 20_000), 414), (get("/", "X: " + "h" * 70_000 + "\r\n"), 431),
                                         (post(10**9), 413), (b"GET /x HTTP/2.0\r\n\r\n", 505)])
def test_refusals_have_a_page(server, raw, status):
    reply = server.raw(raw, responses=1)[0]
    assert reply.headers["Content-Type"].startswith("text/html")
    assert f"<title>{status} " in reply.text


# -- slow clients


@pytest.fixture(scope="module")
def impatient(shared_site):
    return shared_site(map=MAP, files=FILES, options="connectTimeout: 0.4, threads: 2")


@pytest.mark.parametrize("before", [b"", get("/size.txt")], ids=["new", "kept alive"])
def test_idle_connection_is_closed_without_a_reply(impatient, before):
    with impatient.connect() as connection:
        if before:
            connection.send(before)
            assert connection.read_response().status == 200
        began = time.monotonic()
        assert connection.is_closed_by_peer(5)
        assert time.monotonic() - began > 0.3


@pytest.mark.parametrize("part", [b"G", b"GET /size.txt HTTP/1.1\r\n", b"GET /size.txt HTTP/1.1\r\nHost: x\r\nX",
                                  post(10, b"half"),
                                  b"POST /size.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha"],
                         ids=["letter", "line", "headers", "body", "chunk"])
def test_request_that_does_not_go_on(impatient, part):
    assert_refused(impatient, part, 408)


def test_dribbled_head_is_ended(impatient):
    """A byte now and then does not keep a connection alive for ever."""
    endless = b"GET /size.txt HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 10_000
    with SlowSender(impatient.port, endless, pause=0.1) as sender:
        wait_until(lambda: sender.closed_after, 10, "the server to end the connection of a dribbler")
    assert sender.received == b"" or sender.received.startswith(b"HTTP/1.1 408 ")


def test_dribbled_body_is_ended(impatient):
    with SlowSender(impatient.port, post(10_000, b"a" * 10_000), step=1, pause=0.1) as sender:
        sender.step = 150  # the head and a bit, then single bytes
        wait_until(lambda: sender.sent >= 150, what="the head to be sent")
        sender.step = 1
        wait_until(lambda: sender.closed_after, 20, "the server to end the connection of a dribbler")
    assert sender.received == b"" or sender.received.startswith(b"HTTP/1.1 408 ")


def test_slow_script_is_not_the_clients_fault(impatient):
    """connectTimeout is about the client: waiting for a script that takes longer does not end the connection."""
    with impatient.connect() as connection:
        assert connection.get("/slow.txt").text == "slow"


def test_client_that_does_not_read_is_closed(site):
    s = site(map=MAP, files=FILES, options="connectTimeout: 0.4")
    big = s.write("files/big.bin", b"")
    with open(big, "r+b") as file:
        file.truncate(200_000_000)
    frontend = s.pid("frontend")
    at_rest = len(processes.open_files(frontend))
    connection = s.connect(receive_buffer=4096)
    connection.send(get("/files/big.bin"))
    wait_until(lambda: len(processes.open_files(frontend)) > at_rest, what="the transfer to begin")
    wait_until(lambda: len(processes.open_files(frontend)) == at_rest, 10, "the frontend to give the transfer up")


def test_slow_reader_that_goes_on_is_not_closed(impatient):
    """Progress counts, not the whole time of the transfer: 30 reads at half the timeout's pace would not pass else."""
    big = impatient.write("files/slow.bin", b"")
    with open(big, "r+b") as file:
        file.truncate(30_000_000)
    with impatient.connect(receive_buffer=65536) as connection:
        connection.send(get("/files/slow.bin", "Connection: close\r\n"))
        head = connection.read_head()
        received, began = len(connection.pending), time.monotonic()
        while time.monotonic() - began < 1.2:
            received += len(connection.sock.recv(65536))
            time.sleep(0.02)
        while part := connection.sock.recv(1_000_000):
            received += len(part)
    assert received == int(head.headers["Content-Length"])


def cpu_seconds(pid):
    fields = processes.read(pid, "stat").rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("data", [b"", b"GET /size.txt HTTP/1.1\r\nHost: x\r\nX-Half: a"],
                         ids=["silent", "half a request"])
def test_100_idle_connections_cost_no_time(site, data):
    s = site(map=MAP, files=FILES)
    frontend = s.pid("frontend")
    with Idler(s.port, 100, data) as idlers:
        assert idlers.ready.wait(scaled(10))
        assert s.get("/size.txt").text == "0"
        before = cpu_seconds(frontend)
        time.sleep(0.5)  # the measured span, not a wait
        assert cpu_seconds(frontend) - before <= 0.03
        assert s.get("/size.txt").text == "0"
        assert idlers.closed_by_server == 0


def test_100_dribblers_do_not_delay_others(site):
    s = site(map=MAP, files=FILES)
    dribbling = [s.connect() for _ in range(100)]
    for letter in b"GET /size.txt HTTP/1.1\r\n":
        for connection in dribbling:
            connection.send(bytes([letter]))
        began = time.monotonic()
        assert s.get("/size.txt").text == "0"
        assert time.monotonic() - began < scaled(0.5)


def test_all_idle_connections_end_with_connect_timeout(impatient):
    with Idler(impatient.port, 100) as idlers:
        wait_until(lambda: idlers.closed_by_server == 100, 10, "100 idle connections to be closed")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_garbage(server, seed):
    """Whatever comes, the answer is a refusal or nothing, and the next client is served."""
    with GarbageSender(server.port, rounds=100, seed=seed) as sender:
        assert sender.done.wait(scaled(20))
    assert [reply for reply in sender.replies if reply and not reply.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))] == []
    assert server.get("/size.txt").text == "0"
