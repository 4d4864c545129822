#include "worker/event_data.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  char digits[3];
  for (char c : bytes) snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c)), text += digits;
  return text;
}

struct Context : Site {
  // The bytes of an expression's value in hex, or "throws" and the message.
  std::string encoded(const std::string& expression) {
    std::string bytes;
    duk_push_string(js(), ("(" + expression + ")").c_str());
    EXPECT_EQ(duk_peval(js()), 0) << expression << ": " << duk_safe_to_string(js(), -1);
    const duk_idx_t index = duk_get_top_index(js());
    const bool ok = run_protected(js(), [&](duk_context* inner) { bytes = encode_event_data(inner, index); });
    std::string shown = ok ? hex(bytes) : "throws " + error_message(js(), -1);
    if (!ok) duk_pop(js());
    duk_pop(js());
    return shown;
  }
  // The JSON of what the bytes hold, or "throws" and the message.
  std::string decoded(std::string_view bytes) {
    duk_push_undefined(js());
    const duk_idx_t slot = duk_get_top_index(js());
    const bool ok = run_protected(js(), [&](duk_context* inner) {
      push_event_data(inner, bytes);
      duk_replace(inner, slot);
    });
    if (!ok) {
      std::string shown = "throws " + error_message(js(), -1);
      duk_pop_2(js());
      return shown;
    }
    const char* json = duk_json_encode(js(), -1);
    std::string shown = json ? json : "undefined";
    duk_pop(js());
    return shown;
  }
};

// The values of RFC 8949, appendix A, as far as they occur.
TEST(EventData, IsCbor) {
  Context c;
  const std::pair<const char*, const char*> rows[] = {
      {"0", "00"},
      {"23", "17"},
      {"24", "1818"},
      {"1000", "1903e8"},
      {"1000000", "1a000f4240"},
      {"1000000000000", "1b000000e8d4a51000"},
      {"-1", "20"},
      {"-1000", "3903e7"},
      {"-0", "fb8000000000000000"},
      {"1.1", "fb3ff199999999999a"},
      {"Infinity", "fb7ff0000000000000"},
      {"9007199254740992", "1b0020000000000000"},
      {"1e300", "fb7e37e43c8800759c"},
      {"true", "f5"},
      {"null", "f6"},
      {"undefined", "f7"},
      {"''", "60"},
      {"'IETF'", "6449455446"},
      {"new Uint8Array([1, 2, 3, 4])", "4401020304"},
      {"new Uint8Array([1, 2, 3, 4]).subarray(1, 3)", "420203"},
      {"[]", "80"},
      {"[1, [2, 3]]", "8201820203"},
      {"{}", "bfff"},
      {"{a: 1, b: [2]}", "bf61610161628102ff"},
      {"new Date(1500)", "c1fb3ff8000000000000"},
      {"function () {}", "a0"},
      {"[function () {}]", "81a0"},
      {"{f: function () {}}", "bfff"},
      {"Symbol ? undefined : 0", "f7"},
  };
  for (const auto& [expression, bytes] : rows) EXPECT_EQ(c.encoded(expression), bytes) << expression;
}

TEST(EventData, RefusesWhatCannotBeCarried) {
  Context c;
  EXPECT_EQ(c.encoded("(function () { var a = {}; a.a = [a]; return a })()"),
            "throws TypeError: event.trigger: data contains itself");
  EXPECT_EQ(c.encoded("(function () { var a = []; for (var i = 0; i < 1000; i++) a = [a]; return a })()"),
            "throws RangeError: event.trigger: data has more than 1000 levels");
  EXPECT_EQ(c.encoded("{get a() { throw new Error('mine') }}"), "throws Error: mine");
  // The same object many times is many copies: 2^40 of them do not fit.
  EXPECT_EQ(
      c.encoded(
          "(function () { var a = new Array(10001).join('x'); for (var i = 0; i < 40; i++) a = [a, a]; return a })()"),
      "throws RangeError: event.trigger: data has more than 67108864 bytes");
}

TEST(EventData, AnArrayOfManyHolesIsRefusedAtOnce) {
  Context c;
  EXPECT_EQ(c.encoded("new Array(4e9)"), "throws RangeError: event.trigger: data has more than 67108864 bytes");
  EXPECT_EQ(c.encoded("new Array(3)"), "83f7f7f7");
}

TEST(EventData, ThingsThatLookLikeDates) {
  Context c;
  EXPECT_EQ(c.encoded("Object.create(Date.prototype)"), "bfff");
  EXPECT_EQ(c.encoded("new Date(NaN)"), "c1fb7ff8000000000000");
  EXPECT_EQ(c.run("Date = undefined; 1"), "1");
  EXPECT_EQ(c.encoded("{a: 1}"), "bf616101ff");
}

TEST(EventData, ForeignBytes) {
  Context c;
  using namespace std::string_view_literals;
  EXPECT_EQ(c.decoded(""), "undefined");
  EXPECT_EQ(c.decoded("\x82\x01\x61\x78"), "[1,\"x\"]");
  constexpr char kBad[] = "throws TypeError: the data of an event cannot be read";
  for (std::string_view bad :
       {"\x01\x02"sv, "\x18"sv, "\x1c"sv, "\x1f"sv, "\x62x"sv, "\x5b\xff\xff\xff\xff\xff\xff\xff\xff"sv,
        "\x9b\xff\xff\xff\xff\xff\xff\xff\xff"sv, "\x81"sv, "\xbf"sv, "\xbf\x01\x01\xff"sv, "\xbf\x61x"sv,
        "\xa1\x61x\x01"sv, "\xc1\x01"sv, "\xc2\x00"sv, "\xff"sv, "\xf8\x20"sv, "\xfb\x00"sv})
    EXPECT_EQ(c.decoded(bad), kBad) << hex(bad);
  EXPECT_EQ(c.decoded(std::string(1001, '\x81') + "\x01"), kBad);
  // Names that the engine uses for symbols and hidden properties become others.
  EXPECT_EQ(c.decoded("\xbf\x62\xff"
                      "h\x01\xff"sv),
            "{\"\xEF\xBF\xBDh\":1}");
  EXPECT_EQ(c.decoded("\xbf\x69__proto__\x05\xff"sv), "{\"__proto__\":5}");
}

TEST(EventData, RandomBytesAreReadOrRefused) {
  Context c;
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const duk_idx_t top = duk_get_top(c.js());
    c.decoded(bytes);
    ASSERT_EQ(duk_get_top(c.js()), top);
  }
}

}  // namespace
}  // namespace ravelin::worker
