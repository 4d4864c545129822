// What the tests of the script engine share: a temporary folder for script files, and a heap with modules and globals
// in which a line of script runs and answers with text. Not for: event loops (js_timers_test.cpp makes its own).
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "worker/compile_source.h"
#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/js_globals.h"
#include "worker/js_heap.h"
#include "worker/js_modules.h"
#include "worker/js_process.h"

namespace ravelin::worker {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent = "/tmp") {
    std::string name = parent + "/ravelin-unit-XXXXXX";
    path_ = std::filesystem::canonical(mkdtemp(name.data())).string();
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // Writes the file, making its folders. The modification time is moved on by a second with each call, so that a
  // changed file differs from the one before however fast the test is.
  std::string write(const std::string& name, const std::string& text) {
    const std::string file = *this / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
    set_time(file, ++seconds_);
    return file;
  }
  static void set_time(const std::string& file, time_t seconds, long nanoseconds = 0) {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }

 private:
  std::string path_;
  time_t seconds_ = 1700000000;
};

// Runs the text as global code and gives its value as text; of an error "throws " and its message.
inline std::string run_script(duk_context* js, const std::string& source) {
  StackGuard guard(js);
  push_text(js, source);
  push_text(js, "/test/eval.js");
  if (duk_pcompile(js, DUK_COMPILE_EVAL) != 0) return "throws " + error_message(js, -1);
  if (!call_protected(js, 0)) return "throws " + error_message(js, -1);
  duk_safe_to_string(js, -1);
  std::string text;
  append_utf8(text, engine_text(js, -1));
  return text;
}

// What the engine does not understand goes to the program that was built beside the tests: a compile process of this
// one would run the tests once more.
inline void use_built_compiler() {
  CompilerSettings settings;
  settings.cache.is_enabled = false;
  settings.executable = executable_directory() + "/ravelin";
  set_up_compiler(std::move(settings));
}

// A heap with modules and globals; its main script is <folder>/main.js.
struct Site {
  TemporaryFolder folder;
  JsHeap heap;
  JsModules modules{heap};

  Site() {
    static const bool is_set_up = (use_built_compiler(), true);
    EXPECT_TRUE(is_set_up);
    ScriptArguments arguments;
    arguments.script = folder.write("main.js", "");
    arguments.argv = {"/usr/bin/ravelin", arguments.script, "extra"};
    install_globals(heap, arguments);
  }
  duk_context* js() { return heap.js(); }
  std::string run(const std::string& source) { return run_script(heap.js(), source); }
};

// What push_module_exports() says about the file: the exports as text, "404", or "failed: " and the error.
inline std::string exports_of(Site& site, const std::string& path) {
  StackGuard guard(site.js());
  const duk_idx_t top = duk_get_top(site.js());
  switch (push_module_exports(site.js(), path)) {
    case ModuleLoad::kNotFound:
      EXPECT_EQ(duk_get_top(site.js()), top);
      return "404";
    case ModuleLoad::kFailed:
      EXPECT_EQ(duk_get_top(site.js()), top + 1);
      return "failed: " + error_message(site.js(), -1);
    case ModuleLoad::kOk:
      EXPECT_EQ(duk_get_top(site.js()), top + 1);
      duk_safe_to_string(site.js(), -1);
      return std::string(engine_text(site.js(), -1));
  }
  return "";
}

}  // namespace ravelin::worker
