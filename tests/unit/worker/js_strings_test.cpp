#include "worker/js_strings.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

// A pair, a letter and the raw byte FF.
class RawStrings : public testing::Test {
 protected:
  RawStrings() {
    site_.run(R"(rampart.globalize(rampart.utils);
                 var S = "\ud83d\ude00" + sprintf("A%s", dehexify("ff"));)");
  }
  std::string run(const std::string& source) { return site_.run(source); }

  Site site_;
};

TEST_F(RawStrings, ChangeTheirCaseAndKeepTheirBytes) {
  EXPECT_EQ(run("hexify(('z' + S).toUpperCase())"), "5af09f988041ff");
  EXPECT_EQ(run("hexify(S.toLowerCase())"), "f09f988061ff");
  EXPECT_EQ(run("hexify(S.toLocaleLowerCase() + S.toLocaleUpperCase())"), "f09f988061fff09f988041ff");
  EXPECT_EQ(run(R"(hexify(sprintf(" %s%s \n", S, dehexify("80")).trim()))"), "f09f988041ff80");
}

TEST_F(RawStrings, AreEncoded) {
  EXPECT_EQ(run("encodeURIComponent(S + '/')"), "%F0%9F%98%80A%FF%2F");
  EXPECT_EQ(run("encodeURI(S + '/')"), "%F0%9F%98%80A%FF/");
  EXPECT_EQ(run("hexify(decodeURIComponent(S + '%41'))"), "f09f988041ff41");
  EXPECT_EQ(run("escape(S)"), "%uD83D%uDE00A%FF");
  EXPECT_EQ(run("var bytes = new TextEncoder().encode(S); hexify(bytes) + (bytes instanceof Uint8Array)"),
            "f09f988041fftrue");
}

TEST_F(RawStrings, BecomeBuffersWithTheirPairsJoined) {
  for (const char* buffer : {"Buffer.from(S)", "new Buffer(S)", "Buffer(S)", "Buffer.alloc(6, S)"})
    EXPECT_EQ(run(std::string("hexify(") + buffer + ")"), "f09f988041ff") << buffer;
  EXPECT_EQ(run("var b = Buffer.alloc(6); b.write(S) + hexify(b)"), "6f09f988041ff");
  EXPECT_EQ(run("Buffer.byteLength(S)"), "6");
  EXPECT_EQ(run("new Buffer('hi') instanceof Buffer && Buffer.prototype.constructor === Buffer"), "true");
  EXPECT_EQ(run("new Buffer('aGk=', 'base64').toString() + new Buffer([104]) + new Buffer(2).length"), "aGk=h2");
  EXPECT_EQ(run("Object.keys(Buffer).indexOf('concat') + typeof Buffer.concat + Buffer.length"), "-1function2");
}

TEST(Strings, ChangeTheirCaseAsTheStandardSays) {
  Site site;
  EXPECT_EQ(site.run("'aZ[`{@09'.toUpperCase() + 'aZ[`{@09'.toLowerCase()"), "AZ[`{@09az[`{@09");
  EXPECT_EQ(site.run("'\\u00e9\\u00df\\ud801\\udc28'.toUpperCase()"), "\u00c9SS\U00010428");
  EXPECT_EQ(site.run("'\\u0130'.toLowerCase().length"), "2");
  EXPECT_EQ(site.run("String.prototype.toUpperCase.call(5.5) + ''.toLowerCase() + [1, 'x'].join().toUpperCase()"),
            "5.51,X");
  EXPECT_EQ(site.run("String.prototype.toUpperCase.call(null)"),
            "throws TypeError: this method needs a String, not null or undefined");
  EXPECT_EQ(site.run("'\\ufeff\\u3000 a b\\u2029'.trim()"), "a b");
  EXPECT_EQ(site.run("decodeURIComponent(encodeURIComponent('\\u20ac \\ud83d\\ude00'))"), "\u20ac \U0001F600");
  EXPECT_EQ(site.run("encodeURIComponent('\\ud83d')"), "throws URIError: invalid input");
  EXPECT_EQ(site.run("new TextEncoder().encode().length + new TextEncoder().encode('\\u20ac').length"), "3");
}

TEST(Strings, FunctionsKeepNameAndLength) {
  Site site;
  EXPECT_EQ(
      site.run("[String.fromCodePoint, ''.trim, ''.repeat, ''.toUpperCase, encodeURI, TextEncoder.prototype.encode,"
               " Buffer, CBOR.decode].map(function(f) { return f.name + f.length; }).join()"),
      "fromCodePoint1,trim0,repeat1,toUpperCase0,encodeURI1,encode0,Buffer2,decode1");
}

TEST(Strings, ErrorsNameTheFunction) {
  Site site;
  EXPECT_EQ(site.run("'a'.repeat(-1)"), "throws RangeError: String.prototype.repeat: invalid count: -1");
  EXPECT_EQ(site.run("'a'.repeat(Infinity)"), "throws RangeError: String.prototype.repeat: invalid count: Infinity");
  EXPECT_EQ(site.run("try { 'a'.repeat(-1) } catch (e) { e instanceof RangeError }"), "true");
  EXPECT_EQ(site.run("'ab'.repeat(2) + 'x'.repeat(0) + 'x'.repeat() + 'y'.repeat(-0.5) + 'z'.repeat('1')"), "ababz");
  EXPECT_EQ(site.run("String.fromCodePoint(-1)"), "throws RangeError: String.fromCodePoint: invalid code point: -1");
  EXPECT_EQ(site.run("String.fromCodePoint(65, 1.5)"),
            "throws RangeError: String.fromCodePoint: invalid code point: 1.5");
  EXPECT_EQ(site.run("String.fromCodePoint(97, 0x1f600, '98') + String.fromCodePoint()"), "a\U0001F600b");
}

}  // namespace
}  // namespace ravelin::worker
