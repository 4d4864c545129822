// for_each_property() sees what for-in and Object.keys() see, on its fast path and off it.
#include "worker/js_properties.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

// "name=value" of each enumerable property of the global `subject`, in order.
std::string walk(duk_context* js, duk_uint_t flags) {
  std::string seen;
  duk_get_global_string(js, "subject");
  const duk_idx_t index = duk_normalize_index(js, -1);
  for_each_property(js, index, flags, [&] {
    seen += std::string(seen.empty() ? "" : " ") + duk_get_string(js, -2) + "=" + duk_safe_to_string(js, -1);
  });
  duk_pop(js);
  return seen;
}

struct Row {
  const char* subject;
  bool plain;
  const char* all;  // as for-in
  const char* own;  // as Object.keys()
};

TEST(ForEachProperty, SeesWhatForInSees) {
  Site site;
  duk_context* js = site.js();
  const Row table[] = {
      {"{}", true, "", ""},
      {"{b: 1, a: 'x', c: undefined}", true, "b=1 a=x c=undefined", "b=1 a=x c=undefined"},
      {"Object.create(null, {n: {value: 1, enumerable: true}, h: {value: 2}})", true, "n=1", "n=1"},
      {"(function() { var o = {a: 1, b: 2, c: 3}; delete o.b; o.d = 4; return o })()", true, "a=1 c=3 d=4",
       "a=1 c=3 d=4"},
      {"(function() { var o = {a: 1}; o[Symbol('s')] = 2; return o })()", true, "a=1", "a=1"},
      {"Object.create({base: 1}, {own: {value: 2, enumerable: true}})", false, "own=2 base=1", "own=2"},
      {"{get g() { return 7 }, a: 1}", false, "g=7 a=1", "g=7 a=1"},
      {"{x: 1, 2: 'two', 1: 'one'}", false, "1=one 2=two x=1", "1=one 2=two x=1"},
      {"['p', 'q']", false, "0=p 1=q", "0=p 1=q"},
      {"new Proxy({a: 1}, {ownKeys: function() { return ['a'] }, get: function() { return 't' }})", false, "a=t",
       "a=t"},
      {"new String('hi')", false, "0=h 1=i", "0=h 1=i"},
  };
  for (const Row& row : table) {
    ASSERT_EQ(site.run(std::string("subject = ") + row.subject + "; 0"), "0") << row.subject;
    duk_get_global_string(js, "subject");
    EXPECT_EQ(ravelin_has_plain_properties(js, -1) != 0, row.plain) << row.subject;
    duk_pop(js);
    EXPECT_EQ(walk(js, 0), row.all) << row.subject;
    EXPECT_EQ(walk(js, DUK_ENUM_OWN_PROPERTIES_ONLY), row.own) << row.subject;
  }
  site.run("Object.prototype.everywhere = 5; subject = {a: 1}; 0");
  EXPECT_EQ(walk(js, 0), "a=1 everywhere=5");
  EXPECT_EQ(walk(js, DUK_ENUM_OWN_PROPERTIES_ONLY), "a=1");
}

TEST(ForEachProperty, SurvivesAnObjectThatChangesMeanwhile) {
  Site site;
  duk_context* js = site.js();
  site.run("subject = {a: 1, b: 2, c: 3}; 0");
  duk_get_global_string(js, "subject");
  const duk_idx_t index = duk_normalize_index(js, -1);
  int visits = 0;
  for_each_property(js, index, 0, [&] {
    ++visits;
    duk_eval_string_noresult(js,
                             "for (var i = 0; i < 50; ++i) subject['k' + i] = i; for (i in subject) delete subject[i]");
    duk_gc(js, DUK_GC_COMPACT);
  });
  duk_pop(js);
  EXPECT_GE(visits, 1);
}

}  // namespace
}  // namespace ravelin::worker
