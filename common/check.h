// CHECK: a condition that our own code guarantees. A failure is a bug: it is logged with its place and aborts the
// process. Never for what a peer, a file or a script can cause: use Result.
#pragma once

namespace ravelin {
[[noreturn]] void check_failed(const char* file, int line, const char* condition);
}

#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::ravelin::check_failed(__FILE__, __LINE__, #condition); \
  } while (0)
