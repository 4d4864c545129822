r"""Expressions about regular expressions whose values test_regexp.py compares with those of Node. All are plain ES5 but for
the regular expressions. HELPERS go before them: x() is exec() with everything that its result has, all() every match."""

HELPERS = r"""
function x(re, text) {
    var m = re.exec(text);
    if (m === null) return [null, re.lastIndex];
    var g = m.groups === undefined ? undefined : Object.keys(m.groups).map(function(k) { return [k, m.groups[k]] });
    return [Array.prototype.slice.call(m), m.index, g, m.indices, re.lastIndex];
}
function all(re, text) {
    var found = [], m;
    while ((m = re.exec(text)) !== null && found.length < 50) {
        found.push(m[0], m.index, re.lastIndex);
        if (m[0] === '') ++re.lastIndex;
    }
    return found;
}
function valid(source, flags) { try { new RegExp(source, flags); return true } catch (e) { return String(e).split(':')[0] } }
"""

NAMED = r"""
x(/(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})/, 'on 2024-05-06!')
x(/(?<y>\d{4})|(?<m>\d\d)/, '12')
/(?<y>\d{4})-(?<m>\d\d)/.exec('2024-05').groups.y
Object.getPrototypeOf(/(?<y>a)/.exec('a').groups)
x(/(?<quote>['"]).*?\k<quote>/, 'say "it\'s" now')
x(/\k<a>(?<a>x)/, 'x')
x(/(?<a>.)(?<b>.)\k<b>\k<a>/, 'xabbay')
x(/(?<$x_1>a)(?<été>b)/, 'ab')
x(new RegExp('(?<a\\u{62}c>x)'), 'x')
x(new RegExp('(?<\\u0061>x)\\k<a>'), 'xx')
'2024-05-06'.replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/, '$<d>.$<m>.$<y>')
'ab'.replace(/(?<x>a)(?<y>z)?/, '[$<x>|$<y>|$<nope>|$<x]')
'ab'.replace(/(a)/, '[$<x>]')
'aXbX'.replace(/(?<l>[a-z])X/g, function() { var a = Array.prototype.slice.call(arguments); return JSON.stringify(a) })
'a-b'.replace(/(?<l>a)-(b)/, function(all, l, r, at, text, groups) { return [all, l, r, at, text, groups.l].join('/') })
'x'.replace(/(?<n>x)/u, '$1$01$001$10$$$&')
'abc'.replace(/(?<n>b)/, "[$`|$'|$&]")
Array.from('a1b22'.matchAll(/(?<l>[a-z])(?<d>\d+)/g)).map(function(m) { return [m.index, m.groups.l, m.groups.d] })
'a1b2'.match(/(?<l>[a-z])(?<d>\d)/).groups.d
'a1b2'.match(/(?<l>[a-z])(?<d>\d)/g)
'a1b2c'.split(/(?<d>\d)/)
'xa1'.search(/(?<d>\d)/)
'k<a>'.match(/\k<a>/)[0]
valid('\\k<a>', '')
valid('\\k<a>', 'u')
valid('\\k<a>(?<b>x)', '')
valid('\\k(?<b>x)', '')
valid('(?<a>x)(?<a>y)', '')
valid('(?<a', '')
valid('(?<>x)', '')
valid('(?<1a>x)', '')
valid('(?<a b>x)', '')
valid('(?<a>', '')
valid('(?P<a>x)', '')
"""

LOOKBEHIND = r"""
x(/(?<=\$)\d+(\.\d*)?/, 'cost $10.50')
x(/(?<!\$)\b\d+/, '$10 and 20')
x(/(?<=a|bc)x/, 'bcx')
x(/(?<=^|,)[^,]*/, 'a,b')
all(/(?<=^|,)[^,]*(?=,|$)/g, 'a,,b')
'helloWorldFooBar'.split(/(?<=[a-z])(?=[A-Z])/)
'XMLHttpRequest2'.split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)/)
'1234567'.replace(/(?<=\d)(?=(\d{3})+$)/g, ',')
'1234567'.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
x(/(?<=(\d)(\d))a/, '12a')
x(/(?<!a|bc)x/, 'bcx')
x(/(?<=a{2,3})b/, 'aaab')
x(/(?<=a(?:b|cd))x/, 'acdx')
x(/(?<=a(?:b|cd)?e)x/, 'aex')
x(/(?<=\w+)\d/, 'ab1')
x(/(?<=(?:ab)*c)x/, 'ababcx')
x(/(?<!\d+)x/, '1x ax')
x(/(?<=\bfoo)bar/, 'foobar')
x(/(?<=^a)b/m, 'x\nab')
x(/(?<![^])b/, 'b')
x(/(?<=\u{1F600})x/u, '\ud83d\ude00x')
x(/(?<=\ude00)x/, '\ud83d\ude00x')
x(/(?<=.)x/u, '\ud83d\ude00x')
x(/(?<=(?=ab)..)c/, 'abc')
x(/(?<=(?<!x)a)b/, 'xab ab')
all(/(?<=a)/g, 'aaba')
'one two'.replace(/(?<=o)\w/g, '_')
x(/(?<=([ab])c)d/, 'bcd')
x(/(?<=a.c)d/s, 'a\ncd')
x(/(?<=É)x/i, 'éx')
valid('(?<=a)*', '')
valid('(?<=a){2}', 'u')
valid('(?<!a', '')
"""

FLAGS = r"""
[/a/s.flags, /a/suyd.flags, /a/dgimsuy.flags, new RegExp('a', 'yg').flags]
[/a/s.dotAll, /a/s.sticky, /a/y.sticky, /a/u.unicode, /a/d.hasIndices, /a/g.global, /a/si.ignoreCase, /a/sm.multiline]
['gg', 'z', 'uu', 'dd', 'sz', 'G', 'gimsuyd', ' '].map(function(f) { return valid('a', f) })
x(/a.b/s, 'a\nb')
x(/a.b/u, 'a\nb')
x(/^.*$/ms, 'a\nb')
x(/^b$/msu, 'a\nb\nc')
x(/a$/u, 'a\n')
x(/[^]/u, '\n')
x(/[]/u, 'a')
x(/^.$/u, '\u2028')
x(/^$/mu, 'a\u2028')
all(/^./gmu, 'a\nb\rc\u2028d\u2029e\u0085f')
x(/a(?<Z>b)?(c)/d, 'xac')
x(/a(?<Z>b)?/d, 'xab')
x(/(?<p>\u{1F600})x/du, 'a\ud83d\ude00x')
Object.keys(/a/d.exec('a').indices.concat(1))
/(?<a>.)/d.exec('xy').indices.groups.a
x(/foo/y, 'xfoo')
(function() { var r = /foo/y; r.lastIndex = 1; return [x(r, 'xfoofoo'), x(r, 'xfoofoo'), x(r, 'xfoofoo')] })()
(function() { var r = /a|b/y, out = []; while (r.test('abxa')) out.push(r.lastIndex); return [out, r.lastIndex] })()
(function() { var r = /\s*(\d+|[-+*\/()])/y, out = [], m; while ((m = r.exec('12+(3 * 45)')) !== null) out.push(m[1]); return out })()
'aaba'.replace(/a/y, 'x')
'aaba'.replace(/a/gy, 'x')
'baa'.replace(/a/gy, 'x')
'aaba'.match(/a/gy)
'baa'.match(/a/y)
'baa'.search(/a/y)
'a,b,c'.split(/,/y)
(function() { var r = /a/y; r.lastIndex = 1; var out = 'baa'.replace(r, 'x'); return [out, r.lastIndex] })()
(function() { var r = /^a/my; r.lastIndex = 2; return x(r, 'b\na') })()
(function() { var r = /^a/y; r.lastIndex = 1; return x(r, 'ba') })()
(function() { var r = /a/g; r.lastIndex = 5; return x(r, 'aaa') })()
(function() { var r = /a/su; r.lastIndex = 7; return [x(r, 'ba'), x(r, 'bb')] })()
(function() { var r = /a/gs; r.lastIndex = '1'; return x(r, 'aa') })()
(function() { var r = /a/gs; r.lastIndex = -3; return x(r, 'aa') })()
(function() { var r = /a/ys; r.lastIndex = Infinity; return x(r, 'aa') })()
(function() { var r = /./gu; r.lastIndex = 1; return x(r, '\ud83d\ude00a') })()
[String(/a\/b/s), /[/]/s.source, new RegExp('a/b\n', 's').source, new RegExp('', 's').source, String(new RegExp('/', 'u'))]
[/a/s instanceof RegExp, Object.prototype.toString.call(/a/s), /a/s.constructor === RegExp, typeof /a/u]
(function() { var r = RegExp('(?<a>x)'); return [RegExp(r) === r, new RegExp(r) !== r, new RegExp(r).source, new RegExp(r, 'gs').flags, new RegExp(/a/s).flags] })()
(function() { function f() { return /a/gs } return f() !== f() })()
Object.getOwnPropertyNames(/a/s)
[/a/s.lastIndex, Object.getOwnPropertyDescriptor(/a/s, 'lastIndex')]
Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags').get.call({dotAll: 1, global: true, hasIndices: 'x'})
Object.getOwnPropertyDescriptor(RegExp.prototype, 'dotAll').get.call(RegExp.prototype)
Object.getOwnPropertyDescriptor(RegExp.prototype, 'dotAll').get.name
(function() { var c = structuredClone(/(?<a>x)/gsu); return [c.source, c.flags, c.lastIndex, c instanceof RegExp] })()
[/b/s[Symbol.replace]('abc', 'x'), /b/s[Symbol.split]('abc'), /b/s[Symbol.search]('abc'), /b/s[Symbol.match]('abc').index, Array.from(/b/gs[Symbol.matchAll]('abb')).length]
'a.b.c'.replaceAll(/(?<=b)\./g, '-')
(function() { try { 'a'.replaceAll(/a/s, '') } catch (e) { return e.name } })()
(function() { try { 'a'.matchAll(/a/s) } catch (e) { return e.name } })()
"""

UNICODE = r"""
'Gr\u00fc\u00dfe, \u043c\u0438\u0440! \u4f60\u597d'.match(/\p{L}+/gu)
'Gr\u00fc\u00dfe 12'.match(/\p{Letter}+|\p{Nd}+/gu)
'aB\u00c4c'.match(/\p{Lu}/gu)
'aB\u00c4c'.match(/\p{Uppercase_Letter}|\p{gc=Ll}/gu)
'\u03b1\u03b2 ab'.match(/\p{Script=Greek}+/gu)
'\u03b1\u03b2 ab'.match(/\p{sc=Grek}+|\p{Script_Extensions=Latin}+/gu)
'a\ud83d\ude00\u2764b'.match(/\p{Emoji_Presentation}|\p{Extended_Pictographic}/gu)
'x1\ud83d\udc4d\ud83c\udffd#'.match(/\p{Emoji}/gu)
'\ud83d\udc4d\ud83c\udffd'.match(/\p{Emoji_Modifier_Base}\p{Emoji_Modifier}?/u)
'\ud83c\uddeb\ud83c\uddf7'.match(/\p{RI}\p{RI}/u)
'\ud83d\udc69\u200d\ud83d\udcbb!'.match(/\p{ExtPict}(?:\u200d\p{ExtPict})*/u)
'a b\u00a0c\u3000'.replace(/\p{White_Space}/gu, '_')
'a-b_c!'.replace(/\P{L}/gu, '')
'a1\u00e9'.match(/[^\p{L}\d]|[\p{Ll}]/gu)
'ab1'.match(/[\P{L}]/u)
'a\u00e9'.match(/\p{ASCII}|\p{Any}/gu)
'A\u00e9'.match(/[^\p{ASCII}]/u)
'Ab'.match(/\p{Lu}/iug)
'Ab'.match(/\p{Lowercase}/iug)
['\\p{lu}', '\\p{Greek}', '\\p{Foo}', '\\p{Script=Foo}', '\\p', '\\p{', '\\p{L', '\\p{gc=Greek}', '\\p{sc=}', '\\pL', '\\p{^L}', '\\p{ID_Start}', '\\p{Assigned}'].map(function(s) { return valid(s, 'u') })
['\\p{lu}', '\\p{Foo}', '\\p', '\\P{L'].map(function(s) { return valid(s, '') })
/^\p{Lu}/.test('p{Lu}')
[/^.$/u.test('\ud83d\ude00'), /^.$/s.test('\ud83d\ude00'), /^..$/s.test('\ud83d\ude00')]
'\ud83d\ude00a\ud83d\ude00'.match(/./gu)
'\ud83d\ude00'.match(/(?:)/gu)
'\ud83d\ude00'.match(/(?:)/gs)
'\ud83d\ude00a'.split(/(?:)/u)
'\ud83d\ude00a'.replace(/(?:)/gu, '-')
'\ud83d\ude00'.replace(/(?:)/gs, '-').length
Array.from('\ud83d\ude00\ud83d\ude00'.matchAll(/(?:)/gu)).map(function(m) { return m.index })
all(/\ude00/g, '\ud83d\ude00')
[/\ud83d/.test('\ud83d\ude00'), /\ud83d/u.test('\ud83d\ude00'), /\ud83d/u.test('\ud83d'), /\ude00/u.test('\ud83d\ude00'), /^[^x]$/u.test('\ud83d'), /^[^x]$/u.test('\ud83d\ude00')]
[/\u{1F600}/u.test('\ud83d\ude00'), /\ud83d\ude00/u.test('\ud83d\ude00'), /\u{61}/.test('u'.repeat(61)), /[\u{1F600}-\u{1F64F}]/u.test('\ud83d\ude01')]
[/[\ud83d\ude00]/u.exec('\ud83d\ude00')[0].length, /[\ud83d\ude00]/s.exec('\ud83d\ude00')[0].length]
x(/\u{1f600}+/u, 'a\ud83d\ude00\ud83d\ude00')
x(/(\udf06)?./u, '\ud834\udf06')
x(/^[^\ud83d]$/u, '\ud83d\ude00')
'\u20ac\ud83d\ude00x'.replace(/x/u, "$`|$'")
'a\ud83d\ude00b'.search(/b/u)
x(/b/gu, 'a\ud83d\ude00b')
'x'.repeat(100).concat('\ud83d\ude00'.repeat(100), 'y').search(/y/u)
(function() { var t = 'x'.repeat(70) + '\u00e9'.repeat(70) + '\ud83d\ude00'.repeat(70) + 'y'.repeat(70), r = /[\u00e9\ud83d\ude00y]/gu, s = 0, m; while ((m = r.exec(t)) !== null) s += m.index * m[0].length + r.lastIndex; return s })()
(function() { var t = 'ab\u20ac\ud83d\ude00'.repeat(200), r = /\u20ac\ud83d/g, q = /\u20ac\ud83d/gs, n = 0; while (r.test(t)) n += r.lastIndex; while (q.test(t)) n -= q.lastIndex; return n })()
['\\-', '\\a', '\\_', '\\c', '\\8', '\\1', '\\00', '{', '}', ']', 'a{', 'a{1', '\\u', '\\u{110000}', '\\u{}', '\\x1', '(?=a)*', '[\\d-z]', '[z-\\d]', '[\\c]', '\\/', '\\}', '[\\-]', '[\\b]', '[\\B]'].map(function(s) { return valid(s, 'u') })
"""

CASE = r"""
[/\u212a/i.test('k'), /\u212a/iu.test('k'), /k/iu.test('\u212a'), /k/is.test('\u212a'), /[a-z]/iu.test('\u212a'), /[a-z]/is.test('\u212a')]
[/\u017f/is.test('s'), /\u017f/iu.test('S'), /s/iu.test('\u017f'), /[^s]/iu.test('\u017f'), /[^s]/is.test('\u017f')]
[/\w/iu.test('\u017f'), /\w/u.test('\u017f'), /\W/iu.test('\u017f'), /[\w]/iu.test('\u212a'), /[^\w]/iu.test('\u212a'), /[\W]/iu.test('S'), /\b/iu.test('\u017f')]
x(/\b./iu, '-\u017fa')
[/\p{ASCII}/iu.test('\u017f'), /\P{ASCII}/iu.test('k'), /\p{ASCII}/u.test('\u017f'), /[^\p{ASCII}]/iu.test('\u212a')]
'ab'.match(/$/g)
'ab cd'.match(/\b/gs).length
x(/\B./iu, 'ab')
[/\u00e9/is.test('\u00c9'), /[\u00e0-\u00ff]/is.test('\u00c9'), /[^\u00e9]/is.test('\u00c9'), /\u0411/iu.test('\u0431')]
[/\u03c3/is.test('\u03c2'), /\u03a3/iu.test('\u03c2'), /\u1e9e/is.test('\u00df'), /\u1e9e/iu.test('\u00df'), /\u00b5/is.test('\u03bc'), /\u2126/is.test('\u03c9'), /\u2126/iu.test('\u03c9')]
[/\u0130/is.test('i'), /\u0130/iu.test('i'), /\u0131/is.test('I'), /\u0131/iu.test('i'), /\u01c5/is.test('\u01c4'), /\u01c5/iu.test('\u01c6'), /\u1f80/is.test('\u1f88'), /\u1f80/iu.test('\u1f88'), /\u0390/iu.test('\u0390')]
[/\u{10400}/iu.test('\ud801\udc28'), /[\u{10400}-\u{10427}]/iu.test('\ud801\udc28'), /\u{118a0}/iu.test('\ud806\udcc0')]
[/(?<a>x)\k<a>/i.test('xX'), /(?<a>\u00e9)\k<a>/i.test('\u00e9\u00c9'), /(.)\1/iu.test('kK'), /([a-z])\1/is.test('aA')]
[/[\d\w]x\w(y)\1/is.test('_xkyY'), /(a)\1\b/is.test('aA b')]
x(/[\s\S]/i, 'a')
x(/[\W_]/is, 'a_')
x(/[^\W]/is, '-k')
x(/[A-Z\u00e9]+/isd, 'ab\u00c9c-')
x(/[_-a]/is, 'A')
x(/[Z-a]/is, 'z')
(function() { var sum = 0, r = /[\u0100-\u0180\u0370-\u03ff]/iu; for (var i = 0; i < 0x1fd0; ++i) if (r.test(String.fromCharCode(i))) sum += i; return sum })()
(function() { var sum = 0, r = /[\u00c0-\u0180\u0370-\u04ff\u1e00-\u1fff]/is; for (var i = 0; i < 0x2200; ++i) if (r.test(String.fromCharCode(i))) sum += i; return sum })()
(function() { var sum = 0, r = /[a-z]/is, s = /[^a-z\u00e0]/is; for (var i = 0; i < 0x10000; ++i) { var c = String.fromCharCode(i); if (r.test(c)) sum += i; if (s.test(c)) sum += i } return sum })()
"""

SYNTAX = r"""
x(/\d\D\w\W\s\S/s, '1aa- x')
(function() { var out = []; for (var i = 0; i < 0x10000; ++i) if (/\s/su.test(String.fromCharCode(i))) out.push(i); return out })()
(function() { var n = 0; for (var i = 0; i < 0x10000; ++i) { var c = String.fromCharCode(i); n += (/\w/s.test(c) ? i : 0) + (/\d/s.test(c) ? 7 : 0) } return n })()
x(/\cJ\x41\u0042\0\t\n\v\f\r/s, '\nAB\0\t\n\v\f\r')
x(/\101\7\18\08/s, 'A\u0007\u00018\u00008')
x(/[\101\cA\c_\b\B\-\]]+/s, 'A\u0001\u001f\bB-]')
x(/\c/s, '\\c')
x(/[\c]/s, '\\')
x(/[\d-z]+/s, '1-z')
x(/a{,3}{/s, 'a{,3}{')
x(/a{2}b{1,}c{0,1}d{2,3}/s, 'aabbdd')
x(/a{0}b/s, 'ab')
x(/a+?b*?c??/s, 'aabc')
x(/(?:a|ab)(?:c|bcd)(d*)/s, 'abcd')
x(/(z)((a+)?(b+)?(c))*/s, 'zc')
x(/\1(a)/s, 'a')
x(/(?=(a+))a*b\1/s, 'baaabac')
x(/(.*?)a(?!(a+)b\2c)\2(.*)/s, 'baaabaac')
x(/(?!a)b|c/s, 'ac')
x(/()|/s, 'a')
x(/(?:)/u, '')
x(/|a/s, 'a')
x(/(?=a)*a/s, 'a')
x(/[^a-c]+/s, 'abcde')
x(/[a\-c-e]+/s, '-cde')
x(/[\]^]+/s, '^]')
x(/]}/s, ']}')
x(/\a\e\_\-\q\//s, 'ae_-q/')
x(/\u{2}\x1/s, 'uux1')
x(/[\u{62}]/s, 'b')
x(/[\u{62}]/u, 'b')
x(/#  x/s, '#  x')
x(/(?:a)(?:(b))\1/s, 'abb')
x(/((a)(b)(c)(d)(e)(f)(g)(h)(i)(j))\11\10/s, 'abcdefghijji')
x(/\Q\E\A\z\Z\G\K\h\R\X\N/s, 'QEAzZGKhRXN')
x(/a$b/s, 'a')
x(/(?:^a|b$)/s, 'ab')
x(/[[]+/s, '[[')
x(/[[:alpha:]]/s, ':]')
x(/\$\^\.\*\+\?\(\)\[\]\{\}\|/u, '$^.*+?()[]{}|')
['a**', 'a++', 'a?+', '*a', '+', '?', 'a{2}{3}', 'a{3,2}', '(', ')', '(?', '(?a)', '(?i)a', '(?>a)', '(?#x)', '(?|a)', '(*UTF)', '(?R)', '(?1)', '[', '[a', '[b-a]', '\\', 'a|*', '(?:+)', '{1}', 'x{1}{', '^*', '$+', '\\b+', '(?<=x)+', '(?!a)*', '(?=a){2}'].map(function(s) { return valid(s, 's') })
['a**', 'a{3,2}', '(?!a)*', '(?=a){2}', '{1}', '^*', '\\b?'].map(function(s) { return valid(s, 'u') })
x(/a{0,4294967295}/s, 'aaa')
x(/a{0,99999999999999}/s, 'aaa')
"""

POPULAR = r"""
(function() { var re = /^(\d{4})[-/]?(\d{1,2})?[-/]?(\d{0,2})[Tt\s]*(\d{1,2})?:?(\d{1,2})?:?(\d{1,2})?[.:]?(\d+)?$/s; return x(re, '2024-05-06T07:08:09.123') })()
'[YYYY] MM-DD HH:mm'.match(/\[([^\]]+)]|Y{1,4}|M{1,4}|D{1,2}|d{1,4}|H{1,2}|h{1,2}|a|A|m{1,2}|s{1,2}|Z{1,2}|SSS/gs)
x(/^(?<date>\d{4}-\d{2}-\d{2})[T ](?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?<zone>Z|[+-]\d{2}:?\d{2})?$/u, '2024-05-06T07:08:09.5+02:00')
x(/^(?<major>0|[1-9]\d*)\.(?<minor>0|[1-9]\d*)\.(?<patch>0|[1-9]\d*)(?:-(?<pre>[\w.-]+))?(?:\+(?<build>[\w.-]+))?$/, '1.2.3-beta.1+5')
x(/^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?:(?<user>[^@\/]*)@)?(?<host>[^\/:?#]+)(?::(?<port>\d+))?(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?(?:#(?<hash>.*))?$/i, 'https://me@example.org:8080/a/b?c=d#e')
'fooBarBaz-qux_quux HTTPServer'.replace(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-_\s]+/g, ' ').toLowerCase()
'the quick brown'.replace(/(?<=^|\s)\p{L}/gu, function(c) { return c.toUpperCase() })
'  leading\n    more'.replace(/^(?<indent>[ \t]+)/gm, function(all, indent, at, text, groups) { return groups.indent.length + ':' })
'key: value; other: 2'.split(/\s*;\s*/u).map(function(p) { return /^(?<k>[^:]+):\s*(?<v>.*)$/s.exec(p).groups.v })
'<b>bold</b> &amp; &lt;i&gt;'.replace(/&(?<name>amp|lt|gt);/g, function() { return ({amp: '&', lt: '<', gt: '>'})[arguments[arguments.length - 1].name] })
'caf\u00e9 nai\u0308ve'.normalize('NFD').replace(/\p{Diacritic}/gu, '')
'Hello, W\u00f6rld! \ud83d\ude00'.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/gu, '')
'\ud83d\ude00 hi \u2764\ufe0f \ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67'.match(/\p{Emoji_Presentation}|\p{Emoji}\ufe0f|(?:\p{Emoji}\u200d)+\p{Emoji}/gu)
'![alt](src.png "title") [a](b)'.match(/!?\[(?:[^\[\]\\]|\\.)*?\]\(\s*(?:<[^>]*>|[^\s()]+)(?:\s+"[^"]*")?\s*\)/gs)
x(/^( {0,3}#{1,6})(?=\s|$)(.*)(?:\n+|$)/s, '## Title\n')
x(/^(?<fence>`{3,}|~{3,})(?<lang>[^\n]*)\n(?<code>(?:|[\s\S]*?\n))\k<fence>(?=\n|$)/, '```js\na\n```\n')
(function() { var re = /(?<num>\d+(?:\.\d+)?)|(?<id>[A-Za-z_]\w*)|(?<str>"(?:[^"\\]|\\.)*")|(?<op>[-+*\/=();])|(?<ws>\s+)/y, out = [], m; while ((m = re.exec('x = foo(1.5, ')) !== null) for (var k in m.groups) if (m.groups[k] !== undefined) out.push(k + ':' + m[0]); return [out, re.lastIndex] })()
'%s is %d years'.replace(/%(?<type>[sd])/g, '<$<type>>')
'rgb(1, 22, 333)'.match(/(?<=\(|,\s)\d+/g)
'1.5e3px'.match(/^(?<value>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?<unit>[a-z%]*)$/i).groups.unit
'a\r\nb\nc'.split(/\r?\n/u)
'x'.padEnd(300, 'x-').replace(/(?<=x)-/g, '').length
'aaa'.lastIndexOf('a') + 'aXa'.split(/x/si).length
'a\tb'.replace(/[\u0000-\u001f\u007f-\u009f]/gu, function(c) { return '\\x' + c.charCodeAt(0).toString(16) })
'SGVsbG8=' .match(/^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/u) !== null
'user.name+tag@example.co.uk'.match(/^(?<local>[^\s@]+)@(?<domain>[^\s@]+\.[^\s@]+)$/u).groups.domain
'\u05d0\u05d1 abc \u0627\u0628'.match(/\p{Script=Hebrew}+|\p{Script=Arabic}+|\p{sc=Latin}+/gu)
'\u65e5\u672c\u8a9e\u304b\u306a\u30ab\u30ca'.match(/\p{Script=Han}+|\p{Script=Hiragana}+|\p{Script=Katakana}+/gu)
'12\u00b3\u2167\u0665'.match(/\p{N}/gu)
'price: \u20ac5, $6, \u00a37'.match(/\p{Sc}\d/gu)
'\u201cquoted\u201d (text)'.match(/\p{P}/gu)
'a\u0301e\u0301'.match(/\p{L}\p{M}*/gu).length
(function() { class_ = /(?<tag>[a-z]+)(?:#(?<id>[\w-]+))?(?<classes>(?:\.[\w-]+)*)/; return x(class_, 'div#main.a.b') })()
"""

CASES = [line for block in (NAMED, LOOKBEHIND, FLAGS, UNICODE, CASE, SYNTAX, POPULAR) for line in block.strip().splitlines()]
