"""The standard library of ECMAScript 2015 to 2022: what has to be there, and what each part of it answers."""

import json

# Owner -> "name/length" for functions, "name:get" for accessors, "name" for values.
PRESENT = {
    "globalThis":
        "AggregateError/2 Array/1 ArrayBuffer/1 Boolean/1 DataView/1 Date/7 Error/1 EvalError/1 "
        "FinalizationRegistry/1 Float32Array/3 Float64Array/3 Function/1 Int16Array/3 Int32Array/3 Int8Array/3 JSON Map/0 Math "
        "Number/1 Object/1 Promise/1 Proxy/2 RangeError/1 ReferenceError/1 Reflect RegExp/2 Set/0 String/1 "
        "Symbol/0 SyntaxError/1 TypeError/1 URIError/1 Uint16Array/3 Uint32Array/3 Uint8Array/3 "
        "Uint8ClampedArray/3 WeakMap/0 WeakRef/1 WeakSet/0 decodeURI/1 decodeURIComponent/1 encodeURI/1 "
        "encodeURIComponent/1 escape/1 eval/1 isFinite/1 isNaN/1 parseFloat/1 parseInt/2 queueMicrotask/1 "
        "structuredClone/0 unescape/1",
    "%ArrayIterator%": "next/0",
    "%IteratorPrototype%": "[Symbol.iterator]/0",
    "%MapIterator%": "next/0",
    "%RegExpStringIterator%": "next/0",
    "%SetIterator%": "next/0",
    "%StringIterator%": "next/0",
    "%TypedArray%": "[Symbol.species]:get from/1 of/0",
    "%TypedArray%.prototype":
        "[Symbol.iterator]/0 [Symbol.toStringTag]:get at/1 buffer:get byteLength:get byteOffset:get "
        "copyWithin/2 entries/0 every/1 fill/1 filter/1 find/1 findIndex/1 findLast/1 findLastIndex/1 "
        "forEach/1 includes/1 indexOf/1 join/1 keys/0 lastIndexOf/1 map/1 reduce/1 reduceRight/1 reverse/0 "
        "set/1 slice/2 some/1 sort/1 subarray/2 toReversed/0 toSorted/1 values/0 with/2",
    "Array": "[Symbol.species]:get from/1 isArray/1 of/0",
    "Array.prototype":
        "[Symbol.iterator]/0 [Symbol.unscopables] at/1 concat/1 copyWithin/2 entries/0 every/1 fill/1 "
        "filter/1 find/1 findIndex/1 findLast/1 findLastIndex/1 flat/0 flatMap/1 forEach/1 includes/1 "
        "indexOf/1 join/1 keys/0 lastIndexOf/1 map/1 pop/0 push/1 reduce/1 reduceRight/1 reverse/0 shift/0 "
        "slice/2 some/1 sort/1 splice/2 toLocaleString/0 toReversed/0 toSorted/1 toSpliced/2 toString/0 unshift/1 values/0 with/2",
    "ArrayBuffer": "[Symbol.species]:get isView/1",
    "ArrayBuffer.prototype": "[Symbol.toStringTag] byteLength:get slice/2",
    "Boolean.prototype": "toString/0 valueOf/0",
    "DataView.prototype":
        "[Symbol.toStringTag] buffer:get byteLength:get byteOffset:get getFloat32/1 getFloat64/1 getInt16/1 "
        "getInt32/1 getInt8/1 getUint16/1 getUint32/1 getUint8/1 setFloat32/2 setFloat64/2 setInt16/2 "
        "setInt32/2 setInt8/2 setUint16/2 setUint32/2 setUint8/2",
    "Date": "UTC/7 now/0 parse/1",
    "Date.prototype":
        "[Symbol.toPrimitive]/1 getDate/0 getDay/0 getFullYear/0 getHours/0 getMilliseconds/0 getMinutes/0 "
        "getMonth/0 getSeconds/0 getTime/0 getTimezoneOffset/0 getUTCDate/0 getUTCDay/0 getUTCFullYear/0 "
        "getUTCHours/0 getUTCMilliseconds/0 getUTCMinutes/0 getUTCMonth/0 getUTCSeconds/0 getYear/0 setDate/1 "
        "setFullYear/3 setHours/4 setMilliseconds/1 setMinutes/3 setMonth/2 setSeconds/2 setTime/1 "
        "setUTCDate/1 setUTCFullYear/3 setUTCHours/4 setUTCMilliseconds/1 setUTCMinutes/3 setUTCMonth/2 "
        "setUTCSeconds/2 setYear/1 toDateString/0 toGMTString/0 toISOString/0 toJSON/1 toLocaleDateString/0 "
        "toLocaleString/0 toLocaleTimeString/0 toString/0 toTimeString/0 toUTCString/0 valueOf/0",
    "Error": "captureStackTrace/2",
    "Error.prototype": "message toString/0",
    "FinalizationRegistry.prototype": "[Symbol.toStringTag] register/2 unregister/1",
    "Function.prototype": "[Symbol.hasInstance]/1 apply/2 bind/1 call/1 toString/0",
    "JSON": "[Symbol.toStringTag] parse/2 stringify/3",
    "Map": "[Symbol.species]:get",
    "Map.prototype":
        "[Symbol.iterator]/0 [Symbol.toStringTag] clear/0 delete/1 entries/0 forEach/1 get/1 has/1 keys/0 "
        "set/2 size:get values/0",
    "Math":
        "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 [Symbol.toStringTag] abs/1 acos/1 acosh/1 asin/1 asinh/1 "
        "atan/1 atan2/2 atanh/1 cbrt/1 ceil/1 clz32/1 cos/1 cosh/1 exp/1 expm1/1 floor/1 fround/1 hypot/2 "
        "imul/2 log/1 log10/1 log1p/1 log2/1 max/2 min/2 pow/2 random/0 round/1 sign/1 sin/1 sinh/1 sqrt/1 "
        "tan/1 tanh/1 trunc/1",
    "Number":
        "EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN "
        "POSITIVE_INFINITY isFinite/1 isInteger/1 isNaN/1 isSafeInteger/1 parseFloat/1 parseInt/2",
    "Number.prototype": "toExponential/1 toFixed/1 toLocaleString/0 toPrecision/1 toString/1 valueOf/0",
    "Object":
        "assign/2 create/2 defineProperties/2 defineProperty/3 entries/1 freeze/1 fromEntries/1 "
        "getOwnPropertyDescriptor/2 getOwnPropertyDescriptors/1 getOwnPropertyNames/1 getOwnPropertySymbols/1 "
        "getPrototypeOf/1 hasOwn/2 is/2 isExtensible/1 isFrozen/1 isSealed/1 keys/1 preventExtensions/1 "
        "seal/1 setPrototypeOf/2 values/1",
    "Object.prototype":
        "__defineGetter__/2 __defineSetter__/2 __lookupGetter__/1 __lookupSetter__/1 __proto__:get "
        "hasOwnProperty/1 isPrototypeOf/1 propertyIsEnumerable/1 toLocaleString/0 toString/0 valueOf/0",
    "Promise": "[Symbol.species]:get all/1 allSettled/1 any/1 race/1 reject/1 resolve/1 withResolvers/0",
    "Promise.prototype": "[Symbol.toStringTag] catch/1 finally/1 then/2",
    "Proxy": "revocable/2",
    "Reflect":
        "[Symbol.toStringTag] apply/3 construct/2 defineProperty/3 deleteProperty/2 get/2 "
        "getOwnPropertyDescriptor/2 getPrototypeOf/1 has/2 isExtensible/1 ownKeys/1 preventExtensions/1 set/3 "
        "setPrototypeOf/2",
    "RegExp": "[Symbol.species]:get",
    "RegExp.prototype":
        "[Symbol.matchAll]/1 [Symbol.match]/1 [Symbol.replace]/2 [Symbol.search]/1 [Symbol.split]/2 "
        "dotAll:get exec/1 flags:get global:get hasIndices:get ignoreCase:get multiline:get source:get "
        "sticky:get test/1 toString/0 unicode:get",
    "Set": "[Symbol.species]:get",
    "Set.prototype":
        "[Symbol.iterator]/0 [Symbol.toStringTag] add/1 clear/0 delete/1 entries/0 forEach/1 has/1 keys/0 "
        "size:get values/0",
    "String": "fromCharCode/1 fromCodePoint/1 raw/1",
    "String.prototype":
        "[Symbol.iterator]/0 at/1 charAt/1 charCodeAt/1 codePointAt/1 concat/1 endsWith/1 includes/1 "
        "indexOf/1 lastIndexOf/1 localeCompare/1 match/1 matchAll/1 normalize/0 padEnd/1 padStart/1 repeat/1 "
        "replace/2 replaceAll/2 search/1 slice/2 split/2 startsWith/1 substr/2 substring/2 "
        "toLocaleLowerCase/0 toLocaleUpperCase/0 toLowerCase/0 toString/0 toUpperCase/0 trim/0 trimEnd/0 "
        "trimLeft/0 trimRight/0 trimStart/0 valueOf/0",
    "Symbol":
        "asyncIterator for/1 hasInstance isConcatSpreadable iterator keyFor/1 match matchAll replace search "
        "species split toPrimitive toStringTag unscopables",
    "Symbol.prototype": "[Symbol.toPrimitive]/1 [Symbol.toStringTag] description:get toString/0 valueOf/0",
    "WeakMap.prototype": "[Symbol.toStringTag] delete/1 get/1 has/1 set/2",
    "WeakRef.prototype": "[Symbol.toStringTag] deref/0",
    "WeakSet.prototype": "[Symbol.toStringTag] add/1 delete/1 has/1",
}

# Functions that are called otherwise than their property: aliases.
ALIASES = {"Date.prototype.toGMTString": "toUTCString", "String.prototype.trimLeft": "trimStart",
           "String.prototype.trimRight": "trimEnd", "Set.prototype.keys": "values"}

# (expression in the engine's own syntax, its value as JSON or "throws NAME")
ANSWERS = [
    # ---- Object
    ("Object.assign({a: 1}, null, {b: 2}, 'c')", {"a": 1, "b": 2, "0": "c"}),
    ("Object.entries({a: 1, b: [2]})", [["a", 1], ["b", [2]]]),
    ("Object.values('ab')", ["a", "b"]),
    ("Object.fromEntries(new Map([['x', 1], ['__proto__', 2]]))['x']", 1),
    ("[Object.hasOwn({a: 1}, 'a'), Object.hasOwn([], 'length'), Object.hasOwn({}, 'toString')]", [True, True, False]),
    ("Object.getOwnPropertyDescriptors({get a() { return 1 }, b: 2}).b",
     {"value": 2, "writable": True, "enumerable": True, "configurable": True}),
    ("Object.getOwnPropertySymbols({[Symbol.iterator]: 1}).length", 1),
    ("[Object.is(-0, 0), Object.is(NaN, NaN)]", [False, True]),
    ("Object.setPrototypeOf({}, {inherited: 1}).inherited", 1),
    ("[Object.keys('ab'), Object.isFrozen(1), Object.getPrototypeOf('') === String.prototype]", [["0", "1"], True, True]),
    # ---- for-in sees nothing of the library
    ("(function() { var seen = []; [[], {}, '', 1, new Map(), new Set(), new Uint8Array(0), /a/, new Error('x'),"
     " Promise.resolve(), function() {}, new Date(), Math, JSON, Reflect, Symbol.iterator].forEach(function(o) { for"
     " (var k in o) seen.push(k) }); return seen })()", []),
    # ---- Array
    ("Array.from({length: 3, 0: 'a', 2: 'c'})", ["a", None, "c"]),
    ("Array.from('a\\ud83d\\ude00b').length", 3),
    ("Array.from(new Map([[1, 2]]).values(), function(v, i) { return [v, i, this.x] }, {x: 9})", [[2, 0, 9]]),
    ("Array.of(7).concat(Array.of())", [7]),
    ("[[1, 2, 3].at(-1), [1, 2, 3].at(5) === undefined, [].at() === undefined]", [3, True, True]),
    ("[1, 2, 3, 4, 5].copyWithin(0, 3)", [4, 5, 3, 4, 5]),
    ("[1, 2, 3, 4, 5].copyWithin(-2, 0, -3)", [1, 2, 3, 1, 2]),
    ("[Array(3).fill(4), [1, 2, 3].fill(0, -1), [1, 2].fill(9, 1, 1)]", [[4, 4, 4], [1, 2, 0], [1, 2]]),
    ("[[1, 5].find(function(n) { return n > 2 }), [1].find(function() {}) === undefined, [1, 5].findIndex(function(n)"
     " { return n > 9 })]", [5, True, -1]),
    ("[[1, 5, 7].findLast(function(n) { return n < 6 }), [1, 5, 7].findLastIndex(function(n) { return n < 6 })]", [5, 1]),
    ("[[1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(Infinity), [, 1, [, 2]].flat()]",
     [[1, 2, [3, [4]]], [1, 2, 3, 4], [1, 2]]),
    ("[1, 2].flatMap(function(n) { return [n, [n]] })", [1, [1], 2, [2]]),
    ("[[NaN].includes(NaN), [NaN].indexOf(NaN), [1, 2].includes(1, -1), [, 1].includes(undefined)]",
     [True, -1, False, True]),
    ("[Array.from([7, 8].keys()), Array.from([7].entries()), Array.from([7].values())]", [[0, 1], [[0, 7]], [7]]),
    ("[Array.from(Array(2).keys()), Object.keys([, 1]), [, 1].length, 0 in [, 1]]", [[0, 1], ["1"], 2, False]),
    ("[[3, 1, 2].sort(), [1, 10, 9].sort(), [2, undefined, 1].sort().length]", [[1, 2, 3], [1, 10, 9], 3]),
    ("[].concat({length: 1, 0: 'x', [Symbol.isConcatSpreadable]: true})", ["x"]),
    ("Array.prototype[Symbol.iterator] === Array.prototype.values", True),
    ("[Array.isArray(Array.prototype), Array[Symbol.species] === Array, Array.prototype[Symbol.unscopables].flat]",
     [True, True, True]),
    ("[1, 2, 3].reduceRight(function(a, b) { return a + '-' + b })", "3-2-1"),
    # ---- String
    ("['abc'.at(-1), 'abc'.at(9) === undefined]", ["c", True]),
    ("['\\ud83d\\ude00'.codePointAt(0), '\\ud83d\\ude00'.codePointAt(1), ''.codePointAt(0) === undefined]",
     [128512, 56832, True]),
    ("String.fromCodePoint(97, 0x1F600) === 'a\\ud83d\\ude00'", True),
    ("String.fromCodePoint(-1)", "throws RangeError"),
    ("['abc'.startsWith('b', 1), 'abc'.endsWith('b', 2), 'abc'.includes('c', 3), 'abc'.includes('')]",
     [True, True, False, True]),
    ("'abc'.startsWith(/a/)", "throws TypeError"),
    ("['5'.padStart(3, '0'), 'ab'.padEnd(6, 'xyz'), 'abc'.padStart(2), 'a'.padEnd(3, '')]", ["005", "abxyzx", "abc", "a"]),
    ("['ab'.repeat(2), 'ab'.repeat(0)]", ["abab", ""]),
    ("'a'.repeat(-1)", "throws RangeError"),
    ("['a-a'.replaceAll('a', '[$&$$]'), 'aXbX'.replaceAll('X', function(m, at) { return at }), 'abc'.replaceAll('', '.')]",
     ["[a$]-[a$]", "a1b3", ".a.b.c."]),
    ("'a'.replaceAll(/a/, '')", "throws TypeError"),
    ("Array.from('a1b22'.matchAll(/([a-z])(\\d+)/g), function(m) { return m[1] + m[2] + m.index })", ["a10", "b222"]),
    ("['\\u00a0\\ufeff x '.trimStart(), ' x\\u2029'.trimEnd(), ' x '.trim()]", ["x ", " x", "x"]),
    ("[String.raw({raw: ['a', 'b', 'c']}, 1, 2), String.raw({raw: 'xy'}, 0)]", ["a1b2c", "x0y"]),
    ("Array.from('h\\ud83d\\ude00').map(function(c) { return c.length })", [1, 2]),
    ("[''[Symbol.iterator]()[Symbol.toStringTag], String(''.matchAll(/a/g))]",
     ["String Iterator", "[object RegExp String Iterator]"]),
    ("['I'.toLocaleLowerCase(), 'i'.toLocaleUpperCase(), '\\u00df'.toUpperCase()]", ["i", "I", "SS"]),
    # ---- String.prototype.normalize, localeCompare
    ("['\\u00e9'.normalize('NFD'), 'e\\u0301'.normalize(), 'e\\u0301'.normalize('NFC')] + ''", "e\u0301,é,é"),
    ("['\\ufb01'.normalize('NFC'), '\\ufb01'.normalize('NFKC'), '\\u2460\\u00bd'.normalize('NFKD')] + ''",
     "\ufb01,fi,11\u20442"),
    ("'\\u1e9b\\u0323'.normalize('NFKC') + '\\u1e9b\\u0323'.normalize('NFD')", "\u1e69ſ\u0323\u0307"),
    ("['\\uac00'.normalize('NFD').length, '\\u1100\\u1161'.normalize() === '\\uac00']", [2, True]),
    ("['\\ud834\\udd5e'.normalize('NFC') === '\\ud834\\udd57\\ud834\\udd65', '\\ud83d\\ude00'.normalize('NFKD') ==="
     " '\\ud83d\\ude00']", [True, True]),
    ("['a\\ud800e\\u0301'.normalize() === 'a\\ud800\\u00e9', '\\udc00'.normalize('NFKD') === '\\udc00']", [True, True]),
    ("['a'.normalize(undefined), 'a'.normalize('NFKC'), ''.normalize(), '\\0'.normalize() === '\\0']", ["a", "a", "", True]),
    ("'\\ufdfa'.normalize('NFKC').length", 18),
    ("Array(5001).join('e\\u0301').normalize().length + Array(5001).join('\\u0301').normalize('NFD').length", 10000),
    ("'a'.normalize('nfc')", "throws RangeError"),
    ("'a'.normalize(null)", "throws RangeError"),
    ("String.prototype.normalize.call(null)", "throws TypeError"),
    ("String.prototype.normalize.call(undefined, 'NFC')", "throws TypeError"),
    ("String.prototype.normalize.call(12)", "12"),
    ("['z', 'b', 'a', 'Z', 'f', '\\u00e9', 'e', 'A', '10', '9', '_x', '\\u00c9', 'ea'].sort(function(a, b) { return"
     " a.localeCompare(b) }).join()", "_x,10,9,a,A,b,e,é,É,ea,f,z,Z"),
    ("['a'.localeCompare('a'), 'a'.localeCompare('b'), 'b'.localeCompare('a'), 'a'.localeCompare('B'),"
     " 'a'.localeCompare('A')]", [0, -1, 1, -1, -1]),
    ("['\\u00e9'.localeCompare('e\\u0301'), 'resume'.localeCompare('r\\u00e9sum\\u00e9'),"
     " 'r\\u00e9sum\\u00e9s'.localeCompare('resume')]", [0, -1, 1]),
    ("['a2'.localeCompare('a10'), 'a2'.localeCompare('a10', undefined, {numeric: true}), '02'.localeCompare('2', 'en',"
     " {numeric: true})]", [1, -1, 0]),
    ("['base', 'accent', 'case', 'variant'].map(function(s) { return ['a'.localeCompare('\\u00c1', 'en', {sensitivity:"
     " s}), 'a'.localeCompare('A', 'en', {sensitivity: s}), 'a'.localeCompare('\\u00e1', 'en', {sensitivity: s})] })",
     [[0, 0, 0], [-1, 0, -1], [-1, -1, 0], [-1, -1, -1]]),
    ("'a'.localeCompare('b', 'en', {sensitivity: 'x'})", "throws RangeError"),
    ("String.prototype.localeCompare.call(null, 'a')", "throws TypeError"),
    ("'undefinee'.localeCompare()", 1),
    # ---- Number and Math
    ("[Number.isInteger(5.0), Number.isInteger('5'), Number.isFinite('5'), Number.isNaN('x'),"
     " Number.isSafeInteger(9007199254740992)]", [True, False, False, False, False]),
    ("[Number.MAX_SAFE_INTEGER, Number.EPSILON === Math.pow(2, -52), Number.parseFloat === parseFloat, Number.parseInt"
     " === parseInt]", [9007199254740991, True, True, True]),
    ("[Number('0b11'), Number('0o17'), Number('0x1f'), Number(''), Number('1_0')] + ''", "3,15,31,0,NaN"),
    ("[Math.trunc(-1.7), Math.sign(-3), Math.cbrt(27), Math.clz32(1), Math.imul(0xffffffff, 5), Math.hypot(3, 4),"
     " Math.hypot()]", [-1, -1, 3, 31, -5, 5, 0]),
    ("[Math.log2(8), Math.log10(1000), Math.log1p(0), Math.expm1(0), Math.fround(5.05)]", [3, 3, 0, 0, 5.050000190734863]),
    ("[Math.sinh(0), Math.cosh(0), Math.tanh(Infinity), Math.asinh(0), Math.acosh(1), Math.atanh(0)]", [0, 1, 1, 0, 0, 0]),
    ("[Object.is(Math.sign(-0), -0), Object.is(Math.trunc(-0.5), -0), Math.max(), Math[Symbol.toStringTag]] + ''",
     "true,true,-Infinity,Math"),
    # ---- Symbol
    ("[Symbol('x').description, Symbol('').description, Symbol('x').toString()]", ["x", "", "Symbol(x)"]),
    ("[Symbol.for('k') === Symbol.for('k'), Symbol.keyFor(Symbol.for('k')), Symbol.keyFor(Symbol('k')) === undefined]",
     [True, "k", True]),
    ("new Symbol()", "throws TypeError"),
    ("Symbol('a') + ''", "throws TypeError"),
    ("[typeof Symbol.iterator, Object(Symbol.iterator) == Symbol.iterator]", ["symbol", True]),
    ("`${{[Symbol.toPrimitive]: function(hint) { return hint }}}` + ({[Symbol.toPrimitive]: function(hint) { return"
     " hint }} + '')", "stringdefault"),
    ("Object.prototype.toString.call({[Symbol.toStringTag]: 'Mine'})", "[object Mine]"),
    ("({[Symbol.hasInstance]: function() { return true }}, 1) instanceof Object", False),
    # ---- RegExp
    ("[/a/gim.flags, /a/.flags, /a/.sticky, /a/.unicode, /a/.dotAll, /a/.hasIndices]",
     ["gim", "", False, False, False, False]),
    ("[RegExp.prototype.flags, RegExp.prototype.sticky === undefined, RegExp.prototype.toString()]", ["", True, "/(?:)/"]),
    ("Object.getOwnPropertyDescriptor(RegExp.prototype, 'sticky').get.call({})", "throws TypeError"),
    ("[new RegExp(/a/g).flags, new RegExp(/a/g, 'i').flags, RegExp('/').source]", ["g", "i", "\\/"]),
    ("[/b/[Symbol.replace]('abc', 'x'), /b/[Symbol.split]('abc'), /b/[Symbol.search]('abc'),"
     " /b/[Symbol.match]('abc').index, Array.from(/b/g[Symbol.matchAll]('abb')).length]", ["axc", ["a", "c"], 1, 1, 2]),
    ("['2020-02'.replace(/(\\d+)-(\\d+)/, '$2/$1'), 'aaa'.lastIndexOf('a', 1), 'a,b'.split(/(,)/)]",
     ["02/2020", 1, ["a", ",", "b"]]),
    # ---- Map, Set, WeakMap, WeakSet
    ("(function() { var m = new Map([[NaN, 1], [0, 2]]); m.set(-0, 3).delete(NaN); return [m.size, Array.from(m),"
     " m.has(0)] })()", [1, [[0, 3]], True]),
    ("(function() { var out = []; new Map([['a', 1]]).forEach(function(v, k, m) { out.push(v, k, m.size, this.t) },"
     " {t: 2}); return out })()", [1, "a", 1, 2]),
    ("[Array.from(new Set('hello')).join(''), new Set([1, 1]).size, new Set().add(2).has(2), Array.from(new"
     " Set([1]).entries())]", ["helo", 1, True, [[1, 1]]]),
    ("[Map.prototype[Symbol.iterator] === Map.prototype.entries, Set.prototype[Symbol.iterator] ==="
     " Set.prototype.values, Set.prototype.keys === Set.prototype.values]", [True, True, True]),
    ("(function() { var k = {}, w = new WeakMap([[k, 1]]), s = new WeakSet([k]); return [w.get(k), w.has({}),"
     " s.has(k), s.delete(k), s.has(k)] })()", [1, False, True, True, False]),
    ("Map()", "throws TypeError"),
    ("new WeakSet().add(1)", "throws TypeError"),
    ("[String(new Map()), String(new WeakSet()), Map[Symbol.species] === Map]", ["[object Map]", "[object WeakSet]", True]),
    # ---- Reflect and Proxy
    ("[Reflect.ownKeys({b: 1, a: 2, 1: 3}), Reflect.has({a: 1}, 'a'), Reflect.get({a: 5}, 'a'),"
     " Reflect.apply(Math.max, null, [1, 3])]", [["1", "b", "a"], True, 5, 3]),
    ("(function() { var o = {}; return [Reflect.set(o, 'x', 1), Reflect.defineProperty(o, 'y', {value: 2}),"
     " Reflect.defineProperty(o, 'y', {value: 3}), Reflect.deleteProperty(o, 'x'), o.y, Reflect.preventExtensions(o),"
     " Reflect.isExtensible(o)] })()", [True, True, False, True, 2, True, False]),
    ("(function() { function A() { this.made = new.target === B } function B() {} var a = Reflect.construct(A, [], B);"
     " return a instanceof B })()", True),
    ("Reflect.getPrototypeOf([]) === Array.prototype && Reflect.setPrototypeOf({}, null)", True),
    ("(function() { var log = []; var p = new Proxy({a: 1}, {get: function(t, k) { log.push('get ' + k); return t[k]"
     " }, has: function(t, k) { log.push('has ' + k); return true }, set: function(t, k, v) { log.push('set ' + k);"
     " t[k] = v; return true }, deleteProperty: function(t, k) { log.push('delete ' + k); return delete t[k] },"
     " ownKeys: function() { log.push('keys'); return ['a'] }}); p.a; 'z' in p; p.b = 2; delete p.b; Object.keys(p);"
     " return log })()", ["get a", "has z", "set b", "delete b", "keys"]),
    ("(function() { var r = Proxy.revocable({}, {}); r.revoke(); return r.proxy.x })()", "throws TypeError"),
    ("new Proxy(function() { return 1 }, {apply: function(t, self, list) { return t() + list[0] }})(4)", 5),
    # ---- Errors
    ("(function() { var e = new Error('m', {cause: 5}); return [e.cause, e.message, Object.keys(e),"
     " e.propertyIsEnumerable('cause'), e.hasOwnProperty('cause')] })()", [5, "m", [], False, True]),
    ("Object.getOwnPropertyDescriptor(new RangeError('m', {cause: 'c'}), 'cause')",
     {"value": "c", "writable": True, "enumerable": False, "configurable": True}),
    ("[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(function(E) { return [new"
     " E('m', {cause: E.name}).cause === E.name, E('m', {cause: 0}).cause, E.length] })",
     [[True, 0, 1], [True, 0, 1], [True, 0, 1], [True, 0, 1], [True, 0, 1], [True, 0, 1], [True, 0, 1]]),
    ("[{}, null, 'text', 5, undefined].map(function(o) { return 'cause' in new Error('m', o) })",
     [False, False, False, False, False]),
    ("[new Error('m', {cause: undefined}).hasOwnProperty('cause'), new Error(undefined, {cause:"
     " 1}).hasOwnProperty('message'), new Error('m', Object.create({cause: 2})).cause]", [True, False, 2]),
    ("new TypeError('m', {get cause() { throw new RangeError('r') }})", "throws RangeError"),
    ("(function() { var e = new AggregateError([1, 2], 'm', {cause: 3}); return [e.errors, e.message, e.cause, e.name,"
     " Object.keys(e), e instanceof Error] })()", [[1, 2], "m", 3, "AggregateError", [], True]),
    ("[AggregateError([], 'm', {cause: 1}).cause, 'cause' in new AggregateError([])]", [1, False]),
    ("(function() { function Mine(m, o) { var e = Error.call(this, m, o); this.message = e.message; this.cause ="
     " e.cause } Mine.prototype = Object.create(Error.prototype); return new Mine('m', {cause: 4}).cause })()", 4),
    ("[String(new TypeError('m')), Object.prototype.toString.call(new Error('')), typeof new Error('').stack]",
     ["TypeError: m", "[object Error]", "string"]),
    # ---- typed arrays, ArrayBuffer, DataView
    ("Array.from(Uint8Array.from([1, 2], function(n) { return n * 200 }))", [200, 144]),
    ("[Array.from(Float64Array.of(1.5, 2)), Array.from(Uint8ClampedArray.of(300, -1))]", [[1.5, 2], [255, 0]]),
    ("(function() { var T = Object.getPrototypeOf(Int8Array); return [T.name, Object.getPrototypeOf(Uint8Array) === T,"
     " T.prototype === Object.getPrototypeOf(Int8Array.prototype), new Int8Array(1) instanceof T] })()",
     ["TypedArray", True, True, True]),
    ("(function() { return new (Object.getPrototypeOf(Int8Array))() })()", "throws TypeError"),
    ("[Array.from(new Int16Array([3, -1, 10]).sort()), Array.from(new Uint8Array([1, 2, 3]).reverse()), new"
     " Int8Array([1, 2]).join('-')]", [[-1, 3, 10], [3, 2, 1], "1-2"]),
    ("(function() { var t = new Uint8Array([5, 6, 7]); return [t.at(-1), t.indexOf(6), t.includes(9),"
     " t.find(function(n) { return n > 5 }), t.findIndex(function(n) { return n > 9 }), t.findLast(function(n) {"
     " return n < 7 }), t.some(function(n) { return n === 7 }), t.every(function(n) { return n < 7 }),"
     " t.reduce(function(a, b) { return a + b }), t.lastIndexOf(5)] })()", [7, 1, False, 6, -1, 6, True, False, 18, 0]),
    ("[new Uint8Array([1, 2, 3]).map(function(n) { return n * 2 }), new Uint8Array([1, 2, 3]).filter(function(n) {"
     " return n > 1 }), new Uint8Array([1, 2, 3]).slice(-2), new Uint8Array([1, 2, 3]).fill(7, 1), new Uint8Array([1,"
     " 2, 3]).copyWithin(0, 1)].map(function(t) { return [t instanceof Uint8Array, t.join()] })",
     [[True, "2,4,6"], [True, "2,3"], [True, "2,3"], [True, "1,7,7"], [True, "2,3,3"]]),
    ("[Array.from(new Uint8Array([7]).entries()), Array.from(new Uint8Array([7]).keys()), Array.from(new Uint8Array([7]))]",
     [[[0, 7]], [0], [7]]),
    ("(function() { var t = new Uint8Array(4); t.set([1, 2], 1); var s = t.subarray(1, 3); s[0] = 9; return [t.join(),"
     " s.byteOffset, s.length] })()", ["0,9,2,0", 1, 2]),
    ("[new Uint8Array(1)[Symbol.toStringTag], new Float32Array(1)[Symbol.toStringTag],"
     " Object.prototype.toString.call(new Int16Array(0))]", ["Uint8Array", "Float32Array", "[object Int16Array]"]),
    ("[ArrayBuffer.isView(new DataView(new ArrayBuffer(1))), ArrayBuffer.isView([]), new ArrayBuffer(8).slice(2,"
     " -2).byteLength, String(new ArrayBuffer(1))]", [True, False, 4, "[object ArrayBuffer]"]),
    ("(function() { var d = new DataView(new ArrayBuffer(8), 1); d.setInt16(0, -2); d.setFloat32(2, 1.5, true); return"
     " [d.getUint8(0), d.getInt16(0), d.getUint16(0, true), d.getFloat32(2, true), d.byteLength, d.byteOffset] })()",
     [255, -2, 65279, 1.5, 7, 1]),
    # ---- JSON, Date, Function, globals
    ("[JSON[Symbol.toStringTag], JSON.stringify({a: [1, undefined, function() {}], u: undefined, d: new Date(0)}),"
     " JSON.parse('[1,2]', function(k, v) { return k === '0' ? 9 : v })]",
     ["JSON", '{"a":[1,null,null],"d":"1970-01-01T00:00:00.000Z"}', [9, 2]]),
    ("[JSON.stringify('a\\ud800\\ud83d\\ude00\\udc00'), JSON.stringify('\\udc00\\ud800'), JSON.stringify({a: 1, b: [2]},"
     " null, 1)]", ['"a\\ud800\U0001f600\\udc00"', '"\\udc00\\ud800"', '{\n "a": 1,\n "b": [\n  2\n ]\n}']),
    ("[new Date(0).toISOString(), new Date(NaN).toJSON(), Date.UTC(2020), Date.parse('2020-02-03T04:05:06.007Z'), new"
     " Date(5)[Symbol.toPrimitive]('number')]", ["1970-01-01T00:00:00.000Z", None, 1577836800000, 1580702706007, 5]),
    ("new Date(NaN).toISOString()", "throws RangeError"),
    ("[(function named(a, b) {}).name, (function named(a, b) {}).length, ({m: function()"
     " {}}.m.bind(null).name.slice(0, 6)), Map.name, [].map.name]", ["named", 2, "bound ", "Map", "map"]),
    ("[globalThis === global, typeof globalThis.Array, Function.prototype[Symbol.hasInstance].call(Array, [])]",
     [True, "function", True]),
    ("[encodeURIComponent('\\u00e9 &'), decodeURIComponent('%C3%A9'), escape('\\u00e9'), unescape('%u0061')]",
     ["%C3%A9%20%26", "é", "%E9", "a"]),
    # ---- iterators
    ("(function() { var it = [1, 2][Symbol.iterator](); return [it[Symbol.iterator]() === it, it.next(), it.next(),"
     " it.next().done, it[Symbol.toStringTag]] })()",
     [True, {"value": 1, "done": False}, {"value": 2, "done": False}, True, "Array Iterator"]),
    ("Array.from({[Symbol.iterator]: function() { var n = 0; return {next: function() { return {value: n, done: n++ >"
     " 1} }} }})", [0, 1]),
    # ---- structuredClone
    ("structuredClone({a: [1, {b: null}], d: new Date(5), u: undefined, n: NaN}).d.getTime()", 5),
    ("(function() { var o = {l: []}; o.self = o; o.l.push(o.l); var c = structuredClone(o); return [c !== o, c.self"
     " === c, c.l[0] === c.l, c.l !== o.l] })()", [True, True, True, True]),
    ("(function() { var c = structuredClone(new Map([['k', new Set([1])], [{a: 1}, /x/gi]])); return"
     " [c.get('k').has(1), c.size, String(Array.from(c.values())[1]), Array.from(c.keys())[1].a] })()",
     [True, 2, "/x/gi", 1]),
    ("(function() { var b = new Uint8Array(new ArrayBuffer(3)), v = b.subarray(1), c = structuredClone([b, v]);"
     " c[0][1] = 9; return [c[1][0], c[1].length, b[1], c[0] instanceof Uint8Array, c[0].buffer === c[1].buffer] })()",
     [9, 2, 0, True, True]),
    ("(function() { var e = new RangeError('m', {cause: {c: 1}}), c = structuredClone(e); return [c instanceof"
     " RangeError, c.message, c.cause.c, c !== e, Object.keys(c)] })()", [True, "m", 1, True, []]),
    ("(function() { var a = [1, , 3]; a.extra = 4; var c = structuredClone(a); return [c.length, 1 in c, c.extra,"
     " Array.isArray(c)] })()", [3, False, 4, True]),
    ("(function() { function A() { this.x = 1 } A.prototype.y = 2; var c = structuredClone(new A()); return [c.x, c.y"
     " === undefined, Object.getPrototypeOf(c) === Object.prototype] })()", [1, True, True]),
    ("[structuredClone('s'), structuredClone(null), structuredClone(Object(5)) + 1, structuredClone(undefined) ==="
     " undefined]", ["s", None, 6, True]),
    ("structuredClone()", "throws TypeError"),
    ("(function() { try { structuredClone({f: function() {}}) } catch (e) { return [e.name, e.code, e instanceof"
     " Error] } })()", ["DataCloneError", 25, True]),
    ("(function() { try { structuredClone(Symbol('s')) } catch (e) { return e.name } })()", "DataCloneError"),
    ("structuredClone(Promise.resolve())", "throws DataCloneError"),
]

OWNERS = """{
    "globalThis": globalThis,
    "%TypedArray%": Object.getPrototypeOf(Int8Array),
    "%TypedArray%.prototype": Object.getPrototypeOf(Int8Array).prototype,
    "%IteratorPrototype%": Object.getPrototypeOf(Object.getPrototypeOf([].values())),
    "%ArrayIterator%": Object.getPrototypeOf([].values()),
    "%StringIterator%": Object.getPrototypeOf(""[Symbol.iterator]()),
    "%MapIterator%": Object.getPrototypeOf(new Map().keys()),
    "%SetIterator%": Object.getPrototypeOf(new Set().keys()),
    "%RegExpStringIterator%": Object.getPrototypeOf("".matchAll(/a/g))
}"""

CHECK = """function check(present, aliases) {
    var owners = OWNERS, problems = [];
    function flaw(path, owner, entry) {
        var parts = /^([^/:]+)([/:])?(.*)$/.exec(entry), symbol = /^\\[Symbol\\.(.*)\\]$/.exec(parts[1]);
        var d = Object.getOwnPropertyDescriptor(owner, symbol ? Symbol[symbol[1]] : parts[1]);
        if (!d) return "is missing";
        if (d.enumerable) return "is enumerable";
        if (parts[2] === ":") return typeof d.get === "function" ? "" : "is no accessor";
        if (parts[2] !== "/") return "value" in d && typeof d.value !== "function" ? "" : "is no value";
        if (typeof d.value !== "function") return "is no function";
        if (d.value.length !== Number(parts[3])) return "has the length " + d.value.length;
        if (!symbol && d.value.name !== (aliases[path + '.' + parts[1]] || parts[1])) return "has the name " + String(d.value.name);
        return symbol || d.writable && d.configurable ? "" : "is not writable and configurable";
    }
    Object.keys(present).forEach(function(path) {
        var owner = owners[path] || path.split(".").reduce(function(o, name) { return o[name] }, globalThis);
        present[path].split(" ").forEach(function(entry) {
            var problem = flaw(path, owner, entry);
            if (problem) problems.push(path + " " + entry + " " + problem);
        });
    });
    return problems;
}""".replace("OWNERS", OWNERS)


def test_everything_is_there_and_hidden_from_for_in(site):
    s = site(before=CHECK, map=f"""{{ "/check": function() {{
        return {{json: check({json.dumps(PRESENT)}, {json.dumps(ALIASES)})}} }} }}""", options="threads: 1")
    assert s.get("/check").json() == []


def test_answers(site):
    rows = ",\n".join(f"function() {{ return [{expression}] }}" for expression, _ in ANSWERS)
    s = site(before=f"var rows = [{rows}];", map="""{ "/all": function() {
        return {json: rows.map(function(row) { try { return row() } catch (error) { return ["throws " + error.name] } })} } }""",
        options="threads: 1")
    got = s.get("/all").json()
    failures = [f"{expression}: {value!r}, not {expected!r}" for (expression, expected), [value] in zip(ANSWERS, got)
                if value != expected]
    assert not failures, "\n".join(failures)
