"""Static files: index files, types, redirects, headers of routes, methods, sizes, names (server-details 6)."""

import os

import pytest

MAP = """{
    "/": "@DIR@/www",
    "/css": "@DIR@/css",
    "/headers/": {path: "@DIR@/www", headers: {"X-S": "text", "X-N": 5, "X-A": ["one", "two"], "X-O": {a: 1},
                                               "X-B": true}},
    "/own-cache/": {path: "@DIR@/www", headers: {"cache-CONTROL": "no-store"}},
    "/sub/fn.txt": function () { return {txt: "function"}; }
}"""
FILES = {
    "www/index.html": "<p>root index",
    "www/a.txt": "file a",
    "www/both/index.html": "html", "www/both/index.htm": "htm",
    "www/htm/index.htm": "htm only",
    "www/bare/x.txt": "x",
    "www/sub/page.html": "page",
    "www/css/a.css": "shadowed",
    "www/empty.txt": "",
    "www/a b.txt": "blank", "www/a+b.txt": "plus", "www/a%20b.txt": "percent",
    "www/größe.txt": "umlaut", "www/日本/語.txt": "japanese", "www/q?mark.txt": "question", "www/100%.txt": "hundred",
    "www/semi;colon.txt": "semicolon", "www/.hidden": "hidden", "www/many.dots.tar.gz": "dots",
    "css/a.css": "css a",
}


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, files=FILES)


@pytest.mark.parametrize("path, text", [
    ("/a.txt", "file a"), ("/", "<p>root index"), ("/index.html", "<p>root index"), ("/both/", "html"),
    ("/htm/", "htm only"), ("/sub/page.html", "page"), ("/css/a.css", "css a"), ("/headers/a.txt", "file a"),
    ("/sub/fn.txt", "function"), ("/a.txt?q=1", "file a"), ("/.hidden", "hidden"), ("//a.txt", "file a"),
    ("/./a.txt", "file a"), ("/sub/../a.txt", "file a"), ("/css/../a.txt", "file a"), ("/sub//page.html", "page"),
    ("/%61.txt", "file a"), ("/sub/%2e%2e/a.txt", "file a"),
])
def test_path_to_file(server, path, text):
    reply = server.get(path)
    assert (reply.status, reply.text) == (200, text)


@pytest.mark.parametrize("path, text", [
    ("/a%20b.txt", "blank"), ("/a+b.txt", "plus"), ("/a%2Bb.txt", "plus"), ("/a%2bb.txt", "plus"),
    ("/a%2520b.txt", "percent"), ("/gr%C3%B6%C3%9Fe.txt", "umlaut"), ("/%E6%97%A5%E6%9C%AC/%E8%AA%9E.txt", "japanese"),
    ("/q%3Fmark.txt", "question"), ("/100%25.txt", "hundred"), ("/semi;colon.txt", "semicolon"),
    ("/semi%3Bcolon.txt", "semicolon"),
])
def test_names_are_decoded_once(server, path, text):
    reply = server.get(path)
    assert (reply.status, reply.text) == (200, text)


@pytest.mark.parametrize("path", ["/nope", "/nope/", "/sub/nope.html", "/a.txt/", "/a.txt/x", "/cssx", "/css/b.css",
                                  "/A.TXT", "/a.txt%20", "/a b.txt%00", "/both/index.html/", "/" + "n" * 300,
                                  "/" + "long/" * 900])
def test_not_found(server, path):
    status = server.raw(f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), responses=1)[0].status
    assert status == (400 if "%00" in path else 404)


@pytest.mark.parametrize("path, location", [
    ("/css", "/css/"), ("/css?a=1&b=%20", "/css/?a=1&b=%20"), ("/both", "/both/"), ("/both?x", "/both/?x"),
    ("/headers", "/headers/"), ("/bare", "/bare/"), ("/sub?", "/sub/"),
])
def test_directory_without_slash_is_redirected(server, path, location):
    reply = server.get(path)
    assert reply.status == 302
    assert reply.headers["Location"] in (location, location + "?" if path.endswith("?") else location)


@pytest.mark.parametrize("path", ["//both", "//example.com/..//both", "/%2fboth", "/\\both", "/%5cexample.com"])
def test_redirect_stays_on_this_host(server, path):
    """"//x" and "/\\x" in a Location are addresses of another host for a browser."""
    reply = server.get(path)
    if reply.status == 302:
        assert not reply.headers["Location"].startswith(("//", "/\\"))
        assert "://" not in reply.headers["Location"]


def test_directory_without_index_is_forbidden(server):
    reply = server.get("/bare/")
    assert reply.status == 403
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "<h1>Forbidden</h1>" in reply.text


# -- types


@pytest.mark.parametrize("name, mime", [
    ("a.html", "text/html"), ("a.htm", "text/html"), ("a.txt", "text/plain"), ("a.css", "text/css"),
    ("a.js", "application/javascript"), ("a.json", "application/json"), ("a.png", "image/png"), ("a.jpg", "image/jpeg"),
    ("a.jpeg", "image/jpeg"), ("a.svg", "image/svg+xml"), ("a.pdf", "application/pdf"), ("a.m4v", "video/mp4"),
    ("a.mine", "application/x-mine"), ("A.JPG", "image/jpeg"), ("a.HtMl", "text/html"), ("a.b.css", "text/css"),
    ("noextension", "application/octet-stream"), ("a.unknown", "application/octet-stream"),
    ("a.", "application/octet-stream"), ("dir.css/noextension", "application/octet-stream"),
])
def test_types(typed, name, mime):
    reply = typed.get("/" + name)
    assert reply.status == 200
    assert reply.headers["Content-Type"].split(";")[0] == mime


@pytest.fixture(scope="module")
def typed(shared_site):
    names = ("a.html a.htm a.txt a.css a.js a.json a.png a.jpg a.jpeg a.svg a.pdf a.m4v a.mine A.JPG a.HtMl a.b.css "
             "noextension a.unknown a. dir.css/noextension").split()
    return shared_site(map='{"/": "@DIR@/www"}', files={f"www/{name}": "x" for name in names},
                       options='mimeMap: {"m4v": "video/mp4", ".mine": "application/x-mine"}, cacheControl: false')


def test_text_has_a_charset(typed):
    assert typed.get("/a.txt").headers["Content-Type"] == "text/plain; charset=utf-8"
    assert typed.get("/a.png").headers["Content-Type"] == "image/png"


# -- headers


@pytest.mark.parametrize("path", ["/headers/a.txt", "/headers/", "/headers/sub/page.html", "/headers/empty.txt"])
def test_headers_of_a_route_come_with_every_file(server, path):
    headers = server.get(path).headers
    assert (headers["X-S"], headers["X-N"], headers["X-O"], headers["X-B"]) == ("text", "5", '{"a":1}', "true")
    assert headers.all("X-A") == ["one", "two"]


def test_headers_of_a_route_are_not_sent_elsewhere(server):
    assert "X-S" not in server.get("/a.txt").headers


@pytest.mark.parametrize("path", ["/a.txt", "/", "/both/", "/headers/a.txt"])
def test_default_cache_control(server, path):
    assert server.get(path).headers["Cache-Control"] == "max-age=84600, public"


def test_cache_control_of_a_route_replaces_the_option(server):
    assert server.get("/own-cache/a.txt").headers.all("Cache-Control") == ["no-store"]


def test_cache_control_false(typed):
    assert "Cache-Control" not in typed.get("/a.txt").headers


@pytest.mark.parametrize("value, sent", [('"no-cache"', "no-cache"), ("true", "max-age=84600, public")])
def test_cache_control_option(site, value, sent):
    s = site(map='{"/": "@DIR@/www"}', files={"www/a.txt": "a"}, options=f"cacheControl: {value}")
    assert s.get("/a.txt").headers["Cache-Control"] == sent


@pytest.mark.parametrize("path", ["/nope", "/bare/", "/css"])
def test_no_cache_control_without_a_file(server, path):
    assert "Cache-Control" not in server.get(path).headers


# -- methods


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "FOO"])
@pytest.mark.parametrize("path", ["/a.txt", "/", "/css/a.css"])
def test_other_methods_are_not_allowed(server, path, method):
    reply = server.request(method, path)
    assert reply.status == 405
    assert sorted(reply.headers["Allow"].replace(" ", "").split(",")) == ["GET", "HEAD"]


def test_connection_goes_on_after_405(server):
    with server.connect() as connection:
        assert connection.request("DELETE", "/a.txt").status == 405
        assert connection.get("/a.txt").text == "file a"


def test_body_of_a_method_that_is_not_allowed_is_no_request(server):
    """Read and dropped, or the connection ends."""
    raw = (b"POST /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 40\r\n\r\n"
           b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n12345678")
    answer = server.raw(raw)
    assert answer.startswith(b"HTTP/1.1 405 ") and answer.count(b"HTTP/1.1 ") == 1


# -- sizes


def test_empty_file(server):
    reply = server.get("/empty.txt")
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, "0", b"")


@pytest.mark.parametrize("size", [1, 4095, 4096, 65535, 65536, 65537, 1_000_000, 30_000_000])
def test_sizes(server, size):
    content = os.urandom(1000) * (size // 1000 + 1)
    server.write("www/sized.bin", content[:size])
    with server.connect() as connection:
        for _ in range(2):
            reply = connection.get("/sized.bin")
            assert reply.headers["Content-Length"] == str(size)
            assert reply.body == content[:size]


def test_file_of_more_than_2_gigabytes(server):
    size = 5_000_000_000
    os.truncate(server.write("www/huge.bin", b"begin"), size)
    assert server.request("HEAD", "/huge.bin").headers["Content-Length"] == str(size)
    with server.connect() as connection:
        connection.send_request("GET", "/huge.bin")
        assert connection.read_head().headers["Content-Length"] == str(size)
        assert connection._take(10, "the beginning") == b"begin\0\0\0\0\0"
        connection.abort()
    assert server.get("/a.txt").text == "file a"


def test_file_that_shrinks_while_it_is_sent_ends_the_connection(server):
    """What was announced cannot come any more; the reply must not look complete."""
    path = server.write("www/shrinking.bin", b"x" * 30_000_000)
    with server.connect(receive_buffer=4096) as connection:
        connection.send_request("GET", "/shrinking.bin")
        announced = int(connection.read_head().headers["Content-Length"])
        os.truncate(path, 1000)
        assert len(connection.read_to_end()) < announced


# -- changes on disk


def test_changes_are_seen_at_once(server):
    for content in ("one", "two", "three, longer"):
        server.write("www/changing.txt", content)
        assert server.get("/changing.txt").text == content


def test_deleted_and_new_files(server):
    assert server.get("/coming.txt").status == 404
    path = server.write("www/coming.txt", "here")
    assert server.get("/coming.txt").text == "here"
    path.unlink()
    assert server.get("/coming.txt").status == 404


def test_replaced_root_directory_is_noticed(site):
    """A deployment that swaps the folder: the new one is served, at the latest a second later."""
    from support.timing import wait_until

    s = site(map='{"/": "@DIR@/www"}', files={"www/a.txt": "old", "next/a.txt": "new"})
    assert s.get("/a.txt").text == "old"
    os.rename(s.dir / "www", s.dir / "before")
    os.rename(s.dir / "next", s.dir / "www")
    wait_until(lambda: s.get("/a.txt").text == "new", 5, "the new folder to be served")


def test_relative_directory_is_relative_to_the_working_directory(site):
    s = site(map='{"/": "www", "/other/": {path: "./www/sub"}}', files={"www/a.txt": "a", "www/sub/b.txt": "b"})
    assert (s.get("/a.txt").text, s.get("/other/b.txt").text) == ("a", "b")
