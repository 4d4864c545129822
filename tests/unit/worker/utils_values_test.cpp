// The table rows of runtime-api 7.5 (dates) and 7.6 (hash, random).
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/worker/script_table.h"

namespace ravelin::worker {
namespace {

class UtilsValues : public ScriptTable {};

TEST_F(UtilsValues, DateFmt) {
  EXPECT_JS(R"(dateFmt("%Y-%m-%d %H:%M:%S", 0))", R"("1970-01-01 00:00:00")");
  EXPECT_JS(R"(dateFmt("%F %T", new Date(1500)))", R"("1970-01-01 00:00:01")");
  EXPECT_JS(R"(dateFmt("%H:%M", 0, 5.5))", R"("05:30")");
  EXPECT_JS(R"(dateFmt("%H:%M %z", 0, -8))", R"("16:00 -0800")");
  EXPECT_JS(R"(dateFmt("%F %T", "2020-02-03 04:05:06 +0100"))", R"("2020-02-03 03:05:06")");
  EXPECT_JS(R"(dateFmt("%a, %d %b %Y %T GMT", 86400))", R"("Fri, 02 Jan 1970 00:00:00 GMT")");
  EXPECT_JS(R"(dateFmt("%Y", "no date"))", "null");
  EXPECT_JS(R"(dateFmt("%s %%s %z", 1234, 3))", R"("1234 %s +0300")");
  EXPECT_JS(R"(dateFmt("%Y") === String(new Date().getUTCFullYear()))", "true");
  EXPECT_JS(R"(dateFmt("%Y", "now") >= "2020")", "true");
  EXPECT_JS(R"(dateFmt(""))", "throws dateFmt() - Output string too large");
  EXPECT_JS(R"(dateFmt("%Y", []))", "throws dateFmt() - second argument must be a String, Date or Number");
  EXPECT_JS(R"(dateFmt("%Y", 0, "x"))", "throws dateFmt() - third argument must be a Boolean or a Number");
  EXPECT_JS(R"([dateFmt("%Y", 1e300), dateFmt("%Y", new Date(NaN))])", "[null,null]");
}

TEST_F(UtilsValues, ScanDate) {
  EXPECT_JS(R"(scanDate("2020-02-03 04:05:06").getTime())", "1580702706000");
  EXPECT_JS(R"(scanDate("2020-02-03 04:05:06", 3600).getTime())", "1580699106000");
  EXPECT_JS(R"(scanDate("3.2.2020", "%d.%m.%Y").toISOString())", R"("2020-02-03T00:00:00.000Z")");
  EXPECT_JS(R"(scanDate("3.2.2020", "%d.%m.%Y", -3600).toISOString())", R"("2020-02-03T01:00:00.000Z")");
  EXPECT_JS(R"(scanDate("soon"))", "null");
  EXPECT_JS(R"(scanDate("2020-02-03T04:05:06.789Z").toISOString())", R"("2020-02-03T04:05:06.000Z")");
  EXPECT_JS(R"(scanDate("2020-02-03 04:05:06.5 +0100 rest").toISOString())", R"("2020-02-03T03:05:06.000Z")");
  EXPECT_JS(R"(scanDate("2021", "%Y").toISOString())", R"("2021-01-01T00:00:00.000Z")");
  EXPECT_JS(R"(scanDate("07:08", "%H:%M").toISOString() === new Date().toISOString().substr(0, 10) + "T07:08:00.000Z")",
            "true");
}

TEST_F(UtilsValues, AutoScanDate) {
  EXPECT_JS(R"(autoScanDate("Feb 3 04:05 pm 2020 -0800").date.toISOString())", R"("2020-02-04T00:05:00.000Z")");
  EXPECT_JS(R"(autoScanDate("Feb 3, 2020").matchedFormat)", R"("%b %e %Y")");
  EXPECT_JS(R"(autoScanDate("Feb 3, 2020").endIndex)", "11");
  EXPECT_JS(R"(autoScanDate("2020-02-03 rest").endIndex)", "10");
  EXPECT_JS(R"(autoScanDate("Wed, 04 Mar 2026 22:02:08 +0200").offset)", "7200");
  EXPECT_JS(R"(autoScanDate("12/31/99").date.toISOString())", R"("1999-12-31T00:00:00.000Z")");
  EXPECT_JS(R"(autoScanDate("12/31/2019").matchedFormat)", R"("%m/%d/%Y")");
  EXPECT_JS(R"(autoScanDate("nothing"))", "null");
  EXPECT_JS(
      R"((function(){ var r = autoScanDate("2020-02-03 04:05:06 EST"); return [r.offset, r.matchedFormat, r.ambiguous,
                Object.keys(r.dates), r.date.toISOString(), r.endIndex]; })())",
      R"([-18000,"%Y-%m-%d %H:%M:%S %Z",false,["America/New_York"],"2020-02-03T09:05:06.000Z",23])");
  EXPECT_JS(R"(autoScanDate("2020-02-03 04:05:06 CST").ambiguous)", "true");
}

TEST_F(UtilsValues, Hash) {
  EXPECT_JS(R"(hash("hello"))", R"("f1881d5ba3f4b5ecbbae8265cd136bef")");
  EXPECT_JS(R"(hash("hello", {type:"city"}))", R"("23c7ada5f323c8df")");
  EXPECT_JS(R"(hash(stringToBuffer("hello"), {type:"murmur"}))", R"("7ca8d6ecc7a54db6")");
  EXPECT_JS(R"(hash({type:"both"}, "hello"))", R"("f1881d5ba3f4b5ecbbae8265cd136bef7ca8d6ecc7a54db6")");
  EXPECT_JS(R"(hash(""))", R"("3cb540c392e51e293df09dfc64c09a2b")");
  EXPECT_JS(R"(hash("hi", {returnBuffer:true}).length)", "16");
  EXPECT_JS(R"(hash(["hello", ""], {"function":"city"}))", R"(["23c7ada5f323c8df","9ae16a3b2f90404f"])");
  EXPECT_JS(R"(hash(5))", "throws hash(): data must be a String or Buffer");
  EXPECT_JS(R"(hash("x", {type:"md5"}))", "throws hash(): unknown type 'md5'");
}

// All branches by length; the values agree with the published implementation.
TEST_F(UtilsValues, HashOfLongerText) {
  run("function a(n) { var s = ''; while (s.length < n) s += 'a'; return s; }");
  EXPECT_JS("[20, 50, 100, 200, 300].map(function(n) { return hash(a(n), {type:'city'}); })",
            R"(["17c08c99b43deba9","d8a0fd47b5f2cb8a","f93c6eb79aef3e30","f75774fcbfc035ae","1dd4f93f62fdd4be"])");
  EXPECT_JS("hash(a(20))", R"("1e49977904fcbe27edffc29637356d74")");
  EXPECT_JS("hash(a(300))", R"("9207ef5ad55aa8b95d39daeba1d913d2")");
  EXPECT_JS("hash(a(50), {type:'murmur'})", R"("e0a4decadcd71a7f")");
}

TEST_F(UtilsValues, Random) {
  run("function all(n, f) { while (n--) if (!f()) return false; return true; }");
  EXPECT_JS("all(1000, function() { var r = rand(); return r >= 0 && r < 1; })", "true");
  EXPECT_JS("all(1000, function() { var r = rand(5, 6); return r >= 5 && r < 6; })", "true");
  EXPECT_JS("all(1000, function() { var r = irand(); return r >= 0 && r <= 99 && r % 1 === 0; })", "true");
  EXPECT_JS(
      "(function() { var seen = {}; all(1000, function() { return seen[irand(2, 1)] = true; });"
      " return Object.keys(seen).sort(); })()",
      R"(["1","2"])");
  EXPECT_JS("all(1000, function() { var r = normrand(2); return r >= -2 && r <= 2; })", "true");
  EXPECT_JS("(srand(7), rand()) === (srand(7), rand())", "true");
  EXPECT_JS("(srand(7), rand()) !== (srand(8), rand())", "true");
  EXPECT_JS(
      "(function() { var got = []; irand(1, 1, function(r, i) { got.push([r, i]); return i < 2; }); return got; })()",
      "[[1,0],[1,1],[1,2]]");
  EXPECT_JS("irand(-9007199254740991, 9007199254740991) % 1", "0");
  EXPECT_JS("irand(0, 1e300)", "throws irand(): limits must lie within +-9007199254740991");
  EXPECT_JS("rand('x')", "throws rand(): arguments must be Numbers");
  EXPECT_JS("isFinite(gaussrand(3))", "true");
}

TEST_F(UtilsValues, EveryProcessHasItsOwnRandomNumbers) {
  run("srand(1)");
  std::string values[2];
  for (std::string& value : values) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
      std::string shown = show("rand()");
      _exit(write(ends[1], shown.data(), shown.size()) > 0 ? 0 : 1);
    }
    close(ends[1]);
    char text[64];
    ssize_t size = read(ends[0], text, sizeof text);
    close(ends[0]);
    waitpid(child, nullptr, 0);
    ASSERT_GT(size, 0);
    value.assign(text, static_cast<size_t>(size));
  }
  EXPECT_NE(values[0], values[1]);
  EXPECT_NE(values[0], show("rand()"));
}

}  // namespace
}  // namespace ravelin::worker
