"""Names that functions get from where they are written (ECMAScript 15.2.5, NamedEvaluation), in ES5 and modern files, and
stacks as scripts see them."""

import pytest

NAMES = """
var a = function () {};
var b; b = function () {};
var o = {m: function () {}, "k y": function () {}, n() {}, default: function () { "use strict"; }};
function C() {}
C.prototype.meth = function () {};
o.assigned = function () {};
var self = function () { return typeof self; }, kept = self;
self = 1;
var seen = [a, b, o.m, o["k y"], o.n, o.default, new C().meth, C, o.assigned, function () {}].map(function (f) { return f.name; });
console.log(JSON.stringify(seen), kept());
"""
MODERN = """
class A { meth() {} static st() {} async am() {} *gen() {} }
const arrow = () => {};
let o = {async am() {}, h: () => 1};
console.log([arrow, new A().meth, A.st, new A().am, o.am, o.h, A].map(f => f.name).join());
"""


def test_names(site):
    s = site.run(NAMES)
    assert s.returncode == 0, s.log()
    assert s.stdout() == '["a","b","m","k y","n","default","meth","C","",""] number\n'


def test_names_in_modern_files(site):
    s = site.run(MODERN)
    assert s.returncode == 0, s.log()
    assert s.stdout() == "arrow,meth,st,am,am,h,A\n"


def test_a_stack_has_the_script_s_frames_only(site):
    s = site.run('''var thrower = function () { null.x; };
function strict() { "use strict"; [1].forEach(thrower); }
try { strict(); } catch (e) { console.log(e.stack); }
''')
    lines = s.stdout().splitlines()
    assert lines[0].startswith("TypeError: "), lines
    path = s.dir / "app.js"
    assert lines[1:] == [f"    at thrower ({path}:1)", f"    at strict ({path}:2)", f"    at global ({path}:3)"]


@pytest.mark.parametrize("code, output", [
    ("var a = 1, b = 2; [a, b] = [b, a]; console.log(a, b);", "2 1"),
    ("var a, b; ({a, b} = {a: 1, b: 2}); console.log(a, b);", "1 2"),
    ("var arr = [1, 2]; [arr[0], arr[1]] = [arr[1], arr[0]]; console.log(arr.join());", "2,1"),
    ("var a; [a = 5] = []; console.log(a);", "5"),
    ("var a, b; for ([a, b] of [[1, 2]]) console.log(a, b);", "1 2"),
])
def test_destructuring_as_the_only_modern_syntax(site, code, output):
    s = site.run(code)
    assert (s.stdout(), s.returncode) == (output + "\n", 0), s.log()


def test_an_assignment_to_a_call_is_found_when_the_file_is_compiled(site):
    s = site.run("console.log('begun');\nfunction f() {}\nf() = 1;\n")
    assert s.returncode == 1 and s.stdout() == ""
    assert s.log_lines("SyntaxError: invalid lvalue") and s.log_lines(r"app\.js:3")
