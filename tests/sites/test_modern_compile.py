"""Compiling while a site runs: the cache of compiled files, compile processes that die or hang, reload, many at once."""

import os
import re
import shutil
import signal
import threading
import time

from support import processes
from support.site import BUILD, IS_ROOT
from support.timing import scaled, wait_until

CACHE = {"RAVELIN_CACHE_DIR": "@DATA@/cache"}
COLD = 20.0  # seconds a first request may take on a busy machine


def large_source(functions=150):
    """A module that takes the compiler a second: each of these functions becomes a state machine."""
    return "".join(f"const f{n} = async ({{ a = {n}, ...rest }} = {{}}) => `${{a}} ${{[...rest.b ?? []].length}}`;\n"
                   for n in range(functions)) + "module.exports = () => ({ txt: `large` });\n"


def entries(s):
    return sorted((s.data / "cache").rglob("*.es5"))


def compile_processes(s):
    found = []
    for pid in s.left_processes():
        if (processes.read(pid, "comm") or b"").strip() == b"ravelin-compile":
            found.append(pid)
    return found


def wait_compiling(s):
    return wait_until(lambda: compile_processes(s), COLD, "a compile process")[0]


def in_background(function):
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    return thread, result


def modules(site, files, **options):
    options.setdefault("options", "developerMode: true, threads: 1")
    return site(map='{ "/m/": { modulePath: "mods" } }', files={f"mods/{name}": text for name, text in files.items()},
                env=CACHE, **options)


# ---- plain scripts pay nothing


def test_plain_scripts_make_no_cache_and_no_process(site):
    s = site.run("var a = require('./m.js'); console.log(a.x);", files={"m.js": "exports.x = 1;"}, env=CACHE)
    assert (s.returncode, s.stdout()) == (0, "1\n")
    assert not (s.data / "cache").exists()


def test_plain_modules_are_never_looked_up(site):
    s = modules(site, {"plain.js": "module.exports = function () { return { txt: 'plain' } };",
                       "modern.js": "module.exports = () => ({ txt: `modern` });"})
    assert s.get("/m/modern").text == "modern"
    files = entries(s)
    assert len(files) == 1
    folder = files[0].parent
    # Nobody may enter the folder now: whoever tried would say so in the log.
    folder.rename(folder.with_name("away"))
    folder.write_text("in the way")
    for number in range(3):
        s.write("mods/plain.js", f"module.exports = function () {{ return {{ txt: 'plain {number}' }} }};")
        assert s.get("/m/plain").text == f"plain {number}"
    assert not s.log_lines("cache")


# ---- the cache


def test_a_cache_that_cannot_be_written_is_one_warning(site):
    s = site(map='{ "/m/": { modulePath: "mods" } }', options="threads: 3", env={"RAVELIN_CACHE_DIR": "/proc/nowhere"},
             files={f"mods/m{n}.js": f"module.exports = () => ({{ txt: `{n}` }});" for n in range(6)})
    connections = [s.connect() for _ in range(6)]
    for number, connection in enumerate(connections):
        connection.send_request("GET", f"/m/m{number}")
    assert [c.read_response("GET").text for c in connections] == [str(n) for n in range(6)]
    warnings = s.log_lines("warning: compiled scripts")
    assert len(warnings) == 1 and "/proc/nowhere cannot be used" in warnings[0], warnings


def test_corrupt_and_foreign_files_in_the_cache_are_ignored(site):
    source = "module.exports = () => ({ txt: `right` });"
    s = modules(site, {"a.js": source})
    assert s.get("/m/a").text == "right"
    (good,) = entries(s)
    evil = b"module.exports = function () { return { txt: 'evil' } }"
    whole = good.read_bytes()
    assert b"right" in whole
    forgeries = [evil, b"", whole[:-1], whole + b"x", whole.replace(b"right", b"wrong"), whole[:40] + b"\0" * 64 + whole[104:]]
    for number, forged in enumerate(forgeries):
        good.write_bytes(forged)
        # The same text under another name: the same entry.
        s.write(f"mods/b{number}.js", source)
        assert s.get(f"/m/b{number}").text == "right", number
        assert good.read_bytes() == whole, "it is made anew"
    good.chmod(0o666)  # anybody could have written it
    s.write("mods/c.js", source)
    assert s.get("/m/c").text == "right"
    assert good.stat().st_mode & 0o077 == 0


def test_a_link_in_place_of_the_cache_is_not_followed(site):
    s = modules(site, {"a.js": "module.exports = () => ({ txt: `a` });"}, start=False)
    elsewhere = s.data / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    (s.data / "cache").mkdir()
    uid = 65534 if IS_ROOT else os.getuid()
    (s.data / "cache" / f"u{uid}").symlink_to(elsewhere)
    s.start()
    assert s.get("/m/a").text == "a"
    assert not list(elsewhere.iterdir())
    assert len(s.log_lines("warning: compiled scripts")) == 1


def test_no_cache_compiles_without_a_folder(site):
    s = site(map='{ "/": { module: "m.js" } }', args=["--no-cache"], env=CACHE,
             files={"m.js": "module.exports = () => ({ txt: `x` });"})
    assert s.get("/").text == "x"
    assert not (s.data / "cache").exists()
    assert not s.log_lines("warning")


def test_the_cache_survives_the_server(site):
    """Another server with the same files finds everything."""
    files = {"m.js": large_source()}
    first = modules(site, files)
    assert first.get("/m/m", timeout=COLD).text == "large"
    cache = first.data / "cache"
    second = site(map='{ "/m/": { modulePath: "mods" } }', options="threads: 1", args=["--cache-dir", str(cache)],
                  files={"mods/m.js": files["m.js"]})
    assert second.get("/m/m").text == "large"
    assert len([p for p in cache.rglob("*.es5")]) == 1


def test_two_servers_share_a_cache(site):
    names = range(4)
    servers = [modules(site, {f"m{n}.js": f"module.exports = () => ({{ txt: `shared {n}` }});" for n in names})]
    servers.append(site(map='{ "/m/": { modulePath: "mods" } }', options="threads: 2",
                        args=["--cache-dir", str(servers[0].data / "cache")],
                        files={f"mods/m{n}.js": f"module.exports = () => ({{ txt: `shared {n}` }});" for n in names}))
    work = [in_background(lambda s=s, n=n: s.get(f"/m/m{n}", timeout=COLD).text) for n in names for s in servers]
    for thread, _ in work:
        thread.join()
    assert [result for _, result in work] == [[f"shared {n}"] for n in names for _ in servers]
    assert len(entries(servers[0])) == len(names)
    assert not [path for path in (servers[0].data / "cache").rglob(".new-*")]


# ---- the installed tree


def installed(site, tmp_path, with_bytecode=True):
    """The tree that `make install` makes."""
    tmp_path.chmod(0o755)
    for folder in ("bin", "lib/ravelin"):
        (tmp_path / folder).mkdir(parents=True)
    for program in ("ravelin", "ravelin-frontend"):
        shutil.copy2(BUILD / program, tmp_path / "bin")
    if with_bytecode:
        shutil.copy2(BUILD / "typescript.duk", tmp_path / "lib/ravelin")
    return lambda *args, **more: site(*args, command=[str(tmp_path / "bin/ravelin"), "app.js"], **more)


def test_an_installed_server_finds_its_compiler(site, tmp_path):
    s = installed(site, tmp_path)(map='{ "/": { module: "m.ts" } }', env=CACHE,
                                  files={"m.ts": "export = (req: any): object => ({ txt: `typed` });"})
    assert s.get("/", timeout=COLD).text == "typed"


def test_without_the_compiler_only_modern_files_fail(site, tmp_path):
    s = installed(site, tmp_path, with_bytecode=False)(
        map='{ "/m/": { modulePath: "mods" } }', options="developerMode: true", env=CACHE,
        files={"mods/modern.js": "module.exports = () => ({ txt: `x` });",
               "mods/plain.js": "module.exports = function () { return { txt: 'plain' } };"})
    reply = s.get("/m/modern")
    assert reply.status == 500 and "typescript.duk is neither beside the executable" in reply.text
    assert s.get("/m/plain").text == "plain"


# ---- compile processes


def test_a_killed_compile_process_is_an_error_and_no_more(site):
    s = modules(site, {"large.js": large_source()}, san_sees_crashes=False)
    thread, result = in_background(lambda: s.get("/m/large", timeout=COLD))
    processes.kill(wait_compiling(s), signal.SIGSEGV)
    thread.join()
    assert result[0].status == 500
    assert "mods/large.js: could not compile: the compile process was killed by signal 11" in result[0].text
    worker = s.workers()
    assert s.get("/m/large", timeout=COLD).text == "large"
    assert s.workers() == worker, "the worker lives on"


def test_a_hung_compile_process_costs_the_request_its_time_and_no_more(site):
    s = modules(site, {"large.js": large_source(), "plain.js": "module.exports = function () { return { txt: 'plain' } };"},
                options="scriptTimeout: 1, threads: 1")
    began = time.monotonic()
    thread, result = in_background(lambda: s.get("/m/large", timeout=COLD))
    stuck = wait_compiling(s)
    processes.kill(stuck, signal.SIGSTOP)
    thread.join()
    assert result[0].status == 500
    assert time.monotonic() - began < scaled(5)
    s.wait_log(r"script timed out after 1000 ms in the module being loaded")
    assert re.search(r"large\.js: could not compile: it takes longer than the script may run", s.log())
    assert s.get("/m/plain").text == "plain"
    # It was only slow: what it finds in the end is there for the next request.
    processes.kill(stuck, signal.SIGCONT)
    wait_until(lambda: entries(s), COLD, "the entry")
    assert s.get("/m/large", timeout=COLD).text == "large"


def test_a_file_that_takes_longer_than_scripttimeout_is_compiled_in_the_end(site):
    s = modules(site, {"large.js": large_source()}, options="scriptTimeout: 0.2, threads: 2")
    seen, most = [], 0

    def is_served():
        nonlocal most
        seen.append(s.get("/m/large", timeout=COLD))
        most = max(most, len(compile_processes(s)))
        return seen[-1].status == 200
    wait_until(is_served, 60.0, "200")
    assert most <= 1
    assert seen[-1].text == "large"
    assert {reply.status for reply in seen} <= {200, 500}
    # One process went on; the requests meanwhile waited for it and did not start more.
    assert len(entries(s)) == 1
    assert wait_until(lambda: not compile_processes(s), COLD, "no compile process is left")


def test_not_more_compile_processes_than_allowed_run_at_once(site):
    s = site(map='{ "/m/": { modulePath: "mods" } }', options="threads: 8", env=CACHE, files={
        f"mods/m{n}.js": large_source(20).replace("large", f"large {n}") for n in range(12)})
    work = [in_background(lambda n=n: s.get(f"/m/m{n}", timeout=60).text) for n in range(12)]
    most = 0
    while any(thread.is_alive() for thread, _ in work):
        most = max(most, len(compile_processes(s)))
        time.sleep(0.01)
    assert [result for _, result in work] == [[f"large {n}"] for n in range(12)]
    assert most <= 4


# ---- reload


def test_changed_modern_modules_are_loaded_again(site):
    s = modules(site, {"page.js": "const { word } = require('./dep.js'); module.exports = () => ({ txt: `page ${word()}` });",
                       "dep.js": "import { deep } from './deep'; export const word = () => `dep ${deep}`;",
                       "deep.js": "export const deep = `one`;"})
    assert s.get("/m/page").text == "page dep one"
    s.write("mods/deep.js", "export const deep = `two`;")
    assert s.get("/m/page").text == "page dep two"
    s.write("mods/dep.js", "import { deep } from './deep'; export const word = () => `DEP ${deep}`;")
    assert s.get("/m/page").text == "page DEP two"
    # From modern to plain and back.
    s.write("mods/deep.js", "exports.deep = 'plain';")
    assert s.get("/m/page").text == "page DEP plain"
    s.write("mods/deep.js", "exports.deep = `${'modern'}`;")
    assert s.get("/m/page").text == "page DEP modern"


def test_a_syntax_error_answers_until_the_file_is_repaired(site):
    s = modules(site, {"page.js": "const { word } = require('./dep.ts'); module.exports = () => ({ txt: `page ${word}` });",
                       "dep.ts": "export const word: string = `fine`;"})
    assert s.get("/m/page").text == "page fine"
    s.write("mods/dep.ts", "export const word: string = `broken`;\n\nexport const = 1;\n")
    for _ in range(2):
        reply = s.get("/m/page")
        assert reply.status == 500
        assert re.search(r"SyntaxError: .*\(line 3, column 14\)\n    at .*/mods/dep\.ts:3\)", reply.text), reply.text
    s.write("mods/dep.ts", "export const word: string = `repaired`;")
    assert s.get("/m/page").text == "page repaired"
    # An error when it runs, behind lines that are shorter when compiled.
    s.write("mods/dep.ts", "interface A {\n  b: string;\n}\ntype C = A;\nexport const word: string = (null as any).x;\n")
    reply = s.get("/m/page")
    assert reply.status == 500 and re.search(r"TypeError: .*\n    at .*/mods/dep\.ts:5\)", reply.text), reply.text
    s.write("mods/dep.ts", "export const word = `again`;")
    assert s.get("/m/page").text == "page again"
