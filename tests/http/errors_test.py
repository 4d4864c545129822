"""Script errors, built-in pages and the error log (server-details 13)."""

import re

import pytest

APP = """var server = require("rampart-server"), long_text = "x", forged = "01/Jan/2000:00:00:00 +0000 forged";
function thrower() {
    throw new TypeError("boom <b>&\\"'");     // line 3
}
while (long_text.length < 1000000) long_text += long_text;
server.start({
    bind: "127.0.0.1:@PORT@", user: "@USER@", scriptTimeout: 0.4, threads: 2, @MODE@
    map: {
        "/throws": function (req) {
            thrower();                        // line 10
        },
        "/string": function () { throw "just a string"; },
        "/object": function () { throw {a: 1}; },
        "/undefined": function () { throw undefined; },
        "/null": function () { throw null; },
        "/number": function () { throw 42; },
        "/reference": function () { return no_such_variable; },
        "/array": function () { return [1]; },
        "/odd": function () { var e = new Error("x"); e.stack = 5; e.message = {}; e.name = null; throw e; },
        "/getter": function () { throw {get stack() { throw Error("inner"); }, toString: function () { throw 1; }}; },
        "/proxy": function () { return {get txt() { throw new Error("in a getter"); }}; },
        "/tojson": function () { return {json: {toJSON: function () { throw new Error("in toJSON"); }}}; },
        "/long": function () { throw new Error(long_text); },
        "/deep": function f(n) { return f(n) + 1; },
        "/utf": function () { throw new Error("größe 日"); },
        "/lines": function () { throw new Error("first\\nsecond"); },
        "/eternal": function () { while (true); },
        "/native": function () { rampart.utils.sleep(60); },
        "/mod": {module: "broken"}, "/modload": {module: "throws_at_load"}, "/modrun": {module: "throws_at_run"},
        "/regex-broken": {module: "no_such_require"},
        "/forge": function () {
            var r = {txt: "", headers: {}};
            r.headers["X-Bad\\n" + forged] = r["key\\n" + forged] = 1;
            return r;
        },
        "/fine": function () { return {txt: "fine"}; },
        "~^/re[0-9]": function () { throw new Error("of a regular expression"); },
        "/files/": "@DIR@/files"
    }
});
"""
FILES = {"broken.js": "var a = 1;\nvar b = ;\n", "throws_at_load.js": "\n\nthrow new Error('at load');\n",
         "throws_at_run.js": "module.exports = function () {\n\n\n  throw new Error('at run');\n};\n",
         "no_such_require.js": "require('nonexistent_module_name');", "files/bare/a.txt": "x"}


def make(shared_site, mode):
    from support.site import IS_ROOT

    text = APP.replace("@MODE@", mode)
    return shared_site(text if IS_ROOT else text.replace('user: "@USER@",', ""), files=FILES)


@pytest.fixture(scope="module")
def developer(shared_site):
    return make(shared_site, "developerMode: true,")


@pytest.fixture(scope="module")
def server(shared_site):
    return make(shared_site, "")


ERRORS = ["/throws", "/string", "/object", "/undefined", "/null", "/number", "/reference", "/array", "/odd", "/getter",
          "/proxy",
          "/long", "/deep", "/utf", "/lines", "/mod", "/modload", "/modrun", "/regex-broken", "/re1"]


@pytest.mark.parametrize("path", ERRORS)
def test_error_in_developer_mode(developer, path):
    reply = developer.get(path)
    assert (reply.status, len(reply.headers.all("Content-Type"))) == (500, 1)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "<title>500 Internal Server Error</title>" in reply.text and "<h1>Internal Server Error</h1>" in reply.text
    assert "<pre>" in reply.text
    assert developer.get("/fine").text == "fine"


@pytest.mark.parametrize("path", ERRORS)
def test_error_outside_developer_mode(server, path):
    reply = server.get(path)
    assert (reply.status, len(reply.headers.all("Content-Type"))) == (404, 1)
    assert "<title>404 Not Found</title>" in reply.text and "<h1>Not Found</h1>" in reply.text
    assert "<pre>" not in reply.text and "boom" not in reply.text
    assert server.get("/fine").text == "fine"


@pytest.mark.parametrize("path, texts", [
    ("/throws", ["TypeError: boom", "app.js:3", "app.js:10", "thrower"]), ("/string", ["just a string"]),
    ("/reference", ["ReferenceError", "no_such_variable", "app.js:17"]), ("/number", ["42"]), ("/utf", ["größe 日"]),
    ("/array", ["Array"]), ("/lines", ["first\nsecond"]), ("/mod", ["SyntaxError", "broken.js", "line 2"]),
    ("/modload", ["Error: at load", "throws_at_load.js:3"]), ("/modrun", ["Error: at run", "throws_at_run.js:4"]),
    ("/regex-broken", ["nonexistent_module_name"]), ("/proxy", ["in a getter"]),
])
def test_page_shows_message_and_place(developer, path, texts):
    page = developer.get(path).text
    assert [text for text in texts if text not in page] == []


def test_page_is_escaped(developer):
    page = developer.get("/throws").text
    assert "boom &lt;b&gt;&amp;" in page and "<b>" not in page


@pytest.mark.parametrize("path, first", [("/throws", "callback"), ("/modload", "throws_at_load"),
                                         ("/modrun", "throws_at_run"),
                                         ("/re1", "callback")])
def test_first_line_says_where(developer, path, first):
    """"In the callback" or the module; then the error; then the stack."""
    text = developer.get(path).text.split("<pre>")[1].split("</pre>")[0].strip().splitlines()
    assert first in text[0]
    assert "Error: " in text[1]
    assert text[2].strip().startswith("at ")


@pytest.mark.parametrize("which", ["server", "developer"])
def test_log_has_the_same_text(which, request):
    s = request.getfixturevalue(which)
    before = len(s.log())
    s.get("/throws")
    s.wait_log(r"thrower.*app\.js:3")
    text = s.log()[before:]
    assert re.search(r"^\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4} ", text)
    assert 'TypeError: boom <b>&"\'' in text and "app.js:10" in text


@pytest.mark.parametrize("which", ["server", "developer"])
@pytest.mark.parametrize("path", ["/eternal", "/native"])
def test_timeout(which, path, request):
    s = request.getfixturevalue(which)
    reply = s.get(path)
    assert (reply.status, "<h1>Internal Server Error</h1>" in reply.text) == (500, True)
    assert s.get("/fine").text == "fine"
    assert s.wait_log(path)


def test_timeout_log_has_the_line_that_hangs(developer):
    developer.get("/eternal")
    assert developer.wait_log(r"app\.js:27")


def test_stack_overflow_is_an_error_like_another(developer):
    assert "RangeError" in developer.get("/deep").text


def test_log_lines_cannot_be_forged(developer):
    developer.get("/forge")
    developer.wait_log("X-Bad")
    developer.wait_log("key")
    assert [line for line in developer.log().splitlines() if line.startswith("01/Jan/2000")] == []


def test_error_in_to_json(developer):
    """Either an error, or the object with an "error" key that 9.2 has for what cannot be encoded."""
    reply = developer.get("/tojson")
    assert "in toJSON" in reply.text and reply.status in (200, 500)


def test_own_page_is_not_replaced(site):
    s = site(map='{"/x": function () { return {status: 500, html: "mine"}; }}')
    reply = s.get("/x")
    assert (reply.status, reply.text) == (500, "mine")


# -- the built-in pages

PAGES = [
    (b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 Not Found", "Not Found"),
    (b"GET /files/nope HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 Not Found", "Not Found"),
    (b"GET /files/bare/ HTTP/1.1\r\nHost: x\r\n\r\n", 403, "403 Forbidden", "Forbidden"),
    (b"POST /files/bare/a.txt HTTP/1.1\r\nHost: x\r\n\r\n", 405, "405 Method Not Allowed", "Method Not Allowed"),
    (b"GET /../x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "400 Bad Request", "Bad Request"),
    (b"GET /x HTTP/1.1\r\n\r\n", 400, "400 Bad Request", "Bad Request"),
    (b"nonsense\r\n\r\n", 400, "400 Bad Request", "Bad Request"),
]


@pytest.mark.parametrize("raw, status, title, heading", PAGES)
def test_built_in_pages(server, raw, status, title, heading):
    reply = server.raw(raw, responses=1)[0]
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (status, "text/html")
    assert f"<title>{title}</title>" in reply.text
    assert reply.text.count("<h1>") == 1 and f"<h1>{heading}</h1>" in reply.text
    assert reply.text.count("<p>") == 1
    assert "Date" in reply.headers


@pytest.mark.parametrize("path", ["/%3Cscript%3Ealert(1)%3C/script%3E", "/<script>alert(1)</script>",
                                  "/files/<script>alert(1)</script>",
                                  '/"><script>alert(1)</script>'])
def test_pages_do_not_repeat_the_request(server, path):
    reply = server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), responses=1)[0]
    assert "<script>" not in reply.text
