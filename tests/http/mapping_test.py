"""Keys of the map and which route a path belongs to (server-details 3.1 to 3.5)."""

import pytest

# Every function says which key it belongs to. One map holds all cases; each has a corner of the path space of its own.
KEYS = """{
    "slashless.html": says("slashless"),
    "/exact": says("exact"),
    "/dirfn/": says("dirfn"),
    "/fx/index.html": says("fx index"),
    "/both/index.html": says("both index"), "/both/": says("both"),
    "~/re[0-9]+\\\\.txt$": says("regex"),
    "~^/anch/[a-z]+$": says("anchored"),
    "~(?i)/CASELESS$": says("caseless"),
    "~/look(?!ing)": says("lookahead"),
    "~/f\\u00fcr$": says("utf"),
    "/gl*b/x.html": says("glob"),
    "/tail/*": says("tail"),
    "/two*/*.end": says("two stars"),
    "*/star.html": says("star first"),
    "/lit\\\\*eral": says("literal star"),
    "/quest?on": says("question mark"),
    "/brack[et]": says("bracket"),
    "/dot.html": says("dot"),
    "/global": global_function,
    "/closure": make_closure("kept"),
    "/mod": {module: "mod"},
    "/mod/": {module: "./mod.js"},
    "~/regmod[0-9]$": {module: "mod"},
    "/globmod/*": {module: "mod"},
    "/apps": {modulePath: "apps"},
    "/apps-slash/": {modulePath: "@DIR@/apps/"},
    "/files": "@DIR@/files",
    "/slashed-files/": {path: "@DIR@/files/"},
    "/file.html": "@DIR@/files",
    "/st\\\\*r": "@DIR@/files"
}"""
BEFORE = """
function says(text) { return function (req) { return {txt: text}; }; }
function global_function() { return {txt: "global " + shown_by_global}; }
function make_closure(text) { return function () { return {txt: "closure " + text}; }; }
var shown_by_global = "variable";
"""
FILES = {
    "mod.js": "module.exports = function (req) { return {txt: 'module ' + req.path.path}; };",
    "apps/one.js": "module.exports = function () { return {txt: 'one'}; };",
    "files/a.txt": "file a", "files/reg/x.html": "file", "files/dot.html": "file dot",
}


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=KEYS, before=BEFORE, files=FILES)


def answer(server, path):
    """The text of a 200 reply, else the status. The path goes out as it is."""
    reply = server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), responses=1)[0]
    return reply.text if reply.status == 200 else reply.status


@pytest.mark.parametrize("path, expected", [
    ("/slashless.html", "slashless"), ("/slashless.html/", 404),
    ("/exact", "exact"), ("/exact/", 404), ("/exact?q=1", "exact"), ("/exac", 404), ("/exactly", 404), ("/Exact", 404),
    ("/dirfn/", "dirfn"), ("/dirfn/a/b.html", "dirfn"), ("/dirfn", 404), ("/dirfn/?q", "dirfn"),
    ("/fx/index.html", "fx index"), ("/fx/", "fx index"), ("/fx", 404), ("/fx/other.html", 404),
    ("/both/index.html", "both index"), ("/both/", "both"), ("/both/other", "both"), ("/both", 404),
    ("/re1.txt", "regex"), ("/deep/re42.txt", "regex"), ("/re.txt", 404), ("/re1.txt.bak", 404), ("/re1xtxt", 404),
    ("/anch/abc", "anchored"), ("/x/anch/abc", 404), ("/anch/abc1", 404),
    ("/any/caseless", "caseless"), ("/CaseLess", "caseless"),
    ("/look", "lookahead"), ("/looking", 404),
    ("/glob/x.html", "glob"), ("/glb/x.html", "glob"), ("/gl/a/b/x.html", "glob"), ("/glob/y/x.html", 404),
    ("/glob/x.html5", 404), ("/deep/glob/x.html", 404),
    ("/tail/", "tail"), ("/tail/a", "tail"), ("/tail/a/b/c", "tail"), ("/tail", 404),
    ("/two/.end", "two stars"), ("/twofold/x/y.end", "two stars"), ("/two.end", 404),
    ("/star.html", "star first"), ("/a/b/star.html", "star first"), ("/star.html/", 404),
    ("/lit*eral", "literal star"), ("/litXeral", 404), ("/lit\\*eral", 404),
    ("/quest?on", 404), ("/brack[et]", "bracket"), ("/bracke", 404),
    ("/dot.html", "dot"), ("/dotxhtml", 404),
    ("/global", "global variable"), ("/closure", "closure kept"),
    ("/mod", "module /mod"), ("/mod/", "module /mod/"), ("/mod/below/it", "module /mod/below/it"), ("/modx", 404),
    ("/regmod7", "module /regmod7"), ("/globmod/x", "module /globmod/x"),
    ("/apps/one.html", "one"), ("/apps-slash/one.html", "one"), ("/apps", 404), ("/appsone.html", 404),
    ("/files/a.txt", "file a"), ("/slashed-files/a.txt", "file a"), ("/files/b.txt", 404), ("/filesa.txt", 404),
    ("/file.html/a.txt", "file a"), ("/file.html/", 403), ("/file.html", 404), ("/st*r/a.txt", "file a"),
    ("/", 404), ("/nowhere", 404),
])
def test_keys(server, path, expected):
    assert answer(server, path) == expected


@pytest.mark.parametrize("path", ["/%65xact", "/exac%74", "/dirf%6e/", "/%72e1.txt", "/tai%6c/x", "/%6dod"])
def test_keys_are_compared_with_the_raw_path(server, path):
    assert answer(server, path) == 404


@pytest.mark.parametrize("path, expected", [("/x/../exact", "exact"), ("/x/%2e%2e/exact", "exact"),
                                            ("/dirfn/../exact", "exact"),
                                            ("/./exact", "exact"), ("//exact", "exact"), ("/dirfn/..", 404),
                                            ("/apps/../mod", "module /apps/../mod"), ("/..", 400), ("/../exact", 400)])
def test_dot_segments_are_removed_before_matching(server, path, expected):
    assert answer(server, path) == expected


# -- which of several matching routes wins

PRIORITIES = """{
    "/e/a.html": says("exact"), "~^/e/": says("regex"), "/e/*": says("glob"),
    "/r/*": says("glob"), "~^/r/[0-9]": says("regex"),
    "/p/": says("prefix"), "/p/q/": says("longer prefix"), "/p/q": says("exact"), "/p/q/exact": says("long exact"),
    "~^/p/": says("regex never"), "/p/*": says("glob never"),
    "~/lr": says("short regex"), "~/lr.*z": says("long regex"), "~/lrz+$$": says("middle"),
    "/lg*": says("short glob"), "/lg*z": says("long glob"),
    "/d/": "@DIR@/files", "~^/d/reg/": says("regex over directory"), "/d/*/g.html": says("glob over directory"),
    "/d/fn.txt": says("exact over directory"), "/d/sub/": says("prefix over directory"), "/d/deep/": "@DIR@/other",
    "/e2/": "@DIR@/files", "/e2/a.txt": says("exact is longer"),
    "zz/a.txt": says("slashless"), "/zz/": "@DIR@/files",
    "/": "@DIR@/root"
}"""
PRIORITY_FILES = {"files/reg/x.html": "file", "files/q/g.html": "file", "files/a.txt": "file a", "files/fn.txt": "file",
                  "files/sub/a.txt": "file", "files/deep/a.txt": "file", "other/a.txt": "other a",
                  "root/a.txt": "root a",
                  "root/lonely.html": "root lonely"}


@pytest.fixture(scope="module")
def priorities(shared_site):
    return shared_site(map=PRIORITIES, before=BEFORE, files=PRIORITY_FILES)


@pytest.mark.parametrize("path, expected", [
    ("/e/a.html", "exact"), ("/e/b.html", "regex"), ("/r/5", "regex"), ("/r/x", "glob"),
    ("/p/x", "prefix"), ("/p/q", "exact"), ("/p/q/", "longer prefix"), ("/p/q/x", "longer prefix"),
    ("/p/q/exact", "long exact"),
    ("/lraz", "long regex"), ("/lra", "short regex"), ("/lrz", "middle"), ("/lgaz", "long glob"),
    ("/lga", "short glob"),
    ("/d/a.txt", "file a"), ("/d/reg/x.html", "regex over directory"), ("/d/q/g.html", "glob over directory"),
    ("/d/fn.txt", "exact over directory"), ("/d/sub/a.txt", "prefix over directory"), ("/d/deep/a.txt", "other a"),
    ("/e2/a.txt", "exact is longer"), ("/zz/a.txt", "slashless"),
    ("/a.txt", "root a"), ("/lonely.html", "root lonely"), ("/d/lonely.html", 404),
])
def test_priorities(priorities, path, expected):
    assert answer(priorities, path) == expected


UNSORTED = """{
    "~/u": says("first regex"), "~/un.*z": says("second regex"),
    "/gu*": says("never, for a regex comes before a glob"),
    "/v*": says("first glob"), "/v*z": says("second glob"),
    "/w/": says("first prefix"), "/w/x/": says("second prefix"), "/w/x/y": says("third exact"),
    "/y/x/": says("first"), "/y/": says("second"),
    "/f/": "@DIR@/files", "/f/a.txt": says("behind the directory")
}"""


@pytest.mark.parametrize("path, expected", [
    ("/unz", "first regex"), ("/gu/u", "first regex"), ("/vz", "first glob"), ("/w/x/y", "first prefix"),
    ("/y/x/z", "first"), ("/y/z", "second"), ("/f/a.txt", "file a"),
])
def test_map_sort_false_keeps_the_order_given(unsorted, path, expected):
    assert answer(unsorted, path) == expected


@pytest.fixture(scope="module")
def unsorted(shared_site):
    return shared_site(map=UNSORTED, before=BEFORE, files=PRIORITY_FILES, options="mapSort: false")


def test_no_route_matches(server):
    """The original answers with an empty body."""
    reply = server.get("/nowhere")
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (404, "text/html")
    assert "<title>404 Not Found</title>" in reply.text and "<h1>Not Found</h1>" in reply.text


def test_function_is_called_with_one_req(site):
    s = site(map="""{"/x": function (req) {
        return {json: {arguments: arguments.length, is_this: this === req, type: typeof req}}; }}""")
    assert s.get("/x").json() == {"arguments": 1, "is_this": False, "type": "object"}


def test_websocket_keys_do_not_answer_plain_requests(site):
    s = site(map="""{"ws:/chat": function () { return "x"; }, "ws://apps/": {modulePath: "apps"},
                     "/hello": function () { return "hello"; }}""")
    assert (s.get("/chat").status, s.get("/apps/x").status, s.get("/hello").text) == (404, 404, "hello")
