// Request bodies that came as a descriptor (spooled uploads), mapped into scripts as Buffers without a copy, and the
// life of those mappings: one stays while any JavaScript value can read it, also after the reply (server-details 7.3).
// Not for: small bodies, which travel in the frame and are copied into the heap. Workers, main thread; used by
// JsRequest.
#pragma once

#include <duktape.h>

#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "worker/js_heap.h"

namespace ravelin::worker {

// A private mapping of a file: a script may write into its Buffer, the file does not change.
class FileMapping {
 public:
  FileMapping() = default;
  FileMapping(FileMapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  FileMapping& operator=(FileMapping&& other) noexcept;
  ~FileMapping() { reset(); }

  // `size` > 0 bytes from the start of the file; fails when the file is shorter, since reading past its end would be a
  // SIGBUS.
  static Result<FileMapping> map(const UniqueFd& file, uint64_t size);

  char* address() const { return const_cast<char*>(bytes_.data()); }
  std::string_view bytes() const { return bytes_; }
  explicit operator bool() const { return !bytes_.empty(); }
  void reset();

 private:
  std::string_view bytes_;
};

class RequestBodies {
 public:
  explicit RequestBodies(JsHeap& heap) : heap_(heap) {}
  // Buffers that scripts still hold become empty.
  ~RequestBodies();
  RequestBodies(const RequestBodies&) = delete;
  RequestBodies& operator=(const RequestBodies&) = delete;

  // Pushes a plain Buffer over the mapping, which this object then owns.
  void push(duk_context* js, FileMapping mapping);

  // Ends the mappings that no value can reach any more, looking at a few of them; called after each request. When
  // scripts hold more than kMaxHeld, the oldest Buffer becomes empty.
  void sweep(duk_context* js) {
    if (!held_.empty()) sweep_some(js);
  }
  size_t held() const { return held_.size(); }

 private:
  static constexpr size_t kMaxHeld = 64;  // of up to maxBodySize each: a script that hoards uploads must not hold more
  struct Held {
    void* buffer;  // the plain Buffer; reachable through the stash, which is one reference to it
    duk_uarridx_t key;
    FileMapping mapping;
  };
  void sweep_some(duk_context* js);
  void let_go(duk_context* js, size_t position);

  JsHeap& heap_;
  std::vector<Held> held_;
  duk_uarridx_t next_key_ = 0;
  size_t next_look_ = 0;
};

}  // namespace ravelin::worker
