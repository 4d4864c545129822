"""rampart.event as runtime-api 4 has it, within one process: what on, trigger, off, remove and scopeToModule do, in which
order, and what they refuse."""

import re

import pytest


def test_the_example_of_the_reference(site):
    s = site.run("""
        rampart.event.on("tick", "show", function(u, d) { console.log(u, d); if (d < 3) rampart.event.trigger("tick", d + 1); }, "n =");
        rampart.event.trigger("tick", 1);
        console.log("start");
    """)
    assert (s.returncode, s.stdout()) == (0, "start\nn = 1\nn = 2\nn = 3\n")


def test_listeners_alone_do_not_keep_a_script_alive(site):
    s = site.run('rampart.event.on("e", "f", function () {}); console.log("end");')
    assert (s.returncode, s.stdout()) == (0, "end\n")


LOCAL = {
    "returns undefined": (
        "console.log(typeof ev.on('e', 'f', say), typeof ev.trigger('e', 1), typeof ev.off('e', 'g'), typeof ev.remove('x'),"
        " typeof ev.scopeToModule)", "undefined undefined undefined undefined function\nsay undefined 1\n"),
    "function anywhere": ("ev.on(say, 'e', 'f', 'u1'); ev.on('e2', say, 'f', 'u2'); ev.trigger('e', 1); ev.trigger('e2', 2)",
                          "say u1 1\nsay u2 2\n"),
    "same name replaces and keeps its place": (
        "ev.on('e', 'a', say, 'old'); ev.on('e', 'b', say, 'b'); ev.on('e', 'a', say, 'new'); ev.trigger('e', 1)",
        "say new 1\nsay b 1\n"),
    "any user variable, by reference": (
        "var o = {n: 1}; ev.on('e', 'f', function (u) { console.log(u === o, u.n) }, o); ev.trigger('e'); o.n = 2", "true 2\n"),
    "two arguments and global this": (
        "ev.on('e', 'f', function () { console.log(arguments.length, this === global) }); ev.trigger('e')", "2 true\n"),
    "data is copied at the call": ("var d = {n: 1}; ev.on('e', 'f', json); ev.trigger('e', d); d.n = 2", '{"n":1}\n'),
    "callbacks share the copy": (
        "ev.on('e', 'a', function (u, d) { d.n++ }); ev.on('e', 'b', json); ev.trigger('e', {n: 1})", '{"n":2}\n'),
    "nobody listens: dropped": ("ev.trigger('e', 1); ev.on('e', 'f', say)", ""),
    "added between trigger and delivery": (
        "ev.on('e', 'a', say, 'a'); ev.trigger('e', 1); ev.on('e', 'b', say, 'b')", "say a 1\nsay b 1\n"),
    "order of names": ("ev.on('e', 'z', say, 'z'); ev.on('e', 'a', say, 'a'); ev.trigger('e', 1)", "say z 1\nsay a 1\n"),
    "off is queued": ("ev.on('e', 'f', say); ev.trigger('e', 'bye'); ev.off('e', 'f'); ev.trigger('e', 'gone')",
                      "say undefined bye\n"),
    "remove is queued": ("ev.on('e', 'f', say); ev.remove('e'); ev.trigger('e', 1)", ""),
    "off spares a later on": ("ev.on('e', 'f', say, 1); ev.off('e', 'f'); ev.on('e', 'f', say, 2); ev.trigger('e', 'x')",
                              "say 2 x\n"),
    "remove spares a later on": (
        "ev.on('e', 'a', say, 'a'); ev.on('e', 'b', say, 'b'); ev.remove('e'); ev.on('e', 'b', say, 'c'); ev.trigger('e', 1)",
        "say c 1\n"),
    "off of one": ("ev.on('e', 'a', say, 'a'); ev.on('e', 'b', say, 'b'); ev.off('e', 'a'); ev.trigger('e', 1)", "say b 1\n"),
    "off of unknown names": ("ev.off('e', 'f'); ev.remove('e'); ev.on('e', 'f', say); ev.off('e', 'g'); ev.trigger('e', 1)",
                             "say undefined 1\n"),
    "no recursion: timers get their turn": (
        "var n = 0; ev.on('e', 'f', function () { if (++n < 5000) ev.trigger('e'); else console.log('done', timer > 0) });"
        "var timer = 0, id = setInterval(function () { timer++ }, 0); ev.on('e', 'z', function () { if (n >= 5000) clearInterval(id) });"
        "ev.trigger('e')", "done true\n"),
    "an error leaves the others": (
        "ev.on('e', 'a', function broken() { throw new TypeError('oh') }); ev.on('e', 'b', say, 'b'); ev.trigger('e', 1)",
        "say b 1\n"),
    "on(undefined) as userVar": ("ev.on('e', 'f', say, undefined); ev.trigger('e', undefined)", "say undefined undefined\n"),
    "names of any contents": (
        "ev.on('', '', say, 1); ev.trigger('', 2); ev.on('a\\0b', '\\ud83d\\ude00', say, 3); ev.trigger('a\\0b', 4);"
        " ev.trigger('a', 5)", "say 1 2\nsay 3 4\n"),
}


@pytest.mark.parametrize("name", LOCAL)
def test_semantics_in_one_context(site, name):
    code, expected = LOCAL[name]
    s = site.run("var ev = rampart.event; function say(u, d) { console.log('say', u, d) }\n"
                 "function json(u, d) { console.log(JSON.stringify(d)) }\n" + code)
    assert (s.returncode, s.stdout()) == (0, expected), s.log()
    if "error" in name:
        assert re.search(r"^Error in event callback: TypeError: oh\n    at broken \(.*app\.js:3\)$", s.log(), re.M), s.log()


ON = "event.on: parameters must be a string (event name), a second string(function name) and a function(callback)"
ERRORS = {
    "ev.on()": f"Error: {ON}", "ev.on('e', 'f')": f"Error: {ON}", "ev.on('e', say)": f"Error: {ON}",
    "ev.on(1, 'f', say)": f"Error: {ON}", "ev.on('e', 'f', 'g', say)": f"Error: {ON}",
    "ev.trigger()": "Error: event.trigger: parameter must be a string (event name)",
    "ev.trigger(5, 1)": "Error: event.trigger: parameter must be a string (event name)",
    "ev.off('e')": "Error: event.off: second parameter must be a string (function name)",
    "ev.off('e', 5)": "Error: event.off: second parameter must be a string (function name)",
    "ev.off()": "Error: event.off: parameter must be a string (event name)",
    "ev.remove({})": "Error: event.remove: parameter must be a string (event name)",
    "var a = {}; a.b = [a]; ev.trigger('e', a)": "TypeError: event.trigger: data contains itself",
    "var a = []; for (var i = 0; i < 2000; i++) a = [a]; ev.trigger('e', a)":
        "RangeError: event.trigger: data has more than 1000 levels",
    "ev.trigger('e', {get a() { throw new Error('mine') }})": "Error: mine",
}


def test_wrong_arguments(site):
    lines = "".join(f"try {{ {code}; console.log('no error') }} catch (e) {{ console.log(String(e)) }}\n" for code in ERRORS)
    s = site.run("var ev = rampart.event; function say() {}\n" + lines)
    assert s.stdout().splitlines() == list(ERRORS.values())


def test_a_context_that_never_returns_cannot_fill_the_memory(site):
    s = site.run("""
        rampart.event.on("e", "f", function () {});
        var data = new Uint8Array(60000), n = 0;
        try { for (;; n++) rampart.event.trigger("e", data); } catch (e) { console.log(n > 1000, String(e)); }
    """, seconds=60)
    assert s.stdout() == "true RangeError: rampart.event: more than 64 MB of events wait for this context's own listeners\n"


def test_scope_to_module(site):
    module = """
        rampart.event.on("e", "f", function (u, d) { console.log(module.id.split("/").pop(), d); });
        module.exports = function (d) { rampart.event.trigger("e", d); };
    """
    s = site.run("""
        rampart.event.scopeToModule();
        var a = require("./a.js"), b = require("./b.js");
        rampart.event.on("e", "f", function (u, d) { console.log("main", d); });
        a("from a"); b("from b"); rampart.event.trigger("e", "from main");
    """, files={"a.js": module, "b.js": module})
    assert s.stdout() == "a.js from a\nb.js from b\nmain from main\n"
