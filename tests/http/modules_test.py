"""Modules: how they are found, and that changes are seen at the next request (server-details 4)."""

import os

import pytest

from support.timing import wait_until

OPTIONS = "developerMode: true, threads: 2"
MAP = '{"/apps/": {modulePath: "@DIR@/apps"}, "/mod": {module: "mod"}, "/coming": {module: "coming"}}'


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP,
                       files={"mod.js": says("mod"), "apps/hello.js": says("hello")}, options=OPTIONS)


def says(text):
    return f"module.exports = function (req) {{ return {{txt: {text!r}}}; }};"


def assert_always(server, path, text):
    """Whichever worker answers."""
    for _ in range(6):
        reply = server.get(path)
        assert (reply.status, reply.text) == (200, text)


@pytest.mark.parametrize("name, path", [("apps/changing.js", "/apps/changing.html"), ("mod.js", "/mod")])
def test_change_is_seen_at_the_next_request(server, name, path):
    for version in ("v1", "v2", "v3", "longer v4"):
        server.write(name, says(version))
        assert_always(server, path, version)


def test_change_within_a_second_and_of_equal_size(server):
    """Modification times are compared in nanoseconds; the original sees whole seconds."""
    path = server.write("apps/quick.js", says("aa"))
    os.utime(path, ns=(10**18, 10**18))
    assert_always(server, "/apps/quick.html", "aa")
    path = server.write("apps/quick.js", says("bb"))
    os.utime(path, ns=(10**18, 10**18 + 1))
    assert_always(server, "/apps/quick.html", "bb")


def test_file_that_is_replaced_by_an_older_one(server):
    path = server.write("apps/replaced.js", says("new"))
    assert_always(server, "/apps/replaced.html", "new")
    other = server.write("apps/other-name", says("old"))
    os.utime(other, (10**9, 10**9))
    os.rename(other, path)
    assert_always(server, "/apps/replaced.html", "old")


def test_unchanged_module_keeps_its_variables(site):
    s = site(map='{"/count": {module: "count"}}', options="threads: 1",
             files={"count.js": "var n = 0; module.exports = function () { return {txt: '' + ++n}; };"})
    assert [s.get("/count").text for _ in range(4)] == ["1", "2", "3", "4"]
    s.write("count.js", "var n = 10; module.exports = function () { return {txt: '' + ++n}; };")
    assert [s.get("/count").text for _ in range(2)] == ["11", "12"]


def test_mapped_module_that_the_start_script_requires_is_loaded_in_each_worker(site):
    """Server-details 4: each worker has its own copy. What the launcher loaded listens in the launcher only."""
    s = site(map='{"/listen": {module: "listen"}}', before='var listen = require("listen");', options="threads: 2",
             files={"listen.js": """
                var loader = process.getpid(), heard = [];
                rampart.event.on("news", "listener", function (unused, data) { heard.push(data); });
                module.exports = function (req) {
                    if (req.query.tell) rampart.event.trigger("news", req.query.tell);
                    return {json: {isOwn: loader === process.getpid(), heard: heard}};
                };"""})
    assert s.get("/listen?tell=a").json()["isOwn"]
    wait_until(lambda: s.get("/listen").json()["heard"] == ["a"], 5, "the event to be heard in the worker")


def test_changed_module_that_a_module_requires(server):
    server.write("apps/top.js", "var middle = require('middle'); module.exports = function () { return middle(); };")
    server.write("apps/middle.js",
                 "var low = require('./lib/low.js'); module.exports = function () { return {txt: low.text}; };")
    server.write("apps/lib/low.js", "exports.text = 'low 1';")
    assert_always(server, "/apps/top.html", "low 1")
    server.write("apps/lib/low.js", "exports.text = 'low two';")
    assert_always(server, "/apps/top.html", "low two")


def test_required_module_that_is_deleted_and_comes_back(server):
    server.write("apps/needs.js", "var it = require('needed'); module.exports = function () { return {txt: it}; };")
    path = server.write("apps/needed.js", "module.exports = 'first';")
    assert_always(server, "/apps/needs.html", "first")
    path.unlink()
    reply = server.get("/apps/needs.html")
    assert reply.status == 500 and "needed" in reply.text
    server.write("apps/needed.js", "module.exports = 'back';")
    assert_always(server, "/apps/needs.html", "back")


@pytest.mark.parametrize("broken", ["module.exports = function ( {", "throw new Error('broken at load');",
                                    "no_such_name();",
                                    "require('no_such_module');"])
def test_broken_version_then_repaired(server, broken):
    server.write("apps/breaking.js", says("good"))
    assert_always(server, "/apps/breaking.html", "good")
    server.write("apps/breaking.js", broken)
    for _ in range(4):
        assert server.get("/apps/breaking.html").status == 500
    server.write("apps/breaking.js", says("repaired"))
    assert_always(server, "/apps/breaking.html", "repaired")


def test_module_that_is_broken_from_the_start(server):
    server.write("apps/unborn.js", "}")
    assert [server.get("/apps/unborn.html").status for _ in range(4)] == [500] * 4
    server.write("apps/unborn.js", says("born"))
    assert_always(server, "/apps/unborn.html", "born")


def test_deleted_module(server):
    path = server.write("apps/going.js", says("here"))
    assert_always(server, "/apps/going.html", "here")
    path.unlink()
    assert [server.get("/apps/going.html").status for _ in range(4)] == [404] * 4
    server.write("apps/going.js", says("again"))
    assert_always(server, "/apps/going.html", "again")


def test_missing_module_then_appears(server):
    assert [server.get("/coming").status for _ in range(4)] == [404] * 4
    server.write("coming.js", says("came"))
    assert_always(server, "/coming", "came")


def test_a_folder_of_the_modules_name_is_no_module(server):
    (server.dir / "apps/folder.js").mkdir()
    assert server.get("/apps/folder.html").status == 404


# -- what a module sees


def one(site, source, files=None, path="/m"):
    s = site(map='{"/m": {module: "sub/m"}}', files={"sub/m.js": source, **(files or {})}, options=OPTIONS)
    return s, s.get(path)


def test_module_object(site):
    s, reply = one(site, """var first = {id: module.id, path: module.path, same: exports === module.exports,
                                         empty: Object.keys(module.exports).length};
                            module.exports = function () { return {json: first}; };""")
    assert reply.json() == {"id": f"{s.dir}/sub/m.js", "path": f"{s.dir}/sub", "same": True, "empty": 0}


def test_variables_of_a_module_are_its_own(site):
    _, reply = one(site, """var hidden = 1; function local() {}
                            module.exports = function () { return {txt: typeof other_hidden + this_is_global}; };
                            this_is_global = require("other").value;""",
                   {"sub/other.js": "var other_hidden = 2; exports.value = ' ok';"})
    assert reply.text == "undefined ok"


def test_required_once(site):
    _, reply = one(site, """var a = require("shared"), b = require("./shared.js");
                            module.exports = function () { return {json: [a === b, a.loads]}; };""",
                   {"sub/shared.js": "loads = (typeof loads == 'undefined' ? 0 : loads) + 1; exports.loads = loads;"})
    assert reply.json() == [True, 1]


@pytest.mark.parametrize("name", ["helper", "./helper", "helper.js", "./helper.js", "@DIR@/sub/helper.js"])
def test_names_of_required_modules(site, name):
    _, reply = one(site, f"var h = require('{name}'); module.exports = function () {{ return {{txt: h}}; }};",
                   {"sub/helper.js": "module.exports = 'beside';", "helper.js": "module.exports = 'above';"})
    assert reply.text == "beside"


def test_extension_js_is_tried_before_the_bare_name(site):
    _, reply = one(site, "var h = require('h'); module.exports = function () { return {txt: h}; };",
                   {"sub/h": "module.exports = 'bare';", "sub/h.js": "module.exports = 'js';"})
    assert reply.text == "js"


def test_bare_name_is_tried_last(site):
    _, reply = one(site, "var h = require('h'); module.exports = function () { return {txt: h}; };",
                   {"sub/h": "module.exports = 'bare';"})
    assert reply.text == "bare"


def test_hash_bang_line_keeps_the_line_numbers(site):
    _, reply = one(site, "#!/usr/bin/env ravelin\nmodule.exports = function () {\n  throw new Error('here');\n};\n")
    assert reply.status == 500
    assert "m.js:3" in reply.text


def test_globals_of_the_start_script_are_seen(site):
    s = site(map='{"/m": {module: "m"}}', before="var shared_value = {a: 1}; function shared_function() { return 2; }",
             files={"m.js": "module.exports = function () { return {json: [shared_value.a, shared_function()]}; };"})
    assert s.get("/m").json() == [1, 2]


def test_main_script_may_require_modules_too(site):
    s = site(map='{"/m": function () { return {txt: lib.text}; }}', before='var lib = require("./lib/l.js");',
             files={"lib/l.js": "exports.text = 'from lib';"})
    assert s.get("/m").text == "from lib"
