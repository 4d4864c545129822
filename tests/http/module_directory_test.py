"""{modulePath: ...}: from a path to a module and its function (server-details 3.7, 3.8), and {module: ...} (3.6)."""

import pytest

MULTI = """module.exports = {
    "/": say("root"), "/index.html": say("index"), "page2.html": say("page2"), "/virt/page3.html": say("page3"),
    short: say("short"), "/both": say("with slash"), "both": say("without slash"),
    "/star/*": say("star"), "noslash*": say("noslash star"), "/star/longer/*": say("never"),
    "/number": 5, "/string": "x", "toString": say("own toString")
};
function say(text) { return function (req) { return {txt: text + " " + req.path.path}; }; }
"""
FILES = {
    "scripts/one.js": "module.exports = function (req) { return {txt: 'one'}; };",
    "scripts/multi.js": MULTI,
    "scripts/deep/two.js": "module.exports = function (req) { return {txt: 'two'}; };",
    "scripts/deep/deeper/three.js": "module.exports = function (req) { return {txt: 'three'}; };",
    "scripts/a.js": "module.exports = function (req) { return {txt: 'a'}; };",
    "scripts/a/b.js": "module.exports = function (req) { return {txt: 'a/b'}; };",
    "scripts/plain": "module.exports = function (req) { return {txt: 'no extension'}; };",
    "scripts/dotted.name.js": "module.exports = function (req) { return {txt: 'dotted'}; };",
    "scripts/with blank.js": "module.exports = function (req) { return {txt: 'blank'}; };",
    "scripts/bad.js": "module.exports = function (req) {",
    "scripts/throws.js": "throw new Error('at load');",
    "scripts/string.js": "module.exports = 'a string';",
    "scripts/nothing.js": "var x = 1;",
    "scripts/html.js": "module.exports = function (req) { return {html: '<p>html'}; };",
    "scripts/exports.js": "exports.x = function () { return {txt: 'exports.x'}; };",
    "outside.js": "module.exports = function (req) { return {txt: 'outside'}; };",
    "whole.js": MULTI,
    "nothing.js": "var x = 1;",
    "number.js": "module.exports = 42;",
    "fn.js": "module.exports = function (req) { return {txt: 'fn ' + req.path.path}; };",
}
MAP = """{
    "/apps/": {modulePath: "@DIR@/scripts"},
    "/whole/": {module: "whole"},
    "/noslash": {module: "whole"},
    "/fn/": {module: "fn"},
    "/abs": {module: "@DIR@/fn.js"},
    "/missing": {module: "no/such/module"},
    "/nothing": {module: "nothing"},
    "/number": {module: "number"},
    "/glob*": {module: "whole"},
    "~^/regex": {module: "whole"},
    "/later/": {modulePath: "@DIR@/not-yet"}
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, files=FILES, options="developerMode: true, threads: 1")


def answer(server, path):
    reply = server.get(path)
    return reply.text if reply.status == 200 else reply.status


@pytest.mark.parametrize("path, expected", [
    ("/apps/one", "one"), ("/apps/one.html", "one"), ("/apps/one.json", "one"), ("/apps/one/", "one"),
    ("/apps/one.js", "one"), ("/apps/one.html?x=1", "one"), ("/apps/one/more.html", "one"),
    ("/apps/one/more/and/more", "one"),
    ("/apps/deep/two.html", "two"), ("/apps/deep/two", "two"), ("/apps/deep/deeper/three.txt", "three"),
    ("/apps/a.html", "a"), ("/apps/a/b.html", "a/b"), ("/apps/a/c.html", "a"), ("/apps/a/", "a"),
    ("/apps/a/b/c/d", "a/b"),
    ("/apps/plain", "no extension"), ("/apps/plain.html", "no extension"), ("/apps/dotted.name.html", "dotted"),
    ("/apps/", 404), ("/apps/deep/", 404), ("/apps/deep", 404), ("/apps/nope.html", 404), ("/apps/nope/one.html", 404),
    ("/apps/deep/nope.html", 404), ("/apps/ONE.html", 404), ("/apps", 404),
    ("/apps/.html", 404), ("/apps/..html", 404), ("/apps/%6fne.html", 404),
    ("/apps/bad.html", 500), ("/apps/throws.html", 500), ("/apps/string.html", 404), ("/apps/nothing.html", 404),
])
def test_path_to_module(server, path, expected):
    assert answer(server, path) == expected


@pytest.mark.parametrize("path, expected", [
    ("/apps/multi/", "root /apps/multi/"), ("/apps/multi", 404), ("/apps/multi.html", 404),
    ("/apps/multi/index.html", "index /apps/multi/index.html"),
    ("/apps/multi/page2.html", "page2 /apps/multi/page2.html"),
    ("/apps/multi/virt/page3.html", "page3 /apps/multi/virt/page3.html"), ("/apps/multi/virt/", 404),
    ("/apps/multi/short", "short /apps/multi/short"), ("/apps/multi/short.html", 404), ("/apps/multi/nope", 404),
    ("/apps/multi/both", "with slash /apps/multi/both"),
    ("/apps/multi/star/x/y", "star /apps/multi/star/x/y"), ("/apps/multi/star/", "star /apps/multi/star/"),
    ("/apps/multi/star/longer/x", "star /apps/multi/star/longer/x"), ("/apps/multi/star", 404),
    ("/apps/multi/noslash-and-more", "noslash star /apps/multi/noslash-and-more"),
    ("/apps/multi/toString", "own toString /apps/multi/toString"),
    ("/apps/multi/valueOf", 404), ("/apps/multi/hasOwnProperty", 404), ("/apps/multi/__proto__", 404),
    ("/apps/multi/number", 500), ("/apps/multi/string", 500),
    ("/apps/exports/x", "exports.x"), ("/apps/exports/x.html", 404),
])
def test_objects_of_functions(server, path, expected):
    assert answer(server, path) == expected


@pytest.mark.parametrize("path, expected", [
    ("/whole/", "root /whole/"), ("/whole/index.html", "index /whole/index.html"),
    ("/whole/virt/page3.html", "page3 /whole/virt/page3.html"), ("/whole/nope", 404), ("/whole", 404),
    ("/noslash", 404),
    ("/fn/", "fn /fn/"), ("/fn/a/b", "fn /fn/a/b"), ("/abs", "fn /abs"),
    ("/globx/short", "short /globx/short"), ("/globx/y/page2.html", "page2 /globx/y/page2.html"),
    ("/regex/a/short", "short /regex/a/short"), ("/regex/virt/page3.html", 404),
    ("/missing", 404), ("/nothing", 404), ("/number", 404),
])
def test_single_module(server, path, expected):
    assert answer(server, path) == expected


@pytest.mark.parametrize("path, module", [("/number", "number"), ("/nothing", "nothing"),
                                          ("/apps/string.html", "string")])
def test_module_without_a_function_is_logged(server, path, module):
    server.get(path)
    assert server.wait_log(rf"\b{module}\b")


def test_extension_of_the_url_does_not_select_the_type(server):
    assert server.get("/apps/html.txt").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/apps/../outside.html", "/apps/%2e%2e/outside.html", "/apps/..%2foutside.html",
                                  "/apps/one/../../../outside.html", "/apps/deep/..%2f..%2f..%2foutside",
                                  "/apps//outside",
                                  "/apps/%2e%2e%2foutside", "/apps/one%00", "/apps/%00", "/apps/./../outside"])
def test_no_module_outside_the_folder_runs(server, path):
    reply = server.get(path)
    assert "outside" not in reply.text or reply.status != 200
    assert reply.status in (400, 404)


def test_folder_may_appear_after_the_start(server):
    assert server.get("/later/new.html").status == 404
    server.write("not-yet/new.js", "module.exports = function () { return {txt: 'new'}; };")
    assert server.get("/later/new.html").text == "new"


def test_longest_file_is_looked_for_at_every_request(server):
    """The original asks its cache first and goes on running a.js although a/b.js has come."""
    server.write("scripts/late.js", "module.exports = function () { return {txt: 'short'}; };")
    assert server.get("/apps/late/more.html").text == "short"
    server.write("scripts/late/more.js", "module.exports = function () { return {txt: 'long'}; };")
    assert server.get("/apps/late/more.html").text == "long"
    (server.dir / "scripts/late/more.js").unlink()
    assert server.get("/apps/late/more.html").text == "short"


def test_module_path_is_relative_to_the_script(site):
    """Not to the working directory, unlike directories of files."""
    s = site(map='{"/apps/": {modulePath: "scripts"}, "/dot/": {modulePath: "./scripts/"}}', start=False,
             files={"scripts/one.js": "module.exports = function () { return 'one'; };"})
    s.command[-1] = str(s.dir / "app.js")
    s.cwd = str(s.data)
    s.start()
    assert (s.get("/apps/one").text, s.get("/dot/one").text) == ("one", "one")
