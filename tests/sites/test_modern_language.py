"""Modern JavaScript in request handlers: every feature of the language once, what cannot work, and the order of things."""

import re

from support.timing import wait_until

CACHE = {"RAVELIN_CACHE_DIR": "@DATA@/cache"}

# (name, body of a handler, what it answers as JSON)
FEATURES = [
    ("class", "class A { constructor(x) { this.x = x } get y() { return this.x + 1 } static s() { return 's' } }"
     " class B extends A { constructor() { super(2) } get y() { return super.y * 10 } }"
     " return [new B().y, B.s(), new B() instanceof A]", [30, "s", True]),
    ("super and accessors", "class A { _x = 1; get x() { return this._x } set x(v) { this._x = v } m() { return this._x }"
     " static get s() { return this.t } } class B extends A { static t = 5; get x() { return super.x * 10 }"
     " set x(v) { super.x = v + 1 } both() { return [super['x'], super.m(), (() => super.x)()] } static get s() { return super.s } }"
     " const b = new B(), other = new B(); b.x = 4; return [b.x, other.x, b.both(), B.s]", [50, 10, [5, 5, 5], 5]),
    ("methods are not enumerable", "class A { m() {} own = 1 } const seen = []; for (const k in new A()) seen.push(k);"
     " return [seen, A.prototype.m.name]", [["own"], "m"]),
    ("private fields", "class P { #v = 1; static #n = 2; #m() { return this.#v } get #g() { return 3 }"
     " all() { return [this.#m(), P.#n, this.#g] } has(o) { return #v in o } static { P.made = 4 } }"
     " const p = new P(); return [...p.all(), p.has(p), p.has({}), P.made]", [1, 2, 3, True, False, 4]),
    ("private fields of others", "class A { #a = 1; static read(o) { return o.#a } } try { A.read({}) } catch (e) {"
     " return e.name }", "TypeError"),
    ("extends built-ins", "class E extends Error { constructor(m, code) { super(m); this.code = code } name = 'E' }"
     " class M extends Map { inc(k) { return this.set(k, (this.get(k) ?? 0) + 1) } }"
     " class L extends Array { last() { return this[this.length - 1] } } const e = new E('m', 4);"
     " return [String(e), e.code, e instanceof E, e instanceof Error, [...new M().inc('a').inc('a')], L.of(1, 2).last()]",
     ["E: m", 4, True, True, [["a", 2]], 2]),
    ("subclasses of Array", "class L extends Array { last() { return this[this.length - 1] } } const l = L.of(1, 2, [3]);"
     " const made = [l.map(x => x), l.filter(x => x === 1), l.slice(1), l.concat([4]), l.flat(), l.flatMap(x => x), L.from('ab'),"
     " L.from([5, 6]).splice(0, 1)]; return [made.map(x => [x instanceof L, x.last()]), new L(2).length, L.of(1) instanceof Array,"
     " [1].map(x => x) instanceof L, Array.isArray(l), L.name, [...l.keys()]]",
     [[[True, [3]], [True, 1], [True, [3]], [True, 4], [True, 3], [True, 3], [True, "b"], [True, 5]], 2, True, False, True, "L",
      [0, 1, 2]]),
    ("errors with a cause", "class E extends Error { constructor(m, o) { super(m, o); this.name = 'E' } } class F extends E {}"
     " class A extends AggregateError {} const inner = new RangeError('in'), e = new F('out', { cause: inner }), a = new A([1], 'm',"
     " { cause: 2 }); return [e.cause === inner, e.message, Object.keys(e), e instanceof F, 'cause' in new E('m'), 'cause' in"
     " new F('m', {}), a.cause, a.errors, a instanceof A, new (class extends TypeError {})('m', { cause: 0 }).cause]",
     [True, "out", ["name"], True, False, False, 2, [1], True, 0]),
    ("constants", "const log = [], f = v => { log.push(v); return v }, c = 1, { d, e: [g] } = { d: 2, e: [3] };"
     " const tries = [() => { c = f('a') }, () => { c += f('b') }, () => { d++ }, () => { --g }, () => { [c] = [f('c')] },"
     " () => { ({ c } = { c: f('d') }) }, () => { ({ x: c = f('e') } = {}) }, () => { for (c of [f('f')]); }, () => { for (c in { k: 1 }); },"
     " () => { for (const i = 0; i < 2; i++) f(i) }, () => { for (const i of [f('g')]) i = 2 }, () => { (c) = 1 }, () => { c &&= f('h') },"
     " () => { [...c] = 'x' }, () => { let q; ({ q, ...c } = {}) }, () => { c ??= f('never') }, () => { c ||= f('never') },"
     " () => { let c = 1; c = 2; { const d = 1 } var h = d; h = 4 }, () => { const o = { v: 1 }; o.v = 2 },"
     " () => { (c) ||= f('never') }, () => { ((c)) ??= f('never') }, () => { (c) &&= f('i') }];"
     " const answers = tries.map(t => { try { t(); return '' } catch (x) { return x.name + ': ' + x.message } });"
     " const said = 'TypeError: Assignment to constant variable.'; return [answers.map(x => x === said ? 1 : x), log, c, d, g]",
     [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, "", "", "", "", "", "", 1],
      ["a", "b", "c", "d", "e", "f", 0, "g", "h", "i"], 1, 2, 3]),
    ("arrows", "const o = { v: 3, m() { return [1].map(x => x + this.v) } };"
     " return [o.m(), ((a, b) => a * b)(2, 3), (() => ({ a: 1 }))()]", [[4], 6, {"a": 1}]),
    ("let and const in blocks and loops", "const f = []; for (let i = 0; i < 3; i++) { const j = i * 2; f.push(() => i + j) }"
     " let x = 1; { let x = 2 } return [f.map(g => g()), x]", [[0, 3, 6], 1]),
    ("destructuring", "const { a, b: { c = 5 } = {}, ...rest } = { a: 1, x: 2 }; const [p, , q = 9, ...r] = 'wxyz';"
     " let m = 1, n = 2; [m, n] = [n, m]; return [a, c, rest, p, q, r, m, n]",
     [1, 5, {"x": 2}, "w", "y", ["z"], 2, 1]),
    ("parameters", "const f = (a, { b = a + 1 } = {}, ...c) => [a, b, c]; return [f(1), f(1, { b: 5 }, 6, 7)]",
     [[1, 2, []], [1, 5, [6, 7]]]),
    ("spread", "const a = [1, ...'xy', ...new Set([2]), ...new Map([[3, 4]])];"
     " return [a, Math.max(...[1, 5, 2]), { ...{ a: 1, b: 2 }, b: 3 }, new Date(...[2020, 0, 5]).getDate()]",
     [[1, "x", "y", 2, [3, 4]], 5, {"a": 1, "b": 3}, 5]),
    ("template literals", "const n = 3; return [`a${n}b${`in ${n}`}c${{ k: '}' }.k}`, `two\nlines`, `\\`\\${n}`,"
     " `${%05.1f: 2.25}|${%H:'<i>'}|${\"[%s] %03d\":\"id\", 7}`, ```c:\\new ${x}```]",
     ["a3bin 3c}", "two\nlines", "`${n}", "002.2|&lt;i&gt;|[id] 007", "c:\\new ${x}"]),
    ("tagged templates", "const tag = (s, ...v) => [s.join('|'), s.raw.join('|'), v.join()];"
     " return [tag`a\\n${1}b${%02d:2}`, String.raw`\\n${1}`]",
     [["a\n|b|", "a\\n|b|", "1,02"], "\\n1"]),
    ("generators", "function* g(n) { try { for (let i = 0; i < n; i++) { const got = yield i; if (got) yield got } }"
     " finally { log.push('end') } } const log = [], it = g(3); it.next(); const got = it.next('x').value; it.return();"
     " function* outer() { const r = yield* (function* () { yield 1; return 2 })(); yield r }"
     " return [[...g(2)], got, log, [...outer()]]", [[0, 1], "x", ["end", "end"], [1, 2]]),
    ("for-of", "const out = []; for (const x of [1, 2]) out.push(x); for (const c of 'h\\u{1F600}') out.push(c.length);"
     " for (const [k, v] of new Map([['k', 'v']])) out.push(k + v); for (const i of new Set([7])) out.push(i);"
     " for (const [i, v] of ['a'].entries()) out.push(i + v); for (const b of new Uint8Array([9])) out.push(b);"
     " (function () { for (const a of arguments) out.push(a) })(5); return out", [1, 2, 1, 2, "kv", 7, "0a", 9, 5]),
    ("iterators are closed", "let closed = 0; const it = { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }),"
     " return() { closed++; return {} } }) }; for (const x of it) break; const [q] = it; return closed", 2),
    ("own iterables", "class R { *[Symbol.iterator]() { yield* [1, 2] } }"
     " return [[...new R()], Array.from(new R()), new Set(new R()).size, Math.max(...new R())]", [[1, 2], [1, 2], 2, 2]),
    ("optional chaining and nullish", "const o = { a: { b: null }, f() { return this.a.b } }; let n = null, z = 0; n ??= 4; z ||= 5;"
     " return [o?.a?.b?.c ?? 'd', o.x?.(), o.f?.(), o.a?.['b'] ?? 1, 0 ?? 2, n, z]", ["d", None, None, 1, 0, 4, 5]),
    ("object literals", "const k = 'key'; return { k, [k + 1]: 2, m: { f() { return 3 } }.f(), get g() { return 4 },"
     " p: { __proto__: { q: 5 } }.q }", {"k": "key", "key1": 2, "m": 3, "g": 4, "p": 5}),
    ("numbers and operators", "return [2 ** 10, 1_000, 0b11, 0o17, (-2) ** 2]", [1024, 1000, 3, 15, 4]),
    ("catch without binding", "try { null.x } catch { return 'caught' }", "caught"),
    ("labels", "l: for (const a of [1, 2]) for (const b of [1, 2]) { if (b === 2) continue l; if (a === 2) return 'l' }", "l"),
    ("symbols", "const s = Symbol('d'), o = { [s]: 1, [Symbol.toPrimitive]: h => h === 'number' ? 5 : h };"
     " class E { static [Symbol.hasInstance](x) { return x > 1 } } return [o[s], s.description, +o, `${o}`, 2 instanceof E]",
     [1, "d", 5, "string", True]),
    ("Map, Set, WeakMap", "const k = {}, m = new Map([[NaN, 1], [k, 2]]), w = new WeakMap([[k, 3]]);"
     " return [m.get(NaN), m.get(k), m.size, [...m.keys()].length, w.get(k), new Set([1, 1, -0, 0]).size]", [1, 2, 2, 2, 3, 2]),
    ("library", "return [Object.entries({ a: 1 }).flat(), Object.fromEntries([['x', 2]]), [3, [4, [5]]].flat(Infinity),"
     " [1, 2, 3].at(-1), 'ab'.padStart(4, '-'), 'a-b-c'.replaceAll('-', '+'), [...'a1b2'.matchAll(/[a-z](\\d)/g)].map(m => m[1]),"
     " [1, 2, 3].findLast(x => x < 3), Array.from({ length: 2 }, (_, i) => i * 2), [2, 1].includes(1), ' x '.trimEnd()]",
     [["a", 1], {"x": 2}, [3, 4, 5], 3, "--ab", "a+b+c", ["1", "2"], 2, [0, 2], True, " x"]),
    ("stable sort", "const a = Array.from({ length: 200 }, (_, i) => [i % 3, i]).sort((x, y) => x[0] - y[0]);"
     " return a.every((x, i) => !i || a[i - 1][0] < x[0] || a[i - 1][1] < x[1])", True),
    ("Proxy and Reflect", "const p = new Proxy({}, { get: (t, k) => `got ${String(k)}` });"
     " return [p.foo, Reflect.ownKeys({ a: 1 }), Reflect.has({ a: 1 }, 'a')]", ["got foo", ["a"], True]),
    ("flags of regular expressions", "return [/a.b/s.test('a\\nb'), /^b/m.test('a\\nb'), /A/i.test('a'), 'aXbX'.replace(/x/gi, '-')]",
     [True, True, True, "a-b-"]),
    ("regular expressions of 2018 to 2022", r"const { groups: { y, m } } = /(?<y>\d{4})-(?<m>\d\d)/u.exec('2024-05'); return [y, m,"
     r" 'fooBar'.split(/(?<=[a-z])(?=[A-Z])/), [...'añ1'.matchAll(/\p{L}/gu)].map(([c]) => c), /a.b/s.flags, /a/y.test('ba'),"
     r" `${/x/d.exec('ax').indices[0]}`, (class extends RegExp { twice() { return this.source + this.flags } }).name !== 1,"
     r" new (class R extends RegExp { both() { return [this.flags, this.exec('2a').groups.n, this instanceof R] } })('(?<n>\\d)', 's').both()]",
     ["2024", "05", ["foo", "Bar"], ["a", "ñ"], "s", False, "1,2", True, ["s", "2", True]]),
    ("eval and Function", "const n = 1; return [eval('n + [...\"ab\"].length'), new Function('{ a }', '...r', 'return a + r.length')({ a: 1 }, 2)]",
     [3, 2]),
    ("arguments and this", "return (function () { return (() => [arguments[0], this.x])() }).call({ x: 2 }, 1)", [1, 2]),
]

ASYNC = [
    ("await", "const v = await Promise.resolve(1); return [v, await 2, await { then: f => f(3) }]", [1, 2, 3]),
    ("await and errors", "const log = []; try { await Promise.reject(new Error('no')) } catch (e) { log.push(e.message) }"
     " finally { log.push('fin') } return log", ["no", "fin"]),
    ("async methods", "class A { async m(x) { return (await x) + this.y } y = 10 }"
     " class B extends A { async m(x) { return (await super.m(x)) * 2 } } return new B().m(1)", 22),
    ("async generators", "async function* g(n) { for (let i = 0; i < n; i++) yield await i } const out = [];"
     " for await (const x of g(3)) out.push(x); for await (const x of [Promise.resolve('p'), 'q']) out.push(x); return out",
     [0, 1, 2, "p", "q"]),
    ("combinators", "return [await Promise.all([1, Promise.resolve(2)]), await Promise.allSettled([Promise.reject(3)]),"
     " await Promise.any([Promise.reject(1), 4]), await Promise.race([5, new Promise(() => {})]),"
     " await Promise.any([Promise.reject(6)]).catch(e => e.errors)]",
     [[1, 2], [{"status": "rejected", "reason": 3}], 4, 5, [6]]),
    ("deep", "const f = async n => n ? (await f(n - 1)) + 1 : 0; return f(200)", 200),
]

# (source behind three lines, what the error says; all of them must name line 4)
UNSUPPORTED = [
    ("const r = /(?<=a+b*)c/;", "invalid regular expression: a lookbehind of unlimited length"),
    ("const r = /[[a-z]--[aeiou]]/v;", "invalid regexp flags: d, g, i, m, s, u and y are supported, each once"),
    ("const n = 10n;", "BigInt is not supported"),
    ("const n = BigInt(10);", "identifier 'BigInt' undefined"),
    ("const r = new RegExp('(?<y>a');", "invalid regular expression: a group without end"),
    ("await null;", "'await' outside of async functions is not supported"),
    ("const u = import.meta.url;", "'import.meta' is not supported"),
    ("const e = <b>x</b>;", "JSX is not supported"),
    ("const o = { m() { return super.m() } };", "'super' is supported in classes with 'extends' only"),
    ("for await (const x of []);", "'await' outside of async functions is not supported"),
    ("const o = {} satisfies object;", "',' expected: 'satisfies' is newer than the compiler, TypeScript 4.8"),
    ("class A { accessor x = 1 }", "Unexpected keyword or identifier: 'accessor' is newer than the compiler, TypeScript 4.8"),
    ("enum E { A }", "'enum' declarations can only be used in TypeScript files"),
    ("const twice = 1; let twice = 2;", "'twice' has already been declared"),
    ("var twice = 1; { let fine = 1; } const twice = 2;", "'twice' has already been declared"),
    ("const p = `\\u{}`;", "Hexadecimal digit expected"),
]


def test_each_feature_in_a_handler(site):
    sync = "".join(f'"/f{n}": req => ({{ json: [(function () {{ {body} }})()] }}),\n' for n, (_, body, _) in enumerate(FEATURES))
    later = "".join(f'"/a{n}": async req => ({{ json: [await (async () => {{ {body} }})()] }}),\n'
                    for n, (_, body, _) in enumerate(ASYNC))
    s = site(map="{" + sync + later + "}", options="developerMode: true, threads: 1", env=CACHE)
    failures = []
    for prefix, table in (("f", FEATURES), ("a", ASYNC)):
        for number, (name, _, expected) in enumerate(table):
            reply = s.get(f"/{prefix}{number}")
            got = reply.json()[0] if reply.status == 200 else reply.text
            if got != expected:
                failures.append(f"{name}: {got!r}, not {expected!r}")
    assert not failures, "\n".join(failures)


def test_features_in_a_typescript_module(site):
    s = site(map='{ "/t": { module: "typed.ts" } }', env=CACHE, files={
        "typed.ts": """import { describe, Shape, Colour } from "./shapes.ts";
import type { Nothing } from "./nowhere";
import names = require("./names.js");
abstract class Base<T> implements Shape {
  constructor(private readonly side: number, protected tag?: T) {}
  abstract get kind(): string;
  area(): number { return this.side ** 2 }
}
class Square extends Base<string> { override get kind() { return `square ${this.tag!}` } }
type Pair<A, B = A> = [first: A, second: B];
function swap<A, B>([a, b]: Pair<A, B>): Pair<B, A> { return [b, a] }
function over(x: string): string; function over(x: number): number; function over(x: any) { return x }
namespace Tools { export const half = (n: number) => n / 2 }
declare const elsewhere: number;
const enum Inline { A = 7 }
const shape: Shape & { kind: string } = new Square(3, "t");
export = (req: { query: { q?: string } }) => ({ json: [
  describe(shape), shape.kind, Colour[Colour.Green], swap<number, string>([1, "x"]), over(5), Tools.half(5),
  Inline.A, names.list, <any>req.query.q ?? null, (req as any).path.file ] });
""",
        "shapes.ts": "export interface Shape { area(): number; name?: string }\n"
                     "export enum Colour { Red = 1, Green, Blue = \"b\".length + 4 }\n"
                     "export function describe(shape: Shape): string { return `area ${shape.area()}` }\n",
        "names.js": "exports.list = ['plain'];"})
    assert s.get("/t?q=z").json() == ["area 9", "square t", "Green", ["x", 1], 5, 2.5, 7, ["plain"], "z", "t"]


def test_assigning_to_a_constant_of_a_module_throws_where_it_stands(site):
    s = site(map='{ "/js": { module: "c.js" }, "/ts": { module: "t.ts" } }', options="developerMode: true", env=CACHE, files={
        "c.js": "export const LIMIT = `5`;\nconst change = () => {\n  LIMIT = 6;\n};\nmodule.exports = () => change();\n",
        "t.ts": "const limit: number = 5;\nfunction change(): void {\n  // @ts-ignore\n  limit++;\n}\n"
                "export = () => { change(); return { txt: `${limit}` } };\n"})
    for path, place in (("/js", r"at change \(.*c\.js:3\)|at \[anon\] \(.*c\.js:3\)"), ("/ts", r"at change \(.*t\.ts:4\)")):
        reply = s.get(path)
        assert reply.status == 500 and "TypeError: Assignment to constant variable." in reply.text, reply.text
        assert re.search(place, reply.text), reply.text


def test_the_log_shows_an_errors_cause(site):
    s = site(map="""{ "/fail": () => {
        try { null.x } catch (cause) { throw new Error("could not", { cause }) } } }""", options="threads: 1", env=CACHE)
    s.get("/fail")
    text = r"Error: could not\n    at .*app\.js:\d+\)\n  \[cause\]: TypeError: cannot read property 'x' of null\n    at .*app\.js:\d+\)"
    wait_until(lambda: re.search(text, s.log()), 5.0, text + " in\n" + s.log())


def test_import_and_export_are_require_and_exports(site):
    s = site(map='{ "/": { module: "main.js" } }', env=CACHE, files={
        "main.js": "import plain, { named } from './plain.js';\nimport D, * as es from './es.js';\nimport './effect.js';\n"
                   "export default 5;\nlet counter = es.count; es.bump();\n"
                   "module.exports = () => ({ json: [plain(), named, new D().m(), es.a, es.b, es.named, counter, es.count,"
                   " effect] });",
        "plain.js": "module.exports = function() { return 'plain' }; module.exports.named = 'n';",
        "es.js": "export const a = 1; export default class { m() { return 'd' } } export { a as b };\n"
                 "export * from './plain.js'; export let count = 0; export const bump = () => { count++ };",
        "effect.js": "globalThis.effect = `done`;"})
    # A live binding: `count` is seen to change.
    assert s.get("/").json() == ["plain", "n", "d", 1, 1, "n", 0, 1, "done"]


def test_what_cannot_work_is_an_error_with_file_and_line(site):
    s = site(map='{ "/m/": { modulePath: "mods" } }', options="developerMode: true, threads: 1", env=CACHE, files={
        f"mods/m{number}.js": f"// first line\nlet modern = `x`;\n\n{source}\nmodule.exports = () => ({{ txt: 'ran' }});\n"
        for number, (source, _) in enumerate(UNSUPPORTED)})
    failures = []
    for number, (source, message) in enumerate(UNSUPPORTED):
        reply = s.get(f"/m/m{number}")
        place = rf"    at .*/mods/m{number}\.js:4\)"
        if reply.status != 500 or message.replace("'", "") not in reply.text.replace("&#39;", "").replace("'", "") \
                or not re.search(place, reply.text):
            failures.append(f"{source}\n{reply.status} {reply.text}")
    assert not failures, "\n\n".join(failures)


def test_order_of_microtasks_timers_and_immediates(site):
    s = site(map="""{
        "/go": req => {
            const log = globalThis.log = [];
            setTimeout(() => { log.push("timer"); Promise.resolve().then(() => log.push("after timer")) }, 0);
            setImmediate(() => { log.push("immediate"); queueMicrotask(() => log.push("after immediate")) });
            queueMicrotask(() => log.push("micro"));
            Promise.resolve().then(() => log.push("then 1")).then(() => log.push("then 2"));
            (async () => { log.push("async"); await null; log.push("awaited") })();
            log.push("code");
            return { json: log };
        },
        "/log": () => ({ json: globalThis.log }) }""", options="threads: 1", env=CACHE)
    now = ["async", "code", "micro", "then 1", "awaited", "then 2"]
    assert s.get("/go").json() == now, "microtasks run before the reply is made, timers later"
    log = wait_until(lambda: (lambda log: log if len(log) == 10 else None)(s.get("/log").json()), 5.0, "both callbacks")
    assert log[:6] == now
    for name in ("timer", "immediate"):
        assert log[log.index(name) + 1] == f"after {name}", log


def test_rejections_nobody_handles_are_logged_with_their_stack(site):
    s = site(map='{ "/lost": { module: "lost.js" } }', options="threads: 1", env=CACHE, files={"lost.js": """
        module.exports = () => {
            Promise.reject(new TypeError("lost one"));
            setTimeout(async () => {
                await null;
                throw new Error("lost in a timer");
            }, 0);
            Promise.reject(new Error("handled")).catch(() => {});
            Promise.reject("no error");
            return { txt: "replied" };
        };"""})
    assert s.get("/lost").text == "replied"
    for line in (r"TypeError: lost one\n    at .*lost\.js:3\)", r"Error: lost in a timer\n    at .*lost\.js:6\)", r"no error"):
        wait_until(lambda: re.search(rf"Unhandled promise rejection:\n  {line}", s.log()), 5.0, line + " in\n" + s.log())
    assert "handled\n" not in s.log()
    assert s.log().count("lost one") == 1
    assert len(s.workers()) == 1


def test_endless_microtasks_are_stopped(site):
    s = site(map="""{
        "/then": () => { (function again() { Promise.resolve().then(again) })(); return { txt: "never" } },
        "/await": async () => { while (true) await null },
        "/queue": () => { const again = () => queueMicrotask(again); again(); return { txt: "never" } },
        "/fine": () => ({ txt: "fine" }) }""", options="threads: 1, scriptTimeout: 0.3", env=CACHE)
    for path in ("/then", "/await", "/queue"):
        assert s.get(path).status == 500
        assert s.get("/fine").text == "fine"
    assert len(s.wait_log("script timed out after 300 ms", count=3)) == 3


def test_async_functions_and_templates_of_the_start_script_reach_the_workers(site):
    """Closures and classes of the start script are in each worker, compiled."""
    s = site("""
        import { sep } from "./lib.js";
        const cache = new Map();
        class Counter { #n = 0; next() { return ++this.#n } }
        const counter = new Counter();
        const server = require("rampart-server");
        const options = { bind: "127.0.0.1:@PORT@", user: "@USER@", threads: 1, map: {
            "/count": async () => { cache.set("k", `${counter.next()}`); return { txt: [...cache].join(sep) } } } };
        server.start(options);
        export {};
        """, files={"lib.js": "export const sep = ';';"}, env=CACHE)
    assert [s.get("/count").text for _ in range(2)] == ["k,1", "k,2"]
