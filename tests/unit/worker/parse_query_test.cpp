#include "worker/parse_query.h"

#include <gtest/gtest.h>

#include "common/limits.h"
#include "worker/format_utf8.h"
#include "worker/js_heap.h"

namespace ravelin::worker {
namespace {

class ParseQuery : public testing::Test {
 protected:
  std::string parse(std::string_view query) {
    duk_context* js = heap_.js();
    push_query_object(js, query);
    EXPECT_EQ(duk_get_top(js), 1);
    duk_dup_top(js);
    duk_put_global_string(js, "last");
    duk_json_encode(js, -1);
    std::string json;
    append_utf8(json, engine_text(js, -1));
    duk_pop(js);
    return json;
  }
  std::string eval(const char* source) {
    duk_eval_string(heap_.js(), source);
    std::string text = duk_safe_to_string(heap_.js(), -1);
    duk_pop(heap_.js());
    return text;
  }

  JsHeap heap_;
};

// Each row of server-details 8.1.
TEST_F(ParseQuery, TableOfPieces) {
  struct Row {
    const char* query;
    const char* json;
  } rows[] = {
      {"", "{}"},
      {"&&", "{}"},
      {"d", R"({"d":true})"},
      {"d&d", R"({"d":true})"},
      {"e=", R"({"e":""})"},
      {"a=1", R"({"a":"1"})"},
      {"a=1&a=2", R"({"a":["1","2"]})"},
      {"a=1&a=2&a=3", R"({"a":["1","2","3"]})"},
      {"b[]=x&b[]=y", R"({"b":["x","y"]})"},
      {"b[]=x", R"({"b":["x"]})"},
      {"a=1&a[]=2", R"({"a":["1","2"]})"},
      {"c[k]=v&c[j]=w", R"({"c":{"k":"v","j":"w"}})"},
      {"c[k]=v&c[k]=w", R"({"c":{"k":["v","w"]}})"},
      {"h[k]=1&h=2", R"({"h":{"0":"2","k":"1"}})"},
      {"h[k]=1&h=2&h[]=3", R"({"h":{"0":"2","1":"3","k":"1"}})"},
      {"i=1&i[k]=2", R"({"i":{"0":"1","k":"2"}})"},
      {"j[]=a&j[k]=b", R"({"j":{"0":"a","k":"b"}})"},
      {"j[]=a&j[]=b&j[k]=c", R"({"j":{"0":"a","1":"b","k":"c"}})"},
      {"l[m][n]=1", R"({"l[m]":{"n":"1"}})"},
      {"=x", R"({"":"x"})"},
      {"f=%7B%22z%22:1%7D", R"({"f":{"z":1}})"},
      {"g=[1,2]", R"({"g":[1,2]})"},
      {"g=[1,2]&g=3", R"({"g":[1,2,"3"]})"},
      {"f={\"z\":1}&f[y]=2", R"({"f":{"z":1,"y":"2"}})"},
      {"f={bad}", R"({"f":"{bad}"})"},
      {"f=[", R"({"f":"["})"},
      {"n=true&m=1", R"({"n":"true","m":"1"})"},
      {"a%5B%5D=1", R"({"a":["1"]})"},
      {"q=search+terms", R"({"q":"search terms"})"},
      {"p=a%2Bb%20c", R"({"p":"a+b c"})"},
      {"p=100%&q=%zz&r=%4", R"({"p":"100%","q":"%zz","r":"%4"})"},
      {"a=b=c", R"({"a":"b=c"})"},
      {"1=x&0=y", R"({"0":"y","1":"x"})"},
      {"a]=1", R"({"a]":"1"})"},
      {"[k]=v", R"({"":{"k":"v"}})"},
      {"u=%F0%9F%98%80", "{\"u\":\"\xF0\x9F\x98\x80\"}"},
      {"u=%FFx", "{\"u\":\"\xEF\xBF\xBDx\"}"},
      {"%82hidden=1", "{\"\xEF\xBF\xBDhidden\":\"1\"}"},
  };
  for (const Row& row : rows) EXPECT_EQ(parse(row.query), row.json) << row.query;
}

TEST_F(ParseQuery, NamesOfThePrototypeAreOrdinaryProperties) {
  parse("__proto__=1&constructor=2&toString&x[__proto__]=3&x[toString]=4&__proto__[y]=5");
  EXPECT_EQ(eval("Object.keys(last).join()"), "__proto__,constructor,toString,x");
  EXPECT_EQ(eval("Object.keys(last.x).join()"), "__proto__,toString");
  EXPECT_EQ(eval("Object.getPrototypeOf(last) === Object.prototype"), "true");
  EXPECT_EQ(eval("Object.getPrototypeOf(last.x) === Object.prototype"), "true");
  EXPECT_EQ(eval("({}).y"), "undefined");
  parse("f={\"z\":1,\"__proto__\":{\"p\":1}}&f[__proto__]=2");
  EXPECT_EQ(eval("Object.getPrototypeOf(last.f) === Object.prototype && last.f.p"), "undefined");
}

TEST_F(ParseQuery, AScriptsSettersAreOutOfReach) {
  eval(
      "Object.defineProperty(Object.prototype, 'evil', {set: function() { throw new Error('reached'); }, configurable: "
      "true})");
  EXPECT_EQ(parse("evil=1&a[evil]=2"), R"({"evil":"1","a":{"evil":"2"}})");
}

TEST_F(ParseQuery, PiecesAreBounded) {
  std::string query;
  for (int i = 0; i < 3000; ++i) query += "h" + std::to_string(i) + "=1&";
  parse(query);
  EXPECT_EQ(eval("Object.keys(last).length"), std::to_string(limits::kMaxQueryPieces));
  query = "h[k]=1";
  for (int i = 0; i < 3000; ++i) query += "&h=2";
  parse(query);
  EXPECT_EQ(eval("Object.keys(last.h).length"), std::to_string(limits::kMaxQueryPieces));
}

TEST_F(ParseQuery, BadJsonStaysText) {
  std::string deep = "g=" + std::string(5000, '[') + std::string(5000, ']');
  parse(deep);
  EXPECT_EQ(eval("typeof last.g"), "string");
  std::string many;
  for (int i = 0; i < 900; ++i) many += "f" + std::to_string(i) + "={bad}&";
  parse(many);
  EXPECT_EQ(eval("last.f0 + last.f899"), "{bad}{bad}");
}

}  // namespace
}  // namespace ravelin::worker
