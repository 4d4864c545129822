"""Modern JavaScript and TypeScript in a served site: scripts, modules, errors, async handlers, the cache of compiled files."""

import os
import re
import textwrap
from pathlib import Path

from support.site import IS_ROOT, USER
from support.timing import scaled, wait_until

COLD = scaled(20.0)  # a first request may compile


def cached(site, **options):
    """A site whose compiled files are in a folder of its own."""
    return lambda *args, **more: site(*args, env={"RAVELIN_CACHE_DIR": "@DATA@/cache"}, **options, **more)


def wait_text(s, pattern):
    return wait_until(lambda: re.search(pattern, s.log()), 5.0, f"{pattern} in the log")


def entries(s):
    return sorted(path for path in (s.data / "cache").rglob("*.es5"))


def test_modern_start_script_and_modules(site):
    s = cached(site)({"app.js": """
        const server = require("rampart-server");
        const greet = (name = "you") => `hello ${%H:name}`;
        class Page { #title; constructor(title) { this.#title = title } get html() { return `<b>${this.#title}</b>` } }
        let pid = server.start({ bind: "127.0.0.1:@PORT@", user: "@USER@", map: {
            "/greet": ({ query: { name } }) => ({ txt: greet(name) }),
            "/page": req => ({ html: new Page("t").html }),
            "/ts": { module: "typed.ts" },
            "/mod/": { modulePath: "mods" },
        }});""",
                      "typed.ts": """
        enum Kind { A = 1, B }
        interface Reply { json: object }
        export = function (req: any): Reply { return { json: { kind: Kind[2], q: req.query.q as string } } };
        """,
                      "mods/list.js": "module.exports = (req) => ({ json: [...new Set(req.query.q)] });"})
    assert s.get("/greet?name=%3Cb%3E").text == "hello &lt;b&gt;"
    assert s.get("/greet").text == "hello you"
    assert s.get("/page").text == "<b>t</b>"
    assert s.get("/ts?q=x").json() == {"kind": "B", "q": "x"}
    assert s.get("/mod/list?q=hello").json() == ["h", "e", "l", "o"]


def test_async_handlers(site):
    s = cached(site)(map="""{
        "/ok": async (req) => { const v = await Promise.resolve(req.query.v); return { txt: `got ${v}` } },
        "/throws": async () => { await null; throw new Error("async boo") },
        "/chain": () => Promise.resolve(1).then(v => ({ txt: String(v + 1) })),
        "/plain": () => { Promise.resolve().then(() => { globalThis.later = (globalThis.later || 0) + 1 }); return { txt: `${globalThis.later}` } },
        "/forever": () => { (function again() { Promise.resolve().then(again) })(); return { txt: "never" } },
        "/lost": () => { Promise.reject(new Error("nobody cares")); return { txt: "replied" } },
    }""", options="threads: 1, scriptTimeout: 1, developerMode: true")
    assert s.get("/ok?v=7").text == "got 7"
    reply = s.get("/throws")
    assert reply.status == 500 and "async boo" in reply.text
    assert s.get("/chain").text == "2"
    assert [s.get("/plain").text for _ in range(3)] == ["undefined", "1", "2"]
    assert s.get("/forever").status == 500
    s.wait_log(r"script timed out")
    assert s.get("/lost").text == "replied"
    wait_text(s, r"Unhandled promise rejection:\n  Error: nobody cares\n    at \S+ \(\S+app\.js:\d+\)")
    assert s.log().count("nobody cares") == 1
    assert s.log().count("async boo") == 1, "what the request reports is no unhandled rejection"


def test_errors_name_original_lines(site):
    s = cached(site)(map='{ "/m/": { modulePath: "mods" } }', options="developerMode: true, threads: 1", files={
        "mods/run.js": """const rows = [1, 2];

        module.exports = (req) => {
          for (const row of rows) {
            if (row > 1)
              throw new TypeError(`bad row ${row}`);
          }
        };""",
        "mods/bad.js": "const a = 1;\n\nconst = 2;\n"})
    reply = s.get("/m/run")
    assert reply.status == 500
    assert re.search(r"TypeError: bad row 2\n\s+at \S+ \(\S+/mods/run\.js:6\)", reply.text), reply.text
    reply = s.get("/m/bad")
    assert reply.status == 500 and "SyntaxError" in reply.text and re.search(r"mods/bad\.js:3\)", reply.text), reply.text
    # Repaired: works at the next request.
    s.write("mods/bad.js", "const a = 1;\n\nmodule.exports = () => ({ txt: `fine` });\n")
    assert s.get("/m/bad").text == "fine"
    # And broken again: nothing old answers.
    s.write("mods/bad.js", "const a = 1;\n`${")
    assert s.get("/m/bad").status == 500


def test_timeouts_name_original_lines(site):
    s = cached(site)(map='{ "/slow": { module: "slow.ts" } }', options="scriptTimeout: 1, threads: 1", files={
        "slow.ts": "let n: number = 0;\n\n\nexport = () => {\n  while (true)\n    n++;\n};\n"})
    assert s.get("/slow").status == 500
    wait_text(s, r"script timed out(.|\n)*slow\.ts:[56]\)")


def test_main_script_syntax_error_names_its_place(site):
    s = site.run("let a = 1;\nlet b c;\n", seconds=COLD, env={"RAVELIN_CACHE_DIR": "@DATA@/cache"})
    assert s.returncode == 1
    assert re.search(r"SyntaxError: .* \(line 2, column 7\)\n    at \S+ \(\S+/app\.js:2\)", s.log()), s.log()


def test_microtasks_run_before_timers(site):
    s = site.run("""
        setTimeout(() => { console.log("timer 1"); Promise.resolve().then(() => console.log("after timer 1")) }, 0);
        setTimeout(() => console.log("timer 2"), 0);
        (async () => { console.log("a"); await null; console.log("c"); await null; console.log("d") })();
        console.log("b");
        process.nothing?.();""", seconds=COLD, env={"RAVELIN_CACHE_DIR": "@DATA@/cache"})
    assert s.returncode == 0, s.log()
    assert s.stdout().split("\n") == ["a", "b", "c", "d", "timer 1", "after timer 1", "timer 2", ""]


def test_pending_work_of_the_start_script_stays_in_the_launcher(site):
    s = cached(site)("""
        let runs = 0;
        Promise.resolve().then(() => { runs++; console.log("ran in", process.getpid()) });
        const server = require("rampart-server");
        const pid = server.start({ bind: "127.0.0.1:@PORT@", user: "@USER@", map: { "/": () => ({ txt: `${runs}` }) } });
        """)
    assert [s.get("/").text for _ in range(4)] == ["0"] * 4
    assert s.stdout().count("ran in") == 1


def test_compiled_files_are_cached_for_the_user(site):
    s = cached(site)({"app.js": """
        let server = require("rampart-server");
        server.start({ bind: "127.0.0.1:@PORT@", user: "@USER@", map: { "/": { module: "m.js" } } });""",
                      "m.js": "module.exports = () => ({ txt: `${1 + 1}` });"})
    assert s.get("/").text == "2"
    files = entries(s)
    assert len(files) == 2, files
    owners = {path.parent.name: path.owner() for path in files}
    if IS_ROOT:
        assert set(owners.values()) == {"root", USER}
    for path in files:
        assert path.parent.stat().st_mode & 0o777 == 0o700
    # The same text again, in another file: no new entry.
    s.write("m2.js", "module.exports = () => ({ txt: `${1 + 1}` });")
    s.write("m.js", "module.exports = require('./m2.js');")
    assert s.get("/").text == "2"
    assert len(entries(s)) == 2
    # Rubbish in the folder does no harm.
    for path in entries(s):
        path.write_bytes(b"rubbish")
    s.write("m2.js", "module.exports = () => ({ txt: `${1 + 1}` });\n\n")
    s.write("m.js", "module.exports = (...args) => require('./m2.js')(...args);")
    assert s.get("/").text == "2"


def test_no_cache_option_and_cache_dir_option(site):
    script = 'let a = `x`; console.log(a);'
    s = site.run(script, args=["--no-cache"], env={"RAVELIN_CACHE_DIR": "@DATA@/cache"}, seconds=COLD)
    assert (s.returncode, s.stdout()) == (0, "x\n")
    assert not (s.data / "cache").exists()
    other = site(script, start=False)
    other.command[1:1] = ["--cache-dir", str(other.data / "elsewhere")]
    other.start(wait=False)
    assert other.wait_exit(COLD) == 0
    assert len(list((other.data / "elsewhere").rglob("*.es5"))) == 1


def test_many_workers_compile_the_same_module(site):
    s = cached(site)(map='{ "/": { module: "m.js" } }', options="threads: 4", files={
        "m.js": "module.exports = ({ query: { n } }) => ({ txt: `${[...n].join('')}` });"})
    connections = [s.connect() for _ in range(12)]
    for number, connection in enumerate(connections):
        connection.send_request("GET", f"/?n={number}")
    assert [connection.read_response("GET").text for connection in connections] == [str(n) for n in range(12)]


def test_compiling_leaves_nothing_behind(site):
    s = cached(site)(map='{ "/m/": { modulePath: "mods" } }', options="threads: 1", files={
        f"mods/m{n}.js": f"module.exports = () => ({{ txt: `{n}` }});" for n in range(5)})
    worker = s.workers()[0]
    before = sorted(os.listdir(f"/proc/{worker}/fd"))
    for n in range(5):
        assert s.get(f"/m/m{n}").text == str(n)
    assert sorted(os.listdir(f"/proc/{worker}/fd")) == before
    assert Path(f"/proc/{worker}/task/{worker}/children").read_text().split() == []


def test_the_front_page_of_the_manuals_chat_example(site):
    """As printed in the manual, "Example echo/chat server": the page is a template literal over many lines."""
    page = textwrap.dedent("""\
        `<html><body>
            <div id="chatbox"></div>
            <input id="chatin" type=text style="width:50%">
            <button id="send">send</button>
            <script>
                var chatbox = document.getElementById('chatbox');
                var chatin = document.getElementById('chatin');
                var send = document.getElementById('send');
                var socket = new WebSocket("ws://localhost:8088/ws");

                function showmsg(msg){
                    var node = document.createElement('p');
                    var textnode = document.createTextNode(msg.data);
                    node.appendChild(textnode);
                    chatbox.appendChild(node);
                }

                socket.addEventListener('open', function(e){
                    socket.onmessage = showmsg;
                });

                send.onclick = function(){
                    if(socket.readyState === socket.OPEN) {
                        socket.send(chatin.value);
                        chatin.value="";
                    }
                };

            </script>
        </body></html>`""")
    s = cached(site)(map='{ "/" : frontpage }',
                     before="/* this function just returns html */\nfunction frontpage(req)\n{\n    return {html:\n" + page + "};\n}")
    reply = s.get("/")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.text == page.strip("`")
