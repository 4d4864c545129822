"""The req object: each property (server-details 7)."""

import pytest

MAP = """{
    "/show.json": function (req) { return {json: {
        ip: req.ip, port: req.port, method: req.method, methodRaw: req.methodRaw, path: req.path, query: req.query,
        query_raw: req.query_raw, cookies: req.cookies, headers: req.headers, postData: req.postData,
        params: req.params,
        body: rampart.utils.bufferToString(req.body)}}; },
    "/show/": function (req) { return {json: req.path}; },
    "/keys.json": function (req) { return {json: Object.keys(req)}; },
    "/types.json": function (req) {
        var types = {};
        for (var key in req) types[key] = req[key] instanceof Uint8Array ? "Buffer" : typeof req[key];
        return {json: types};
    },
    "/J.json": function (req) { return {json: rampart.utils.sprintf("%J", req)}; },
    "/3J.txt": function (req) { return {txt: rampart.utils.sprintf("%3J", req)}; },
    "/write.json": function (req) {
        req.added = {a: 1}; req.query = "replaced"; req.method = "CHANGED"; delete req.cookies;
        return {json: [req.added, req.query, req.method, "cookies" in req, req.path.path]}; },
    "/keep.txt": function (req) { if (req.query.keep) kept.push(req); return {txt: "" + kept.length}; },
    "/kept.json": function (req) {
        return {json: kept.map(function (r) {
            return [r.path.path, r.query, r.body.length, r.headers.Host, r.params.keep]; })}; },
    "/twice.json": function (req) {
        return {json: [req.query === req.query, req.headers === req.headers, req.path === req.path,
                       req.params === req.params,
                       req.body === req.body, req.postData === req.postData, req.cookies === req.cookies]}; },
    "/nested.json": function (req) {
        delete req.headers.Host; req.query.x = 1; req.path.path = "/y";
        return {json: [req.headers, req.query.x, req.path.path]}; }
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, before="var kept = [];", options="threads: 1")


def show(server, path="/show.json", headers=None, **kw):
    return server.get(path, headers, **kw).json()


ORDER = ["printf", "put", "getpos", "rewind", "getBuffer", "getMime", "ip", "port", "method", "methodRaw", "path",
         "query",
         "query_raw", "cookies", "headers", "postData", "params", "body"]


def test_properties_in_this_order(server):
    assert show(server, "/keys.json") == ORDER


def test_types(server):
    types = show(server, "/types.json")
    functions = ["printf", "put", "getpos", "rewind", "getBuffer", "getMime"]
    objects = ["path", "query", "cookies", "headers", "postData", "params"]
    assert types == {**dict.fromkeys(functions, "function"), **dict.fromkeys(objects, "object"),
                     **dict.fromkeys(["ip", "method", "methodRaw", "query_raw"], "string"), "port": "number",
                     "body": "Buffer"}


def test_peer(server):
    with server.connect() as connection:
        shown = connection.get("/show.json").json()
        assert (shown["ip"], shown["port"]) == connection.sock.getsockname()


def test_peer_of_ip_version_6(site):
    s = site(map=MAP, before="var kept = [];", options='bind: "[::1]:@PORT@"', host="::1")
    assert s.get("/show.json", {"Host": "[::1]"}, host="::1").json()["ip"] == "::1"


@pytest.mark.parametrize("target, path", [
    ("/show.json", {"file": "show.json", "path": "/show.json", "base": "/", "scheme": "http://", "host": "h",
                    "url": "http://h/show.json"}),
    ("/show.json?a=b&c", {"file": "show.json", "path": "/show.json", "base": "/", "scheme": "http://", "host": "h",
                          "url": "http://h/show.json?a=b&c"}),
    ("/show.json?", {"file": "show.json", "path": "/show.json", "base": "/", "scheme": "http://", "host": "h",
                     "url": "http://h/show.json"}),
])
def test_path(server, target, path):
    assert show(server, target, {"Host": "h"})["path"] == path


@pytest.mark.parametrize("target, path", [
    ("/show/", {"path": "/show/", "base": "/show/", "scheme": "http://", "host": "h:1", "url": "http://h:1/show/"}),
    ("/show/a/b", {"file": "b", "path": "/show/a/b", "base": "/show/a/", "scheme": "http://", "host": "h:1",
                   "url": "http://h:1/show/a/b"}),
    ("/show/a/b/", {"path": "/show/a/b/", "base": "/show/a/b/", "scheme": "http://", "host": "h:1",
                    "url": "http://h:1/show/a/b/"}),
    ("/show/%41%20?x=%41", {"file": "%41%20", "path": "/show/%41%20", "base": "/show/", "scheme": "http://",
                            "host": "h:1",
                            "url": "http://h:1/show/%41%20?x=%41"}),
    ("/show/x.y.z", {"file": "x.y.z", "path": "/show/x.y.z", "base": "/show/", "scheme": "http://", "host": "h:1",
                     "url": "http://h:1/show/x.y.z"}),
])
def test_path_of_a_prefix_route(server, target, path):
    assert show(server, target, {"Host": "h:1"}) == path


def test_raw_path_is_shown_as_sent(server):
    assert show(server, "/x/../show/%7Ea//b")["path"] == "/x/../show/%7Ea//b"


@pytest.mark.parametrize("target, raw", [("/show.json", ""), ("/show.json?", ""), ("/show.json?a=%20+b", "a=%20+b"),
                                         ("/show.json??a=1?", "?a=1?"), ("/show.json?a=1&&b", "a=1&&b")])
def test_query_raw(server, target, raw):
    assert show(server, target)["query_raw"] == raw


# -- headers


def test_header_names_are_as_sent(server):
    shown = show(server, headers=[("host", "h"), ("X-MiXed", "1"), ("lower", "2"), ("UPPER", "3"),
                                  ("Connection", "close")])
    assert shown["headers"] == {"host": "h", "X-MiXed": "1", "lower": "2", "UPPER": "3", "Connection": "close"}


def test_header_values_are_trimmed(server):
    raw = b"GET /show.json HTTP/1.1\r\nHost: h\r\nX-A:  \t two words \t \r\nX-Empty:\r\nX-Tight:x\r\n\r\n"
    headers = server.raw(raw, responses=1)[0].json()["headers"]
    assert (headers["X-A"], headers["X-Empty"], headers["X-Tight"]) == ("two words", "", "x")


@pytest.mark.parametrize("first, second, joined", [("one", "two", "one, two"), ("", "two", ", two"),
                                                   ("a, b", "c", "a, b, c")])
def test_repeated_headers_are_joined(server, first, second, joined):
    assert show(server, headers=[("X-Dup", first), ("X-Dup", second)])["headers"]["X-Dup"] == joined


def test_repeated_header_in_another_case_is_the_same_header(server):
    headers = show(server, headers=[("X-Dup", "one"), ("x-dup", "two")])["headers"]
    assert {name: value for name, value in headers.items() if name.lower() == "x-dup"} == {"X-Dup": "one, two"}


def test_repeated_cookie_headers(server):
    shown = show(server, headers=[("Cookie", "a=1"), ("Cookie", "b=2")])
    assert (shown["headers"]["Cookie"], shown["cookies"]) == ("a=1; b=2", {"a": "1", "b": "2"})


def test_utf8_in_a_header_value(server):
    raw = "GET /show.json HTTP/1.1\r\nHost: h\r\nX-A: größe\r\n\r\n".encode()
    assert server.raw(raw, responses=1)[0].json()["headers"]["X-A"] == "größe"


def test_bytes_that_are_not_utf8_do_no_harm(server):
    raw = b"GET /show.json?q=%ff%fe HTTP/1.1\r\nHost: h\r\nX-A: \xff\xfe\r\nCookie: c=%ff\r\n\r\n"
    reply = server.raw(raw, responses=1)[0]
    assert reply.status == 200
    assert set(reply.json()["headers"]) == {"Host", "X-A", "Cookie"}


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", "hasOwnProperty"])
def test_headers_with_names_of_object_methods(server, name):
    shown = show(server, headers={name: "x"})
    assert shown["headers"].get(name) == "x" or name == "__proto__"
    assert show(server)["headers"].keys() == {"Host", "Connection"}


@pytest.mark.parametrize("content_type", ["Content-Type", "content-type", "CONTENT-TYPE"])
@pytest.mark.parametrize("cookie", ["Cookie", "cookie"])
def test_known_headers_in_any_case(server, content_type, cookie):
    headers = {content_type: "application/x-www-form-urlencoded", cookie: "a=b"}
    shown = server.post("/show.json", "x=1", headers).json()
    assert (shown["postData"]["content"], shown["cookies"]) == ({"x": "1"}, {"a": "b"})
    assert {content_type, cookie} <= set(shown["headers"])


# -- without a body, without anything


def test_empty_values(server):
    shown = show(server)
    assert (shown["query"], shown["query_raw"], shown["cookies"], shown["body"]) == ({}, "", {}, "")
    assert shown["postData"] == {"Content-Type": ""}


def test_body_without_a_type(server):
    shown = server.post("/show.json", b"some bytes").json()
    assert (shown["body"], shown["postData"]) == ("some bytes", {"Content-Type": ""})


# -- printing


def test_printed_as_json(server):
    shown = show(server, "/J.json?a=b", {"Host": "h", "Cookie": "c=d"})
    assert list(shown) == [name for name in ORDER if name in shown]
    assert set(ORDER[6:]) <= set(shown)
    assert (shown["query"], shown["cookies"], shown["body"]) == ({"a": "b"}, {"c": "d"}, {})
    for name in ORDER[:6]:
        assert shown.get(name, {"_func": True}) == {"_func": True}


def test_printed_with_indentation(server):
    text = server.get("/3J.txt?a=b").text
    assert '\n   "query": {\n      "a": "b"\n   },\n' in text


def test_printed_body(server):
    shown = server.post("/J.json", b"\x00\xffA").json()
    assert shown["body"] == {"0": 0, "1": 255, "2": 65}


# -- life


def test_is_writable(server):
    assert show(server, "/write.json") == [{"a": 1}, "replaced", "CHANGED", False, "/write.json"]


def test_its_parts_are_writable(server):
    assert show(server, "/nested.json", {"Host": "h"}) == [{"Connection": "close"}, 1, "/y"]


def test_property_is_the_same_object_each_time(server):
    assert show(server, "/twice.json") == [True] * 7


def test_kept_after_the_reply(server):
    """The body may be gone by then; the rest stays, and nothing crashes."""
    for n in range(3):
        server.post(f"/keep.txt?keep={n}", b"body" * 20_000, {"Host": "h"})
    for _ in range(2):
        shown = server.get("/kept.json").json()
        assert [(path, query, host, keep) for path, query, _, host, keep in shown] == [
            ("/keep.txt", {"keep": str(n)}, "h", str(n)) for n in range(3)]
        assert all(length in (0, 80_000) for _, _, length, _, _ in shown)


def test_body_stays_readable_in_a_timer(site):
    s = site(map="""{"/later.txt": function (req) {
        setTimeout(function () { console.log("later " + req.body.length + " " + req.query.n); }, 1);
        return {txt: "now"}; }}""", options="threads: 1")
    assert s.post("/later.txt?n=7", b"x" * 100).text == "now"
    from support.timing import wait_until

    wait_until(lambda: "later" in s.stdout(), what="the timer's line")
    assert s.stdout().strip() in ("later 100 7", "later 0 7")


def test_requests_do_not_see_each_other(server):
    for n in range(20):
        shown = server.post(f"/show.json?n={n}", f"body {n}", {"Cookie": f"n=c{n}"}).json()
        assert (shown["query"], shown["body"], shown["cookies"]) == ({"n": str(n)}, f"body {n}", {"n": f"c{n}"})


@pytest.mark.parametrize("extension, expected", [('"html"', "text/html"), ('"m4v"', "video/mp4"),
                                                 ('"nope"', "undefined")])
def test_get_mime(site, extension, expected):
    s = site(map=f'{{"/x": function (req) {{ return {{txt: "" + req.getMime({extension})}}; }}}}',
             options='mimeMap: {m4v: "video/mp4"}')
    assert s.get("/x").text == expected


def test_get_mime_needs_a_string(site):
    s = site(map='{"/x": function (req) { try { req.getMime(5); } catch (e) { return {txt: e.name}; } }}')
    assert s.get("/x").text == "TypeError" or s.get("/x").text.endswith("Error")
