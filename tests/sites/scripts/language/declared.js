// What looks like declaring a name twice and is not: it loads without an error (tests/sites/test_language_cases.py).
const modern = `1`;
const exports_ = module.exports, local = exports.local = 5;
const require_ = require;
/** @typedef {{a: number}} Options */
const Options = {};
function Old() {}
Old.prototype.m = function () {};
Old.other = Old;
var again = 1;
var again = 2;
function twice() { return 1 }
function twice() { return 2 }
var hoisted; function hoisted() {}
{ let again = 3; const twice = again; class Old {} }
function parameters(a, b) { var a; { let b = a; } return a }
for (let i = 0; i < 1; i++) { let i = 2; }
try { throw 1 } catch (e) { var e; let f = e; { let e = f; } }
switch (1) { case 1: { let x; break } case 2: { let x; } }
class A { m() {} m() {} static m() {} x = 1; x() {} }
const o = { a: 1, a: 2, get b() { return 1 }, set b(v) {} };
let { a, b: { c } = {} } = o, [d] = [1];
label: for (;;) { break label }
const self = this, global_ = globalThis;
module.exports.a = modern; module.exports.a = local;
exports.default = o; exports.default = a;
Object.defineProperty(exports, "__esModule", { value: true });
var promise = Promise, Map_ = Map;
const URL = 1, name = "n", status = 2, event = 3;
module.exports = [again, twice(), Options, exports_, require_, c, d, self, global_, promise, Map_, URL, name, status, event].length;
