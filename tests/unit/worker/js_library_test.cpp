// The standard library beyond ES5: js_library, js_collections, js_iterators and worker/bootstrap/library.js.
#include "worker/js_library.h"

#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

struct Row {
  const char* expression;
  const char* value;  // as JSON, or "throws ..."
};

template <size_t kCount>
void check(const Row (&table)[kCount]) {
  Site site;
  for (const Row& row : table)
    EXPECT_EQ(site.run(std::string("JSON.stringify(") + row.expression + ")"), row.value) << row.expression;
}

TEST(Library, Object) {
  check({
      {"Object.values('ab')", R"(["a","b"])"},
      {"Object.entries({a:1,b:[2]})", R"([["a",1],["b",[2]]])"},
      {"Object.fromEntries([['a',1],['b',2]])", R"({"a":1,"b":2})"},
      {"Object.fromEntries(new Map([['x',1]]))", R"({"x":1})"},
      {"[Object.hasOwn({a:1},'a'), Object.hasOwn({},'toString')]", "[true,false]"},
      {"Object.groupBy([1,2,3], function(n){ return n % 2 ? 'odd' : 'even' })", R"({"odd":[1,3],"even":[2]})"},
      {"Object.keys(Object.getOwnPropertyDescriptors({a:1,get b(){return 2}}))", R"(["a","b"])"},
      {"Object.values(null)", "throws TypeError: Object.values: this is null or undefined"},
      {"Object.assign({a:1},{b:2})", R"({"a":1,"b":2})"},
      {"Object.is(NaN,NaN) && !Object.is(0,-0)", "true"},
  });
}

TEST(Library, Array) {
  check({
      {"Array.from('a\\ud83d\\ude00b').length", "3"},
      {"Array.from({length:2}, function(v,i){ return i })", "[0,1]"},
      {"Array.from(new Set([1,1,2]))", "[1,2]"},
      {"Array.of(7,8)", "[7,8]"},
      {"[1,2,3].find(function(n){ return n > 1 })", "2"},
      {"[[1,2,3].findIndex(function(n){return n>1}), [1].findIndex(function(){})]", "[1,-1]"},
      {"[1,2,3].findLast(function(n){ return n < 3 })", "2"},
      {"[1,2,3].findLastIndex(function(n){ return n < 3 })", "1"},
      {"[[NaN].includes(NaN), [1,2].includes(2), [1,2].includes(1,1), [1].includes('1')]", "[true,true,false,false]"},
      {"[[1,[2,[3]]].flat(), [1,[2,[3]]].flat(Infinity)]", "[[1,2,[3]],[1,2,3]]"},
      {"[1,2].flatMap(function(n){ return [n, n * 2] })", "[1,2,2,4]"},
      {"[[1,2,3].at(-1), [1,2,3].at(0)]", "[3,1]"},
      {"[1,2,3,4].fill(0,1,-1)", "[1,0,0,4]"},
      {"[1,2,3,4,5].copyWithin(0,3)", "[4,5,3,4,5]"},
      {"[1,2,3,4,5].copyWithin(1,0,3)", "[1,1,2,3,5]"},
      {"Array.from(['a','b'].entries())", R"([[0,"a"],[1,"b"]])"},
      {"Array.from(['a','b'].keys())", "[0,1]"},
      {"Array.from([5].values())", "[5]"},
      {"[].values === Array.prototype[Symbol.iterator] || Array.prototype.values === Array.prototype[Symbol.iterator]",
       "true"},
      // Stable, undefined behind all values, holes behind these.
      {"(function(){ var a = []; for (var i = 0; i < 300; ++i) a.push([i % 7, i]); "
       "a.sort(function(x, y) { return x[0] - y[0] }); "
       "return a.every(function(x, i) { return !i || a[i - 1][0] < x[0] || (a[i - 1][0] === x[0] && a[i - 1][1] < "
       "x[1]) }) "
       "})()",
       "true"},
      {"(function(){ var a = [3,undefined,,1,'10',2]; a.sort(); return [a, a.length, 5 in a] })()",
       R"([[1,"10",2,3,null,null],6,false])"},
      {"Array.prototype.sort.call({length: 2, 0: 'b', 1: 'a'})", R"({"0":"a","1":"b","length":2})"},
      {"(function(){ var n = 0; for (var i = 0; i < 99; ++i) n += [5,4,3,2,1,0,9,8,7,6,5,4].sort(function() { return "
       "Math.random() - 0.5 }).length; return n })()",
       "1188"},
      {"[2,1].sort(null)", "throws TypeError: sort: the argument must be a Function"},
      {"[2,1].sort(function() { throw new Error('c') })", "throws Error: c"},
      {"Array.from(null)", "throws TypeError: Array.from: argument is null or undefined"},
      {"[].find(5)", "throws TypeError: find: callback must be a Function"},
      {"(function(){ var r=[]; for (var k in [1]) r.push(k); for (var k in {}) r.push(k); return r })()", R"(["0"])"},
      {"[Array.prototype.find.length, Array.prototype.find.name, Array.from.length, Array.prototype.flat.length]",
       R"([1,"find",1,0])"},
  });
}

TEST(Library, String) {
  check({
      {"'a-b-a'.replaceAll('a','$&!')", R"("a!-b-a!")"},
      {"'aXbX'.replaceAll('X', function(m, at){ return at })", R"("a1b3")"},
      {"'abc'.replaceAll('', '.')", R"(".a.b.c.")"},
      {"'a1b2'.replaceAll(/[0-9]/g, '')", R"("ab")"},
      {"'a'.replaceAll(/a/, '')", "throws TypeError: replaceAll: the RegExp must be global"},
      {"Array.from('a1b22'.matchAll(/[a-z]([0-9]+)/g)).map(function(m){ return m[1] + '@' + m.index })",
       R"(["1@0","22@2"])"},
      {"'a'.matchAll(/a/)", "throws TypeError: matchAll: the RegExp must be global"},
      {"Array.from('ab'.matchAll(/x?/g)).length", "3"},
      {"['5'.padStart(3,'0'), 'ab'.padEnd(5,'xy'), 'abc'.padStart(2), 'a'.padStart(3)]",
       R"(["005","abxyx","abc","  a"])"},
      {"[' a '.trimStart(), ' a '.trimEnd(), ''.trimEnd(), '  '.trimStart()]", R"(["a "," a","",""])"},
      {"['abc'.at(-1), 'abc'.at(0), 'abc'.at(3) === undefined]", R"(["c","a",true])"},
      {"String.raw({raw:['a','b','c']}, 1, 2, 3)", R"("a1b2c")"},
      {"Array.from('h\\ud83d\\ude00')", "[\"h\",\"\xF0\x9F\x98\x80\"]"},
      {"['abc'.includes('b'), 'abc'.startsWith('ab'), 'ab'.repeat(2)]", R"([true,true,"abab"])"},
  });
}

TEST(Library, MathSymbolProxyReflect) {
  check({
      {"[Math.sinh(0), Math.cosh(0), Math.tanh(0), Math.fround(5.5), Math.expm1(0), Math.log1p(0)]", "[0,1,0,5.5,0,0]"},
      {"[Math.asinh(0), Math.acosh(1), Math.atanh(0), Math.trunc(-1.5), Math.sign(-3)]", "[0,0,0,-1,-1]"},
      {"[Symbol('x').description, typeof Symbol.asyncIterator, Symbol.species.toString()]",
       R"js(["x","symbol","Symbol(Symbol.species)"])js"},
      {"(function(){ var r = Proxy.revocable({a:1},{}); var a = r.proxy.a; r.revoke(); try { r.proxy.a } "
       "catch (e) { return [a, e.name] } })()",
       R"([1,"TypeError"])"},
      {"(function(){ function A(){} var e = Reflect.construct(Error, ['x'], A); "
       "return [e instanceof A, Reflect.construct(Array, [3]).length] })()",
       "[true,3]"},
      {"[Number.isInteger(5), Number.EPSILON > 0, Number.isSafeInteger(Math.pow(2,53))]", "[true,true,false]"},
  });
}

TEST(Library, TypedArrays) {
  check({
      {"Array.from(new Uint8Array([1,2,3]).map(function(n){ return n * 2 }))", "[2,4,6]"},
      {"Array.from(Uint8Array.from(new Set([300,1])))", "[44,1]"},
      {"new Uint8Array([1,2,3]).filter(function(n){ return n > 1 }).length", "2"},
      {"Array.from(new Float64Array([3,1,20]).sort())", "[1,3,20]"},
      {"Array.from(new Uint16Array([1,2,3,4]).slice(-2))", "[3,4]"},
      {"[new Uint8Array([1,2]).includes(2), new Uint8Array([1,2]).join('-'), new Int8Array([4,5]).indexOf(5)]",
       R"([true,"1-2",1])"},
      {"Array.from(new Uint8Array([7,8]).entries())", "[[0,7],[1,8]]"},
  });
}

// What compiled code calls is for it alone.
TEST(Library, ListsNoHelpersAmongTheGlobals) {
  check({
      {"Object.getOwnPropertyNames(globalThis).filter(function(n) { return n.slice(0, 2) == '__'; })", "[]"},
      {"Object.keys(Object.getPrototypeOf(globalThis))", "[]"},
      {"globalThis instanceof Object && globalThis.hasOwnProperty('Map')", "true"},
      {"typeof __nativeBase", R"("function")"},
  });
}

// ---- Map and Set

TEST(Map, KeepsAnyKeyInOrder) {
  check({
      {"(function(){ var k = {}, m = new Map([[k,1],['k',2],[NaN,3],[0,4],[null,5],[undefined,6],[true,7]]); "
       "return [m.size, m.get(k), m.get('k'), m.get(NaN), m.get(-0), m.get(null), m.get(undefined), m.get(true), "
       "m.get('true'), m.has({})] })()",
       "[7,1,2,3,4,5,6,7,null,false]"},
      {"(function(){ var m = new Map(); m.set(-0, 1); return 1 / m.keys().next().value })()", "null"},
      {"(function(){ var m = new Map(); var chain = m.set('a',1).set('b',2) === m; m.set('a',3); m.delete('b'); "
       "m.set('b',4); return [chain, Array.from(m)] })()",
       R"([true,[["a",3],["b",4]]])"},
      {"(function(){ var m = new Map([[1,2]]); var d = [m.delete(1), m.delete(1)]; m.set(3,4); m.clear(); "
       "return [d, m.size, m.has(3)] })()",
       "[[true,false],0,false]"},
      {"String(new Map()) + new Set() + new Map().entries()", R"("[object Map][object Set][object Map Iterator]")"},
      {"Map()", "throws TypeError: Map must be called with new"},
      {"Map.prototype.get.call({}, 1)", "throws TypeError: this is not a Map"},
      {"Map.prototype.add", "undefined"},
      {"new Map([1])", "throws TypeError: Map: an entry must be an Array of key and value"},
      {"new Set(5)", "throws TypeError: 5 is not iterable"},
      {"[Map.length, Map.name, Map.prototype.set.length, Set.prototype.add.name, new Map().constructor === Map]",
       R"([0,"Map",2,"add",true])"},
  });
}

TEST(Set, HasEachValueOnce) {
  check({
      {"Array.from(new Set([3,1,3,'1']))", R"([3,1,"1"])"},
      {"(function(){ var s = new Set('hello'); return [s.size, s.has('l'), s.delete('l'), s.size] })()",
       "[4,true,true,3]"},
      {"Array.from(new Set(['a']).entries())", R"([["a","a"]])"},
      {"(function(){ var seen = []; new Set([1,2]).forEach(function(v,k,s){ seen.push(v,k,s.size,this.x) }, {x:9}); "
       "return seen })()",
       "[1,1,2,9,2,2,2,9]"},
  });
}

TEST(Map, IteratorsSurviveEveryChange) {
  Site site;
  // Deleting behind and before the iterator, growth, a rebuild because of deleted entries, clear.
  EXPECT_EQ(site.run(R"(
    var m = new Map(), it, seen = [];
    for (var i = 0; i < 8; ++i) m.set(i, i);
    it = m.keys();
    seen.push(it.next().value, it.next().value, it.next().value);   // 0 1 2
    m.delete(0); m.delete(1); m.delete(4);
    for (i = 8; i < 40; ++i) m.set(i, i);                           // rebuilds more than once
    seen.push(it.next().value, it.next().value);                    // 3 5
    for (i = 6; i < 38; ++i) m.delete(i);
    seen.push(it.next().value);                                     // 38
    m.clear(); m.set('new', 1);
    seen.push(it.next().value, it.next().done, it.next().done);
    m.set('late', 1);
    seen.push(it.next().done);
    seen.join())"),
            "0,1,2,3,5,38,new,true,true,true");
  EXPECT_EQ(
      site.run("var n = 0, s = new Set([1]); s.forEach(function(v) { if (++n < 50) { s.delete(v); s.add(v); } }); n"),
      "50");
}

TEST(Map, HoldsManyEntries) {
  Site site;
  EXPECT_EQ(site.run(R"(
    var m = new Map(), keys = [], bad = 0;
    for (var i = 0; i < 20000; ++i) { var k = i % 3 ? 'k' + i : i % 2 ? {} : i; keys.push(k); m.set(k, i); }
    for (i = 0; i < keys.length; i += 2) m.delete(keys[i]);
    for (i = 0; i < keys.length; ++i) if (m.get(keys[i]) !== (i % 2 ? i : undefined)) ++bad;
    m.size + ' ' + bad)"),
            "10000 0");
}

// The collector may run in the middle of set(): a finalizer that changes the same Map must not find it half changed.
TEST(Map, FinalizersMayChangeIt) {
  Site site;
  EXPECT_EQ(site.run(R"(
    var m, extra = 0, expected, bad = 0;
    function Trash() { this.self = this; Duktape.fin(this, late); }
    function late() { m.set('extra' + extra++, 1); expected++; }
    for (var round = 0; round < 20000; ++round) {  // short: most allocations are then those of growing
      m = new Map(); expected = 0; new Trash();
      for (var i = 0; i < 9; ++i) { m.set(i, i); expected++; }
      if (m.size !== expected || m.get(8) !== 8 || m.get(7) !== 7) ++bad;
    }
    bad + ' ' + (extra > 1000))"),
            "0 true");
}

TEST(Map, LetsGoOfWhatIsDeleted) {
  Site site;
  site.run(
      "var m = new Map(), freed = 0; function thing() { var o = {}; Duktape.fin(o, function() { ++freed }); return o "
      "}");
  EXPECT_EQ(site.run("m.set(thing(), thing()); m.clear(); m.set(1, thing()); m.delete(1); Duktape.gc(); freed"), "3");
}

TEST(WeakMap, HangsOnItsKeys) {
  check({
      {"(function(){ var w = new WeakMap(), k = Object.freeze({}); w.set(k,1); "
       "return [w.get(k), w.has(k), w.has({}), w.delete(k), w.has(k), w.delete(k)] })()",
       "[1,true,false,true,false,false]"},
      {"(function(){ var a = new WeakMap(), b = new WeakMap(), k = {}; a.set(k,1); b.set(k,2); a.set(k,3); "
       "return [a.get(k), b.get(k), Object.getOwnPropertyNames(k), Reflect.ownKeys(k)] })()",
       "[3,2,[],[]]"},
      // What a key inherits is not its own.
      {"(function(){ var w = new WeakMap(), k = {}; w.set(k,1); return w.has(Object.create(k)) })()", "false"},
      {"(function(){ var s = new WeakSet(), k = function(){}; s.add(k); return [s.has(k), s.has(1)] })()",
       "[true,false]"},
      {"new WeakMap().set(1, 2)", "throws TypeError: a WeakMap or WeakSet takes Objects only as keys"},
      {"(function(){ var k = {}; return new WeakMap([[k,5]]).get(k) })()", "5"},
  });
  Site site;
  site.run(
      "var w = new WeakMap(), freed = 0; (function() { var v = {}; Duktape.fin(v, function() { ++freed }); w.set({}, "
      "v) })()");
  EXPECT_EQ(site.run("Duktape.gc(); freed"), "1");
}

TEST(Iterators, CloseWhenTheVisitorThrows) {
  Site site;
  site.run(
      "var closed = 0; function source() { var o = {next: function() { return {value: 1, done: false} }, "
      "return: function() { ++closed; return {} }}; o[Symbol.iterator] = function() { return o }; return o }");
  EXPECT_EQ(site.run("try { new Map(source()) } catch (e) { e.name }"), "TypeError");
  EXPECT_EQ(site.run("try { Array.from(source(), function() { throw 5 }) } catch (e) { e }"), "5");
  EXPECT_EQ(site.run("closed"), "2");
}

// ---- what it costs

TEST(Library, IsSmallAndStartsFast) {
  uint64_t best_ns = UINT64_MAX;
  size_t bytes = 0;
  for (int round = 0; round < 10; ++round) {
    JsHeap heap;
    const size_t before = heap.used_bytes();
    const uint64_t begin = monotonic_ns();
    install_library(heap.js());
    best_ns = std::min(best_ns, monotonic_ns() - begin);
    bytes = heap.used_bytes() - before;
  }
  printf("library: %zu KB, %.0f us\n", bytes / 1024, static_cast<double>(best_ns) / 1000);
  EXPECT_LT(bytes, 320u * 1024);    // the zygote has it; workers share its pages
  EXPECT_LT(best_ns, 20'000'000u);  // a few hundred microseconds; sanitizers and busy machines take longer
}

}  // namespace
}  // namespace ravelin::worker
