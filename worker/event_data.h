// The data of an event on its way between contexts: script values to CBOR (RFC 8949) and back (runtime-api 4.3). Own
// code rather than the engine's CBOR.encode, which turns Strings with characters beyond U+FFFF into buffers and Dates
// into {}, and whose decoder must not meet bytes that another process has made. Not for: frames (ipc/event_frames.h),
// global CBOR. Pure but for the heap; main thread of any process that runs script.
#pragma once

#include <duktape.h>

#include <string>
#include <string_view>

namespace ravelin::worker {

// The value at `index` as CBOR. Numbers, Strings (the engine's own bytes), Arrays, Buffers (their bytes), Dates (tag 1)
// and what is enumerable of other Objects; Functions are dropped, in Arrays they become {}. Throws a TypeError for an
// object that contains itself, a RangeError beyond limits::kMaxEventBytes or 1000 levels, and what a getter throws.
std::string encode_event_data(duk_context* js, duk_idx_t index);

// Pushes the value. Throws a TypeError when the bytes are not what encode_event_data() writes.
void push_event_data(duk_context* js, std::string_view bytes);

}  // namespace ravelin::worker
