// For tests of script functions: a heap with rampart.utils made global, and one-line table rows that compare the value
// of an expression, shown as the reference pages show it: JSON, Buffer(68 69) for bytes, or "throws MESSAGE".
#pragma once

#include <duktape.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "worker/js_heap.h"
#include "worker/utils/utils.h"

namespace ravelin::worker {

class ScriptTable : public testing::Test {
 protected:
  ScriptTable() {
    install_utils(js());
    run("for (var name in rampart.utils) this[name] = rampart.utils[name];");
  }

  duk_context* js() { return heap_.js(); }

  // The value of a JavaScript expression.
  std::string show(std::string_view expression) {
    std::string source = "(" + std::string(expression) + ")";
    duk_push_lstring(js(), source.data(), source.size());
    std::string shown;
    if (duk_peval(js()) == DUK_EXEC_SUCCESS) {
      shown = show_top();
    } else {
      duk_get_prop_string(js(), -1, "message");
      shown = "throws " + std::string(duk_safe_to_string(js(), -1));
      duk_pop(js());
    }
    duk_pop(js());
    return shown;
  }

  // Runs statements; fails the test when they throw.
  void run(std::string_view source) {
    duk_push_lstring(js(), source.data(), source.size());
    if (duk_peval(js()) != DUK_EXEC_SUCCESS) ADD_FAILURE() << source << ": " << duk_safe_to_string(js(), -1);
    duk_pop(js());
  }

  void set(const char* name, std::string_view value) {
    duk_push_lstring(js(), value.data(), value.size());
    duk_put_global_string(js(), name);
  }

  JsHeap heap_;

 private:
  std::string show_top() {
    if (duk_is_undefined(js(), -1)) return "undefined";
    if (duk_is_buffer_data(js(), -1)) {
      duk_size_t size = 0;
      auto* bytes = static_cast<const unsigned char*>(duk_get_buffer_data(js(), -1, &size));
      std::string shown = "Buffer(";
      for (duk_size_t i = 0; i < size; ++i) {
        char hex[4];
        snprintf(hex, sizeof hex, i == 0 ? "%02x" : " %02x", bytes[i]);
        shown += hex;
      }
      return shown + ")";
    }
    duk_dup_top(js());
    const char* json = duk_json_encode(js(), -1);
    std::string shown = json ? json : "undefined";
    duk_pop(js());
    return shown;
  }
};

}  // namespace ravelin::worker

// EXPECT_JS(expression, shown value); both are string literals.
#define EXPECT_JS(expression, expected) EXPECT_EQ(show(expression), expected) << "in: " << (expression)
