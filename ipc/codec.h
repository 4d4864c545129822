// Frames to bytes and bytes to frames, without any socket: FrameWriter appends to a buffer, FrameDecoder cuts frames
// out of received bytes and binds received descriptors to them. Tested against each other and fuzzed. Not for: payload
// layouts.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "ipc/message_table.h"

namespace ravelin::ipc {

// Appends one frame to `out`: construct, append the payload through payload(), then finish(). Exactly one at a time per
// buffer. A frame with a descriptor is registered with the channel (Channel::attach).
class FrameWriter {
 public:
  FrameWriter(std::string& out, FrameType type, uint16_t slot = 0, uint64_t stream = 0, uint8_t flags = 0)
      : out_(out), start_(out.size()) {
    FrameHeader header;
    header.type = static_cast<uint8_t>(type);
    header.flags = flags;
    header.slot = slot;
    header.stream = stream;
    out_.append(reinterpret_cast<const char*>(&header), sizeof header);
  }
  std::string& payload() { return out_; }
  size_t start() const { return start_; }
  // Writes the payload's length into the header.
  void finish();
  // Takes the whole frame back, as if it had not been begun.
  void cancel() { out_.resize(start_); }

 private:
  std::string& out_;
  size_t start_;
};

// Cuts frames out of a byte stream from one sender. Owns the bytes and the descriptors that no frame has claimed yet.
class FrameDecoder {
 public:
  enum class Next { kFrame, kNeedMore, kMalformed };

  explicit FrameDecoder(Role sender) : sender_(sender) {}

  // Space for at least `bytes` received bytes; commit() tells how many came. Invalidates earlier payload views.
  char* reserve(size_t bytes);
  size_t reserved() const { return buffer_.size() - end_; }
  void commit(size_t bytes) { end_ += bytes; }

  // Takes ownership of a descriptor that came with the bytes. False when too many wait for their frame.
  bool add_descriptor(UniqueFd descriptor);

  // Goes on in another buffer: views of frames taken so far stay valid as long as `kept` is left alone.
  void set_aside(std::string& kept);

  // The next whole frame; its payload is a view valid until reserve(). After kMalformed the decoder stays malformed and
  // fault() says why.
  Next next(Frame& frame);
  const char* fault() const { return fault_; }
  // Bytes received and not yet cut into frames.
  size_t buffered() const { return end_ - begin_; }

 private:
  Next malformed(const char* why);

  Role sender_;
  std::string buffer_;
  size_t begin_ = 0;  // invariant: begin_ <= end_ <= buffer_.size()
  size_t end_ = 0;
  std::deque<UniqueFd> descriptors_;
  const char* fault_ = nullptr;
};

}  // namespace ravelin::ipc
