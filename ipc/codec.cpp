#include "ipc/codec.h"

#include <cstring>

#include "common/check.h"
#include "common/limits.h"

namespace ravelin::ipc {

void FrameWriter::finish() {
  size_t payload_bytes = out_.size() - start_ - sizeof(FrameHeader);
  CHECK(payload_bytes <= limits::kMaxConfigBytes);
  auto length = static_cast<uint32_t>(payload_bytes);
  memcpy(out_.data() + start_, &length, sizeof length);  // payload_bytes is the header's first field
}

char* FrameDecoder::reserve(size_t bytes) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0 && buffer_.size() - end_ < bytes) {
    memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < bytes) buffer_.resize(end_ + bytes);
  return buffer_.data() + end_;
}

void FrameDecoder::set_aside(std::string& kept) {
  std::string rest(buffer_, begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  kept = std::move(buffer_);  // the bytes stay where they are
  buffer_ = std::move(rest);
}

bool FrameDecoder::add_descriptor(UniqueFd descriptor) {
  if (descriptors_.size() >= limits::kMaxPendingDescriptors) return false;
  descriptors_.push_back(std::move(descriptor));
  return true;
}

FrameDecoder::Next FrameDecoder::malformed(const char* why) {
  fault_ = why;
  return Next::kMalformed;
}

FrameDecoder::Next FrameDecoder::next(Frame& frame) {
  if (fault_ != nullptr) return Next::kMalformed;
  if (end_ - begin_ < sizeof(FrameHeader)) return Next::kNeedMore;
  FrameHeader header;
  memcpy(&header, buffer_.data() + begin_, sizeof header);
  if (const char* why = check_header(header, sender_)) return malformed(why);
  if (end_ - begin_ - sizeof header < header.payload_bytes) return Next::kNeedMore;
  frame.descriptor.reset();
  if ((header.flags & kFlagDescriptor) != 0) {
    if (descriptors_.empty()) return malformed("frame announces a descriptor that did not come");
    frame.descriptor = std::move(descriptors_.front());
    descriptors_.pop_front();
  }
  frame.type = static_cast<FrameType>(header.type);
  frame.slot = header.slot;
  frame.stream = header.stream;
  frame.payload = {buffer_.data() + begin_ + sizeof header, header.payload_bytes};
  begin_ += sizeof header + header.payload_bytes;
  return Next::kFrame;
}

}  // namespace ravelin::ipc
