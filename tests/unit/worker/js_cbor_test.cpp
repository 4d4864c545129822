#include "worker/js_cbor.h"

#include <gtest/gtest.h>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

class Cbor : public testing::Test {
 protected:
  Cbor() { site_.run("rampart.globalize(rampart.utils);"); }
  std::string run(const std::string& source) { return site_.run(source); }

  Site site_;
};

TEST_F(Cbor, WideCharactersAreText) {
  EXPECT_EQ(run(R"(hexify(CBOR.encode("\ud83d\ude00")))"), "64f09f9880");
  EXPECT_EQ(run(R"(CBOR.decode(dehexify("64f09f9880")) === "\ud83d\ude00")"), "true");
  EXPECT_EQ(run(R"(CBOR.decode(CBOR.encode("\u00e9\ud83d\ude00")) === "\u00e9\ud83d\ude00")"), "true");
  EXPECT_EQ(run(R"(var v = {b: 1, "k\ud83d\ude00": ["x\ud83d\ude00", {y: "\ud83d\ude00", n: [null, true]}], "1": 2};
                   JSON.stringify(CBOR.decode(CBOR.encode(v))) === JSON.stringify(v))"),
            "true");
  EXPECT_EQ(run(R"(v["k\ud83d\ude00"][0] === "x\ud83d\ude00" && hexify(CBOR.encode(v)) === hexify(CBOR.encode(v)))"),
            "true");
}

TEST_F(Cbor, TheRestIsAsTheEngineWritesIt) {
  EXPECT_EQ(run(R"(hexify(CBOR.encode({d: new Date(0), f: function(){}, n: NaN, u: undefined, b: dehexify("ff"),
                                       s: "\ud83d", h: 1.5, i: -1, big: 65536})))"),
            "a96164a06166a0616ef97e006175f7616241ff617343eda0bd6168f93e006169206362"
            "69671a00010000");
  EXPECT_EQ(run(R"(hexify(CBOR.encode([1, , "a"])))"), "8301f76161");
  EXPECT_EQ(run("var a = []; a[0] = a; CBOR.encode(a)"), "throws RangeError: encode recursion limit");
  EXPECT_EQ(run("CBOR.encode('x').constructor.name + Buffer.isBuffer(CBOR.encode('x'))"), "Uint8Arrayfalse");
  EXPECT_EQ(run(R"(var b = CBOR.decode(CBOR.encode({b: dehexify("f09f9880ff")})).b; hexify(b))"), "f09f9880ff");
  EXPECT_EQ(run(R"(JSON.stringify(CBOR.decode(dehexify("a2617864f09f9880617af4"))))"),
            "{\"x\":\"\U0001F600\",\"z\":false}");
  EXPECT_EQ(run("CBOR.decode('text')").substr(0, 33), "throws TypeError: buffer required");
  EXPECT_EQ(run(R"(CBOR.decode(dehexify("61")))"), "throws TypeError: cbor decode error");
}

}  // namespace
}  // namespace ravelin::worker
