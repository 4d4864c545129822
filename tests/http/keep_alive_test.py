"""Keep-alive, the Connection header, HTTP/1.0, pipelining (server-details 19)."""

import pytest

MAP = """{
    "/hello.txt": function (req) { return {txt: "hello " + (req.query.n || "")}; },
    "/slow.txt": function (req) { rampart.utils.sleep(0.25); return {txt: "slow " + req.query.n}; },
    "/echo.txt": function (req) { return {txt: req.body}; },
    "/empty.txt": function (req) { return {status: 204}; },
    "/files/": "@DIR@/files"
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, options="threads: 2", files={"files/a.txt": "file a"})


@pytest.mark.parametrize("path, status", [("/hello.txt", 200), ("/files/a.txt", 200), ("/nope", 404),
                                          ("/files/nope", 404), ("/empty.txt", 204)])
def test_connection_stays_open_for_further_requests(server, path, status):
    with server.connect() as connection:
        for _ in range(3):
            reply = connection.get(path)
            assert reply.status == status
            assert reply.headers.get("Connection", "keep-alive").lower() == "keep-alive"


def test_no_limit_of_requests_per_connection(server):
    """The original ends a connection after 128 requests."""
    with server.connect() as connection:
        for n in range(400):
            assert connection.get(f"/hello.txt?n={n}").text == f"hello {n}"


CONNECTION_RULES = [  # version, Connection header, does it stay open
    ("1.1", None, True),
    ("1.1", "keep-alive", True),
    ("1.1", "close", False),
    ("1.1", "Close", False),
    ("1.1", "close, TE", False),
    ("1.1", "foo , close", False),
    ("1.1", "foo", True),
    ("1.1", "closed", True),
    ("1.1", "keep-alive, close", False),
    ("1.0", None, False),
    ("1.0", "close", False),
    ("1.0", "keep-alive", True),
    ("1.0", "Keep-Alive", True),
    ("1.0", "foo, keep-alive", True),
]


@pytest.mark.parametrize("path", ["/hello.txt", "/files/a.txt", "/nope"])
@pytest.mark.parametrize("version, header, stays_open", CONNECTION_RULES)
def test_connection_header(server, version, header, stays_open, path):
    with server.connect() as connection:
        reply = connection.request("GET", path, {"Connection": header}, version=version)
        assert reply.chunks is None
        if stays_open:
            assert connection.request("GET", path, {"Connection": header}, version=version).body == reply.body
        else:
            assert connection.is_closed_by_peer()


def test_two_connection_header_lines_count_as_one(server):
    with server.connect() as connection:
        connection.request("GET", "/hello.txt", [("Connection", "foo"), ("Connection", "close")])
        assert connection.is_closed_by_peer()


@pytest.mark.parametrize("version, header, answer", [("1.1", "close", "close"), ("1.0", "keep-alive", "keep-alive"),
                                                     ("1.0", None, "close")])
@pytest.mark.parametrize("path", ["/hello.txt", "/files/a.txt"])
def test_connection_is_answered(server, version, header, answer, path):
    with server.connect() as connection:
        reply = connection.request("GET", path, {"Connection": header}, version=version)
        assert reply.headers["Connection"].lower() == answer


@pytest.mark.parametrize("path", ["/hello.txt", "/files/a.txt", "/nope"])
def test_http_1_0_without_host(server, path):
    with server.connect() as connection:
        reply = connection.request("GET", path, {"Host": None}, version="1.0")
        assert reply.status == (404 if path == "/nope" else 200)


def test_script_cannot_change_the_connection(site):
    """Framing and connection belong to the server (server-details 9.4)."""
    s = site(map="""{"/x": function (req) { return {txt: "abc", headers: {"Connection": "upgrade", "content-length": 9,
        "Transfer-Encoding": "chunked", "Keep-Alive": "timeout=5", "Upgrade": "x", "Trailer": "X", "TE": "x"}}; }}""")
    with s.connect() as connection:
        for _ in range(2):
            reply = connection.get("/x")
            assert {name.lower() for name, _ in reply.headers} <= {"content-type", "date", "content-length",
                                                                   "connection"}
            assert (reply.text, reply.headers["Content-Length"]) == ("abc", "3")


def test_script_may_ask_for_the_end_of_the_connection(site):
    s = site(map="""{"/x": function () { return {txt: "abc", headers: {"Connection": "close"}}; }}""")
    with s.connect() as connection:
        assert connection.get("/x").headers.all("Connection") == ["close"]
        assert connection.is_closed_by_peer()


# -- pipelining


def get(path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def test_pipelined_requests_are_answered_in_order(server):
    data = b"".join(get(f"/hello.txt?n={n}") for n in range(100))
    assert [reply.text for reply in server.raw(data, responses=100)] == [f"hello {n}" for n in range(100)]


def test_pipelined_requests_behind_a_slow_script_keep_their_order(server):
    paths = ["/slow.txt?n=1", "/hello.txt?n=2", "/files/a.txt", "/nope", "/slow.txt?n=3", "/hello.txt?n=4"]
    replies = server.raw(b"".join(map(get, paths)), responses=len(paths))
    assert [reply.status for reply in replies] == [200, 200, 200, 404, 200, 200]
    assert [replies[i].text for i in (0, 1, 2, 4, 5)] == ["slow 1", "hello 2", "file a", "slow 3", "hello 4"]


def test_pipelined_bodies_do_not_run_into_the_next_request(server):
    data = b""
    for n in range(20):
        data += b"POST /echo.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nbody %02d" % n
        data += (b"POST /echo.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"4\r\nGET \r\n3\r\n/%02d\r\n0\r\n\r\n" % n)
        data += get(f"/hello.txt?n={n}")
    expected = [text for n in range(20) for text in (f"body {n:02}", f"GET /{n:02}", f"hello {n}")]
    assert [reply.text for reply in server.raw(data, responses=60)] == expected


def test_more_pipelined_than_the_server_keeps_unread(server):
    """Several times limits::kMaxPipelinedBytes arrive behind a slow request."""
    filler = "X-Filler: " + "f" * 1000 + "\r\n"
    data = get("/slow.txt?n=first") + b"".join(get(f"/hello.txt?n={n}", filler) for n in range(400))
    replies = server.raw(data, responses=401)
    assert [reply.text for reply in replies] == ["slow first"] + [f"hello {n}" for n in range(400)]


@pytest.mark.parametrize("last", ["/hello.txt?n=last", "/files/a.txt", "/nope"])
def test_nothing_is_answered_behind_a_request_that_closes(server, last):
    data = get("/hello.txt") + get(last, "Connection: close\r\n") + get("/hello.txt?n=unwanted")
    assert server.raw(data).count(b"HTTP/1.1 ") == 2


def test_pipelined_heads_and_gets(server):
    paths = ["/hello.txt", "/files/a.txt", "/nope"]
    data = b"".join(get(path).replace(b"GET", b"HEAD") + get(path) for path in paths)
    replies = server.raw(data, responses=6, methods=["HEAD", "GET"] * 3)
    for head, whole in zip(replies[::2], replies[1::2]):
        assert head.status == whole.status
        assert (head.body, head.headers["Content-Length"]) == (b"", str(len(whole.body)))


def test_client_that_pipelines_and_leaves_disturbs_nobody(server):
    for _ in range(10):
        connection = server.connect()
        connection.send(get("/slow.txt?n=gone") + get("/hello.txt") * 50)
        connection.abort()
    assert server.get("/hello.txt?n=ok").text == "hello ok"


# -- half-closed clients


@pytest.mark.parametrize("path, text", [("/hello.txt?n=1", "hello 1"), ("/slow.txt?n=2", "slow 2"),
                                        ("/files/a.txt", "file a")])
def test_half_closed_client_gets_its_reply(server, path, text):
    with server.connect() as connection:
        connection.send_request("GET", path)
        connection.shutdown_write()
        assert connection.read_response().text == text
        assert connection.is_closed_by_peer()


def test_half_closed_client_gets_all_pipelined_replies(server):
    with server.connect() as connection:
        connection.send(get("/slow.txt?n=1") + get("/hello.txt?n=2") + get("/files/a.txt"))
        connection.shutdown_write()
        assert [connection.read_response().text for _ in range(3)] == ["slow 1", "hello 2", "file a"]
        assert connection.is_closed_by_peer()


@pytest.mark.parametrize("part", [b"GET /hel", b"GET /hello.txt HTTP/1.1\r\nHost: x\r\n",
                                  b"POST /echo.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
                                  b"POST /echo.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"])
def test_client_that_ends_in_the_middle_of_a_request_is_not_served(server, part):
    with server.connect() as connection:
        connection.send(part)
        connection.shutdown_write()
        answer = connection.read_to_end()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_client_that_ends_without_a_request(server):
    with server.connect() as connection:
        connection.shutdown_write()
        assert connection.read_to_end() == b""
