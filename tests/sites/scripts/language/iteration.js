// Iteration, destructuring, operators and literals: each case gives the same value under Node
// (tests/sites/test_language_cases.py).
const attempt = f => { try { return f() } catch (e) { return e.name } };
const closing = (log, n = 3) => ({ [Symbol.iterator]: () => ({ i: 0, next() { return { value: this.i, done: this.i++ >= n } }, return(v) { log.push("closed"); return { value: v, done: true } } }) });
const tag = (s, ...v) => [[...s], [...s.raw], v];

module.exports = {
  // ---- destructuring
  "arrays": () => { const [a, , b = 5, ...c] = [1, 2, undefined, 4, 5]; return [a, b, c] },
  "nested": () => { const { a: { b: [c, { d }] }, ...rest } = { a: { b: [1, { d: 2 }] }, e: 3, f: 4 }; return [c, d, rest] },
  "from iterables": () => { const [a, b] = new Set([1, 2]); const [[k, v]] = new Map([["x", 1]]); const [c, ...d] = "héy"; const [e] = (function* () { yield 7 })(); return [a, b, k, v, c, d, e] },
  "closes what it does not finish": () => { const log = []; const [a] = closing(log); const [...all] = closing(log); return [a, all, log] },
  "of null": () => [attempt(() => { const { a } = null; return a }), attempt(() => { const [b] = undefined; return b })],
  "of what is not iterable": () => attempt(() => { const [a] = {}; return a }),
  "assignment": () => { let a, b; const o = {}; [a, b] = [1, 2]; [a, b] = [b, a];  ({ x: o.y, z: [o.q] } = { x: 3, z: [4] }); return [a, b, o] },
  "assignment's value": () => { let a; const source = [1, 2]; return ([a] = source) === source },
  "defaults are lazy": () => { const log = []; const f = n => (log.push(n), n); const { a = f(1), b = f(2) } = { a: 0 }; return [a, b, log] },
  "default of null": () => { const { a = 1, b = 2 } = { a: null, b: undefined }; return [a, b] },
  "computed keys": () => { const k = "x"; const { [k]: a, [`${k}y`]: b = 2 } = { x: 1 }; return [a, b] },
  "rest leaves out symbols and inherited": () => { const s = Symbol(); const { a, ...rest } = Object.create({ i: 1 }, { a: { value: 1, enumerable: true }, b: { value: 2, enumerable: true } }); return [rest, "i" in rest] },
  "rest with computed keys": () => { const k = "b"; const { [k]: x, ...rest } = { a: 1, b: 2, c: 3 }; return [x, rest] },
  "in catch": () => { try { throw { code: 5, list: [1] } } catch ({ code, list: [x] }) { return [code, x] } },
  "in for-of": () => { const out = []; for (const [k, { v = 9 }] of Object.entries({ a: { v: 1 }, b: {} })) out.push(k + v); return out },
  "in for": () => { const out = []; for (let [i, j] = [0, 3]; i < j; i++, j--) out.push([i, j]); return out },
  "of strings by code point": () => { const [a, b] = "😀x"; return [a.length, b] },
  "swap of members": () => { const a = [1, 2, 3]; [a[0], a[2]] = [a[2], a[0]]; return a },
  "of numbers": () => { const { toFixed, constructor: { name } } = 5; return [typeof toFixed, name] },
  "evaluation order": () => { const log = []; const f = n => (log.push(n), n); const o = {}; [o[f("a")], o[f("b")]] = [f("c"), f("d")]; return log },

  // ---- spread
  "spread of arrays and holes": () => [...[1, , 3]],
  "spread of everything": () => [...new Set([1, 1, 2]), ...new Map([["a", 1]]), ..."h😀", ...(function* () { yield 5 })(), ...new Uint8Array([6]), ...[7].entries()],
  "spread in calls": () => [Math.max(...[1, 5], 3, ...new Set([9])), String.fromCharCode(...[104, 105]), [].concat(...[[1], [2]])],
  "spread in new": () => new Date(...[2020, 1, 3]).getMonth(),
  "spread with this": () => { const o = { v: 1, f(...a) { return [this.v, ...a] } }; return [o.f(...[2]), o?.f(...[3]), o["f"](...[4], 5)] },
  "spread of null": () => attempt(() => [...null]),
  "spread of arguments": () => (function () { return [...arguments, arguments.length] })(1, 2),
  "copy is new": () => { const a = [1], b = [...a]; b.push(2); return a },

  // ---- for-of
  "for-of closes": () => { const log = []; for (const x of closing(log)) { if (x === 1) break } attempt(() => { for (const x of closing(log)) throw new Error("x") }); (() => { for (const x of closing(log)) return x })(); for (const x of closing(log, 1)); return log },
  "labelled continue": () => { const out = []; outer: for (const a of [1, 2, 3]) { for (const b of [1, 2, 3]) { if (b === 2) continue outer; if (a === 3) break outer; out.push([a, b]) } } return out },
  "labelled continue closes the inner": () => { const log = []; outer: for (const a of [1, 2]) for (const b of closing(log)) continue outer; return log },
  "labelled block": () => { let r = 0; out: { r = 1; if (r) break out; r = 2 } return r },
  "for-of over a changing array": () => { const a = [1, 2], out = []; for (const x of a) { out.push(x); if (a.length < 4) a.push(x * 10) } return out },
  "for-of over a Map while it changes": () => { const m = new Map([[1, 1], [2, 2]]), out = []; for (const [k] of m) { out.push(k); if (k < 4) m.set(k + 2, 0); m.delete(k) } return out },
  "for-of with members as target": () => { const o = {}; for (o.x of [1, 2]); return o },
  "for-in": () => { const out = []; for (const k in { b: 1, a: 2, 1: 3 }) out.push(k); for (const i in "ab") out.push(i); for (const k in null) out.push("no"); return out },
  "for-in with let and closures": () => { const f = []; for (let k in [5, 6]) f.push(() => k); return f.map(g => g()) },
  "entries, keys and values": () => [[..."ab"].entries().next(), [...["x"].keys()], [...["x"].values()], [...new Set([1]).entries()], [...new Map([[1, 2]]).keys()]],
  "own iterator": () => { const o = { *[Symbol.iterator]() { yield* [1, 2] } }; return [Array.from(o), [...o], new Set(o).size, Object.fromEntries([["a", 1]]), Math.max(...o)] },

  // ---- generators
  "generator protocol": () => { function* g() { const a = yield 1; const b = yield a * 2; return a + b } const it = g(); return [it.next("lost"), it.next(5), it.next(6), it.next()] },
  "generator return": () => { const log = []; function* g() { try { yield 1; yield 2 } finally { log.push("f"); yield 3 } } const it = g(); return [it.next(), it.return(9), it.next(), it.next(), log] },
  "generator throw": () => { function* g() { try { yield 1 } catch (e) { yield "caught " + e } } const it = g(); it.next(); return [it.throw("x"), it.next(), attempt(() => it.throw(new RangeError("r")))] },
  "generator return before the start": () => { let ran = false; function* g() { ran = true; yield 1 } const it = g(); return [it.return(5), it.next(), ran] },
  "yield*": () => { function* a() { const r = yield* b(); yield r } function* b() { const got = yield 1; return got } const it = a(); return [it.next(), it.next("g"), it.next()] },
  "yield* forwards return and throw": () => { const log = []; function* b() { try { yield 1 } finally { log.push("b") } } function* a() { try { yield* b() } finally { log.push("a") } } const it = a(); it.next(); it.return(5); const other = a(); other.next(); attempt(() => other.throw(new Error("x"))); return log },
  "yield in expressions": () => { function* g() { return [yield 1, (yield 2) + 1, { a: yield 3 }, `${yield 4}`] } const it = g(); it.next(); it.next("a"); it.next(5); it.next("c"); return it.next("d") },
  "yield in loops and try": () => { function* g(n) { for (let i = 0; i < n; i++) { if (i === 1) continue; try { yield i } finally { if (i === 2) break } } } return [...g(5)] },
  "generator closures": () => { function* g() { for (let i = 0; i < 2; i++) yield () => i } return [...g()].map(f => f()) },
  "generator in objects": () => { const o = { v: 2, *m() { yield this.v; yield* [...arguments] } }; return [...o.m(3, 4)] },
  "infinite generator": () => { function* nat() { let n = 0; while (true) yield n++ } const out = []; for (const n of nat()) { if (n > 3) break; out.push(n) } return out },
  "generator is its own iterator": () => { function* g() {} const it = g(); return [it[Symbol.iterator]() === it, typeof it.next, String(it)] },
  "generator running twice at once": () => attempt(() => { let it; function* g() { it.next() } it = g(); it.next(); return "no" }),
  "spread of a partly used generator": () => { function* g() { yield 1; yield 2; yield 3 } const it = g(); it.next(); return [...it] },
  "switch in a generator": () => { function* g(x) { switch (x) { case 1: yield "one"; case 2: yield "two"; break; default: yield "other" } } return [[...g(1)], [...g(2)], [...g(3)]] },

  // ---- operators
  "optional chaining": () => { const o = { a: { b: () => 5 }, n: null }; return [o?.a?.b?.(), o.x?.y.z.w, o.n?.(), o.a?.["b"]?.(), o?.["a"], delete o?.x, null?.[0]] },
  "optional calls keep this": () => { const o = { v: 1, f() { return this?.v }, g: { f() { return this.w }, w: 2 } }; return [o.f?.(), o?.f(), o?.["f"](), (o?.f)(), o.g?.f?.(), (o.g).f?.()] },
  "optional chaining evaluates once": () => { let n = 0; const f = () => (n++, { a: { b: 1 } }); const v = f()?.a?.b; return [v, n] },
  "optional chaining stops everything": () => { let n = 0; const o = null; o?.a[n++].b(n++); return n },
  "optional chaining and templates": () => `${null?.x}|${({ a: 1 })?.a}`,
  "nullish": () => [null ?? 1, undefined ?? 2, 0 ?? 3, "" ?? 4, false ?? 5, (null || undefined) ?? 6],
  "logical assignment": () => { const o = { a: null, b: 0, c: 1 }; o.a ??= 1; o.b ||= 2; o.c &&= 3; o.d ??= 4; let x; x ??= 5; return [o, x] },
  "logical assignment is lazy": () => { let n = 0; const o = { get a() { return 1 }, set a(v) { n++ } }; o.a ??= n++; o.a ||= n++; o["a"] &&= 1; return n },
  "logical assignment evaluates its target once": () => { let n = 0; const o = { k: null }; o[(n++, "k")] ??= 2; return [o.k, n] },
  "logical assignment names functions": () => { let f; f ??= () => {}; return f.name },
  "exponent": () => { let x = 3; x **= 2; const o = { v: 2 }; o.v **= 3; return [2 ** 3 ** 2, (-2) ** 2, x, o.v, 2 ** -1] },
  "comma, void, in, instanceof": () => [(1, 2), void 0 === undefined, "a" in { a: 1 }, [] instanceof Array],
  "typeof what is not there": () => [typeof notDeclaredAnywhere, typeof null, typeof Symbol(), typeof class {}],
  "numeric literals": () => [1_000_000, 0b1010_0001, 0o17, 0xFF_FF, .5_5, 1e1_0, 0.1 + 0.2],
  "string escapes": () => ["\u{1F600}".length, "\x41\u0042", "a\
b", '\0'.length, "\u2028".length],
  "unicode names": () => { const é = 1, \u0061b = 2, $_ = 3; return [é, ab, $_] },
  "regular expression flags": () => [/a.c/s.test("a\nc"), /^b/m.test("a\nb"), "aXbx".replace(/x/gi, "-")],
  "catch without a name": () => { try { null.x } catch { return "caught" } finally { } },
  "finally overrides": () => { const f = () => { try { return 1 } finally { return 2 } }; const g = () => { for (const x of [1, 2]) { try { continue } finally { if (x === 2) return x } } }; return [f(), g()] },
  "getters in conditions": () => { let n = 0; const o = { get x() { return ++n } }; return [o.x && o.x, n] },
  "automatic semicolons": () => { let a = 1
    const f = () => {
      return
      5
    }
    a
    ++a
    return [a, f()] },
  "HTML-like in strings": () => "<!-- " + "-->",
  "const in a loop": () => { const out = []; for (const x of [1, 2]) { const y = x * 2; out.push(y) } return out },
  "assignment to a constant": () => attempt(() => { const c = 1; c = 2; return "no" }),
  "increment of a constant": () => attempt(() => { const c = 1; c++; return "no" }),
  "compound with side effects": () => { let n = 0; const a = [10, 20]; a[n++] += n; return [a, n] },

  // ---- templates
  "template values": () => `${1}${"a"}${[1, 2]}${{ toString: () => "o" }}${null}${undefined}`,
  "template of objects that convert": () => { const o = { [Symbol.toPrimitive]: h => h, toString: () => "s", valueOf: () => 1 }; return [`${o}`, o + "", +{ valueOf: () => 3 }] },
  "template of a symbol": () => attempt(() => `${Symbol("x")}`),
  "nested templates": () => `a${`b${`c${1}`}`}d`,
  "template line ends": () => `one
two\
three`.split("\n"),
  "template with braces": () => `${(() => { return { a: "}" } })().a}${"`"}`,
  "tag": () => tag`a${1}b\n${2}`,
  "tag with invalid escapes": () => [tag`\u{}`, tag`\xZ${1}\u0041`, tag`\01${1}ok`, tag`\u00g`].map(([cooked, raw, v]) => [cooked.map(s => s === undefined ? "undefined" : s), raw, v]),
  "tag gets the same strings": () => { const f = s => s; const g = () => f`a${1}`; return [g() === g(), f`a` === f`a`, Object.isFrozen(g()), Object.isFrozen(g().raw)] },
  "tag as a member": () => { const o = { v: 1, t(s) { return this.v + s[0] } }; return [o.t`x`, o["t"]`y`, (() => s => s.raw[0])()`\n`] },
  "tag chains": () => { const t = s => u => s[0] + u[0]; return t`a``b` },
  "String.raw": () => [String.raw`a\n${1}`, String.raw({ raw: "abc" }, 1, 2)],

  // ---- library that syntax meets
  "newer array functions": () => [[3, 1, 2].toSorted(), [1, 2].toReversed(), [1, 2, 3].with(1, 9), [1, 2, 3].toSpliced(1, 1, "a", "b"), [1, 2, 3].findLast(x => x < 3), [1, 2].at(-1)],
  "newer array functions leave the array": () => { const a = [2, 1]; a.toSorted(); a.toReversed(); a.with(0, 5); a.toSpliced(0, 1); return a },
  "newer array functions and holes": () => [[3, , 1].toSorted(), [1, , 2].toReversed(), [, 1].with(1, 2), attempt(() => [1].with(5, 0)), attempt(() => [1].toSorted(5))],
  "with and negative places": () => [[1, 2, 3].with(-1, 9), [1, 2, 3].toSpliced(-1), [1, 2].toSpliced(), [2, 10, 1].toSorted((a, b) => a - b), [2, 10, 1].toSorted()],
  "newer typed array functions": () => { const t = new Uint8Array([3, 1, 2]); return [[...t.toSorted()], [...t.toReversed()], [...t.with(0, 9)], t.toSorted() instanceof Uint8Array] },
  "Object.groupBy": () => typeof Object.groupBy === "function" ? Object.groupBy([1, 2, 3], n => n % 2 ? "odd" : "even") : { odd: [1, 3], even: [2] },
  "Error.captureStackTrace": () => { const o = { name: "N", message: "m" }; Error.captureStackTrace(o); return [typeof o.stack, o.stack.split("\n").length > 1, Object.keys(o)] },
  "error causes": () => { const e = new Error("a", { cause: 1 }); return [e.cause, Object.keys(e), "cause" in new Error("b")] },
  "well-known symbols": () => [Symbol.asyncIterator.toString(), Symbol.iterator.description, Symbol.for("a") === Symbol.for("a"), Symbol.keyFor(Symbol.for("b"))],
  "WeakRef": () => { const o = { a: 1 }, r = new WeakRef(o); return [r.deref() === o, Object.prototype.toString.call(r), attempt(() => new WeakRef(1)), attempt(() => WeakRef(o)), WeakRef.length, WeakRef.prototype.deref.name] },
  "FinalizationRegistry": () => { const r = new FinalizationRegistry(() => {}), t = {}; return [r.register({}, 1), r.register({}, 1, t), r.unregister(t), r.unregister(t), attempt(() => r.register(1, 2)), attempt(() => r.register(t, t)), attempt(() => new FinalizationRegistry()), String(r), FinalizationRegistry.length, FinalizationRegistry.prototype.register.length] },
};
