"""What a function may return and what the client gets for it (server-details 9)."""

import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pytest

# "/r?v=0,..." returns the value of the expression behind the comma; `req` is in scope.
# (A value that begins with a bracket would be taken for JSON.)
MAP = """{
    "/r": function (req) { return eval("(" + req.query.v + ")"); },
    "/none": function () {},
    "/files/": "@DIR@/files"
}"""
BEFORE = """
function Inherits() { this.own = 1; }
Inherits.prototype.txt = "inherited";
var cyclic = {a: 1}; cyclic.self = cyclic;
function letters(n) { var text = "a"; while (text.length < n) text += text; return text.substr(0, n); }
"""
FILES = {"files/alpha.txt": "abcdefghijklmnopqrstuvwxyz", "files/empty.txt": "", "@home": "never", "secret.jpg": "JPEG"}


@pytest.fixture(scope="module")
def server(shared_site):
    s = shared_site(map=MAP, before=BEFORE, files=FILES,
                    options='developerMode: true, mimeMap: {".mine": "x/mine", "m4v": "video/mp4"}')
    s.write("files/big.bin", bytes(range(256)) * 4000)
    return s


def returning(server, expression):
    return "/r?v=0," + quote(server.expand(expression))


def returned(server, expression, method="GET"):
    return server.request(method, returning(server, expression))


def mime(reply):
    return reply.headers["Content-Type"].split(";")[0]


# -- 9.1 by type


@pytest.mark.parametrize("value, body", [
    ('"str"', "str"), ('""', ""), ("null", ""), ("undefined", ""), ("42.5", "42.5"), ("0", "0"), ("-1", "-1"),
    ("true", "true"),
    ("false", "false"), ('new Buffer("bytes")', "bytes"), ("new Uint8Array([65, 66])", "AB"),
    ('"größe 日 😀"', "größe 日 😀"),
    ('"\\\\@x"', "@x"), ("NaN", "NaN"), ("1e21", "1e+21"), ('"a\\u0000b"', "a\0b"), ("new Uint8Array(0)", ""),
    ("{txt: new Uint8Array([1,2,3,65,66,67]).subarray(3)}", "ABC"),
])
def test_values(server, value, body):
    reply = returned(server, value)
    assert (reply.status, mime(reply), reply.text) == (200, "text/plain", body)


def test_no_return_value(server):
    reply = server.get("/none")
    assert (reply.status, mime(reply), reply.headers["Content-Length"]) == (200, "text/plain", "0")


@pytest.mark.parametrize("value, named", [("[1, 2]", "Array"), ("[]", "Array"), ("function () {}", "Function"),
                                          ("function () { return 1; }", "Function")])
def test_array_or_function_is_a_script_error(server, value, named):
    reply = returned(server, value)
    assert reply.status == 500
    assert named in reply.text


@pytest.mark.parametrize("value", ["new Date()", "{}", "{foo: 'x'}", "/regexp/", "Math", "new Error('x')"])
def test_object_without_a_known_key(server, value):
    reply = returned(server, value)
    assert (reply.status, mime(reply), reply.headers["Content-Length"]) == (200, "text/plain", "0")


# -- 9.2 keys


@pytest.mark.parametrize("value, content_type, body", [
    ('{html: "<p>", txt: "t"}', "text/html", "<p>"), ('{txt: "t", html: "<p>"}', "text/plain", "t"),
    ('{foo: "x", txt: "ok"}', "text/plain", "ok"), ('{status: 200, headers: {}, txt: "last"}', "text/plain", "last"),
    ('{text: "t"}', "text/plain", "t"), ('{data: "d"}', "application/octet-stream", "d"),
    ('{bin: "b"}', "application/octet-stream", "b"),
    ('{json: {a: 1, b: [1, 2]}}', "application/json", '{"a":1,"b":[1,2]}'),
    ("{json: [1, 2]}", "application/json", "[1,2]"),
    ('{json: "text"}', "application/json", "text"), ('{txt: {a: 1}}', "text/plain", '{"a":1}'),
    ("{html: [1]}", "text/html", "[1]"),
    ("{txt: 5}", "text/plain", "5"), ("{txt: 0}", "text/plain", "0"), ("{txt: true}", "text/plain", "true"),
    ("{json: false}", "application/json", "false"),
    ("{html: null}", "text/html", ""), ("{html: undefined}", "text/html", ""), ("{html: ''}", "text/html", ""),
    ("new Inherits()", "text/plain", "inherited"), ('{mine: "x"}', "x/mine", "x"),
    ('{".mine": "x", txt: "t"}', None, None),
    ('{m4v: "x"}', "video/mp4", "x"), ('{jpg: new Buffer("J")}', "image/jpeg", "J"),
    ('{HTML: "x", txt: "case"}', "text/plain", "case"),
    ('{txt: "x", chunk: false, defer: false, compress: false}', "text/plain", "x"),
    ('{json: rampart.utils.sprintf("%J", {a: "b"})}', "application/json", '{"a":"b"}'),
])
def test_keys(server, value, content_type, body):
    reply = returned(server, value)
    assert reply.status == 200
    if content_type:
        assert (mime(reply), reply.text) == (content_type, body)


def test_function_as_a_body(server):
    assert returned(server, "{txt: function () { return 'x'; }}").body == b""


def test_object_that_cannot_be_encoded(server):
    reply = returned(server, "{json: cyclic}")
    assert reply.status == 200
    assert list(reply.json()) == ["error"]


@pytest.mark.parametrize("value, logged", [('{html: "a", txt: "b"}', r"\btxt\b"), ('{foo: "x"}', r"\bfoo\b"),
                                           ('{txt: "x", headers: 5}', r"headers"),
                                           ('{txt: "x", headers: "A: b"}', r"headers"),
                                           ('{txt: "x", headers: ["a"]}', r"headers")])
def test_warnings(server, value, logged):
    before = len(server.log_lines(logged))
    assert returned(server, value).status == 200
    server.wait_log(logged, count=before + 1)


def test_all_extensions_of_the_manual(site):
    rows = [line.rsplit(" ", 1) for line in (Path(__file__).parent / "mime_types.txt").read_text().splitlines()]
    assert len(rows) > 490
    s = site(map="""{"/x": function (req) { var reply = {}; reply[req.query.e] = "x"; return reply; }}""",
             options="threads: 1")
    with s.connect() as connection:
        wrong = [(extension, mime(reply)) for extension, expected in rows
                 if mime(reply := connection.get("/x?e=" + extension.replace("+",
                     "%2B"))) != expected or reply.text != "x"]
    assert wrong == []


@pytest.mark.parametrize("value, content_type", [('{html: ""}', "text/html; charset=utf-8"),
                                                 ('{css: ""}', "text/css; charset=utf-8"),
                                                 ('{json: ""}', "application/json"), ('{png: ""}', "image/png"),
                                                 ('{html: "", headers: {"Content-Type": "text/html"}}', "text/html")])
def test_charset(server, value, content_type):
    assert returned(server, value).headers["Content-Type"] == content_type


@pytest.mark.parametrize("option, content_type", [("false", "text/html"),
                                                  ('"iso-8859-1"', "text/html; charset=iso-8859-1")])
def test_default_charset_option(site, option, content_type):
    s = site(map='{"/": function () { return {html: "x"}; }}', options=f"defaultCharset: {option}")
    assert s.get("/").headers["Content-Type"] == content_type


# -- 9.3 status


@pytest.mark.parametrize("value, status, reason", [
    ("{status: 201, txt: 'x'}", 201, "Created"), ("{status: '201', txt: 'x'}", 201, "Created"),
    ("{status: 99, txt: 'x'}", 200, "OK"),
    ("{status: 0, txt: 'x'}", 200, "OK"), ("{status: -5, txt: 'x'}", 200, "OK"),
    ("{status: 418, txt: 'x'}", 418, "I'm a teapot"),
    ("{status: 429, txt: 'x'}", 429, "Too Many Requests"),
    ("{status: 451, txt: 'x'}", 451, "Unavailable For Legal Reasons"),
    ("{status: 421, txt: 'x'}", 421, "Misdirected Request"), ("{status: 503, txt: 'x'}", 503, "Service Unavailable"),
    ("{status: 302, txt: 'x'}", 302, "Found"), ("{status: 301, txt: 'x'}", 301, "Moved Permanently"),
    ("{status: 401, txt: 'x'}", 401, "Unauthorized"), ("{status: 500, html: 'mine'}", 500, "Internal Server Error"),
    ("{status: 404, text: 'mine'}", 404, "Not Found"),
])
def test_status(server, value, status, reason):
    reply = returned(server, value)
    assert (reply.status, reply.reason) == (status, reason)
    assert reply.text in ("x", "mine")


@pytest.mark.parametrize("status", [425, 428, 431, 511, 599, 299, 420])
def test_no_code_is_called_unknown(server, status):
    reply = returned(server, f"{{status: {status}, txt: 'x'}}")
    assert reply.status == status and "UNKNOWN" not in reply.reason.upper()


@pytest.mark.parametrize("status", ["1000", "'abc'", "NaN", "99999999", "Infinity", "{}", "200.5", "101", "100"])
def test_impossible_status_does_no_harm(server, status):
    with server.connect() as connection:
        connection.get(returning(server, f"{{status: {status}, txt: 'x'}}"))
        assert connection.get("/none").status == 200


def test_404_and_nothing_else_is_the_page(server):
    reply = returned(server, "{status: 404}")
    assert (reply.status, mime(reply)) == (404, "text/html")
    assert "<h1>Not Found</h1>" in reply.text


def test_redirect_without_a_body(server):
    reply = returned(server, '{status: 302, headers: {location: "/x"}}')
    assert (reply.status, reply.headers["location"], reply.headers["Content-Length"], mime(reply)) == (302, "/x", "0",
        "text/plain")


@pytest.mark.parametrize("value", ["{status: 204}", "{status: 204, txt: 'body'}", "{status: 304, txt: 'body'}",
                                   "{status: 304}"])
def test_codes_without_a_body(server, value):
    with server.connect() as connection:
        reply = connection.get(returning(server, value))
        assert reply.status in (204, 304)
        assert "Content-Length" not in reply.headers and "Transfer-Encoding" not in reply.headers
        assert connection.get("/none").status == 200


# -- 9.4 headers


def test_header_values(server):
    reply = returned(server,
                     """{txt: "x", headers: {"Set-Cookie": ["a=1", "b=2"], "X-N": 5, "X-O": {a: 1},
                                              "X-B": true, "X-Nl": null,
                                                     "X-List": [1, {b: 2}, "s"], "X-Empty": ""}}""")
    assert reply.headers.all("Set-Cookie") == ["a=1", "b=2"]
    assert [reply.headers[name] for name in ("X-N", "X-O", "X-B", "X-Nl", "X-Empty")] == ["5", '{"a":1}', "true",
        "null", ""]
    assert reply.headers.all("X-List") == ["1", '{"b":2}', "s"]


def test_header_names_are_sent_as_spelled(server):
    reply = returned(server, '{txt: "x", headers: {"x-lower": "1", "X-uPPer": "2"}}')
    assert {"x-lower", "X-uPPer"} <= {name for name, _ in reply.headers}


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
def test_content_type_header_replaces_the_automatic_one(server, name):
    reply = returned(server, f'{{bin: "J", headers: {{"{name}": "image/jpeg"}}}}')
    assert reply.headers.all("Content-Type") == ["image/jpeg"]


@pytest.mark.parametrize("value", ['"str"', "{}", '{txt: "x"}', "{status: 204}",
                                   '{status: 302, headers: {location: "/"}}', "null"])
def test_date_is_always_there(server, value):
    date = parsedate_to_datetime(returned(server, value).headers["Date"]).timestamp()
    assert abs(date - time.time()) < 5


@pytest.mark.parametrize("name", ["date", "Date"])
def test_own_date_is_the_only_one(server, name):
    reply = returned(server, f'{{txt: "x", headers: {{"{name}": "Tue, 14 Nov 2023 22:13:20 GMT"}}}}')
    assert reply.headers.all("Date") == ["Tue, 14 Nov 2023 22:13:20 GMT"]


@pytest.mark.parametrize("header", ['"X-Bad": "a\\r\\nX-Injected: b"', '"X-Bad": "a\\nb"', '"X-Bad": "a\\rb"',
                                    '"X-Bad": "a\\u0000b"',
                                    '"X-Bad\\r\\nX-Injected": "b"', '"X-Bad: x\\r\\nX-Injected": "b"', '"X Bad": "b"',
                                    '"": "X-Bad"',
                                    '"X-Bad": ["fine", "a\\r\\nX-Injected: b"]', '"X-Bad(": "a"'])
def test_header_injection(server, header):
    before = len(server.log())
    reply = returned(server, f'{{txt: "x", headers: {{{header}, "X-Good": "kept"}}}}')
    assert (reply.status, reply.text, reply.headers["X-Good"]) == (200, "x", "kept")
    assert "X-Injected" not in reply.headers
    assert [value for name, value in reply.headers if "bad" in name.lower()] in ([], ["fine"])
    server.wait_log("X-Bad|X Bad|header")
    assert re.search("header", server.log()[before:])


def test_many_headers(server):
    reply = returned(server, '{txt: "x", headers: {"X-Many": new Array(200).join("v,").split(",")}}')
    assert len(reply.headers.all("X-Many")) == 200


@pytest.mark.parametrize("value", ['{txt: "x", headers: {"X-Big": letters(1000000)}}',
                                   '{txt: "x", headers: {"X-Many": new Array(100000).join("v,").split(",")}}'])
def test_too_much_header_is_an_error_of_the_request_only(server, value):
    assert returned(server, value).status >= 500
    assert server.get("/none").status == 200


# -- 9.5 files by "@"

ALPHA = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("value, content_type, body", [
    ('{txt: "@@DIR@/files/alpha.txt"}', "text/plain", ALPHA), ('{jpg: "@@DIR@/files/alpha.txt"}', "image/jpeg", ALPHA),
    ('"@@DIR@/files/alpha.txt"', "text/plain", ALPHA), ('{txt: "@files/alpha.txt"}', "text/plain", ALPHA),
    ('{html: "@@DIR@/files/empty.txt"}', "text/html", ""), ('{txt: "\\\\@home"}', "text/plain", "@home"),
    ('{txt: new Buffer("@home")}', "text/plain", "@home"), ('{txt: "a@home"}', "text/plain", "a@home"),
    ('{txt: "\\\\x"}', "text/plain", "\\x"), ('{txt: "a\\\\@b"}', "text/plain", "a\\@b"),
    ('{txt: "\\\\\\\\@b"}', "text/plain", "\\\\@b"),
])
def test_files(server, value, content_type, body):
    reply = returned(server, value)
    assert (reply.status, mime(reply), reply.text) == (200, content_type, body)


def test_large_file(server):
    reply = returned(server, '{bin: "@@DIR@/files/big.bin"}')
    assert (reply.headers["Content-Length"], reply.body) == ("1024000", bytes(range(256)) * 4000)


def test_file_has_one_date(server):
    assert len(returned(server, '{txt: "@@DIR@/files/alpha.txt"}').headers.all("Date")) == 1


def test_headers_come_with_a_file(server):
    reply = returned(server, '{txt: "@@DIR@/files/alpha.txt", headers: {"X-A": "b", "Content-Type": "x/y"}}')
    assert (reply.headers["X-A"], reply.headers.all("Content-Type")) == ("b", ["x/y"])


@pytest.mark.parametrize("value", ['"@/no/such/file"', '{txt: "@@DIR@/files"}', '{txt: "@"}', '{txt: "@/dev/null"}',
                                   '{txt: "@/etc/shadow"}',
                                   '{txt: "@/no/such", status: 200}', '{txt: "@@DIR@/files/alpha.txt/x"}'])
def test_files_that_cannot_be_sent(server, value):
    reply = returned(server, value)
    assert (reply.status, "<h1>Not Found</h1>" in reply.text) == (404, True)


@pytest.mark.parametrize("status, sent", [(200, 200), (201, 200), (403, 403), (500, 500), (404, 404)])
def test_status_of_a_file(server, status, sent):
    reply = returned(server, f'{{html: "@@DIR@/files/alpha.txt", status: {status}}}')
    assert (reply.status, reply.text) == (sent, ALPHA)


def test_head_of_a_file(server):
    reply = returned(server, '{txt: "@@DIR@/files/alpha.txt"}', method="HEAD")
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, "26", b"")


def test_file_behind_put(server):
    reply = returned(server, '(req.put("PRE:"), {txt: "@@DIR@/files/alpha.txt"})')
    assert (reply.text, reply.headers["Content-Length"]) == ("PRE:" + ALPHA, "30")


def test_files_on_one_connection(server):
    with server.connect() as connection:
        for name, size in (("alpha.txt", 26), ("big.bin", 1024000), ("empty.txt", 0), ("alpha.txt", 26)):
            assert len(connection.get(returning(server, f'{{bin: "@@DIR@/files/{name}"}}')).body) == size


# -- 9.8 to 9.9


@pytest.mark.parametrize("value, body", [('(req.put("zz"), {txt: " a"})', "zz a"),
                                         ('(req.printf("%d,", 5), "x")', "5,x"),
                                         ('(req.put("only"), undefined)', "only"),
                                         ('(req.put("only"), {html: null})', "only"), ('(req.put("n"), 5)', "n5"),
                                         ('(req.put("b"), new Buffer("uf"))', "buf"),
                                         ('(req.put("s"), {status: 201})', "s")])
def test_put_data_comes_first(server, value, body):
    assert returned(server, value).text == body


def test_put_data_and_only_404(server):
    assert returned(server, '(req.put("mine"), {status: 404})').status == 404


@pytest.mark.parametrize("value, length", [('"12345"', "5"), ('(req.put("12"), {txt: "345"})', "5"), ("null", "0"),
                                           ('{json: {a: 1}}', "7"), ('"größe"', "7")])
def test_head(server, value, length):
    reply = returned(server, value, method="HEAD")
    assert (reply.headers["Content-Length"], reply.body) == (length, b"")


@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 1_000_000, 10_000_000])
def test_sizes(server, size):
    reply = returned(server, f"{{bin: rampart.utils.stringToBuffer(letters({size}))}}")
    assert reply.body == b"a" * size


# A pair of surrogates, a letter and the raw byte FF: the pair is joined, the rest stays (runtime-api 0).
RAW = r'"\ud83d\ude00" + rampart.utils.sprintf("A%s", rampart.utils.dehexify("ff"))'


@pytest.mark.parametrize("value", [f"{{text: {RAW}}}", f"{{html: {RAW}}}", f"{{bin: {RAW}}}", RAW,
                                   f"(req.put({RAW}), {{text: ''}})", f"(req.printf('%s', {RAW}), {{text: ''}})"])
def test_pairs_are_joined_beside_raw_bytes(server, value):
    assert returned(server, value).body == b"\xf0\x9f\x98\x80A\xff"
