// req.printf, put, getpos, rewind, getBuffer, getMime: the functions of `req` that write to the server buffer, which
// goes out before the returned value (server-details 11, 9.8). Not for: sending. Workers, called by scripts.
#pragma once

#include <duktape.h>

namespace ravelin::worker {

struct RequestFunction {
  const char* name;
  duk_c_function function;
  duk_idx_t argument_count;
};

// In the order in which req has them.
constexpr int kRequestFunctionCount = 6;
extern const RequestFunction kRequestFunctions[kRequestFunctionCount];

}  // namespace ravelin::worker
