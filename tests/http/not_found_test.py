"""notFoundFunc (server-details 3.9): when it runs, with which status, and what happens when it fails."""

import pytest

MAP = """{
    "/fine": function () { return {txt: "fine"}; },
    "/only-status": function () { return {status: 404}; },
    "/own-404": function () { return {status: 404, text: "mine"}; },
    "/empty-404": function () { return {status: 404, text: ""}; },
    "/missing-at": function () { return {txt: "@/no/such/file"}; },
    "/throws": function () { throw new Error("boom <b>"); },
    "/array": function () { return [1, 2]; },
    "/timeout": function () { while (true); },
    "/status-500": function () { return {status: 500, html: "mine"}; },
    "/missing-module": {module: "no_such_module"},
    "/bad-module": {module: "bad"},
    "/apps/": {modulePath: "@DIR@/apps"},
    "/files/": "@DIR@/files"
}"""
FILES = {"bad.js": "module.exports = function (", "apps/m.js": "module.exports = {'/x': function () { return 'x'; }};",
         "files/a.txt": "file a", "files/bare/a.txt": "a"}
SHOW = """function (req) { return {json: {path: req.path.path, method: req.method, query: req.query,
    errMsg: req.errMsg === undefined ? "none" : req.errMsg, body: rampart.utils.bufferToString(req.body)}}; }"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, files=FILES, options=f"notFoundFunc: {SHOW}, scriptTimeout: 2, threads: 2")


@pytest.fixture(scope="module")
def developer(shared_site):
    return shared_site(map=MAP, files=FILES, options=f"notFoundFunc: {SHOW}, scriptTimeout: 2, developerMode: true")


MISSING = ["/nowhere", "/", "/only-status", "/missing-at", "/missing-module", "/apps/", "/apps/nope.html",
           "/apps/m/nope",
           "/files/nope", "/files/a.txt/", "/files/nope/"]
FAILING = ["/throws", "/array", "/bad-module"]


@pytest.mark.parametrize("path", MISSING)
def test_runs_for_what_is_missing(server, path):
    reply = server.get(path)
    assert reply.status == 404
    assert (reply.json()["path"], reply.json()["errMsg"]) == (path, "none")


@pytest.mark.parametrize("path", MISSING)
def test_runs_in_developer_mode_too(developer, path):
    assert developer.get(path).json()["errMsg"] == "none"


@pytest.mark.parametrize("path", FAILING)
def test_runs_for_errors_outside_developer_mode(server, path):
    reply = server.get(path)
    assert reply.status == 404
    assert reply.json()["errMsg"] != "none"


def test_error_message_is_in_errmsg(server):
    message = server.get("/throws").json()["errMsg"]
    assert "Error: boom <b>" in message and "app.js:" in message


@pytest.mark.parametrize("path", FAILING)
def test_does_not_run_for_errors_in_developer_mode(developer, path):
    reply = developer.get(path)
    assert reply.status == 500
    assert "errMsg" not in reply.text


@pytest.mark.parametrize("which", ["server", "developer"])
def test_timeout_is_500_in_every_mode(which, request):
    """The manual, scriptTimeout: a 500 message; server-details 13.2 would have a 404."""
    assert request.getfixturevalue(which).get("/timeout").status == 500


@pytest.mark.parametrize("path, status, text", [("/fine", 200, "fine"), ("/own-404", 404, "mine"),
                                                ("/status-500", 500, "mine"), ("/files/a.txt", 200, "file a")])
def test_does_not_run_otherwise(server, path, status, text):
    reply = server.get(path)
    assert (reply.status, reply.text) == (status, text)


def test_404_with_an_empty_text_is_a_reply(server):
    reply = server.get("/empty-404")
    assert (reply.status, reply.body) == (404, b"")


def test_does_not_run_for_forbidden_directories(server):
    assert server.get("/files/bare/").status == 403


def test_does_not_run_for_other_methods_on_files(server):
    assert server.post("/files/a.txt", b"x").status == 405


def test_gets_the_whole_request(server):
    shown = server.post("/nowhere?a=1", b"body").json()
    assert (shown["method"], shown["query"], shown["body"]) == ("POST", {"a": "1"}, "body")


def test_gets_a_large_body(server):
    assert server.post("/nowhere", b"x" * 100_000).json()["body"] == "x" * 100_000


def test_head(server):
    reply = server.request("HEAD", "/nowhere")
    assert (reply.status, reply.body) == (404, b"")


# -- forms and failures


def with_function(site, function, options="", **more):
    return site(map=MAP, files={**FILES, **more.pop("files", {})}, options=f"notFoundFunc: {function}, {options}",
                **more)


def test_explicit_status_wins(site):
    s = with_function(site, 'function () { return {status: 200, txt: "all is well"}; }')
    reply = s.get("/nowhere")
    assert (reply.status, reply.text) == (200, "all is well")


@pytest.mark.parametrize("returned, text", [('"plain"', "plain"), ('{html: "<p>"}', "<p>"), ("undefined", ""),
                                            ('{text: "x", headers: {"X-A": "b"}}', "x")])
def test_default_status_is_404(site, returned, text):
    reply = with_function(site, f"function () {{ return {returned}; }}").get("/nowhere")
    assert (reply.status, reply.text) == (404, text)


def test_redirect(site):
    reply = with_function(site, 'function () { return {status: 302, headers: {location: "/home"}}; }').get("/nowhere")
    assert (reply.status, reply.headers["Location"]) == (302, "/home")


@pytest.mark.parametrize("function, trace", [('function () { throw new Error("not found failed"); }',
                                              "not found failed"),
                                             ("function () { return [1]; }", "Array")])
def test_that_fails_itself_gives_the_built_in_page(site, function, trace):
    s = with_function(site, function)
    reply = s.get("/nowhere")
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (404, "text/html")
    assert "<h1>Not Found</h1>" in reply.text
    assert len(s.wait_log(trace)) == 1


def test_that_returns_only_404_gives_the_built_in_page(site):
    reply = with_function(site, "function () { return {status: 404}; }").get("/nowhere")
    assert (reply.status, "<h1>Not Found</h1>" in reply.text) == (404, True)


def test_that_names_a_missing_file_gives_the_built_in_page(site):
    reply = with_function(site, 'function () { return {txt: "@/no/such/file"}; }').get("/nowhere")
    assert (reply.status, "<h1>Not Found</h1>" in reply.text) == (404, True)


def test_that_never_ends(site):
    s = with_function(site, "function () { while (true); }", "scriptTimeout: 0.3")
    assert s.get("/nowhere").status == 500
    assert s.get("/fine").text == "fine"


def test_as_a_module(site):
    s = with_function(site, '{module: "nf"}', files={"nf.js": "module.exports = function () { return {txt: 'v1'}; };"})
    assert (s.get("/nowhere").status, s.get("/nowhere").text) == (404, "v1")
    s.write("nf.js", "module.exports = function () { return {txt: 'changed'}; };")
    assert s.get("/nowhere").text == "changed"


@pytest.mark.parametrize("files", [{}, {"nf.js": "}"}, {"nf.js": "module.exports = 1;"}])
def test_as_a_module_that_does_not_work(site, files):
    reply = with_function(site, '{module: "nf"}', files=files).get("/nowhere")
    assert (reply.status, "<h1>Not Found</h1>" in reply.text) == (404, True)


def test_uses_put_and_printf(site):
    s = with_function(site, 'function (req) { req.printf("%s was ", req.path.file); return {txt: "not found"}; }')
    assert s.get("/nowhere").text == "nowhere was not found"


def test_output_of_the_failed_function_is_not_shown(site):
    """What a function put before it threw does not belong to the page that is sent instead."""
    s = site(map='{"/x": function (req) { req.put("half"); throw new Error("x"); }}',
             options='notFoundFunc: function () { return {txt: "nf"}; }')
    assert s.get("/x").text == "nf"
