// The console object (runtime-api 1.2). Output goes through stdio's stdout and stderr, flushed with each line, so that
// it keeps its order with printf() and is not duplicated by a fork. Not for: the server's logs. Main thread of any
// process that runs script.
#pragma once

#include <duktape.h>

#include <string>

namespace ravelin::worker {

void install_console(duk_context* js);

// A value as console.log prints it: text as it is, objects compact ({a:1,b:"x"}), errors with their stack. UTF-8. May
// run script (toJSON, getters) and throw.
std::string console_text(duk_context* js, duk_idx_t index);

}  // namespace ravelin::worker
