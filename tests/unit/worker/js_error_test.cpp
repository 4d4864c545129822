#include "worker/js_error.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/unit/worker/js_fixture.h"

namespace ravelin::worker {
namespace {

// The text of what the script throws.
std::string thrown_text(duk_context* js, const std::string& source, const char* file = "/site/app.js") {
  StackGuard guard(js);
  push_text(js, file);
  if (duk_pcompile_lstring_filename(js, 0, source.data(), source.size()) == 0 && call_protected(js, 0)) {
    return "nothing thrown";
  }
  return error_text(js, -1);
}

TEST(JsError, TextHasNameMessageAndTheScriptsFrames) {
  JsHeap heap;
  EXPECT_EQ(thrown_text(heap.js(),
                        "function inner() {\n"
                        "  throw new TypeError('no <b>');\n"
                        "}\n"
                        "function outer() {\n"
                        "  var unused = inner();\n"
                        "}\n"
                        "outer();\n"),
            "TypeError: no <b>\n"
            "    at inner (/site/app.js:2)\n"
            "    at outer (/site/app.js:5)\n"
            "    at global (/site/app.js:7)");
}

TEST(JsError, EngineErrorsBlameTheScriptOnly) {
  JsHeap heap;
  EXPECT_EQ(thrown_text(heap.js(), "var a = 1;\nnosuch();\n"),
            "ReferenceError: identifier 'nosuch' undefined\n    at global (/site/app.js:2)");
  EXPECT_EQ(
      thrown_text(heap.js(), "[1].forEach(function each() {\n  null.x;\n});"),
      "TypeError: cannot read property 'x' of null\n    at each (/site/app.js:2)\n    at global (/site/app.js:3)");
}

TEST(JsError, SyntaxErrorNamesFileAndLine) {
  JsHeap heap;
  const std::string text = thrown_text(heap.js(), "var a = 1;\nvar b = ;\n");
  EXPECT_TRUE(text.starts_with("SyntaxError: ")) << text;
  EXPECT_NE(text.find("(/site/app.js:2)"), std::string::npos) << text;
  EXPECT_EQ(text.find("duk"), std::string::npos) << text;
  EXPECT_EQ(text.find("internal"), std::string::npos) << text;
}

TEST(JsError, CausesFollow) {
  JsHeap heap;
  install_error_lines(heap.js());
  EXPECT_EQ(thrown_text(heap.js(),
                        "function inner() { return new TypeError('in', {cause: 'a text'}); }\n"
                        "throw new Error('out', {cause: inner()});\n"),
            "Error: out\n    at global (/site/app.js:2)\n"
            "  [cause]: TypeError: in\n    at inner (/site/app.js:1)\n    at global (/site/app.js:2)\n"
            "  [cause]: a text");
  EXPECT_EQ(thrown_text(heap.js(), "throw new Error('none', {cause: undefined})"),
            "Error: none\n    at global (/site/app.js:1)\n  [cause]: undefined");
  // Its own cause: shown a few times. A cause that it inherits is none.
  const std::string loop = thrown_text(heap.js(), "var e = new Error('loop'); e.cause = e; throw e");
  EXPECT_TRUE(loop.ends_with("  [cause]: Error: loop\n    at global (/site/app.js:1)")) << loop;
  EXPECT_LT(loop.size(), 1000u);
  EXPECT_EQ(thrown_text(heap.js(), "Error.prototype.cause = 1; throw new Error('x')"),
            "Error: x\n    at global (/site/app.js:1)");
  EXPECT_EQ(
      thrown_text(heap.js(), "throw Object.defineProperty(new Error('x'), 'cause', {get: function() { throw 1 }})"),
      "Error: x\n    at global (/site/app.js:1)");
}

TEST(JsError, AnythingCanBeThrown) {
  JsHeap heap;
  EXPECT_EQ(thrown_text(heap.js(), "throw 'just text'"), "just text");
  EXPECT_EQ(thrown_text(heap.js(), "throw 5"), "5");
  EXPECT_EQ(thrown_text(heap.js(), "throw undefined"), "undefined");
  EXPECT_EQ(thrown_text(heap.js(), "throw {code: 5}"), "{\"code\":5}");
  EXPECT_EQ(thrown_text(heap.js(), "var o = {}; o.o = o; throw o"), "[object Object]");
  EXPECT_EQ(thrown_text(heap.js(), "throw function f() {}").substr(0, 8), "function");
  EXPECT_NE(thrown_text(heap.js(), "throw Symbol('s')"), "");
}

TEST(JsError, TextSurvivesHostileErrors) {
  JsHeap heap;
  EXPECT_NE(thrown_text(heap.js(), "var e = new Error('x'); e.toString = function () { throw e }; throw e"), "");
  EXPECT_NE(
      thrown_text(heap.js(),
                  "var e = new Error('x'); Object.defineProperty(e, 'stack', {get: function () { throw 1 }}); throw e"),
      "");
  EXPECT_EQ(thrown_text(heap.js(), "var e = new Error('x'); e.stack = 'mine'; throw e"), "mine");
  EXPECT_EQ(thrown_text(heap.js(), "var e = new Error('x'); e.stack = 7; throw e"), "Error: x");
  EXPECT_EQ(thrown_text(heap.js(), "throw new Error('a\\n    at fake (x.js:1)')").substr(0, 33),
            "Error: a\n    at fake (x.js:1)\n   ");
  EXPECT_EQ(duk_get_top(heap.js()), 0);
}

TEST(JsError, TextIsUtf8) {
  JsHeap heap;
  EXPECT_EQ(thrown_text(heap.js(), "throw 'smile \\ud83d\\ude00 \xC3\xA9'"), "smile \xF0\x9F\x98\x80 \xC3\xA9");
}

duk_ret_t throw_runtime_error(duk_context*) { throw std::runtime_error("disk on fire"); }
duk_ret_t throw_bad_alloc(duk_context*) { throw std::bad_alloc(); }
duk_ret_t throw_number(duk_context*) { throw 7; }
duk_ret_t throw_type(duk_context* js) { throw_type_error(js, "want %s, got %d", "a String", 5); }

void define(duk_context* js, const char* name, duk_c_function function) {
  duk_push_c_function(js, function, 0);
  duk_put_global_string(js, name);
}

TEST(JsError, NativeErrorsBlameTheCallingScript) {
  JsHeap heap;
  define(heap.js(), "native", throw_type);
  EXPECT_EQ(thrown_text(heap.js(), "\n\nnative()"), "TypeError: want a String, got 5\n    at global (/site/app.js:3)");
  EXPECT_EQ(run_script(heap.js(), "try { native() } catch (e) { e.fileName + ':' + e.lineNumber }"), "/test/eval.js:1");
}

TEST(JsError, GuardedFunctionsTurnCxxExceptionsIntoErrors) {
  JsHeap heap;
  define(heap.js(), "fire", guarded<throw_runtime_error>);
  define(heap.js(), "memory", guarded<throw_bad_alloc>);
  EXPECT_EQ(run_script(heap.js(), "try { fire() } catch (e) { e.name + '|' + e.message }"), "Error|disk on fire");
  EXPECT_EQ(run_script(heap.js(), "try { memory() } catch (e) { e.name + '|' + e.message }"),
            "RangeError|out of memory");
}

// Duktape's own net below guarded<>: a forgotten one costs the script an odd message, not the process.
TEST(JsError, UnguardedCxxExceptionsStillBecomeErrors) {
  JsHeap heap;
  define(heap.js(), "fire", throw_runtime_error);
  define(heap.js(), "number", throw_number);
  EXPECT_NE(run_script(heap.js(), "try { fire() } catch (e) { e.message }").find("disk on fire"), std::string::npos);
  EXPECT_EQ(run_script(heap.js(), "try { number() } catch (e) { e.name }"), "TypeError");
  EXPECT_EQ(run_script(heap.js(), "[1, 2].map(function () { try { fire() } catch (e) { return 1 } }).join()"), "1,1");
}

int live_objects = 0;
struct Counted {
  Counted() { ++live_objects; }
  ~Counted() { --live_objects; }
};

duk_ret_t throw_past_objects(duk_context* js) {
  Counted one;
  StackGuard guard(js);
  Counted two;
  duk_push_object(js);
  duk_get_global_string(js, "callback");
  duk_call(js, 0);
  return 0;
}

TEST(JsError, JavaScriptErrorsRunDestructors) {
  JsHeap heap;
  define(heap.js(), "native", throw_past_objects);
  EXPECT_EQ(run_script(heap.js(), "function callback() { throw new Error('from script') } native()"),
            "throws Error: from script");
  EXPECT_EQ(live_objects, 0);
}

TEST(JsError, RunProtectedReportsEveryKindOfError) {
  JsHeap heap;
  duk_context* js = heap.js();
  EXPECT_TRUE(run_protected(js, [](duk_context* inner) { duk_push_int(inner, 1); }));
  EXPECT_EQ(duk_get_top(js), 0);
  EXPECT_FALSE(run_protected(js, [](duk_context* inner) { throw_error(inner, "js"); }));
  EXPECT_EQ(error_message(js, -1), "Error: js");
  EXPECT_FALSE(run_protected(js, [](duk_context*) { throw std::runtime_error("c++"); }));
  EXPECT_EQ(error_message(js, -1), "Error: c++");
  EXPECT_EQ(duk_get_top(js), 2);
}

TEST(JsError, StackGuardRestoresTheTop) {
  JsHeap heap;
  duk_push_int(heap.js(), 1);
  {
    StackGuard guard(heap.js());
    duk_push_int(heap.js(), 2);
    duk_push_int(heap.js(), 3);
  }
  EXPECT_EQ(duk_get_top(heap.js()), 1);
}

}  // namespace
}  // namespace ravelin::worker
