"""The types for editors in deploy/types: every example site passes the TypeScript compiler against them, mistakes are
reported where they are, and everything that the running server offers is in them."""

import importlib.util
import inspect
import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest

from support.http import encode_multipart
from support.site import ROOT, app
from support.type_check import TYPES, check_files, check_project, completions

HERE = Path(__file__).parent

# The manual's scripts assign to these without declaring them.
SLOPPY_GLOBALS = "declare var msg: any;\ndeclare var ret: any;\n"


# -- every example site


class Recorder:
    """Stands in for the fixture `site`: keeps the scripts that a test would serve, and ends the test there."""

    class Served(Exception):
        pass

    def __init__(self):
        self.sites = []

    def __call__(self, script=None, *, map=None, options="", before="", after="", files=None, **_):
        texts = dict(script) if isinstance(script, dict) else {"app.js": script or app(map, options, before, after)}
        texts.update(files or {})
        self.sites.append({name: text for name, text in texts.items()
                           if name.endswith((".js", ".ts")) and isinstance(text, str)})
        return self

    run = __call__

    def __getattr__(self, name):
        raise Recorder.Served(name)


def parameter_sets(function):
    """Every set of arguments that pytest.mark.parametrize gives to a test."""
    sets = []
    for mark in getattr(function, "pytestmark", []):
        if mark.name != "parametrize":
            continue
        names = mark.args[0] if isinstance(mark.args[0], (list, tuple)) else re.split(r"\s*,\s*", mark.args[0])
        rows = [getattr(row, "values", row) if len(names) > 1 or hasattr(row, "values") else (row,)
                for row in mark.args[1]]
        sets.append([dict(zip(names, row)) for row in rows])
    for combination in itertools.product(*sets):
        yield {name: value for part in combination for name, value in part.items()}


# Their scripts are no example sites: printf formats in templates, mistakes, variables of other contexts on purpose.
NO_EXAMPLES = {"event_reference_test", "reference_statements_test", "error_config_test", "function_names_test",
               "minify_test", "scope_vars_test", "test_builtins", "test_language_cases", "test_modern_language",
               "test_modern_compile", "test_modern_speed", "test_technical_notes"}


def scripts_of_tests():
    """{folder/file: text} of all that the tests beside this one serve; each call of site() is a folder."""
    scripts = {}
    for path in sorted(HERE.glob("*_test.py")) + sorted(HERE.glob("test_*.py")):
        if path == Path(__file__) or path.stem in NO_EXAMPLES:
            continue
        spec = importlib.util.spec_from_file_location("recorded_" + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("test_") or "site" not in inspect.signature(test).parameters:
                continue
            for number, arguments in enumerate(parameter_sets(test)):
                if set(inspect.signature(test).parameters) - {"site", *arguments}:
                    continue  # its site depends on more fixtures
                recorder = Recorder()
                try:
                    test(site=recorder, **arguments)
                except (Recorder.Served, AssertionError):  # what the test asks for in a thread does not get to us
                    pass
                assert recorder.sites, f"{path.name}: {name} serves nothing"
                for at, files in enumerate(recorder.sites):
                    folder = f"{path.stem}/{name}_{number}_{at}"
                    scripts.update({f"{folder}/{file}": text for file, text in files.items()})
    return scripts


def readme_example():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^    // app\.js\n(?:(?:    .*)?\n)+", text, re.MULTILINE)
    assert block, "README.md has no example that begins with // app.js"
    return re.sub(r"^    ", "", block.group(0), flags=re.MULTILINE)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_every_example_type_checks(tmp_path):
    scripts = scripts_of_tests()
    assert len(scripts) > 40
    scripts["readme/app.js"] = readme_example()
    scripts.update({f"scripts/{path.name}": path.read_text(encoding="utf-8")
                    for path in (HERE / "scripts").glob("*.js")})
    # A site that makes the utilities global has types of its own (deploy/types/README.md).
    plain = {name: text for name, text in scripts.items() if "globalize(rampart.utils)" not in text}
    others = {name: text for name, text in scripts.items() if name not in plain}
    assert len(others) >= 4
    found = check_files(tmp_path / "plain", plain)
    found += check_files(tmp_path / "globalized", {**others, "sloppy.d.ts": SLOPPY_GLOBALS}, "globalized.d.ts")
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("installed", [False, True])
def test_sample_site_type_checks(tmp_path, installed):
    """With its own jsconfig.json, which an editor reads; where it lies in the tree and as `make install` puts it."""
    folder = ROOT / "deploy"
    if installed:
        planned = subprocess.run(["make", "-n", "install", f"DESTDIR={tmp_path}"], cwd=ROOT, capture_output=True,
                                 text=True)
        copy = [line for line in planned.stdout.splitlines() if line.startswith("cp -R deploy/")]
        assert len(copy) == 1, planned.stdout + planned.stderr
        folder = Path(copy[0].split()[-1])
        folder.mkdir(parents=True)
        subprocess.run(copy[0], shell=True, cwd=ROOT, check=True)
    found = check_project(folder / "web_server" / "jsconfig.json")
    assert not found, "\n".join(map(str, found))


def test_strict_typescript_site(tmp_path):
    """README.md of the types: a site in TypeScript, with nothing relaxed."""
    found = check_files(tmp_path, {"app.ts": """
        import server = require("rampart-server");
        const options: Rampart.StartOptions = {
          bind: ["127.0.0.1:80"],
          map: {
            "/": "/www",
            "/a": (req) => ({ html: req.path.file, headers: { "X-A": [1, "b"] } }),
            "/b": async (req) => ({ json: { agent: req.headers["User-Agent"], query: req.query.a } }),
            "ws:/c": (req) => {
              if (req.count == 0) req.wsOnDisconnect(() => undefined);
              return { id: req.websocketId };
            },
          },
        };
        const pid: number = server.start(options);
        rampart.event.on("e", "f", (total, data) => { total.sum += data; }, { sum: pid });
        const { stdout } = rampart.utils.exec("ls", { returnBuffer: true }, "-l");
        setTimeout((bytes) => rampart.utils.printf("%s %d", bytes, process.pid), 5, stdout);
        """, "page.ts": """
        export = function (req: Rampart.Request): Rampart.Reply { req.userName = "x"; return { m4x: "x" }; };
        """, "site.d.ts": """
        declare namespace Rampart {
          interface RequestExtras { userName?: string }
          interface BodyKeys { m4x?: Body }
        }"""}, noImplicitAny=True)
    assert not found, "\n".join(map(str, found))


def test_editor_completes():
    """Names with their documentation, where a script is being written."""
    options, req, keys, websocket, utils, event = completions(START + """
        server.start({
            script/*|*/
            map: {
                "/page": function (req) { req./*|*/; return { h/*|*/ }; },
                "ws:/chat": function (req) { req./*|*/ }
            }
        });
        rampart.utils./*|*/;
        rampart.event./*|*/;
        """)
    assert "Seconds that a request may run" in options["scriptTimeout"] and "maxMemory" in options
    assert "query string as an Object" in req["query"] and "wsSend" not in req
    assert "text/html" in keys["html"] and "Default 200" in keys["status"]
    assert "wsSend" in websocket and "headers" in websocket
    assert "Returns the text" in utils["sprintf"] and len(utils) > 100
    assert set(event) == {"on", "trigger", "off", "remove", "scopeToModule"}


# -- mistakes. Each script has `//!` on every line that must be reported, with a part of the message.

START = 'var server = require("rampart-server");\n'
MISTAKES = {
    "misspelt option": START + """
        server.start({
            bind: "127.0.0.1:80",
            treads: 4, //! 'treads' does not exist in type 'StartOptions'
            map: {}
        });""",
    "wrong type of an option": START + """
        server.start({
            map: {},
            scriptTimeout: "10" //! 'string' is not assignable to type 'number'
        });""",
    "missing map": START + """server.start({ user: "nobody" }); //! Property 'map' is missing""",
    "Array as reply": START + """
        server.start({ map: {
            "/ok": function (req) { return { html: "" }; },
            "/list": function (req) { return [1, 2]; } //! Type 'number[]' is not assignable
        } });""",
    "no known key in a reply": START + """
        function page(req) {
            return { htlm: "<p>" };
        }
        server.start({ map: {
            "/page": page //! Type '{ htlm: string; }' is not assignable
        } });""",
    "unknown key in a declared reply": """
        /** @returns {Rampart.Reply} */
        module.exports = function () {
            return {
                status: 200,
                htlm: "<p>" //! 'htlm' does not exist in type
            };
        };""",
    "wrong status": START + """
        server.start({ map: {
            "/page": function () { return { status: true, html: "" }; } //! is not assignable to type 'Route'
        } });""",
    "misspelt key of req": START + """
        server.start({
            notFoundFunc: function (req) { return { html: req.error }; }, //! not exist on type 'NotFoundRequest'
            map: { "/page": function (req) {
                req.put("a");
                return { html: req.qeury.name }; //! Did you mean 'query'
            } } });""",
    "websocket functions on HTTP": START + """
        server.start({ map: {
            "ws:/chat": function (req) { req.wsSend("hi"); },
            "/page": function (req) { req.wsSend("hi"); } //! 'wsSend' does not exist on type 'Request'
        } });""",
    "event callback": """
        rampart.event.on("event", "name", function (userVar, data) { data.any = userVar.thing; });
        rampart.event.on("event", "name", "callback"); //! No overload matches this call
        rampart.event.once("event", "name", function () {}); //! Property 'once' does not exist""",
    "event callback with another kind of userVar": """
        /** @param {string} text */
        function listen(text) {}
        rampart.event.on("event", "name", listen, "text");
        rampart.event.on("event", "name", listen, 5); //! No overload matches this call""",
    "utilities": """
        var text = rampart.utils.readFile("/etc/hosts", true).trim();
        var bytes = rampart.utils.readFile("/etc/hosts").trim(); //! 'trim' does not exist on type 'Uint8Array'
        rampart.utils.sprinft("%s", text); //! Did you mean 'sprintf'
        rampart.utils.exec("ls", { timout: 5 }).stdout.trim();
        rampart.utils.shell("ls", { timout: 5 }); //! No overload matches this call
        setTimeout("code()", 5); //! 'string' is not assignable
        printf("%s", text); //! Cannot find name 'printf'""",
    "what the engine lacks": """
        document.write("x"); //! Cannot find name 'document'
        new Intl.Segmenter(); //! 'Segmenter' does not exist
        BigInt(5); //! Cannot find name 'BigInt'""",
}


def test_mistakes_are_reported_where_they_are(tmp_path):
    names = {f"{re.sub(r'[^a-z]+', '_', title.lower())}.js": title for title in MISTAKES}
    found = check_files(tmp_path, {name: MISTAKES[title] for name, title in names.items()})
    for name, title in names.items():
        lines = enumerate(MISTAKES[title].splitlines(), 1)
        expected = {number: line.split("//! ")[1] for number, line in lines if "//! " in line}
        reported = {d.line: d.text for d in found if d.file == name}
        assert expected.keys() == reported.keys(), f"{title}: {[str(d) for d in found if d.file == name]}"
        for number, part in expected.items():
            assert part in reported[number], f"{title}, line {number}: {reported[number]}"


# -- the running server has nothing that the types lack

LIST_KEYS = """
    function own(object) { return Object.getOwnPropertyNames(object); }
    var lists = {
        "rampart": own(rampart), "rampart.utils": own(rampart.utils), "rampart.event": own(rampart.event),
        "process": own(process), "console": own(console), "globalThis": own(globalThis), "require": own(require),
        "Buffer": own(Buffer), "Buffer.prototype": own(Buffer.prototype), "JSON": own(JSON), "Object": own(Object),
        "Array": own(Array), "Array.prototype": own(Array.prototype), "String": own(String),
        "String.prototype": own(String.prototype), "Promise": own(Promise), "Number": own(Number), "Math": own(Math),
        "require('rampart-server')": own(require("rampart-server"))
    };
    var handles = ["stdin", "stdout", "stderr", "accessLog", "errorLog"].map(function (name) {
        return rampart.utils[name];
    });
    if (rampart.utils.fopen) handles.push(rampart.utils.fopen("/dev/null", "r"));
    if (rampart.utils.fopenBuffer) handles.push(rampart.utils.fopenBuffer());
    lists.handle = [];
    handles.forEach(function (handle) {
        for (; handle !== Object.prototype; handle = Object.getPrototypeOf(handle))
            lists.handle = lists.handle.concat(own(handle));
    });
    if (rampart.import) lists["rampart.import"] = own(rampart.import);
    if (rampart.utils.O) lists["rampart.utils.O"] = own(rampart.utils.O);
    rampart.utils.printf("%s", JSON.stringify(lists));
"""
SCRIPT_OWN = {"own", "lists", "handles"}  # globals of the script above
# Of the engine: no script has a use for them.
ENGINE_OWN = {"caller", "arguments", "prototype", "name", "length", "fileName", "__proto__", "undefined"}


def test_every_name_of_the_running_server_is_typed(site, tmp_path):
    made = site.run(LIST_KEYS)
    assert made.returncode == 0, made.log()
    lists = json.loads(made.stdout())
    assert len(lists["rampart.utils"]) > 50 and "trigger" in lists["rampart.event"]
    assert "fprintf" in lists["handle"]
    probe = ["declare const handle: Rampart.MemoryFile & Rampart.InputHandle;"]
    for owner, names in lists.items():
        for name in sorted(set(names) - ENGINE_OWN - SCRIPT_OWN):
            if name.startswith("__"):
                continue
            probe.append(f"void {name};" if owner == "globalThis" else f"void {owner}[{json.dumps(name)}];")
    # noImplicitAny: without it an unknown name in brackets would be any.
    found = check_files(tmp_path / "names", {"names.ts": "\n".join(probe)}, noImplicitAny=True)
    assert not found, "\n".join(f"{probe[d.line - 1]}  {d.text}" for d in found)
    bare = [f"void {name};" for name in sorted(lists["rampart.utils"])]
    known = " | ".join(json.dumps(name) for name in re.findall(
        r"^declare const (\w+): Rampart\.Utils", (TYPES / "globalized.d.ts").read_text(), re.MULTILINE))
    bare.append(f"const lacking: never = null! as Exclude<keyof Rampart.Utils, {known}>;")
    found = check_files(tmp_path / "bare", {"names.ts": "\n".join(bare)}, "globalized.d.ts")
    assert not found, "\n".join(f"{bare[d.line - 1]}  {d.text}" for d in found)


def test_every_key_of_req_is_typed(site, tmp_path):
    s = site(map="""{
        "/req": function (req) { var keys = []; for (var key in req) keys.push(key);
            return { json: { req: keys, path: Object.keys(req.path), post: Object.keys(req.postData),
                             part: Object.keys((req.postData.content || [{}])[0]) } }; },
        "/files/": "@DIR@/files" }""", files={"files/a/x.txt": "x"},
        options="""directoryFunc: function (req) { return { json: { req: Object.keys(req) } }; },
            notFoundFunc: function (req) { return { json: { req: Object.keys(req) } }; }""")
    content_type, form = encode_multipart([("f", "x", "f.txt", "text/plain")])
    seen = [("Rampart.Request", s.get("/req?a=1").json()["req"]),
            ("Rampart.DirectoryRequest", s.get("/files/a/").json()["req"]),
            ("Rampart.NotFoundRequest", s.get("/files/none").json()["req"])]
    posted = s.post("/req", form, {"Content-Type": content_type}).json()
    seen += [("Rampart.Request", posted["req"]), ("Rampart.RequestPath", posted["path"]),
             ("Rampart.PostData", posted["post"]), ("Rampart.FormPart", posted["part"])]
    assert "fsPath" in seen[1][1] and "query_raw" in posted["req"] and "filename" in posted["part"]
    probe = [f"void (null! as {owner})[{json.dumps(name)}];" for owner, names in seen for name in names]
    found = check_files(tmp_path, {"names.ts": "\n".join(probe)}, noImplicitAny=True)
    assert not found, "\n".join(f"{probe[d.line - 1]}  {d.text}" for d in found)


def typed_options():
    text = (TYPES / "server_options.d.ts").read_text(encoding="utf-8")
    body = re.search(r"interface StartOptions \{\n(.*?)\n  \}\n", text, re.DOTALL).group(1)
    return set(re.findall(r"^    (\w+)\??:", body, re.MULTILINE))


def options_in_source():
    """The option tables of the launcher: {"name", how to read it}."""
    found = set()
    for path in ROOT.glob("worker/server_options*.cpp"):
        found |= set(re.findall(r'^\s*\{"(\w+)",\s*(?:\[\]|read_\w+|\w+_option\b)', path.read_text(), re.MULTILINE))
    return found


def test_options_of_server_and_types_are_the_same(site):
    """Both ways, and the tables are those of the program: it complains about none of their names, and about another."""
    typed, known = typed_options(), options_in_source()
    assert len(known) > 45 and {"map", "bind", "maxMemory", "eventBus"} <= known
    assert known - typed == set(), "options of the server that server_options.d.ts lacks"
    assert typed - known == set(), "options in server_options.d.ts that the server does not know"
    names = ", ".join(f"{name}: undefined" for name in sorted(typed - {"map", "bind", "user"}))
    s = site(map="{}", options=names + ", noSuchOption: undefined")
    s.wait_log('unknown option "noSuchOption"')
    assert s.log().count("unknown option") == 1, s.log()


def test_extensions_of_server_and_types_are_the_same():
    """The manual's table (tests/http checks the server against it) and the keys of a reply."""
    rows = [line.split(" ", 1) for line in (ROOT / "tests/http/mime_types.txt").read_text().splitlines() if line]
    typed = {}
    for path in TYPES.glob("mime_*.d.ts"):
        row = r'^    /\*\* (\S+) \*/ (\S+)\?: Body \| ChunkCallback;$'
        for kind, key in re.findall(row, path.read_text(), re.MULTILINE):
            typed[key.strip('"')] = kind
    assert typed == dict(rows)


def test_files_stay_readable():
    """Each part has a header and fits the limit of source files, and rampart.d.ts brings in all of them."""
    main = (TYPES / "rampart.d.ts").read_text(encoding="utf-8")
    for path in TYPES.glob("*.d.ts"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("/* ") and len(text.splitlines()) <= 500, path.name
        assert max(map(len, text.splitlines())) <= 120, path.name
        if path.name not in ("rampart.d.ts", "globalized.d.ts"):
            assert f'/// <reference path="{path.name}" />' in main, path.name
