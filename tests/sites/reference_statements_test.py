"""What the API reference states in its text, outside of its tables of calls and results: one row for each statement."""

# (expression, its value as JSON, or "throws" and the beginning of "NAME: MESSAGE" or of the message). `tmp` is a new folder.
STATEMENTS = [
    # ---- 0 to 1: globals
    ('String(stringToBuffer("x"))', "[object Uint8Array]"),
    ('[stringToBuffer("x") instanceof Uint8Array, Buffer.isBuffer(stringToBuffer("x")), stringToBuffer("xy").length]',
     [True, False, 2]),
    ("0644", 420),
    ('hexify(bprintf("%s", "\\ud83d\\ude00"))', "f09f9880"),
    ('hexify(bprintf("%s", "\\ud83d"))', "eda0bd"),
    ('(function(){ var p = rampart.utils.sprintf; return p("x") })()', "x"),
    ('CBOR.decode(CBOR.encode({a:[1,"é"]}))', {"a": [1, "é"]}),
    ("process.pid === process.getpid()", True),
    ('Buffer.from("aGk", "base64url").toString()', "hi"),
    ('Buffer.from("hi?>").toString("base64url")', "aGk_Pg"),
    ('[Buffer.isEncoding("UTF-8"), Buffer.isEncoding("ucs2"), Buffer.isEncoding("x")]', [True, True, False]),
    ('new TextDecoder("no-such")', "throws RangeError"),
    ("Buffer.from([1,2,3]).swap16()", "throws"),
    ('Object.values("ab")', ["a", "b"]),
    ('"a".matchAll(/a/)', "throws TypeError"),
    # ---- 2 to 5: timers and functions of rampart
    ("typeof setTimeout(function(){}, 0)", "object"),
    ('setTimeout("x", 1)', "throws setTimeout(): Callback must be a function"),
    ('setInterval("x", 1)', "throws setInterval(): Callback must be a function"),
    ("setMetronome(5)", "throws setMetronome(): Callback must be a function"),
    ("clearTimeout(undefined)", "throws"),
    ("clearInterval(5)", "throws"),
    ("clearMetronome(null)", "throws"),
    ("(function(){ var t = setInterval(function(){}, 1000); clearTimeout(t); return String(clearMetronome(t)) })()",
     "undefined"),
    # ---- 6.1: plain scripts
    ('[{["a"+1]:2}, 0o17, 0b11, 2**3]', [{"a1": 2}, 15, 3, 8]),
    ("String(function name(){})", "function name() { [ecmascript code] }"),
    # ---- 7.1: the printf family
    ('sprintf("100%")', "throws printf(): expecting argument for conversion specifier (variable required at position 1)"),
    ('sprintf("100%%")', "100%"),
    ('sprintf("%lf %f", 1.5, 1.5)', "1.500000 1.500000"),
    ('sprintf("%Ld", 1)', "throws"),
    ('sprintf("%td", 1)', "throws"),
    ('sprintf("%q", 1)', "throws invalid format specifier character 'q' in format"),
    ('[null, undefined, true, "5"].map(function(v){ try { return sprintf("%d", v) } catch (e) { return e.message } })',
     ["number required at format string argument 1", "number required at format string argument 1",
      "number required at format string argument 1", "number required at format string argument 1"]),
    ('sprintf("[%.*f]", -2, 2.5)', "[2]"),
    ('sprintf("[%*d]", -4, 7)', "[7   ]"),
    ("sprintf(5)", "throws string or buffer required at format string argument 0"),
    ('sprintf("%P", 5)', "throws String required at format string argument 1"),
    ('sprintf("%w", 5)', "throws String required at format string argument 1"),
    ('sprintf("%M", 5)', "throws Array required in format string argument 1"),
    ('sprintf("%as", 5, "x")', "throws the 'a' modifer requires a String at format string argument 1"),
    ('sprintf("%@s", "nocolour", "x")', "throws printf: error parsing color string"),
    ('sprintf("%s", "a\\u0000b")', "a"),
    ('sprintf("%3J", {})', "{}"),
    ('sprintf("%.2S", "é")', "é"),
    ('sprintf("%!H", "&#65;&#x42;")', "AB"),
    ('sprintf("%!U", "%zz%4")', "%zz%4"),
    ('sprintf("%E %G", NaN, -Infinity)', "NAN -INF"),
    ('sprintf("%s %d", abprintf(stringToBuffer("abcd"), 2, "%s", "x"), 1)', "abx 1"),
    ('bufferToString(abprintf(stringToBuffer("abcd"), -1, "z"))', "abcz"),
    ('fprintf(5, "x")', "throws fprintf(output): output must be a filehandle opened with fopen() or a String (filename)"),
    ('fprintf({}, "x")', "throws error fprintf(): argument is not a file handle"),
    ('fprintf("/no/such/x", "x")', "throws error opening file '/no/such/x': No such file or directory"),
    # ---- 7.2: strings, bytes, objects
    ("trim(5)", "throws trim(): string is required"),
    ('trim(stringToBuffer(" x"))', "throws trim(): string is required"),
    ('trim("\\u00a0\\ufeffx\\u3000")', "x"),
    ('bufferToString("x")', "throws TypeError: buffer required, found"),
    ('bufferToString(stringToBuffer("a\\u0000b")).length', 3),
    ("bufferToString(stringToBuffer(5))", "5"),
    ('dehexify("xy")', "throws hexToBuf(): invalid input"),
    ("dehexify(5)", "throws TypeError"),
    ("objectToQuery({k:[1,2]})", "k=1&k=2"),
    ('objectToQuery({k:[1,2]}, "nosuch")', "k=1&k=2"),
    ('objectToQuery({k:[1,2]}, "bracket")', "k%5B%5D=1&k%5B%5D=2"),
    ('objectToQuery({k:[1,2]}, "comma")', "k=1,2"),
    ('objectToQuery({k:[1,2]}, "json")', "k=%5b1%2c2%5d"),
    ('objectToQuery({a:""})', "a="),
    ("objectToQuery({})", ""),
    ("objectToQuery({a:undefined,b:true})", "a=undefined&b=true"),
    ("objectToQuery(5)", "throws"),
    ('queryToObject("")', {}),
    ('queryToObject("&a=1&&b=2")', {"a": "1", "b": "2"}),
    ('queryToObject("?a=1")', {"?a": "1"}),
    ('queryToObject("k[]=1")', {"k": ["1"]}),
    ('queryToObject("a=1&a[k]=2")', {"a": {"0": "1", "k": "2"}}),
    ("queryToObject(5)", "throws TypeError"),
    ('["x",[],5,NaN,function(){},true,stringToBuffer(""),null,undefined,new Date(),stdout,Symbol("s"),{},/x/,new'
     ' Error(""),new Map(),new String("")].map(getType)',
     ["String", "Array", "Number", "Nan", "Function", "Boolean", "Buffer", "Null", "Undefined", "Date", "Filehandle",
      "Symbol", "Object", "Object", "Object", "Object", "Object"]),
    ("deepCopy({}, [])", "throws deepCopy: arguments must be plain Objects"),
    # ---- 7.3: files
    ('readFile("/no/such")', 'throws readFile("/no/such") - error accessing: No such file or directory'),
    ("readFile()", "throws readFile() - error, no file name or handle provided"),
    ('readFile({file:"/etc/passwd", offset:"x"})', "throws readFile() - option 'offset' must be a Number"),
    ('readFile("/proc/self/status").length > 0', True),
    ('[stat("/no/such"), lstat("/no/such"), stat(5), exists("/no/such"), exists("/")]', [False, False, False, False, True]),
    ('[stat("/").isDirectory, stat("/").isFile, stat("/").permissions.charAt(0), stat("/").owner, stat("/").mtime'
     " instanceof Date]", [True, False, "d", "root", True]),
    ("mkdir(5)", "throws TypeError"),
    ('(function(){ mkdir(tmp + "/m", 755); return stat(tmp + "/m").mode & 07777 })()', 755),
    ('(function(){ mkdir(tmp + "/p/q/r", "0750"); return [stat(tmp + "/p").mode & 0777, stat(tmp + "/p/q/r").mode &'
     ' 0777, String(mkdir(tmp + "/p"))] })()', [488, 488, "undefined"]),
    ('rmdir(tmp + "/none")', "throws rmdir(): error removing directory: No such file or directory"),
    ('readdir("/no/such")', "throws readdir(): could not open directory /no/such: No such file or directory"),
    ('(function(){ mkdir(tmp+"/d"); touch(tmp+"/d/.h"); return [readdir(tmp+"/d"), readdir(tmp+"/d", true).sort()] })()',
     [[], [".", "..", ".h"]]),
    ('copyFile("/no/such", tmp + "/c")', "throws copyFile(): could not open file '/no/such': No such file or directory"),
    ('(function(){ writeFile(tmp+"/w1","1"); writeFile(tmp+"/w2","2"); copyFile(tmp+"/w1", tmp+"/w2") })()',
     "throws copyFile(): error copying"),
    ('rmFile(tmp + "/none")', "throws rmFile(): error deleting file: No such file or directory"),
    ('writeFile(tmp + "/x", 5)', "throws writeFile(): data must be a String or Buffer"),
    ('writeFile("/no/such/x", "")', "throws writeFile(): /no/such/x: No such file or directory"),
    ('(function(){ writeFile(tmp+"/n","1\\n\\nlast"); var r = readLine(tmp+"/n"); return [r.next(), r.next(), r.next(),'
     " r.next(), r.next()] })()", ["1\n", "\n", "last", None, None]),
    ('readLine("/no/such")', "throws readLine: error opening '/no/such': No such file or directory"),
    ('(function(){ var r = readLine({data:"a\\r\\nb"}); return [r.next(), r.next(), r.next()] })()', ["a\r\n", "b", None]),
    ('realPath("/no/such")', "throws realPath: No such file or directory"),
    ("chmod(tmp)", "throws chmod(): invalid or no mode specified"),
    ('chdir("/no/such")', "throws chdir(): error - No such file or directory"),
    ('chown(tmp, "no-such-user")', "throws error changing ownership (user not found)"),
    ('rename("/no/such", "/tmp/y")', "throws error renaming '/no/such' to '/tmp/y': No such file or directory"),
    # ---- 7.4: processes
    ("exec(5)", "throws exec(): first argument must be a String (command to execute)"),
    ('exec("true", {timeout:"x"})', "throws exec(): timeout value must be a number"),
    ('exec("pwd", {cd:"/no/such"})', "throws exec(): changeDirectory value does not exist"),
    ('exec("/no/such/program").stderr', "exec(): could not execute /no/such/program: No such file or directory\n"),
    ('Object.keys(exec("true"))', ["stdout", "stderr", "timedOut", "exitStatus", "pid"]),
    ('exec("echo", undefined, null, [1]).stdout', "undefined null [1]\n"),
    ('kill(1, "TERM")', "throws 'TERM' is not a supported signal"),
    ("kill(2147483647, 0)", False),
    ("kill(2147483647, 15, true)", "throws Failed to send signal 15 to process 2147483647 - No such process"),
    ('kill("x")', "throws"),
    ('sleep("x")', "throws rampart.sleep requires a number (float)"),
    ('(function(){ setenv("RVL_T", "1"); var a = getenv("RVL_T"); setenv("RVL_T", "2", false); var b ='
     ' getenv("RVL_T"); unsetenv("RVL_T"); return [a, b, String(getenv("RVL_T")), String(process.env.RVL_T)] })()',
     ["1", "1", "undefined", "undefined"]),
    ('setenv("", "x")', "throws"),
    ('setenv("a=b", "x")', "throws"),
    # ---- 7.5, 7.6: dates, hashes, random numbers
    ('dateFmt("%Y", {})', "throws dateFmt() - second argument must be a String, Date or Number"),
    ('dateFmt("%Y", 0, "x")', "throws"),
    ('[dateFmt("%H:%M", 0, false), dateFmt("%H", "now").length]', ["00:00", 2]),
    ('dateFmt("", 0)', "throws dateFmt() - Output string too large"),
    ('autoScanDate("nonsense")', None),
    ("(function(){ for (var i = 0; i < 200; ++i) { var r = irand(3, 1); if (r < 1 || r > 3) return r; var q = rand(5,"
     ' 6); if (q < 5 || q >= 6) return q; } return "in range" })()', "in range"),
    ("(function(){ srand(7); var a = [rand(), rand()]; srand(7); return rand() === a[0] && rand() === a[1] })()", True),
    ("(function(){ var n = 0; var r = irand(0, 9, function(r, i) { n = i; return i < 3 }); return [n, String(r)] })()",
     [3, "undefined"]),
    ('hash(["a","b"]).length', 2),
    ("hash(5)", "throws"),
    ('hash("x", {type:"nosuch"})', "throws"),
    ('[hash("x", {function:"city"}).length, hash("x", {type:"both"}).length]', [16, 48]),
    # ---- 7.7: handles
    ('fopen(tmp + "/f", "rb")', "throws error opening file '"),
    ('(function(){ var h = fopen(tmp+"/f1", "w"); fclose(h); fclose(h); fprintf(h, "x") })()',
     "throws error fprintf(): file handle was previously closed"),
    ('(function(){ var h = fopen(tmp+"/t1.txt", "w+"); h.fprintf("%s\\n", "one"); h.fwrite("two\\n"); var r ='
     " [h.rewind().fgets(99), h.fread(true)]; h.fclose(); return r })()", ["one\n", "two\n"]),
    ('(function(){ var h = fopenBuffer(); h.fprintf("a%d", 1); h.fclose(); return h.getString() })()', "a1"),
    ('fwrite(tmp + "/fw", 5)', "throws fwrite(): error - data must be a String or Buffer"),
    ('[fwrite(tmp + "/fw", "abcdef", 3), fwrite(tmp + "/fw", "gh", true), readFile(tmp + "/fw", true)]', [3, 2, "abcgh"]),
    ('(function(){ var h = fopen(tmp+"/fw", "r"); var r = [h.fgets(), h.fgets(9), h.fgets(), h.ftell()]; h.fseek(-1,'
     ' "SEEK_END"); r.push(h.fread(true)); h.fclose(); return r })()', ["a", "bcgh", None, 5, "h"]),
    ("[getType(stdin), getType(fopenBuffer())]", ["Filehandle", "Filehandle"]),
    # ---- 7.8: the rest
    ('[crc32("abc"), adler32("abc"), crc32("c", crc32("ab")), adler32("c", adler32("ab"))]',
     [891568578, 38600999, 891568578, 38600999]),
    ('bufferToString(gunzip(gzip("hello", 99)))', "hello"),
    ('gunzip("xx")', "throws gunzip(): bad compressed data"),
    ('[bufferToString(inflate(deflate("a"))), bufferToString(inflateRaw(deflateRaw("b")))]', ["a", "b"]),
    ('[urlComponents("https://example.com/a?b#c").numericPort, urlComponents("https://example.com/a?b#c").pathname,'
     ' String(urlComponents("no url"))]', [443, "/a", "undefined"]),
    ('[absUrl("http://h/a/b", "../c"), absUrl("http://h/", ["x","y"])]', ["http://h/c", ["http://h/x", "http://h/y"]]),
    ('[toASCII("bücher.example"), toUnicode("xn--bcher-kva.example")]', ["xn--bcher-kva.example", "bücher.example"]),
    ("typeof O.RDONLY", "number"),
    ('(function(){ var fd = open(tmp+"/raw", O.RDWR|O.CREAT); var n = write(fd, "abc"); lseek(fd, 1); var b ='
     " bufferToString(read(fd, 9)); close(fd); return [n, b] })()", [3, "bc"]),
    ('truncate(tmp + "/raw", -1)', "throws"),
    ('(function(){ truncate(tmp+"/raw", 1); return readFile(tmp+"/raw", true) })()', "a"),
    ('[tmpDir().charAt(0), homeDir().charAt(0), mkdTemp(tmp + "/mk").length - tmp.length]', ["/", "/", 9]),
    ("toJsonSafe({a:1})", '{"a":1}'),
    ('[stringToNumber("two dozen"), isNaN(stringToNumber("nonsense"))]', [24, True]),
    ('stringToNumber("less than ten more than two of them", true)', {"value": 10, "min": 2, "max": 10, "rem": "of them"}),
    ('new hll("reference").add(["a", "b", "a"]).count()', 2),
    ('[new hll("a name").getBuffer().length, new hll("a name", new hll("x").add("y").getBuffer()).count()]', [16384, 1]),
    ('Object.keys(timezone("/"))', ["findZone", "findAbbr", "dump"]),
    ('[String(timezone("/").findZone("No/Where")), String(timezone(tmp).findAbbr("XYZ"))]', ["undefined", "undefined"]),
    ("Object.keys(newPipe())", ["write", "read", "onRead", "close"]),
    ("(function(){ var p = newPipe(); p.write({a:[1]}); return p.read() })()", {"value": {"a": [1]}}),
    ("fork()", "throws fork(): not possible in a worker, nor while a server runs"),
    ("daemon()", "throws daemon(): not possible in a worker, nor while a server runs"),
    ('forkpty("echo", {env:{}}, "x y").read(true)', "x y\r\n"),
    ('(function(){ var secret = 7; return [getScopeVars("secret"), Object.keys(getScopeVars())] })()',
     [{"value": 7, "scope": "local"}, ["local", "closure", "with", "global", "collapse"]]),
    ("String(errorConfig({simple:false, lines:0}))", "undefined"),
    ("String(eventCallback(function(level, message){})) + eventCallback()", "undefinedundefined"),
    ('minify("// no\\nfunction add(first, second) {\\n    return first + second;\\n}").replace(/[a-z]([,)+}])/g, "x$1")',
     "function add(x,x){return x+x}"),
    ('minify("var a = 1;\\nvar = 2")', "throws minify(): SyntaxError: "),
    ("minify(5)", "throws minify(): a String (JavaScript source) is required"),
    ("repl()", "throws repl(): not available in Ravelin"),
    # ---- 4: events; 3: modules
    ('rampart.event.on("e")',
     "throws event.on: parameters must be a string (event name), a second string(function name) and a function(callback)"),
    ("rampart.event.trigger(5)", "throws event.trigger: parameter must be a string (event name)"),
    ('rampart.event.off("e")', "throws event.off: second parameter must be a string (function name)"),
    ('rampart.include("nosuch")', "throws could not include file nosuch: No such file or directory"),
    ('require("no-such-module")', "throws Could not resolve module id no-such-module"),
    ("require()", "throws Could not resolve module id"),
    ('rampart.import.csv("a,b\\n1\\n")', "throws csv(): parse error on line 2"),
    ("rampart.utils.use.nosuch", "throws"),
    ('["readlink", "statvfs", "tmpdir", "homedir", "mkdtemp", "lutimes", "walkdir", "mkDir", "rmDir", "readDir",'
     ' "getCwd", "chDir"].filter(function(name) { return typeof rampart.utils[name] !== "function" })', []),
]

# The same for syntax that is compiled.
MODERN = [
    ("(function(a, ...r){ return r })(1,2,3)", [2, 3]),
    ("```a `b` ``c`` \\n ${x}```", "a `b` ``c`` \\n ${x}"),
    ('`${true ? "yes" : "no"}`', "yes"),
    ("`${ %d:7}`", "7"),
    ('`${"plain"}`', "plain"),
    ("`${'%d-%d':1,2}`", "1-2"),
    ("(function(s, v){ return v })`${%03d:7}`", "007"),
    ("String.raw`\\n`", "\\n"),
]

CHECK = """
rampart.globalize(rampart.utils);
global.evaluate = function(rows) {
    return rows.map(function(row) {
        try {
            return [row()];
        } catch (error) {
            return ["throws", error.name + ": " + error.message];
        }
    });
};
"""


def failures(table, got):
    found = []
    for (expression, expected), value in zip(table, got, strict=True):
        if isinstance(expected, str) and expected.startswith("throws"):
            thrown = value[1] if value[0] == "throws" and len(value) == 2 else None
            wanted = expected[len("throws"):].strip()
            if thrown is not None and (thrown.startswith(wanted) or thrown.split(": ", 1)[1].startswith(wanted)):
                continue
        elif value == [expected]:
            continue
        found.append(f"{expression}: {value!r}, not {expected!r}")
    return "\n".join(found)


def functions(table):
    return ",\n".join(f"function() {{ return {expression} }}" for expression, _ in table)


def test_statements_hold(site):
    s = site(before=CHECK + f"var tmp = mkdTemp('@DATA@/t'); chmod(tmp, 0777); var rows = [{functions(STATEMENTS)}];",
             map='{ "/all": function() { return {json: evaluate(rows)} } }', options="threads: 1")
    assert not failures(STATEMENTS, s.get("/all").json())


def test_statements_on_compiled_syntax_hold(site):
    s = site(before=CHECK, map='{ "/all": {module: "modern.js"} }', options="threads: 1",
             files={"modern.js": f"const rows = [{functions(MODERN)}];\nmodule.exports = () => ({{json: evaluate(rows)}});"})
    assert not failures(MODERN, s.get("/all").json())
