// runtime-api 1.1 (CBOR, performance), 1.3 (Buffers and encodings), 1.4 (JSON) and 5 (localize, CSV import): what a
// whole context has.
#include "worker/js_buffers.h"

#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

class WholeContext : public testing::Test {
 protected:
  WholeContext() { site_.run("rampart.globalize(rampart.utils); function hex(b) { return hexify(b); }"); }
  // The value as JSON.
  std::string json(const std::string& expression) { return site_.run("JSON.stringify(" + expression + ")"); }
  Site site_;
};

TEST_F(WholeContext, BufferFrom) {
  EXPECT_EQ(json("hex(Buffer.from('h\u00e9'))"), R"("68c3a9")");
  EXPECT_EQ(json("hex(Buffer.from('\\ud83d\\ude00'))"), R"("f09f9880")");
  EXPECT_EQ(json("hex(Buffer.from('68C3zz', 'hex'))"), R"("68c3")");
  EXPECT_EQ(json("['aGk=', 'aGk', 'a-G_k*'].map(function(s) { return hex(Buffer.from(s, 'base64')); })"),
            R"(["6869","6869","6be1bf"])");
  EXPECT_EQ(json("[hex(Buffer.from('h\u00e9', 'latin1')), hex(Buffer.from('h\u00e9', 'utf16le')), "
                 "hex(Buffer.from('\u20ac', 'binary'))]"),
            R"(["68e9","6800e900","ac"])");
  EXPECT_EQ(json("hex(Buffer.from([1, 258, -1, '7', 'x']))"), R"("0102ff0700")");
  EXPECT_EQ(json("hex(Buffer.from(new Uint8Array([1, 2, 3]).buffer, 1, 1))"), R"("02")");
  EXPECT_EQ(json("(function() { var a = Buffer.from('x'), b = Buffer.from(a); a[0] = 0; return [b[0], "
                 "Buffer.isBuffer(b)]; })()"),
            "[120,true]");
  EXPECT_EQ(site_.run("Buffer.from(5)"), "throws TypeError: Buffer.from: a String, Buffer or Array is required");
  EXPECT_EQ(site_.run("Buffer.from('x', 'nix')"), "throws TypeError: Unknown encoding: nix");
}

// See utils_raw_bytes_test.cpp: hidden properties must stay out of reach.
TEST_F(WholeContext, NoTextOfABufferIsASymbol) {
  site_.run("var raw = bufferToString(dehexify('2cff6869'))");
  for (const char* text :
       {"Buffer.from('ff6869', 'hex').toString()", "Buffer.from('ff6869', 'hex').toString('latin1')",
        "new TextDecoder().decode(dehexify('ff6869'))", "raw.slice(1).padEnd(9)", "raw.at(1)", "Array.from(raw)[1]",
        "raw.substring(1).repeat(2)", "raw.replaceAll(',', '')", "CBOR.decode(dehexify('43ff6869').fill(0x63, 0, 1))"})
    EXPECT_EQ(site_.run("typeof (" + std::string(text) + ")"), "string") << text;
}

TEST_F(WholeContext, BufferFromHearsTheDeadline) {
  const uint64_t begun_ms = monotonic_ms();
  site_.heap.arm_deadline(monotonic_ns() + 50 * kNsPerMs);
  EXPECT_EQ(site_.run("Buffer.from({length: 1e9})"), "throws RangeError: execution timeout");
  site_.heap.disarm_deadline();
  EXPECT_LT(monotonic_ms() - begun_ms, 10'000u);
  EXPECT_EQ(json("Buffer.from({length: 70000}).length"), "70000");
}

TEST_F(WholeContext, BufferAlloc) {
  EXPECT_EQ(json("['hex(Buffer.alloc(3))', 'hex(Buffer.alloc(3, 258))', 'hex(Buffer.alloc(5, \"ab\"))',"
                 " 'hex(Buffer.alloc(3, Buffer.from([1,2])))', 'hex(Buffer.allocUnsafe(1))', "
                 "'hex(Buffer.allocUnsafeSlow(2))'].map(eval)"),
            R"(["000000","020202","6162616261","010201","00","0000"])");
  EXPECT_EQ(site_.run("Buffer.alloc(-1)"), "throws RangeError: Buffer.alloc: invalid size");
  EXPECT_EQ(json("[Buffer.byteLength('\u00e9'), Buffer.byteLength('6162', 'hex'), Buffer.byteLength(new "
                 "Uint8Array(3)), Buffer.poolSize]"),
            "[2,2,3,8192]");
  EXPECT_EQ(json("['UTF-8', 'utf8', 'Latin1', 'ucs-2', 'base64url', 'nix', 5].map(Buffer.isEncoding)"),
            "[true,true,true,true,true,false,false]");
}

TEST_F(WholeContext, BufferToStringAndWrite) {
  site_.run("var b = Buffer.from('\u00e9\u00ff>?', 'latin1')");
  EXPECT_EQ(json("[b.toString('hex'), b.toString('base64'), b.toString('base64url'), b.toString('latin1', 1, 3), "
                 "b.toString('ascii', 2)]"),
            "[\"e9ff3e3f\",\"6f8+Pw==\",\"6f8-Pw\",\"\u00ff>\",\">?\"]");
  EXPECT_EQ(json("[Buffer.from('h\u00e9llo').toString(), Buffer.from('h\u00e9llo').toString('utf8', 3), "
                 "Buffer.from('hello').toString('UTF-8', 1, 3)]"),
            "[\"h\u00e9llo\",\"llo\",\"el\"]");
  EXPECT_EQ(json("Buffer.from([0x3d, 0xd8, 0x00, 0xde, 0x41, 0]).toString('ucs2') === '\\ud83d\\ude00A'"), "true");
  EXPECT_EQ(site_.run("b.toString('nix')"), "throws TypeError: Unknown encoding: nix");
  site_.run("b = Buffer.alloc(6)");
  EXPECT_EQ(json("[b.write('abc'), b.write('xy', 4), b.write('zzz', 1, 1), b.write('4142', 'hex'), b.write('\u00e9', "
                 "5), b.write('5051', 2, 'hex'), b.toString('latin1')]"),
            "[3,2,1,2,0,2,\"ABPQxy\"]");
  EXPECT_EQ(site_.run("b.write('x', 7)"), "throws RangeError: write: offset out of bounds");
  EXPECT_EQ(site_.run("b.write(5)"), "throws TypeError: write: argument must be a String");
}

TEST_F(WholeContext, BufferSearchAndOrder) {
  site_.run("var b = Buffer.from('abcabc')");
  EXPECT_EQ(json("[b.indexOf('c'), b.indexOf('c', 3), b.indexOf(98), b.indexOf(Buffer.from('ca')), b.indexOf('c', -1), "
                 "b.indexOf('x'), b.indexOf('6263', 'hex')]"),
            "[2,5,1,2,5,-1,1]");
  EXPECT_EQ(
      json(
          "[b.lastIndexOf('a'), b.lastIndexOf('a', 2), b.lastIndexOf('a', -4), b.includes('bc'), b.includes('bc', 5)]"),
      "[3,0,0,true,false]");
  EXPECT_EQ(
      json("[Buffer.from([1,2,3,4,5,6,7,8]).swap16().toString('hex'), Buffer.from([1,2,3,4]).swap32().toString('hex'), "
           "Buffer.from([1,2,3,4,5,6,7,8]).swap64().toString('hex')]"),
      R"(["0201040306050807","04030201","0807060504030201"])");
  EXPECT_EQ(site_.run("Buffer.from([1]).swap16()"),
            "throws RangeError: swap16: the length must be a multiple of 16 bits");
  EXPECT_EQ(json("(function() { var s = b.subarray(1, 3); s[0] = 90; return [Buffer.isBuffer(s), s.toString(), "
                 "b.toString()]; })()"),
            R"([true,"Zc","aZcabc"])");
}

TEST_F(WholeContext, TextDecoder) {
  EXPECT_EQ(json("[new TextDecoder().decode(stringToBuffer('\u00e9')), new TextDecoder('UTF8').encoding]"),
            "[\"\u00e9\",\"utf-8\"]");
  EXPECT_EQ(
      json("[['utf-16le', [233, 0]], ['utf-16be', [0, 233]], ['latin1', [233]], ['us-ascii', [65]]].map(function(c) {"
           " return new TextDecoder(c[0]).decode(new Uint8Array(c[1])); })"),
      "[\"\u00e9\",\"\u00e9\",\"\u00e9\",\"A\"]");
  EXPECT_EQ(json("[new TextDecoder('utf-16').encoding, new TextDecoder('iso-8859-1').encoding, new "
                 "TextDecoder('utf-16le') instanceof TextDecoder]"),
            R"(["utf-16le","iso-8859-1",true])");
  EXPECT_EQ(site_.run("new TextDecoder('nix')"), "throws RangeError: TextDecoder: unknown encoding 'nix'");
  EXPECT_EQ(site_.run("new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([255]))").substr(0, 16),
            "throws TypeError");
}

TEST_F(WholeContext, CborAndPerformance) {
  EXPECT_EQ(
      json("[getType(CBOR.encode({a: 1})), CBOR.encode([1]).length, CBOR.decode(CBOR.encode({a: [1, null, 'x']}))]"),
      R"(["Buffer",2,{"a":[1,null,"x"]}])");
  EXPECT_EQ(json("(function() { var a = performance.now(); sleep(0.002); var b = performance.now(); return [b - a >= "
                 "2, b < 1e8]; })()"),
            "[true,true]");
}

TEST_F(WholeContext, JsonExtensions) {
  EXPECT_EQ(json("JSON.parse(stringToBuffer('{\"n\":[1,2]}'))"), R"({"n":[1,2]})");
  EXPECT_EQ(
      json(
          R"((function(){ var o = JSON.parse('{"a":{"c":1},"b":{"_cyclic_ref":"$.a"}}', true); return o.a === o.b; })())"),
      "true");
}

TEST_F(WholeContext, RevocableProxy) {
  EXPECT_EQ(json("(function() { var p = Proxy.revocable({a: 1}, {get: function(t, k) { return this === p.handler ? 0 : "
                 "k + t.a; }});"
                 " var before = p.proxy.x; p.revoke(); try { p.proxy.x; } catch (e) { return [before, e.name]; } })()"),
            R"(["x1","TypeError"])");
}

// ---- rampart.localize

TEST_F(WholeContext, LocalizeDeclaresInTheCallingFunction) {
  EXPECT_EQ(json("(function() { rampart.localize({l1: 1, l2: 2}); function inner() { return l2; } return [l1, inner(), "
                 "typeof globalThis.l1]; })()"),
            R"([1,2,"undefined"])");
  EXPECT_EQ(json("(function() { rampart.localize({l1: 1, l2: 2}, ['l1']); return [l1, typeof l2]; })()"),
            R"([1,"undefined"])");
  EXPECT_EQ(json("(function() { rampart.localize({l1: 1}); rampart.localize({l1: 5}); return l1; })()"), "5");
  EXPECT_EQ(json("(function() { rampart.localize({missing: 1}, ['other']); return typeof other; })()"),
            R"("undefined")");
  EXPECT_EQ(json("(function() { return [1, 2].map(function(n) { rampart.localize({here: n}); return here; "
                 "}).concat(typeof here); })()"),
            R"([1,2,"undefined"])");
  // Other functions do not see the names, callers included.
  EXPECT_EQ(json("(function() { function other() { return typeof secret; } rampart.localize({secret: 1}); return "
                 "[other.name, (function() { 'use strict'; return secret; })()]; })()"),
            R"(["other",1])");
  EXPECT_EQ(site_.run("function stranger() { return typeof secret2; } (function() { rampart.localize({secret2: 1}); "
                      "return stranger(); })()"),
            "undefined");
  EXPECT_EQ(site_.run("rampart.localize({atTop: 7}); atTop"), "7");
}

TEST_F(WholeContext, LocalizeConflicts) {
  const std::string message = "throws TypeError: rampart.localize: 'x' conflicts with a local variable declaration";
  EXPECT_EQ(site_.run("(function() { var x = 1; rampart.localize({x: 2}); })()"), message);
  EXPECT_EQ(site_.run("(function(x) { rampart.localize({x: 2}); })()"), message);
  EXPECT_EQ(site_.run("(function() { var x; rampart.localize({y: 1, x: 2}, ['x']); })()"), message);
  EXPECT_EQ(site_.run("(function() { rampart.localize({x: 2}); function x() {} })()"), message);
  EXPECT_EQ(json("(function(x) { rampart.localize({x: 2, y: 3}, true); return [x, y]; })(1)"), "[1,3]");
  EXPECT_EQ(json("(function(x) { rampart.localize({x: 2, y: 3}, ['x'], true); return [x, typeof y]; })(1)"),
            R"([1,"undefined"])");
  // Nothing is set when one of the names conflicts.
  EXPECT_EQ(
      json("(function() { var x; try { rampart.localize({early: 1, x: 2}); } catch (e) {} return typeof early; })()"),
      R"("undefined")");
  EXPECT_EQ(site_.run("rampart.localize(5)"), "throws TypeError: rampart.localize: argument must be an Object");
  EXPECT_EQ(site_.run("rampart.globalize()"), "throws TypeError: rampart.globalize: argument must be an Object");
}

// ---- rampart.import

TEST_F(WholeContext, CsvExamples) {
  EXPECT_EQ(json(R"(rampart.import.csv("id,name\n7,Ann\n8,Bo\n", {hasHeaderRow:true}))"),
            R"({"results":[[7,"Ann"],[8,"Bo"]],"columns":["id","name"],"rowCount":2})");
  EXPECT_EQ(json(R"(rampart.import.csv("7,Ann\n").columns)"), R"(["col_1","col_2"])");
  EXPECT_EQ(json(R"(rampart.import.csv({hasHeaderRow:true, returnType:"object"}, "a,b\n1,\n").results)"),
            R"([{"a":1,"b":null}])");
}

TEST_F(WholeContext, CsvCells) {
  site_.run("function row(text, options) { return rampart.import.csv(text, options || {}).results[0]; }");
  EXPECT_EQ(json(R"(row(' 1 ,-2.5,+3,.5,1e3,0x10,true,,a b ,"7"'))"),
            R"([1,-2.5,3,0.5,"1e3","0x10","true",null,"a b","7"])");
  EXPECT_EQ(json(R"(row(stringToBuffer('"a,""b""",\'it\'\'s\',"two\nlines",x\\ty,"\\x41"')))"),
            R"(["a,\"b\"","it's","two\nlines","x\ty","A"])");
  EXPECT_EQ(json(R"(row(' a , b', {stripLeadingWhite:false, stripTrailingWhite:false}))"), R"([" a "," b"])");
  EXPECT_EQ(json(R"(row("'a;b';c", {singleQuoteNest:false, delimiter:";"}))"), R"(["'a","b'","c"])");
  EXPECT_EQ(json(R"(row('a\\tb,c\\"', {allEscapes:false}))"), R"(["a\\tb","c\""])");
  EXPECT_EQ(json(R"(row('a\\tb', {backslashEscape:false}))"), R"(["a\\tb"])");
  EXPECT_EQ(json(R"(row("1 234,5;-1.000,25", {europeanDecimal:true, delimiter:";"}))"), "[1234.5,-1000.25]");
  EXPECT_EQ(json(R"(row('"7","2020-02-03 04:05:06"', {tryParsingStrings:true}))"), R"([7,"2020-02-03T04:05:06.000Z"])");
  EXPECT_EQ(
      json(
          R"((function(c) { return [c instanceof Date, c.getTime()]; })(row("3.2.2020", {timeFormat:"%d.%m.%Y"})[0]))"),
      "[true,1580688000000]");
  EXPECT_EQ(json(R"(row("1,x", {includeRawString:true}))"), R"([{"value":1,"raw":"1"},{"value":"x","raw":"x"}])");
  site_.run("var nines = new Array(400).join('9')");
  EXPECT_EQ(json("[row(nines)[0] === Infinity, row('-' + nines)[0] === -Infinity]"), "[true,true]");
  EXPECT_EQ(json(R"(rampart.import.csv("a\r\n\r\nb\r\n").results)"), R"([["a"],["b"]])");
  EXPECT_EQ(json(R"(rampart.import.csv("").rowCount)"), "0");
}

TEST_F(WholeContext, CsvColumnsCallbacksAndErrors) {
  EXPECT_EQ(json(R"(rampart.import.csv("1,a\n2,7\nx,8\n", {normalize:true}).results)"), R"([[1,null],[2,7],[null,8]])");
  EXPECT_EQ(json(R"(rampart.import.csv("1,5\nb,c\n", {normalize:true}).results)"), R"([["1","5"],["b","c"]])");
  EXPECT_EQ(
      json(
          R"((function() { var seen = [], n = rampart.import.csv(function(r, i, c) { seen.push([r, i, c]); return i < 1; }, "1\n2\n3\n"); return [n, seen]; })())"),
      R"([3,[[[1],0,["col_1"]],[[2],1,["col_1"]]]])");
  EXPECT_EQ(
      json(
          R"((function() { var seen = []; rampart.import.csv("1\n2\n", {normalize:true, progressStep:1, progressFunc:function(i, s) { seen.push(s); }}); return seen; })())"),
      "[0,0,1,1,2]");
  EXPECT_EQ(site_.run(R"(rampart.import.csv("a,b\n1\n"))"),
            "throws Error: csv(): parse error on line 2: expected 2 columns, found 1");
  EXPECT_EQ(site_.run("rampart.import.csv({})"), "throws Error: csv(): a String or Buffer is required");
  EXPECT_EQ(site_.run("rampart.import.csv('a', {hasHeaderRow:5})"),
            "throws Error: csv(): option 'hasHeaderRow' must be a Boolean");
  EXPECT_EQ(site_.run("rampart.import.csvFile('/no')"),
            "throws Error: csvFile(): could not open '/no': No such file or directory");
  site_.folder.write("t.csv", "a,b\n1,2\n");
  EXPECT_EQ(json("rampart.import.csvFile({hasHeaderRow: true}, process.scriptPath + '/t.csv').results"), "[[1,2]]");
}

}  // namespace
}  // namespace ravelin::worker
