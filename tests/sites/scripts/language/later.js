// Asynchronous functions and iteration: each case resolves to the same value under Node
// (tests/sites/test_language_cases.py).
const tick = (v, log, name) => new Promise(resolve => setTimeout(() => { if (log) log.push(name); resolve(v) }, 1));
const attempt = async f => { try { return await f() } catch (e) { return e.name ?? e } };

module.exports = {
  "await values": async () => [await 1, await Promise.resolve(2), await tick(3), await { then: f => f(4) }],
  "await in expressions": async () => ({ a: await tick(1), b: [await tick(2), ...(await tick([3]))], c: `${await tick(4)}`, d: (await tick({ x: { y: 5 } }))?.x.y, e: (await tick(0)) || (await tick(6)) }),
  "await order": async () => { const log = []; const f = async n => { log.push(`${n} begins`); await null; log.push(`${n} ends`) }; const p = [f(1), f(2)]; log.push("after"); await Promise.all(p); return log },
  "then order": async () => { const log = []; Promise.resolve().then(() => log.push(1)).then(() => log.push(3)); Promise.resolve().then(() => log.push(2)).then(() => log.push(4)); await tick(); return log },
  "async errors": async () => [await attempt(async () => { throw new RangeError("x") }), await attempt(() => Promise.reject("plain")), await attempt(async () => { await null; null.x })],
  "finally": async () => { const log = []; try { await attempt(async () => { try { await tick(); throw new Error("e") } finally { log.push("f1"); await tick(); log.push("f2") } }) } finally { log.push("f3") } return log },
  "return in finally": async () => (async () => { try { throw 1 } catch { return await tick("c") } finally { await tick() } })(),
  "loops": async () => { const out = []; for (let i = 0; i < 3; i++) { if (i === 1) continue; out.push(await tick(i)) } for (const x of [7, 8]) out.push(await tick(x)); let n = 2; while (n--) out.push(await tick(n)); do { out.push("d") } while (await tick(false)); return out },
  "closures in loops with await": async () => { const f = []; for (let i = 0; i < 3; i++) { await tick(); f.push(() => i) } for (const x of ["a", "b"]) { await null; f.push(() => x) } return f.map(g => g()) },
  "labels and await": async () => { const out = []; outer: for (const a of [1, 2, 3]) { for (const b of [1, 2]) { await null; if (b === 2) continue outer; if (a === 3) break outer; out.push([a, b]) } } return out },
  "switch and await": async () => { switch (await tick(2)) { case await tick(1): return "one"; case await tick(2): return "two"; default: return "other" } },
  "async arrows and this": async () => { const o = { v: 1, m() { return (async () => { await null; return this.v })() } }; return o.m() },
  "async and arguments": async () => { async function f() { await null; return [...arguments] } return f(1, 2) },
  "async arrows and arguments": async () => { function f() { return (async () => { await null; return arguments[0] })() } return f(5) },
  "async defaults that throw reject": async () => { const f = async (a = (() => { throw new TypeError("d") })()) => a; const p = f(); return [p instanceof Promise, await attempt(() => p)] },
  "async destructured parameters": async () => { const f = async ({ a, b = 2 } = {}, ...[c]) => [a, b, c]; return f({ a: 1 }, 3) },
  "async methods": async () => { class A { async m() { await null; return this.v } v = 4; static async s() { return 5 } async #p() { return 6 } q() { return this.#p() } async *g() { yield 7 } } const o = { async m() { return 8 }, async ["c" + 1]() { return 9 } }; return [await new A().m(), await A.s(), await new A().q(), (await new A().g().next()).value, await o.m(), await o.c1()] },
  "async super": async () => { class A { async m() { return "A" } } class B extends A { async m() { await null; return (await super.m()) + "B" } } return new B().m() },
  "async super in arrows": async () => { class A { m() { return "A" } } class B extends A { async m() { await null; return (() => super.m())() } } return new B().m() },
  "async returns a promise of its own": async () => { const p = Promise.resolve(1); const f = async () => p; return [f() === p, await f()] },
  "thenables": async () => [await Promise.resolve({ then(f) { f({ then(g) { g(5) } }) } }), await attempt(() => Promise.resolve({ then() { throw new RangeError("t") } }))],
  "try around await in a loop": async () => { const out = []; for (const n of [1, 2, 3]) { try { if (n === 2) throw new Error("two"); out.push(await tick(n)) } catch (e) { out.push(e.message); continue } finally { out.push("f") } } return out },
  "deep recursion": async () => { const f = async n => n === 0 ? 0 : 1 + await f(n - 1); return f(100) },
  "parallel": async () => { const log = []; await Promise.all([tick(1, log, "a"), tick(2, log, "b")]); return log },
  "all, allSettled, any, race": async () => [await Promise.all([1, tick(2)]), await Promise.allSettled([Promise.reject(1), 2]), await Promise.any([Promise.reject(1), tick(3)]), await Promise.race([tick(4), new Promise(() => {})]), await Promise.any([]).catch(e => e.name)],
  "iterables for all": async () => [await Promise.all(new Set([1, 2])), await Promise.all((function* () { yield tick(3) })())],
  "finally passes on": async () => [await Promise.resolve(1).finally(() => 2), await Promise.reject(3).finally(() => {}).catch(x => x), await Promise.resolve(1).finally(() => { throw 4 }).catch(x => x)],
  "withResolvers": async () => { if (!Promise.withResolvers) return 5; const { promise, resolve } = Promise.withResolvers(); setTimeout(() => resolve(5), 1); return promise },

  // ---- async generators
  "async generator": async () => { async function* g() { yield 1; yield tick(2); const x = await tick(3); yield x } const out = []; for await (const v of g()) out.push(v); return out },
  "async generator protocol": async () => { async function* g() { const a = yield 1; return a } const it = g(); return [await it.next(), await it.next("x"), await it.next(), it[Symbol.asyncIterator]() === it] },
  "async generator queues": async () => { async function* g() { yield tick(1); yield tick(2) } const it = g(); return Promise.all([it.next(), it.next(), it.next()]) },
  "async generator return and throw": async () => { const log = []; async function* g() { try { yield 1; yield 2 } catch (e) { log.push(e); yield 3 } finally { log.push("f") } } const a = g(), b = g(); await a.next(); await b.next(); return [await a.return(9), await b.throw("t"), await b.next(), log] },
  "yield* in async generators": async () => { async function* inner() { yield 1; return "r" } async function* outer() { const r = yield* inner(); yield r; yield* [2, tick(3)] } const out = []; for await (const v of outer()) out.push(v); return out },
  "for await over promises": async () => { const out = []; for await (const v of [tick(1), 2, Promise.resolve(3)]) out.push(v); return out },
  "for await closes": async () => { const log = []; async function* g() { try { yield 1; yield 2 } finally { await null; log.push("closed") } } for await (const x of g()) break; await attempt(async () => { for await (const x of g()) throw new Error("e") }); return log },
  "for await with labels": async () => { const out = []; outer: for await (const a of [1, 2]) { for await (const b of [1, 2]) { if (b === 2) continue outer; out.push([a, b]) } } return out },
  "for await and destructuring": async () => { const out = []; for await (const [k, { v }] of [["a", { v: 1 }], tick(["b", { v: 2 }])]) out.push(k + v); return out },
  "own async iterable": async () => { const o = { [Symbol.asyncIterator]() { let n = 0; return { next: async () => ({ value: n, done: n++ > 1 }) } } }; const out = []; for await (const v of o) out.push(v); return out },
  "async generator in objects": async () => { const o = { v: 1, async *m() { yield this.v; yield arguments.length } }; const out = []; for await (const x of o.m(1, 2)) out.push(x); return out },
  "errors end an async generator": async () => { async function* g() { yield 1; throw new RangeError("g") } const it = g(); await it.next(); return [await attempt(() => it.next()), await it.next()] },
  "rejected promise in for await": async () => attempt(async () => { for await (const x of [Promise.reject(new RangeError("r"))]); }),

  // ---- modules
  "import()": async () => { const m = await import("./module.js"); return [m.default.named, m.default()] },
  "import() of what is not there": async () => attempt(async () => { try { await import("./nowhere.js") } catch (e) { throw { name: e instanceof Error } } }),
  "stack of an async function": async () => { async function inner() { await null; throw new Error("deep") } try { await inner() } catch (e) { return /inner/.test(e.stack) } },
};
