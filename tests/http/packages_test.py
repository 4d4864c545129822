"""Packages as Node finds them, JSON modules and circular requires, in a real server (runtime-api 3, server-details 4)."""

import shutil
from pathlib import Path

import pytest

DEBIAN_PACKAGES = Path("/usr/share/nodejs")  # deploy/install-deps.sh has the names
OPTIONS = "developerMode: true, threads: 2"


@pytest.fixture(scope="module")
def server(shared_site):
    made = shared_site(map='{"/apps/": {modulePath: "apps"}}', files={"apps/none.js": ""}, options=OPTIONS)
    for name in ("semver", "lru-cache", "yallist", "he", "moment", "marked"):
        shutil.copytree(DEBIAN_PACKAGES / name, made.dir / "node_modules" / name, symlinks=False)
    return made


def answers(expression, before=""):
    return f"{before}\nmodule.exports = function (req) {{ return {{json: [{expression}]}}; }};"


def ask(server, name):
    reply = server.get(f"/apps/{name}.html")
    assert reply.status == 200, reply.text
    return reply.json()[0]


def assert_always(server, name, value):
    """Whichever worker answers."""
    for _ in range(6):
        assert ask(server, name) == value


# -- packages of npm, as Debian has them


def test_semver(server):
    """With the packages that it requires itself; its source is newer than the engine's language."""
    server.write("apps/semver_user.js", answers(
        """[semver.satisfies("1.2.3", "^1.0.0"), semver.inc("1.2.3", "minor"), semver.valid("x"),
            semver.maxSatisfying(["1.2.3", "1.9.0", "2.0.0"], "1.x"), semver.clean("  =v1.2.3 "),
            ["2.0.0", "1.0.0-rc.1", "1.0.0"].sort(semver.compare)]""", 'var semver = require("semver");'))
    assert_always(server, "semver_user", [True, "1.3.0", None, "1.9.0", "1.2.3", ["1.0.0-rc.1", "1.0.0", "2.0.0"]])


def test_file_of_a_package(server):
    server.write("apps/part.js", answers('[gt("2.0.0", "1.0.0"), require("semver/package.json").name]',
                                         'var gt = require("semver/functions/gt");'))
    assert_always(server, "part", [True, "semver"])


def test_moment(server):
    server.write("apps/moment_user.js", answers(
        """[moment.utc(0).format("YYYY-MM-DD dddd"), moment.utc("2020-02-03").add(1, "month").toISOString(),
            moment.duration(90, "minutes").humanize()]""", 'var moment = require("moment");'))
    assert_always(server, "moment_user", ["1970-01-01 Thursday", "2020-03-03T00:00:00.000Z", "2 hours"])


def test_he(server):
    server.write("apps/he_user.js", answers('[he.encode("<é>", {useNamedReferences: true}), he.decode("&notit; &#x1F600;")]',
                                            'var he = require("he");'))
    assert_always(server, "he_user", ["&lt;&eacute;&gt;", "¬it; 😀"])


def test_marked(server):
    server.write("apps/marked_user.js", answers('marked.parse("# Title\\n\\n*it* `code`")',
                                                'var marked = require("marked").marked;'))
    assert ask(server, "marked_user") == '<h1 id="title">Title</h1>\n<p><em>it</em> <code>code</code></p>\n'


# -- the rules


def test_main_index_and_folders(server):
    server.write("node_modules/with-main/package.json", '{"main": "lib/entry"}')
    server.write("node_modules/with-main/lib/entry.js", 'module.exports = "main " + require("./parts");')
    server.write("node_modules/with-main/lib/parts/index.js", 'module.exports = "parts";')
    server.write("node_modules/@scope/plain/index.js", 'module.exports = require("with-main").length;')
    server.write("apps/rules.js", answers('[require("with-main"), require("@scope/plain")]'))
    assert_always(server, "rules", ["main parts", 10])


def test_nearest_package_wins(server):
    server.write("node_modules/dep/index.js", 'module.exports = "of the site";')
    server.write("node_modules/nest/index.js", 'module.exports = require("dep");')
    server.write("node_modules/nest/node_modules/dep/index.js", 'module.exports = "its own";')
    server.write("apps/nearest.js", answers('[require("dep"), require("nest")]'))
    assert_always(server, "nearest", ["of the site", "its own"])


def test_changed_file_inside_a_package(server):
    server.write("node_modules/living/index.js", 'module.exports = require("./version");')
    server.write("node_modules/living/version.js", "module.exports = 1;")
    server.write("apps/living_user.js", answers("living", 'var living = require("living");'))
    assert_always(server, "living_user", 1)
    server.write("node_modules/living/version.js", "module.exports = 'two';")
    assert_always(server, "living_user", "two")


# -- JSON


def test_json_module_follows_its_file(server):
    server.write("apps/conf.json", '{"title": "Größe", "list": [1, 2]}')
    server.write("apps/conf_user.js", answers("conf", 'var conf = require("./conf.json");'))
    assert_always(server, "conf_user", {"title": "Größe", "list": [1, 2]})
    server.write("apps/conf.json", '{"title": "new"}')
    assert_always(server, "conf_user", {"title": "new"})
    server.write("apps/conf.json", '{"title":\n }')
    for _ in range(4):
        reply = server.get("/apps/conf_user.html")
        assert reply.status == 500
        assert "SyntaxError" in reply.text and f"{server.dir}/apps/conf.json:2" in reply.text.replace("&#x2F;", "/")
    server.write("apps/conf.json", '{"title": "repaired"}')
    assert_always(server, "conf_user", {"title": "repaired"})


# -- circles and failures


def test_circle_and_a_change_in_it(server):
    server.write("apps/lib/even.js", "exports.is = function (n) { return n === 0 || odd.is(n - 1); };\n"
                                     "exports.version = 1; var odd = require('./odd.js');")
    server.write("apps/lib/odd.js", "var even = require('./even.js'); exports.early = even.version;\n"
                                    "exports.is = function (n) { return n > 0 && even.is(n - 1); };")
    server.write("apps/circle.js", answers("[even.is(4), odd.is(4), even.version, odd.early]",
                                           "var even = require('lib/even.js'), odd = require('lib/odd.js');"))
    assert_always(server, "circle", [True, False, 1, 1])
    server.write("apps/lib/even.js", "exports.is = function (n) { return n === 0 || odd.is(n - 1); };\n"
                                     "exports.version = 22; var odd = require('./odd.js');")
    assert_always(server, "circle", [True, False, 22, 22])


@pytest.mark.parametrize("broken, line", [("exports.a = 1;\nvar b = = 2;\n", 2), ("exports.a = 1;\n\nno_such();", 3)])
def test_broken_module_below_another(server, broken, line):
    """Answered as an error of that file; nothing of it stays; the repaired file works at the next request."""
    server.write("apps/top.js", answers("low.text", "var middle = require('./middle.js'), low = middle.low;"))
    server.write("apps/middle.js", "exports.low = require('./low.js');")
    server.write("apps/low.js", "exports.text = 'whole';")
    assert_always(server, "top", "whole")
    server.write("apps/low.js", broken)
    for _ in range(4):
        reply = server.get("/apps/top.html")
        assert reply.status == 500
        assert f"{server.dir}/apps/low.js:{line})" in reply.text.replace("&#x2F;", "/")
    server.write("apps/low.js", "exports.text = 'repaired' + (typeof exports.a);")
    assert_always(server, "top", "repairedundefined")


def test_paths_in_messages_have_single_slashes(server):
    server.write("apps/bad.js", "var = 5;")
    reply = server.get("/apps/bad.html")
    assert reply.status == 500
    assert "apps//bad.js" not in reply.text + server.log()
    assert f"{server.dir}/apps/bad.js" in server.log()


# -- the built-in list as a function


def test_default_directory_list(site):
    s = site(map='{"/": "@DIR@/www"}', files={"www/list/a.txt": "a"},
             options="directoryFunc: function (req) { var r = server.defaultDirList(req); r.html += '<!-- ours -->'; return r; }")
    text = s.get("/list/").text
    assert "<title>Index of /list/</title>" in text and ">a.txt</a>" in text and text.endswith("<!-- ours -->")
