"""What the language means: cases that run under Node and here and give the same, TypeScript's own parts, the texts of
functions, eval() and Function(), and weak references."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts/language"
CACHE = {"RAVELIN_CACHE_DIR": "@DATA@/cache"}
NODE = shutil.which("node") or shutil.which("nodejs")

# What is otherwise here, and why: the compiler's ES5 has no means for it, or only slow ones (README.md, Modern
# JavaScript).
DEVIATIONS = {
    "classes: class name and length": ["A", 2, "class_1", "B"],
    "classes: class called without new": "undefined",
    "classes: fields do not see constructor parameters": ["inner", "inner"],
    "classes: spread runs getters once": [1, 2, 2],
    "classes: function length with defaults and rest": [3, 0, 2, 2],
    "classes: arguments in functions with defaults": [1, 9],
    "classes: arrows are no constructors": "RangeError",
    "classes: function in a block": [2, 2],
    "iteration: generator is its own iterator": [True, "function", "[object Object]"],
    "later: async defaults that throw reject": "threw TypeError: d",
    "later: stack of an async function": False,
}


def run_script(site, name, files):
    """The JSON that a script prints; it ends by itself."""
    s = site(files[name], start=False, env=CACHE, files=files)
    s.start(wait=False)
    assert s.wait_exit(60) == 0, s.log()
    return s.stdout()


def files_of_cases():
    return {path.name: path.read_text() for path in SCRIPTS.iterdir()}


@pytest.mark.skipif(NODE is None, reason="compares with Node")
def test_cases_give_what_node_gives(site):
    expected = json.loads(subprocess.run([NODE, SCRIPTS / "run.js"], capture_output=True, check=True).stdout)
    got = json.loads(run_script(site, "run.js", files_of_cases()))
    assert len(expected) > 200
    wanted = {name: [DEVIATIONS[name]] if name in DEVIATIONS else value for name, value in expected.items()}
    failures = [f"{name}: {got.get(name)}, not {value}" for name, value in wanted.items() if got.get(name) != value]
    assert not failures, "\n".join(failures)
    assert all(DEVIATIONS[name] != expected[name][0] for name in DEVIATIONS), "a deviation that is none any more"


def test_names_are_not_taken_for_declared_twice(site):
    assert run_script(site, "main.js", {
        **files_of_cases(), "main.js": "console.log(require('./declared.js'))"}).strip() == "15"


def test_typescript(site):
    results = json.loads(run_script(site, "main.js", {
        **files_of_cases(), "main.js": "console.log(JSON.stringify(require('./typed.ts').results))"}))
    assert results == {
        "imports": ["called", "named", "named", "named", True],
        "enums": [0, 6, "Mid", "t", 3, 8],
        "namespaces": [1, 3, 2],
        "classes": ["Square 9", ["given"], 1, 2],
        "overloads": [1, "a"],
        "decorators": [["method method", "field field", "class Decorated"], 1],
        "generics": [2, 3],
        "expressions": ["a", 5, "x", 1, 1],
        "texts": ["function overload(a: any) { return a }", "area() { return this.side ** 2 }"],
    }


# ---- texts of functions

TEXTS = """// é 😀 moves bytes and units apart
%s
const arrow = async ({ a, b = `${%%H:"<i>"}` }, ...c) => { /* kept */ return `é ${a}` };
export default function declared(x) { return x }
class Thing extends Object { #hidden = 1; static s = 2; constructor(x) { super(); this.x = x }
  async method(a = ```raw```) { await null }
  static *gen() { yield 1 }
  get value() { return this.#priv() } #priv() { return 2 }
  hidden() { return this.#priv }
  ["computed" + 1]() {}
}
const getter = (o, k) => Object.getOwnPropertyDescriptor(o, k).get;
const literal = { m() {}, get g() { return 1 }, async *ag() {}, f: function named() { return () => 1 } };
module.exports = [arrow, declared, Thing, Thing.prototype.method, Thing.gen, getter(Thing.prototype, "value"),
  new Thing().hidden(), Thing.prototype.computed1, literal.m, getter(literal, "g"), literal.ag, literal.f, literal.f(),
  class { }, Math.max, arrow.bind(null)].map(String);
"""
EXPECTED_TEXTS = [
    'async ({ a, b = `${%H:"<i>"}` }, ...c) => { /* kept */ return `é ${a}` }',
    "function declared(x) { return x }",
    TEXTS[TEXTS.index("class Thing"):TEXTS.index("\nconst getter")],
    "async method(a = ```raw```) { await null }",
    "*gen() { yield 1 }",
    "get value() { return this.#priv() }",
    "#priv() { return 2 }",
    '["computed" + 1]() {}',
    "m() {}", "get g() { return 1 }", "async *ag() {}", "function named() { return () => 1 }", "() => 1", "class { }",
    "function max() { [native code] }", "function bound arrow() { [bound code] }",
]
PLAIN = """%s
function f(a) { return a }
module.exports = [f, { m: function() {} }.m, { get g() { return 1 } }].map(function(x) {
  return String(typeof x === "function" ? x : Object.getOwnPropertyDescriptor(x, "g").get) });
"""
CODE = "function f() { [ecmascript code] }"


def texts_of(site, files, name, before=""):
    return json.loads(run_script(site, "main.js", {
        **files, "main.js": f"{before}console.log(JSON.stringify(require('./{name}')))"}))


def test_functions_of_modern_files_have_their_text(site):
    assert texts_of(site, {"t.js": TEXTS % ""}, "t.js") == EXPECTED_TEXTS
    assert texts_of(site, {"t.js": TEXTS % '"use transpiler"'}, "t.js") == EXPECTED_TEXTS
    off = texts_of(site, {"t.js": '"use transpiler:{functionSources:false}"\n' + TEXTS % ""}, "t.js")
    assert off[1] == "function declared() { [ecmascript code] }"
    assert not any("return x" in text for text in off)


def test_functions_of_plain_files_have_theirs_with_a_directive_only(site):
    source = ["function f(a) { return a }", "function() {}", "get g() { return 1 }"]
    assert texts_of(site, {"p.js": PLAIN % ""}, "p.js")[0] == CODE
    assert texts_of(site, {"p.js": PLAIN % '"use transpiler"'}, "p.js") == source
    assert texts_of(site, {"p.js": PLAIN % ""}, "p.js", '"use transpilerGlobally"\n') == source
    assert texts_of(site, {"p.js": PLAIN % '"noTranspile"'}, "p.js", '"use transpilerGlobally"\n')[0] == CODE
    assert texts_of(site, {"p.js": PLAIN % '"use transpiler:{ functionSources: false }"'}, "p.js")[0] == CODE


def test_a_changed_file_has_its_new_text_and_old_functions_keep_theirs(site):
    module = """module.exports = () => {
      const f = (a) => `%s`;
      globalThis.kept = globalThis.kept || f;
      return { txt: `${f}|${globalThis.kept}` };
    };"""
    s = site(map='{ "/": { module: "m.js" } }', options="threads: 1", env=CACHE, files={"m.js": module % "first"})
    assert s.get("/").text == "(a) => `first`|(a) => `first`"
    for version in ("second, which is longer", "third"):
        s.write("m.js", module % version)
        assert s.get("/").text == f"(a) => `{version}`|(a) => `first`"


def test_texts_reach_the_workers_and_cost_closures_nothing(site):
    s = site("""
        const make = n => function (a, b) { return a + b + n };
        const grow = () => { const before = process.memoryUsage ? 0 : 0, kept = []; for (let i = 0; i < 20000; i++) kept.push(make(i)); return kept };
        require("rampart-server").start({ bind: "127.0.0.1:@PORT@", user: "@USER@", threads: 1, map: {
            "/text": () => ({ txt: String(make(1)) }),
            "/shared": () => { const kept = grow(); return { json: [kept.length, String(kept[19999])] } } } });
        """, env=CACHE)
    assert s.get("/text").text == "function (a, b) { return a + b + n }"
    assert s.get("/shared").json() == [20000, "function (a, b) { return a + b + n }"]


# ---- eval() and Function()

EVALS = r"""%s
var results = [], local = 5;
function attempt(f) { try { return f() } catch (e) { return e.name + ": " + e.message + " @" + /eval:\d+/.exec(e.stack) } }
function withLocals(secret) { var inner = 2; return eval("[secret, inner].map(x => x + 1).concat([...'a'])") }
results.push(eval("let a = 1; [a, ...'xy'].join('')"));
results.push(withLocals(1));
results.push(eval("class A { #x = 4; get x() { return this.#x } } new A().x"));
results.push((0, eval)("(({ a = 1 }) => a)({})"));
results.push(globalThis.eval("`t${1 + 1}`"));
var other = eval; results.push(other("typeof local + [1, 2].at?.(-1)"));
results.push(new Function("{ a }", "...rest", "return a?.b ?? rest.length")({}, 2, 3));
results.push(Function("a = 3", "b = () => a", "return b()")());
results.push((function() {}).constructor("return `made`")(), globalThis["Function"]("a,", "return [...a]")("xy"));
results.push(new Function("a", "b", "return a + b").length, new Function("a", "return a?.b").name, new Function("let x = 1; return x") instanceof Function);
results.push(eval("let [a, b] = [1, 2]; a + b"));
results.push(attempt(function() { return eval("let a = 1;\n\nlet = = 2") }));
results.push(attempt(function() { return new Function("let a = 1;\n\nlet = = 2") }));
results.push(attempt(function() { return eval("let a = () => 1;\nconst b = {...a};\n\nnull.x") }));
results.push(attempt(function() { return eval("import x from 'y'") }));
results.push(attempt(function() { return eval("`${%%d:3}`") }));
results.push(attempt(function() { "use strict"; return eval("undeclared = (() => 1)()") }));
results.push(eval("var viaEval = (() => 7)()"), viaEval, eval(5), eval());
console.log(JSON.stringify(results, function(k, v) { return v === undefined ? "undefined" : v }));
"""
EVALUATED = ["1xy", [2, 3, "a"], 4, 1, "t2", "undefined2", 2, 3, "made", ["x", "y"], 2, "anonymous", True, 3,
             "SyntaxError: Expression expected (line 3, column 7) @eval:3",
             "SyntaxError: Expression expected (line 3, column 7) @eval:3",
             "TypeError: cannot read property 'x' of null @eval:4",
             "SyntaxError: 'import' and 'export' are for files only (line 1) @eval:1"]


@pytest.mark.parametrize("is_modern", [False, True])
def test_eval_and_function_take_modern_text(site, is_modern):
    head = "const modern = `file`;" if is_modern else ""
    module = "module.exports = 1;\n" + EVALS % head
    results = json.loads(run_script(site, "main.js", {"main.js": "require('./e.js')", "e.js": module}))
    assert results[:len(EVALUATED)] == EVALUATED
    # The extensions of templates are for files, and for texts that modern files evaluate.
    assert results[len(EVALUATED)] == "3" if is_modern else results[len(EVALUATED)].startswith("SyntaxError")
    strict, *rest = results[len(EVALUATED) + 1:]
    assert strict.startswith("ReferenceError") and rest == ["undefined", 7, 5, "undefined"]


def test_plain_texts_start_no_compiler(site):
    s = site(env=CACHE, map="""{ "/": function() {
        return {txt: eval("var a = 1; a + 1") + new Function("a", "return a")("x") + (0, eval)("({b: 2}).b")} } }""")
    assert s.get("/").text == "2x2"
    assert not list((Path(s.data) / "cache").rglob("*.es5"))


# ---- weak references

WEAK = """
var log = [];
var registry = new FinalizationRegistry(function(held) { log.push(held) });
var kept = {}, ref, sharedRef, token = {}, frozen = new WeakRef(Object.freeze({a: 1}));
(function() {
    var target = {name: "t"};
    ref = new WeakRef(target); sharedRef = new WeakRef(target);
    registry.register(target, "gone"); registry.register(target, "twice");
    registry.register(target, "unregistered", token);
    registry.register(kept, "never");
    var stone = Object.freeze({}), frozenRef = new WeakRef(stone); registry.register(stone, "stone");
    if (!Object.isFrozen(stone) || Object.getOwnPropertyNames(stone).length > 0) log.push("it has melted");
    var cycle = {}; cycle.self = cycle; registry.register(cycle, "cycle"); globalThis.cycleRef = new WeakRef(cycle);
    log.push(registry.unregister(token), registry.unregister(token));
})();
var proxied = new WeakRef(new Proxy({}, {})), inherited = new WeakRef(Object.create(kept));
var own = new WeakRef(kept), failing = new FinalizationRegistry(function() { throw new Error("in the callback") });
failing.register({}, 1);
// The job that made or used a WeakRef keeps its object.
log.push(ref.deref() && ref.deref().name, frozen.deref() && frozen.deref().a, log.length);
for (var i = 0, many = []; i < 1000; i++) many.push(new WeakRef({i: i}));
setTimeout(function() {
    Duktape.gc();
    log.push("timer", ref.deref() === undefined, sharedRef.deref() === undefined, frozen.deref() === undefined);
    log.push(cycleRef.deref() === undefined, own.deref() === kept, typeof proxied.deref(), inherited.deref() === undefined);
    log.push(many.every(function(r) { return r.deref() === undefined }));
    for (var i = 0; i < 100000; i++) { new WeakRef(kept); registry.register(kept, i, token); registry.unregister(token); }
    setTimeout(function() { console.log(JSON.stringify(log)); }, 10);
}, 10);
"""


def test_weak_references(site):
    s = site(WEAK, start=False, env=CACHE)
    s.start(wait=False)
    assert s.wait_exit(60) == 0, s.log()
    log = json.loads(s.stdout())
    assert log[:5] == [True, False, "t", 1, 2]
    timer = log.index("timer")
    assert sorted(log[5:timer]) == ["gone", "stone", "twice"], "called by the event loop, after the script and before the timer"
    assert log[timer + 1:timer + 9] == [True, True, True, True, True, "object", True, True]
    assert log[timer + 9:] == ["cycle"]
    assert "Error in setImmediate callback" in s.log() and "in the callback" in s.log()
