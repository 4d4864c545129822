// Every table row of runtime-api 7.1, and what hostile formats and values do.
#include "tests/unit/worker/script_table.h"
#include "worker/format_json.h"

namespace ravelin::worker {
namespace {

class Format : public ScriptTable {};

TEST_F(Format, Integers) {
  EXPECT_JS(R"(sprintf("%d %i %u", 42, -7, 9))", R"("42 -7 9")");
  EXPECT_JS(R"(sprintf("[%6d][%-6d][%06d]", 42, 42, -42))", R"("[    42][42    ][-00042]")");
  EXPECT_JS(R"(sprintf("%d %d", 5.99, -5.99))", R"("5 -5")");
  EXPECT_JS(R"(sprintf("%+d % d %+d", 3, 3, -3))", R"("+3  3 -3")");
  EXPECT_JS(R"(sprintf("%x %X %#x %#X", 48879, 48879, 255, 255))", R"("beef BEEF 0xff 0XFF")");
  EXPECT_JS(R"(sprintf("%o %#o %b %#b %08b", 8, 8, 5, 5, 5))", R"("10 010 101 0b101 00000101")");
  EXPECT_JS(R"(sprintf("%#x", 0))", R"("0")");
  EXPECT_JS(R"(sprintf("%x %u", -1, -1))", R"("ffffffff 4294967295")");
  EXPECT_JS(R"(sprintf("%.4d [%6.3d]", 7, 7))", R"("0007 [   007]")");
  EXPECT_JS(R"(sprintf("%hd %hhd %hhu", 70000, 200, 300))", R"("4464 -56 44")");
  EXPECT_JS(R"(sprintf("%*d[%-*d]", 5, 42, 5, 42))", R"("   42[42   ]")");
  EXPECT_JS(R"(sprintf("%lld", 123456789098765))", R"("123456789098765")");
  EXPECT_JS(R"(sprintf("%d", 123456789098765))", R"("123456789098765")");
  EXPECT_JS(R"(sprintf("%x", 123456789098765))", R"("7048860f310d")");
  EXPECT_JS(R"(sprintf("%d", NaN))", R"("0")");
  EXPECT_JS(R"(sprintf("%d", "5"))", "throws number required at format string argument 1");
  EXPECT_JS(R"(sprintf("%d"))",
            "throws printf(): expecting argument for conversion specifier (variable required at position 1)");
}

TEST_F(Format, IntegersAtTheEdges) {
  EXPECT_JS(R"(sprintf("%d %d", 2147483648, -2147483649))", R"("2147483648 -2147483649")");
  EXPECT_JS(R"(sprintf("%u %x", -2147483648, -2147483648))", R"("2147483648 80000000")");
  EXPECT_JS(R"(sprintf("%x", -2147483649))", R"("ffffffff7fffffff")");
  EXPECT_JS(R"(sprintf("%llx %lu", -1, -1))", R"("ffffffffffffffff 18446744073709551615")");
  EXPECT_JS(R"(sprintf("%d", 1e30))", R"("9223372036854775807")");
  EXPECT_JS(R"(sprintf("%d", -Infinity))", R"("-9223372036854775808")");
  EXPECT_JS(R"(sprintf("%u", Infinity))", R"("18446744073709551615")");
  EXPECT_JS(R"(sprintf("%u", 18446744073709549568))", R"("18446744073709549568")");
  EXPECT_JS(R"(sprintf("[%#06x][%#8b][%-#8o]", 255, 5, 8))", R"("[0x00ff][   0b101][010     ]")");
  EXPECT_JS(R"(sprintf("[%*d]", -5, 42))", R"("[42   ]")");
  EXPECT_JS(R"(sprintf("%+u % x", 1, 1))", R"("1 1")");
  EXPECT_JS(R"(sprintf("%zd %jd %hu", 1, 2, -1))", R"("1 2 65535")");
  EXPECT_JS(R"(sprintf("%-06d|%06.2d|", 42, 7))", R"("42    |    07|")");
}

TEST_F(Format, Grouping) {
  EXPECT_JS(R"(sprintf("%,d %,d %,d", 999, 1000, -1234567))", R"("999 1,000 -1,234,567")");
  EXPECT_JS(R"(sprintf("[%,12d][%,-12d]", 1234567, 1234567))", R"("[   1,234,567][1,234,567   ]")");
  EXPECT_JS(R"(sprintf("%,.2f %,.0f", 1234567.891, 1234567.891))", R"("1,234,567.89 1,234,568")");
  EXPECT_JS(R"(sprintf("%,lld", 123456789098765))", R"("123,456,789,098,765")");
  EXPECT_JS(R"(sprintf("%,d", 123456789098765))", R"("123,456,789,098,765")");
  EXPECT_JS(R"(sprintf("%,x", 1234567))", R"("12d687")");
  EXPECT_JS(R"(sprintf("%'d", 1234567))", R"("1234567")");
  EXPECT_JS(R"(sprintf("%,f %,f", NaN, 999.5))", R"("nan 999.500000")");
}

TEST_F(Format, Floats) {
  EXPECT_JS(R"(sprintf("%f %.2f %.0f %.0f", 3, 3.14159, 2.5, 3.5))", R"("3.000000 3.14 2 4")");
  EXPECT_JS(R"(sprintf("[%8.2f][%-8.2f][%08.2f]", 3.14159, 3.14159, -3.14159))", R"("[    3.14][3.14    ][-0003.14]")");
  EXPECT_JS(R"(sprintf("%.1fG", 1610612736/1073741824))", R"("1.5G")");
  EXPECT_JS(R"(sprintf("%e %.2E", 12345.678, 12345.678))", R"("1.234568e+04 1.23E+04")");
  EXPECT_JS(R"(sprintf("%g %g %g", 0.0001, 1234567.8, 100000))", R"("0.0001 1.23457e+06 100000")");
  EXPECT_JS(R"(sprintf("%*.*f", 8, 2, 3.14159))", R"("    3.14")");
  EXPECT_JS(R"(sprintf("%f %5.1f %F", NaN, Infinity, -Infinity))", R"("nan   inf -INF")");
  EXPECT_JS(R"(sprintf("%f", "1.5"))", "throws number required at format string argument 1");
  EXPECT_JS(R"(sprintf("%lf %.*f", 1.5, -3, 2.7))", R"("1.500000 3")");
  EXPECT_JS(R"(sprintf("%f", 1e300).length)", "308");
  EXPECT_JS(R"(sprintf("%.3f", 1.0005))", R"("1.000")");
  EXPECT_JS(R"(sprintf("%+.1f % .1f %.1f %08f", 1, 1, -0, -Infinity))", R"("+1.0  1.0 -0.0     -inf")");
}

TEST_F(Format, Characters) {
  EXPECT_JS(R"(sprintf("%c%c[%3c][%-3c]", 72, "ice", 65, 65))", R"("Hi[  A][A  ]")");
  EXPECT_JS(R"(bprintf("%c%c%c", 226, 130, 172))", "Buffer(e2 82 ac)");
  EXPECT_JS(R"(sprintf("%C%C", 0xe282ac, 65))", R"("€A")");
  EXPECT_JS(R"(sprintf("%c", 256))",
            "throws string (single char) or number (0-255) required in format string argument 1");
  EXPECT_JS(R"(sprintf("%c", ""))",
            "throws string (single char) or number (0-255) required in format string argument 1");
  EXPECT_JS(R"(sprintf("%C", 4294967296))", "throws number (0-4294967295) required in format string argument 1");
  EXPECT_JS(R"(bprintf("%c%c%C", "é", 0, 0))", "Buffer(c3 00 00)");
}

TEST_F(Format, StringsAndJson) {
  EXPECT_JS(R"(sprintf("[%s][%6s][%-6s][%.2s]", "abc", "abc", "abc", "abc"))", R"("[abc][   abc][abc   ][ab]")");
  EXPECT_JS(R"(sprintf("%s %s %s %s", 5, 1.5, null, undefined))", R"("5 1.5 null undefined")");
  EXPECT_JS(R"(sprintf("%s %s", [1,"b"], {k:true}))", R"("[1,\"b\"] {\"k\":true}")");
  EXPECT_JS(R"(sprintf("%s", new Date(0)))", R"("\"1970-01-01T00:00:00.000Z\"")");
  EXPECT_JS(R"(sprintf("%s", stringToBuffer("raw")))", R"("raw")");
  EXPECT_JS(R"(bprintf("%s%s", dehexify("00ff"), "z"))", "Buffer(00 ff 7a)");
  EXPECT_JS(R"(sprintf("%s", new Error("bad")).split("\n")[0])", R"("Error: bad")");
  EXPECT_JS(R"(/^    at /.test(sprintf("%s", new Error("bad")).split("\n")[1]))", "true");
  EXPECT_JS(R"(sprintf("[%3s]", "é"))", R"("[ é]")");
  EXPECT_JS(R"(sprintf("%S", 5))", "throws string required at format string argument 1");
  EXPECT_JS(R"(sprintf("%S", stringToBuffer("a")))", "throws string required at format string argument 1");
  EXPECT_JS(R"(sprintf("[%4S]", "a"))", R"("[   a]")");
  EXPECT_JS(R"(sprintf("%J %J %J", {a:[1,null]}, "str", 5))", R"("{\"a\":[1,null]} str 5")");
  EXPECT_JS(R"(sprintf("%2J", {a:[1],b:{}}))", R"("{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}")");
  EXPECT_JS(R"(sprintf("%J", {f:function(){}, u:undefined, n:NaN, z:null}))", R"("{\"n\":null,\"z\":null}")");
  EXPECT_JS(R"(sprintf("%!J", {a:{b:1}, c:[1,2]}))", R"("{\"a\":{\"b\":1}, \"c\":[1, 2]}")");
  EXPECT_JS(R"((function(){ var o={p:{q:1}}; o.r=o.p; return sprintf("%J", o); })())",
            R"("{\"p\":{\"q\":1},\"r\":{\"q\":1}}")");
  EXPECT_JS(R"((function(){ var o={p:{q:1}}; o.r=o.p; return sprintf("%!J", o); })())",
            R"("{\"p\":{\"q\":1}, \"r\":{\"_cyclic_ref\": \"$.p\"}}")");
  EXPECT_JS(R"((function(){ var o={n:1}; o.me=o; return sprintf("%J", o); })())",
            R"("{\"n\":1, \"me\":{\"_cyclic_ref\": \"$\"}}")");
  EXPECT_JS(R"((function(){ var o={l:[{}]}; o.x=o.l[0]; return sprintf("%!1J", o); })())",
            R"("{\n \"l\": [\n  {}\n ],\n \"x\": {\n  \"_cyclic_ref\": \"$.l[0]\"\n }\n}")");
  EXPECT_JS(R"(sprintf("%!J", {run:function go(){}}))",
            R"("{\"run\":{\"_ecmascript_func\": true ,\"name\": \"go\"}}")");
  EXPECT_JS(R"(sprintf("%d%% of %s", 5, "x", "surplus"))", R"("5% of x")");
}

TEST_F(Format, StringDetails) {
  EXPECT_JS(R"(sprintf("%s|%s", "a\u0000b", 1))", R"("a|1")");
  EXPECT_JS(R"(sprintf("%s %s %s", 1e21, true, -0))", R"("1e+21 true 0")");
  EXPECT_JS(R"(sprintf("%s", function name(){}))", R"("function name() { [ecmascript code] }")");
  EXPECT_JS(R"(sprintf("%s", /x/))", R"("{}")");
  EXPECT_JS(R"(sprintf("[%5s]", {}))", R"("[   {}]")");
  EXPECT_JS(R"(sprintf("%s", 123456789012))", R"("123456789012")");
  EXPECT_JS(R"(sprintf(stringToBuffer("%s!"), 1))", R"("1!")");
  EXPECT_JS(R"(sprintf("%s", Symbol("x")))", "\"Symbol(x)\"");
  EXPECT_JS(R"(sprintf("%3s|%-3s|%.1s", stringToBuffer("z"), stringToBuffer("z"), stringToBuffer("zy")))",
            R"("  z|z  |z")");
}

TEST_F(Format, JsonDetails) {
  EXPECT_JS(R"(sprintf("%J %J", undefined, function(){}))", R"("undefined {_func:true}")");
  EXPECT_JS(R"(sprintf("%J", function(){}))", R"("{_func:true}")");
  EXPECT_JS(R"(sprintf("%J", undefined))", R"("undefined")");
  EXPECT_JS(R"(sprintf("%J", new Error("x")).split("\n")[0])", R"("Error: x")");
  EXPECT_JS(R"(sprintf("%J", stringToBuffer("hi")))", R"("{\"0\":104,\"1\":105}")");
  EXPECT_JS(R"(sprintf("%J", {b:new Buffer("hi")}))", R"("{\"b\":{\"type\":\"Buffer\",\"data\":[104,105]}}")");
  EXPECT_JS(R"(sprintf("%J", {body:stringToBuffer(""), x:new Uint8Array([7])}))", R"("{\"body\":{},\"x\":{\"0\":7}}")");
  EXPECT_JS(R"(sprintf("%3J", {}))", R"("{}")");
  EXPECT_JS(R"(sprintf("%J", [function(){}, undefined]))", R"("[null,null]")");
  EXPECT_JS(R"((function(){ var req={printf:function(){}, a:{b:["c"]}, body:stringToBuffer("x")};
                return sprintf("%3J", req) === JSON.stringify(req, null, 3); })())",
            "true");
  EXPECT_JS(R"((function(){ var o={a:[{b:1}]}; return sprintf("%12J", o) === JSON.stringify(o, null, 12); })())",
            "true");
  EXPECT_JS(R"((function(){ var o={n:1}; o.me=o; return sprintf("%2J", o); })())",
            R"("{\n  \"n\": 1,\n  \"me\": {\n    \"_cyclic_ref\": \"$\"\n  }\n}")");
  EXPECT_JS(R"(sprintf("%J", {toJSON:function(){ throw new TypeError("mine"); }}))", "throws mine");
  EXPECT_JS(R"((function(){ var deep={}, o=deep; for (var i=0;i<20000;i++) o=o.x={}; return sprintf("%J", deep); })())",
            "throws encode recursion limit");
  EXPECT_JS(R"((function(){ var keep=JSON.stringify; JSON.stringify=null;
                try { return sprintf("%1J", {a:1}); } finally { JSON.stringify=keep; } })())",
            R"("{\n \"a\": 1\n}")");
}

TEST_F(Format, JsonPreparationComesBeforeTheEncoder) {
  set_json_preparation([](duk_context* ctx, duk_idx_t index) {
    duk_push_string(ctx, "prepared");
    duk_put_prop_string(ctx, index, "state");
  });
  std::string shown = show(R"([sprintf("%J", {state:"raw"}), sprintf("%s", {state:"raw"})])");
  set_json_preparation(nullptr);
  EXPECT_EQ(shown, R"(["{\"state\":\"prepared\"}","{\"state\":\"prepared\"}"])");
}

TEST_F(Format, SafeJsonDetails) {
  EXPECT_JS(R"(sprintf("%!J", {d:new Date(0), u:undefined, n:NaN, s:"q\"", b:stringToBuffer("h")}))",
            R"("{\"d\":\"1970-01-01T00:00:00.000Z\", \"u\":null, \"n\":null, \"s\":\"q\\\"\", \"b\":{\"0\":104}}")");
  EXPECT_JS(R"((function(){ var o=Object.create({inherited:1}); o.own=2; return sprintf("%!J", o); })())",
            R"("{\"own\":2, \"inherited\":1}")");
  EXPECT_JS(
      R"(sprintf("%!J", [sprintf, function f(){}.bind(null)]))",
      R"("[{\"_c_func\": true ,\"name\": \"sprintf\"}, {\"_bound_ecmascript_func\": true ,\"name\": \"bound f\"}]")");
  EXPECT_JS(R"((function(){ function f(){} f.k=5; return sprintf("%!J", {f:f}); })())",
            R"("{\"f\":{\"_ecmascript_func\": true ,\"name\": \"f\" ,\"k\": \"5\"}}")");
  EXPECT_JS(R"((function(){ var o={"a b":{}}; o.c=o["a b"]; return sprintf("%!J", o); })())",
            R"("{\"a b\":{}, \"c\":{\"_cyclic_ref\": \"$[\\\"a b\\\"]\"}}")");
  EXPECT_JS(
      R"((function(){ var deep={}, o=deep; for (var i=0;i<20000;i++) o=o.x={}; return sprintf("%!J", deep); })())",
      "throws %!J: objects are nested more than 1000 deep");
  EXPECT_JS(R"((function(){ var o={}; for (var i=0;i<3;i++)
                  Object.defineProperty(o, "g"+i, {enumerable:true, get:function(){ return {fresh:1}; }});
                return sprintf("%!J", o); })())",
            R"("{\"g0\":{\"fresh\":1}, \"g1\":{\"fresh\":1}, \"g2\":{\"fresh\":1}}")");
}

TEST_F(Format, Base64) {
  EXPECT_JS(R"(sprintf("%B %B", "hello", stringToBuffer("hi")))", R"("aGVsbG8= aGk=")");
  EXPECT_JS(R"(sprintf("%0B %-B %-0B", "hello", dehexify("fbfffe"), "a"))", R"("aGVsbG8 -__- YQ")");
  EXPECT_JS(R"(sprintf("%8B", "hello world foo"))", R"("aGVsbG8g\nd29ybGQg\nZm9v")");
  EXPECT_JS(R"(sprintf("%4B", "hello!"))", R"("aGVs\nbG8h\n")");
  EXPECT_JS(R"(sprintf("%B", {a:1}))", R"("eyJhIjoxfQ==")");
  EXPECT_JS(R"(sprintf("%B %B", 5, null))", R"("NQ== bnVsbA==")");
  EXPECT_JS(R"(sprintf("%.3B", "hello"))", R"("aGV")");
  EXPECT_JS(R"(sprintf("%!B", "aGVs\nbG8"))", R"("hello")");
  EXPECT_JS(R"(bprintf("%!B", "-__-"))", "Buffer(fb ff fe)");
  EXPECT_JS(R"(sprintf("%!B", "!!!"))", "throws base64 decode failed");
  EXPECT_JS(R"((function(){ try { sprintf("%!B", "!"); } catch (e) { return e instanceof TypeError; } })())", "true");
  EXPECT_JS(R"(sprintf("%!B|%!B|%!B", "YQ==", "YWI=", ""))", R"("a|ab|")");
  for (const char* wrong : {"a", "YQ=", "YQ===", "Y=Q=", "=", "YWI=a"}) {
    set("wrong", wrong);
    EXPECT_JS(R"(sprintf("%!B", wrong))", "throws base64 decode failed");
  }
  EXPECT_JS(R"(sprintf("%!B", 5))", "throws string or buffer required at format string argument 1");
}

TEST_F(Format, Url) {
  EXPECT_JS(R"(sprintf("%U", "a b&c=d/é~"))", R"("a+b%26c%3dd%2f%c3%a9~")");
  EXPECT_JS(R"(sprintf("%U", {k:"v"}))", R"("%7b%22k%22%3a%22v%22%7d")");
  EXPECT_JS(R"(sprintf("%!U", "x+y%2Fz%c3%a9%"))", R"("x y/zé%")");
  EXPECT_JS(R"(sprintf("%!U", "%4%zz%41"))", R"("%4%zzA")");
  EXPECT_JS(R"(sprintf("%U", 5))", "throws string required at format string argument 1");
  EXPECT_JS(R"(sprintf("[%6U][%-6U][%.2U]", "a b", "a b", "a b"))", R"("[   a+b][a+b   ][a+]")");
  EXPECT_JS(R"(sprintf("%U", "\ud83d\ude00"))", R"("%f0%9f%98%80")");
  EXPECT_JS(R"(sprintf("%!U", "%f0%9f%98%80") === "\ud83d\ude00")", "true");
}

TEST_F(Format, Html) {
  EXPECT_JS(R"(sprintf("%H", "<a href=\"/x\">'&'</a>"))",
            R"("&lt;a href=&quot;&#47;x&quot;&gt;&#39;&amp;&#39;&lt;&#47;a&gt;")");
  EXPECT_JS(R"(sprintf("%H", {k:"<"}))", R"("{&quot;k&quot;:&quot;&lt;&quot;}")");
  EXPECT_JS(R"(sprintf("%!H", "&lt;b&gt; &eacute;&#x20ac;&#8364; &nope; &lt"))", R"("<b> é€€ &nope; &lt")");
  EXPECT_JS(R"(sprintf("%H", 5))", "throws string or buffer required at format string argument 1");
  EXPECT_JS(R"(sprintf("[%3H][%-3H][%.1H]", "<", "<", "<<"))", R"("[  &lt;][&lt;  ][&lt;]")");
  EXPECT_JS(R"(sprintf("%!H", "&CounterClockwiseContourIntegral;&NotEqualTilde;&#0;&#x110000;&;&#;&#x;&&amp;"))",
            "\"∳≂̸\\u0000&#x110000;&;&#;&#x;&&\"");
  EXPECT_JS(R"(sprintf("%!H", "&#x1F600;&Aopf;") === "\ud83d\ude00\ud835\udd38")", "true");
}

TEST_F(Format, Text) {
  EXPECT_JS(R"(sprintf("%2.14P", "one two three\nfour five"))", R"("  one two \n  three four \n  five")");
  EXPECT_JS(R"(sprintf("%P", "  first line\nsecond\n\n    next"))", R"("  first line second\n\n    next")");
  EXPECT_JS(R"(sprintf("%!P", "  a\n     b\nc\n"))", R"("  a\n  b\n  c\n")");
  EXPECT_JS(R"(sprintf("%w", "<p>\n   x\n\t</p>\n"))", R"("<p>\nx\n</p>\n")");
  EXPECT_JS(R"(sprintf("%w", "a\n  \n  b"))", R"("a\n\nb")");
  EXPECT_JS(R"(sprintf("%M", ["a", {n:1}, 5]))", R"("a\n{\"n\":1}\n5\n")");
  EXPECT_JS(R"(sprintf("%M", 5))", "throws Array required in format string argument 1");
  EXPECT_JS(R"(sprintf("%P", 5))", "throws String required at format string argument 1");
  EXPECT_JS(R"(sprintf("%!-P", "   a\n   b"))", R"("a\nb")");
  EXPECT_JS(R"(sprintf("%.4P", "abcdefgh ij"))", R"("abcdefgh\nij")");
  EXPECT_JS(R"(sprintf("%P", new Buffer("a b")))", R"("a b")");
}

TEST_F(Format, Colours) {
  EXPECT_JS(R"(sprintf("%as", "red", "x"))", R"("x")");
  EXPECT_JS(R"(sprintf("%^s", "red", "x"))", R"("\u001b[31mx\u001b[0m")");
  EXPECT_JS(R"(sprintf("%As", "red", "x"))", R"("\u001b[38;5;1mx\u001b[0m")");
  EXPECT_JS(R"js(sprintf("%@s", "rgb(1,2,3)", "x"))js", R"("\u001b[38;2;1;2;3mx\u001b[0m")");
  EXPECT_JS(R"(sprintf("%aH", "red, yellow, note", "a<b"))",
            R"("<span class=\"rp-color note\" style=\"color:Red; background-color:Yellow;\">a&lt;b</span>")");
  EXPECT_JS(R"(sprintf("%aH", "red", "x"))", R"("<span class=\"rp-color\" style=\"color:Red;\">x</span>")");
  EXPECT_JS(R"js(sprintf("%a+H", "rgb(250,0,0)", "x"))js",
            R"("<span class=\"rp-color\" style=\"color:Red;\">x</span>")");
  EXPECT_JS(R"(sprintf("%^s", "red, BrightBlue, blink", "x"))", R"("\u001b[31;104;5mx\u001b[0m")");
  EXPECT_JS(R"(sprintf("%^5d", "blue", 7))", R"("\u001b[34m    7\u001b[0m")");
  EXPECT_JS(R"(sprintf("%As", "AliceBlue", "x"))", R"("\u001b[38;5;231mx\u001b[0m")");
  EXPECT_JS(R"(sprintf("%^s", "nocolour", "x"))", "throws printf: error parsing color string");
  EXPECT_JS(R"js(sprintf("%^s", "rgb(1,2)", "x"))js", "throws printf: error parsing color string");
  EXPECT_JS(R"(sprintf("%as", 5, "x"))", "throws the 'a' modifer requires a String at format string argument 1");
  EXPECT_JS(R"(sprintf("%^s", 5, "x"))", "throws the 'a' modifer requires a String at format string argument 1");
  EXPECT_JS(R"(sprintf("%aJ %aJ", {a:1}, 2, {b:2}))", R"("{\"a\":1} {\"b\":2}")");
  EXPECT_JS(R"(sprintf("%^J", {a:[1,"s",null]}))",
            R"("{\u001b[34m\"a\"\u001b[0m:[\u001b[33m1\u001b[0m,\u001b[32m\"s\"\u001b[0m,\u001b[31mnull\u001b[0m]}")");
}

TEST_F(Format, Errors) {
  EXPECT_JS(R"(sprintf(5))", "throws string or buffer required at format string argument 0");
  EXPECT_JS(R"(sprintf())", "throws string or buffer required at format string argument 0");
  EXPECT_JS(R"(fprintf("/dev/null", 5))", "throws string or buffer required at format string argument 1");
  EXPECT_JS(R"(fprintf("/dev/null", "%d", "x"))", "throws number required at format string argument 2");
  EXPECT_JS(R"(sprintf("100%"))",
            "throws printf(): expecting argument for conversion specifier (variable required at position 1)");
  EXPECT_JS(R"(sprintf("%5"))",
            "throws printf(): expecting argument for conversion specifier (variable required at position 1)");
  EXPECT_JS(R"(sprintf("100%", 1))", "throws format ends inside a conversion specifier");
  EXPECT_JS(R"(sprintf("100%%"))", R"("100%")");
  EXPECT_JS(R"(sprintf("%s %s", 1))",
            "throws printf(): expecting argument for conversion specifier (variable required at position 2)");
  for (const char* code : {"q", "p", "n", "y", "L", "t"}) {
    set("code", code);
    std::string expected = std::string("throws invalid format specifier character '") + code + "' in format";
    EXPECT_JS(R"(sprintf("%" + code, 1))", expected);
  }
  for (const char* value : {"null", "undefined", "true", "{}", "\"5\""}) {
    std::string call = std::string("sprintf(\"%d\", ") + value + ")";
    EXPECT_EQ(show(call), "throws number required at format string argument 1") << value;
  }
  EXPECT_JS(R"(sprintf("%*d", "5", 1))", "throws number required at format string argument 1");
  EXPECT_JS(R"((function(){ try { sprintf("%d"); } catch (e) { return e.name; } })())", R"("Error")");
}

TEST_F(Format, HostileSizes) {
  EXPECT_JS(R"(sprintf("%1000000000s", "x"))", "throws printf(): width 1000000000 is above the limit of 1048576");
  EXPECT_JS(R"(sprintf("%99999999999999999999d", 1))",
            "throws printf(): width 2147483647 is above the limit of 1048576");
  EXPECT_JS(R"(sprintf("%*d", -1/0, 1))", "throws printf(): width 2147483647 is above the limit of 1048576");
  EXPECT_JS(R"(sprintf("%*d", NaN, 1))", R"("1")");
  EXPECT_JS(R"(sprintf("%.2000000000d", 1))", "throws printf(): precision 2000000000 is above the limit of 1048576");
  EXPECT_JS(R"(sprintf("%.1048576f", 1).length)", "1048578");
  EXPECT_JS(R"(sprintf("%1048576d", 1).length)", "1048576");
  EXPECT_JS(R"(sprintf("%.2000000000s", "cut"))", R"("cut")");
}

// Raw bytes survive, pairs become 4 bytes, nothing foreign becomes a symbol.
TEST_F(Format, Utf8) {
  EXPECT_JS(R"(bprintf("\ud83d\ude00%s", "\ud83d\ude00"))", "Buffer(f0 9f 98 80 f0 9f 98 80)");
  EXPECT_JS(R"(sprintf("%s", "\ud83d\ude00") === "\ud83d\ude00")", "true");
  EXPECT_JS(R"(sprintf("[%5s][%.4s]", "\ud83d\ude00", "\ud83d\ude00x") === "[ \ud83d\ude00][\ud83d\ude00]")", "true");
  EXPECT_JS(R"(bprintf("%s", "\ud83d"))", "Buffer(ed a0 bd)");
  EXPECT_JS(R"(bprintf("%s", "\ude00\ud83d"))", "Buffer(ed b8 80 ed a0 bd)");
  EXPECT_JS(R"(bprintf("%s", sprintf("x%s", dehexify("ffd8eda0bdedb8f09f98"))))",
            "Buffer(78 ff d8 ed a0 bd ed b8 f0 9f 98)");
  EXPECT_JS(R"(bprintf("%s", bufferToString(dehexify("31ffd8eda0bdedb880f09f98"))))",
            "Buffer(31 ff d8 f0 9f 98 80 f0 9f 98)");
  EXPECT_JS(R"(bprintf("%s", dehexify("31ffd8eda0bdedb880f09f98")))", "Buffer(31 ff d8 ed a0 bd ed b8 80 f0 9f 98)");
  EXPECT_JS(R"(bprintf("%s", sprintf("\ud83d\ude00%c", 255)))", "Buffer(f0 9f 98 80 ff)");
  EXPECT_JS(R"(sprintf("%s", dehexify("f09f9880")).length)", "2");
  EXPECT_JS(R"(bprintf("%s", sprintf("%s", dehexify("ff68696464656e"))))", "Buffer(ef bf bd 68 69 64 64 65 6e)");
  EXPECT_JS(R"(typeof bufferToString(dehexify("8268")))", R"("string")");
  EXPECT_JS(R"(sprintf("%s", "\ufeffa\u0800").length)", "3");
}

}  // namespace
}  // namespace ravelin::worker
