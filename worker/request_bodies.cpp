#include "worker/request_bodies.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include "common/sys.h"
#include "worker/engine_extra.h"
#include "worker/js_error.h"

namespace ravelin::worker {
namespace {

constexpr char kStashHeldBodies[] = "heldRequestBodies";
constexpr size_t kLooksPerSweep = 4;

// Pushes the Object that keeps the Buffers reachable.
void push_store(duk_context* js) {
  duk_push_heap_stash(js);
  if (!duk_get_prop_literal(js, -1, kStashHeldBodies)) {
    duk_pop(js);
    duk_push_bare_object(js);
    duk_dup_top(js);
    duk_put_prop_literal(js, -3, kStashHeldBodies);
  }
  duk_remove(js, -2);
}

}  // namespace

FileMapping& FileMapping::operator=(FileMapping&& other) noexcept {
  if (this != &other) {
    reset();
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

void FileMapping::reset() {
  if (!bytes_.empty()) munmap(address(), bytes_.size());
  bytes_ = {};
}

Result<FileMapping> FileMapping::map(const UniqueFd& file, uint64_t size) {
  struct stat status;
  if (fstat(file.get(), &status) != 0) return system_error("request body: fstat", errno);
  if (!S_ISREG(status.st_mode) || status.st_size < 0 || static_cast<uint64_t>(status.st_size) < size)
    return Error{ErrorCode::kInvalid, "request body: its file is shorter than the body"};
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) return system_error("request body: mmap", errno);
  FileMapping mapping;
  mapping.bytes_ = {static_cast<const char*>(address), static_cast<size_t>(size)};
  return mapping;
}

RequestBodies::~RequestBodies() {
  bool done = run_protected(heap_.js(), [this](duk_context* js) {
    while (!held_.empty()) let_go(js, held_.size() - 1);
  });
  if (!done) duk_pop(heap_.js());
}

void RequestBodies::push(duk_context* js, FileMapping mapping) {
  held_.reserve(held_.size() + 1);
  duk_push_external_buffer(js);
  push_store(js);
  duk_dup(js, -2);
  duk_put_prop_index(js, -2, next_key_);
  duk_pop(js);
  duk_config_buffer(js, -1, mapping.address(), mapping.bytes().size());
  held_.push_back({duk_get_heapptr(js, -1), next_key_++, std::move(mapping)});
}

// Whoever still has the Buffer sees it empty from now on: the engine checks the length at each access.
void RequestBodies::let_go(duk_context* js, size_t position) {
  Held& held = held_[position];
  duk_push_heapptr(js, held.buffer);
  duk_config_buffer(js, -1, nullptr, 0);
  duk_pop(js);
  push_store(js);
  duk_del_prop_index(js, -1, held.key);
  duk_pop(js);
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(position));
}

void RequestBodies::sweep_some(duk_context* js) {
  for (size_t looks = 0; looks < kLooksPerSweep && !held_.empty(); ++looks) {
    next_look_ = next_look_ < held_.size() ? next_look_ : 0;
    if (ravelin_reference_count(held_[next_look_].buffer) > 1) {
      ++next_look_;
    } else {
      let_go(js, next_look_);
    }
  }
  if (held_.size() > kMaxHeld) let_go(js, 0);
}

}  // namespace ravelin::worker
