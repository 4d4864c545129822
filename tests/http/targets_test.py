"""Forms of the request target, Host, methods, HEAD, and requests that arrive in pieces."""

import random

import pytest

MAP = """{
    "/show.json": function (req) { return {json: {path: req.path, query: req.query, method: req.method,
                                                  raw: req.methodRaw, body: req.body.length}}; },
    "/parts.json": function (req) { return {json: {authority: req.authority, fragment: req.fragment,
                                                   has: ["authority" in req, "fragment" in req],
                                                   url: req.path.url}}; },
    "/hello.txt": function (req) { return {txt: "hello"}; },
    "/echo.txt": function (req) { return {txt: req.body}; },
    "/": function (req) { return {txt: "root"}; },
    "/files/": "@DIR@/files"
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, options="threads: 2", files={"files/a.txt": "file a"})


def ask(server, target, host="h", version="1.1", method="GET"):
    lines = f"{method} {target} HTTP/{version}\r\n" + (f"Host: {host}\r\n" if host is not None else "")
    return server.raw((lines + "Connection: close\r\n\r\n").encode("latin-1"), responses=1)[0]


# -- absolute-form


@pytest.mark.parametrize("target, host, path", [
    ("http://example.com/show.json?a=1", "example.com", "/show.json"),
    ("http://example.com:81/show.json", "example.com:81", "/show.json"),
    ("HTTP://Example.com/show.json", "Example.com", "/show.json"),
    ("http://[::1]:80/show.json", "[::1]:80", "/show.json"),
    ("http://127.0.0.1/show.json", "127.0.0.1", "/show.json"),
])
def test_absolute_form(server, target, host, path):
    shown = ask(server, target, host="other.example").json()["path"]
    assert (shown["host"], shown["path"]) == (host, path)


def test_authority_and_fragment_are_there_when_the_target_has_them(server):
    both = ask(server, "http://other:81/parts.json?a=1#part/2", host="h").json()
    assert (both["authority"], both["fragment"], both["has"]) == ("other:81", "part/2", [True, True])
    assert both["url"] == "http://other:81/parts.json?a=1"
    assert ask(server, "/parts.json#x").json()["has"] == [False, True]
    assert ask(server, "/parts.json").json()["has"] == [False, False]


def test_absolute_form_keeps_the_query(server):
    assert ask(server, "http://example.com/show.json?a=1&b=2").json()["query"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("target", ["http://example.com", "http://example.com?x=1"])
def test_absolute_form_without_a_path_is_the_root(server, target):
    assert ask(server, target).text == "root"


def test_absolute_form_serves_files(server):
    assert ask(server, "http://example.com/files/a.txt").text == "file a"


@pytest.mark.parametrize("target", ["http://", "http:///x", "http:/x", "http://user@host/", "ftp://example.com/",
                                    "://x/", "example.com/hello.txt", "hello.txt", "?x=1", "http://a b/", "*x", "#"])
def test_bad_targets(server, target):
    reply = ask(server, target)
    assert (reply.status, reply.headers["Connection"].lower()) == (400, "close")


# -- asterisk-form


def test_options_asterisk(server):
    reply = ask(server, "*", method="OPTIONS")
    assert (reply.status, reply.body) == (204, b"")
    assert {"GET", "HEAD", "POST"} <= set(reply.headers["Allow"].replace(" ", "").split(","))


def test_options_asterisk_keeps_the_connection(server):
    with server.connect() as connection:
        assert connection.request("OPTIONS", "*").status == 204
        assert connection.get("/hello.txt").text == "hello"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_asterisk_is_for_options_only(server, method):
    with server.connect() as connection:
        assert connection.request(method, "*").status == 400


def test_options_of_a_path_is_the_scripts_business(server):
    assert ask(server, "/show.json", method="OPTIONS").json()["method"] == "OPTIONS"


# -- Host


@pytest.mark.parametrize("path", ["/hello.txt", "/files/a.txt", "/nope"])
def test_host_is_required(server, path):
    reply = ask(server, path, host=None)
    assert (reply.status, reply.headers["Connection"].lower()) == (400, "close")


def test_host_is_not_required_in_1_0(server):
    assert ask(server, "/show.json", host=None, version="1.0").json()["path"]["host"] == "localhost"


def test_host_must_come_once(server):
    raw = b"GET /hello.txt HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
    assert server.raw(raw).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "a?b", "a#b", "a\\b", "<a>"])
def test_host_with_impossible_characters(server, host):
    assert ask(server, "/hello.txt", host=host).status == 400


@pytest.mark.parametrize("host", ["a", "a:80", "a.b.c", "[::1]:8088", "127.0.0.1:1", "xn--mller-kva.example", "a_b"])
def test_host_is_shown_as_sent(server, host):
    assert ask(server, "/show.json", host=host).json()["path"]["host"] == host


# -- methods

METHODS = ("GET POST PUT DELETE MKCOL COPY MOVE OPTIONS PROPFIND PROPPATCH LOCK UNLOCK TRACE PATCH").split()


@pytest.mark.parametrize("method", METHODS)
def test_known_methods(server, method):
    shown = ask(server, "/show.json", method=method).json()
    assert (shown["method"], shown["raw"]) == (method, method)


@pytest.mark.parametrize("method", ["FOO", "get", "QUERY", "M-SEARCH", "X_Y!Z", "GETX", "GE"])
def test_other_methods_are_unknown(server, method):
    shown = ask(server, "/show.json", method=method).json()
    assert (shown["method"], shown["raw"]) == ("UNKNOWN", method)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "FOO"])
def test_any_method_may_carry_a_body(server, method):
    assert server.request(method, "/show.json", body=b"12345").json()["body"] == 5


def test_connect_does_not_make_a_tunnel(server):
    answer = server.raw(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nGET /hello.txt HTTP/1.1\r\n"
                        b"Host: x\r\nConnection: close\r\n\r\n")
    assert answer[9:10] in (b"4", b"5")
    assert b"hello" not in answer


# -- HEAD


@pytest.mark.parametrize("path", ["/hello.txt", "/files/a.txt", "/nope", "/files/nope", "/files", "/files/"])
def test_head_has_the_headers_of_get(server, path):
    head, whole = server.request("HEAD", path), server.get(path)
    keep = lambda reply: [(name, value) for name, value in reply.headers if name != "Date"]
    assert (head.status, keep(head), head.body) == (whole.status, keep(whole), b"")


def test_head_runs_the_script_as_head(site):
    s = site(map='{"/x": function (req) { return {txt: req.method, headers: {"X-Method": req.method}}; }}')
    reply = s.request("HEAD", "/x")
    assert (reply.headers["X-Method"], reply.headers["Content-Length"]) == ("HEAD", "4")


def test_head_in_1_0_sends_no_body(server):
    with server.connect() as connection:
        connection.send_request("HEAD", "/hello.txt", version="1.0")
        connection.read_response("HEAD")
        assert connection.read_to_end() == b""


# -- bytes that arrive in pieces

EXCHANGES = [
    (b"GET /hello.txt HTTP/1.1\r\nHost: a\r\nUser-Agent: pieces\r\n\r\n", "hello"),
    (b"POST /echo.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world", "hello world"),
    (b"POST /echo.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
     b"5;e=1\r\nhello\r\n006\r\n world\r\n0\r\nX: y\r\n\r\n", "hello world"),
    (b"GET /files/a.txt HTTP/1.1\r\nHost: a\r\n\r\n", "file a"),
]


@pytest.mark.parametrize("seed", range(12))
def test_requests_split_at_random(server, seed):
    numbers = random.Random(seed)
    exchanges = numbers.choices(EXCHANGES, k=6)
    data = b"".join(raw for raw, _ in exchanges)
    cuts = sorted(numbers.sample(range(1, len(data)), numbers.randrange(1, 40)))
    with server.connect() as connection:
        for begin, end in zip([0] + cuts, cuts + [len(data)]):
            connection.send(data[begin:end])
        assert [connection.read_response().text for _ in exchanges] == [text for _, text in exchanges]


@pytest.mark.parametrize("raw, text", EXCHANGES)
def test_requests_byte_by_byte(server, raw, text):
    with server.connect() as connection:
        for at in range(len(raw)):
            connection.send(raw[at:at + 1])
        assert connection.read_response().text == text


def test_empty_lines_before_a_request_are_skipped(server):
    """RFC 9112 2.2: some clients send a CRLF behind the body of a POST."""
    with server.connect() as connection:
        connection.send(b"\r\nGET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.read_response().text == "hello"
        connection.send(b"\r\n\r\nGET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.read_response().text == "hello"


# -- things that ordinary routes do not do

UPGRADES = ["Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
            "Upgrade: websocket\r\n"]


@pytest.mark.parametrize("fields", UPGRADES)
@pytest.mark.parametrize("path, text", [("/hello.txt", "hello"), ("/files/a.txt", "file a")])
def test_upgrade_is_not_taken_up(server, path, text, fields):
    """An ordinary reply, and the connection goes on with the next request."""
    raw = f"GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode()
    assert [(reply.status, reply.text) for reply in server.raw(raw * 3, responses=3)] == [(200, text)] * 3


@pytest.mark.parametrize("fields", UPGRADES)
def test_upgrade_with_a_body(server, fields):
    raw = f"POST /echo.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n{fields}\r\nhello".encode()
    assert [reply.text for reply in server.raw(raw * 2, responses=2)] == ["hello", "hello"]


@pytest.mark.parametrize("value", ["bytes=0-1", "bytes=abc", "bytes=-1", "bytes=9-1", "bytes=0-0,2-3", "lines=1-2",
                                   "bytes=99-", "bytes=" + "0-0," * 5000 + "1-1"])
@pytest.mark.parametrize("path, text", [("/files/a.txt", "file a"), ("/hello.txt", "hello")])
def test_range_does_no_harm(server, path, text, value):
    """A server may answer with the whole; what it answers is never wrong (RFC 9110 14.2)."""
    reply = server.get(path, {"Range": value})
    assert (reply.status, reply.text) == (200, text) or reply.status in (206, 416)


@pytest.mark.parametrize("path", [b"/show.json?\xff\xfe", b"/\xff\xfe", b"/files/\xff", b"/files/%ff%fe",
                                  b"/show.json?q=\xc3\xa4", b"/\xed\xa0\x80"])
def test_bytes_beyond_ascii_do_no_harm(server, path):
    reply = server.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n", responses=1)[0]
    assert reply.status in (200, 400, 404)
    assert ask(server, "/hello.txt").text == "hello"
