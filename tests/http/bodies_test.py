"""Request bodies: chunked, Expect: 100-continue, spooled ones (server-details 19, DESIGN 3)."""

import random

import pytest

from support import http, processes
from support.timing import wait_until

MAP = """{
    "/echo.bin": function (req) { return {bin: req.body}; },
    "/headers.json": function (req) { return {json: {headers: req.headers, params: req.params,
                                                     body: rampart.utils.bufferToString(req.body)}}; },
    "/slow.txt": function (req) { rampart.utils.sleep(0.3); return {txt: "slow " + req.body.length}; },
    "/files/": "@DIR@/files"
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, options="threads: 2", files={"files/a.txt": "file a"})


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


SIZES = [0, 1, 65535, 65536, 65537, 1_000_000]


@pytest.mark.parametrize("size", SIZES)
def test_body_with_length(server, size):
    assert server.post("/echo.bin", noise(size)).body == noise(size)


@pytest.mark.parametrize("size", SIZES)
def test_chunked_body(server, size):
    body = noise(size)
    chunks = [body[at:at + 8192] for at in range(0, size, 8192)]
    assert server.post("/echo.bin", chunks).body == body


def test_body_of_20_megabytes(server):
    body = noise(20 * 1024 * 1024)
    assert server.post("/echo.bin", body, timeout=30).body == body


def test_chunked_body_of_20_megabytes(server):
    body = noise(20 * 1024 * 1024)
    chunks = [body[at:at + 100_000] for at in range(0, len(body), 100_000)]
    assert server.post("/echo.bin", chunks, timeout=30).body == body


def test_many_tiny_chunks(server):
    body = noise(5000)
    assert server.post("/echo.bin", [body[at:at + 1] for at in range(len(body))]).body == body


def test_spooled_bodies_on_one_connection(server):
    with server.connect() as connection:
        for seed, size in enumerate([70_000, 10, 300_000, 65_537, 0, 100_000]):
            assert connection.request("POST", "/echo.bin", body=noise(size, seed)).body == noise(size, seed)


def test_spooled_bodies_at_the_same_time(server):
    connections = [server.connect() for _ in range(8)]
    for seed, connection in enumerate(connections):
        connection.send(http.encode_request("POST", "/echo.bin", "x", body=noise(200_000, seed))[:150_000])
    for seed, connection in enumerate(connections):
        connection.send(http.encode_request("POST", "/echo.bin", "x", body=noise(200_000, seed))[150_000:])
    for seed, connection in enumerate(connections):
        assert connection.read_response().body == noise(200_000, seed)


def test_spool_file_has_no_name(server):
    """A body that is still coming is in an open file of the frontend, and in no folder."""
    frontend = server.pid("frontend")
    with server.connect() as connection:
        connection.send(b"POST /echo.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + noise(500_000))
        unlinked = lambda: [name for name in processes.open_files(frontend).values() if "deleted" in name]
        wait_until(unlinked, what="an unlinked file that is open in the frontend")
        assert list(server.spool.iterdir()) == []


def test_abandoned_upload_leaves_no_file_open(site):
    s = site(map=MAP.replace("@DIR@/files", "@DIR@"))
    for _ in range(5):
        connection = s.connect()
        connection.send(b"POST /echo.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + noise(500_000))
        connection.abort()
    s.assert_no_leaks()


def test_body_for_a_file_or_nothing_is_not_taken_for_a_request(server):
    with server.connect() as connection:
        for path in ("/nope", "/files/a.txt"):
            connection.send_request("GET", path, body=b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.read_response().status == (404 if path == "/nope" else 200)
        assert connection.request("POST", "/echo.bin", body=b"abc").body == b"abc"


# -- chunked


def post_chunked(server, raw, fields=b""):
    head = b"POST /headers.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + fields + b"\r\n"
    return server.raw(head + raw, responses=1)[0]


@pytest.mark.parametrize("raw, body", [
    (b"5\r\nhello\r\n0\r\n\r\n", "hello"),
    (b"0\r\n\r\n", ""),
    (b"5;name=value\r\nhello\r\n0\r\n\r\n", "hello"),
    (b'5;name="quo;ted"\r\nhello\r\n0;last\r\n\r\n', "hello"),
    (b"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    (b"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    (b"00005\r\nhello\r\n000\r\n\r\n", "hello"),
    (b"2\r\n\r\n\r\n3\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"),
])
def test_chunk_syntax(server, raw, body):
    assert post_chunked(server, raw).json()["body"] == body


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED"])
def test_coding_name_ignores_case(server, coding):
    reply = server.post("/echo.bin", [b"abc"], {"Transfer-Encoding": coding})
    assert reply.body == b"abc"


def test_trailers_are_dropped(server):
    shown = post_chunked(server, b"5\r\nhello\r\n0\r\nX-Trailer: evil\r\nCookie: a=b\r\n\r\n",
                         b"Trailer: X-Trailer\r\n").json()
    assert "X-Trailer" not in shown["headers"] and "X-Trailer" not in shown["params"]
    assert "Cookie" not in shown["headers"] and "a" not in shown["params"]


def test_next_request_behind_trailers(server):
    one = (b"POST /echo.bin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"3\r\nabc\r\n0\r\nX: y\r\nZ: w\r\n\r\n")
    assert [reply.body for reply in server.raw(one * 3, responses=3)] == [b"abc"] * 3


# -- Expect: 100-continue


def expecting(path, length, method="POST", expect="100-continue", version="1.1"):
    return (f"{method} {path} HTTP/{version}\r\nHost: x\r\nContent-Length: {length}\r\n"
            f"Expect: {expect}\r\n\r\n").encode()


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue"])
def test_continue_comes_before_the_body(server, expect):
    with server.connect() as connection:
        connection.send(expecting("/echo.bin", 5, expect=expect))
        assert connection.read_head().status == 100
        connection.send(b"hello")
        assert connection.read_response().body == b"hello"


def test_continue_for_a_chunked_body(server):
    with server.connect() as connection:
        connection.send(b"POST /echo.bin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                        b"Expect: 100-continue\r\n\r\n")
        assert connection.read_head().status == 100
        connection.send(b"5\r\nhello\r\n0\r\n\r\n")
        assert connection.read_response().body == b"hello"


def test_connection_goes_on_after_continue(server):
    with server.connect() as connection:
        for n in range(3):
            connection.send(expecting("/echo.bin", 1))
            assert connection.read_head().status == 100
            connection.send(b"%d" % n)
            assert connection.read_response().body == b"%d" % n


def test_no_continue_when_the_body_is_there(server):
    """RFC 9110 10.1.1: it may be left out when the body has begun to arrive."""
    with server.connect() as connection:
        connection.send(expecting("/echo.bin", 5) + b"hello")
        reply = connection.read_response()
        assert reply.body == b"hello"
        assert [interim.status for interim in reply.interim] in ([], [100])


REFUSED = [("/nope", "POST", 10, 404), ("/files/a.txt", "POST", 10, 405), ("/echo.bin", "POST", 52428801, 413)]


@pytest.mark.parametrize("path, method, length, status", REFUSED)
def test_no_continue_for_a_refused_request(server, path, method, length, status):
    with server.connect() as connection:
        connection.send(expecting(path, length, method))
        reply = connection.read_response()
        assert (reply.status, reply.interim) == (status, [])


@pytest.mark.parametrize("path, method, length, status", REFUSED)
def test_bytes_behind_a_refused_expectation_are_no_request(server, path, method, length, status):
    """Whether the client sends the body nevertheless is not known, so the connection ends."""
    answer = server.raw(expecting(path, length, method) + b"GET /echo.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_other_expectations(server):
    with server.connect() as connection:
        connection.send(expecting("/echo.bin", 5, expect="the-impossible"))
        reply = connection.read_response()
        assert (reply.status, reply.interim) == (417, [])


def test_expectation_of_an_http_1_0_client_is_ignored(server):
    """RFC 9110 10.1.1: such a client does not know interim replies."""
    with server.connect() as connection:
        connection.send(expecting("/echo.bin", 5, version="1.0"))
        connection.assert_nothing_comes()
        connection.send(b"hello")
        reply = connection.read_response()
        assert (reply.body, reply.interim) == (b"hello", [])


# -- what workers see of slow uploads


def test_slow_upload_holds_no_worker(site):
    s = site(map=MAP.replace("@DIR@/files", "@DIR@"), options="threads: 1")
    slow = [s.connect() for _ in range(4)]
    for connection in slow:
        connection.send(b"POST /echo.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf ")
    assert s.post("/echo.bin", b"quick").body == b"quick"
    for connection in slow:
        connection.send(b"later")
        assert connection.read_response().body == b"half later"


def test_big_reply_to_a_slow_reader_holds_no_worker(site):
    from support.peers import SlowReader

    s = site(map="""{"/big.bin": function () { return {bin: new Buffer(20000000)}; },
                     "/quick.txt": function () { return {txt: "quick"}; }}""", options="threads: 1")
    with SlowReader(s.port, b"GET /big.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", pause=0.01) as reader:
        wait_until(lambda: reader.received_bytes > 0, what="the first bytes of the big reply")
        assert s.get("/quick.txt").text == "quick"
        reader.rush()
        wait_until(lambda: reader.ended, 20, "the end of the big reply")
    assert 20_000_000 < reader.received_bytes < 20_001_000
