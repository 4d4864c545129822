// One end of a stream socketpair that carries frames: buffers both ways, sends descriptors bound to their frames.
// Non-blocking, knows no event loop: the owner calls receive() when the socket is readable and flush() when it has
// written frames or the socket is writable again. Not for: meaning of frames. One thread per instance.
#pragma once

#include <deque>
#include <string>

#include "ipc/codec.h"

namespace ravelin::ipc {

class Channel {
 public:
  enum class Io {
    kDone,     // receive: bytes came; flush: everything is out
    kBlocked,  // the socket would block; see is_starved()
    kClosed,   // the peer is gone, or the socket failed
    kFault,    // receive only: more descriptors than allowed
  };

  // `socket` non-blocking; `peer` is who sits at the other end and so which frames may come.
  Channel(UniqueFd socket, Role peer) : socket_(std::move(socket)), decoder_(peer) {}

  int fd() const { return socket_.get(); }

  // --- sending: append frames with FrameWriter to out(), then flush(), which may move what is left to the front ---
  std::string& out() { return out_; }
  // The frame that begins at offset `frame_start` of out() travels with `descriptor`; its header must have
  // kFlagDescriptor. Call in the order of the frames. `weight` is what unsent_weight() counts for it.
  void attach(size_t frame_start, UniqueFd descriptor, uint64_t weight = 0);
  // Appends a whole frame without payload structure. For control channels; not the request path.
  void send(FrameType type, std::string_view payload, UniqueFd descriptor = UniqueFd());
  bool has_output() const { return sent_ < out_.size(); }
  size_t unsent() const { return out_.size() - sent_; }
  uint64_t unsent_weight() const { return weight_; }
  // Bytes that have gone out in the channel's life.
  uint64_t sent_bytes() const { return sent_bytes_; }
  // The same for the weight of what was attached.
  uint64_t sent_weight() const { return sent_weight_; }
  Io flush();
  // True when the last flush() was blocked by a shortage in the kernel: memory, or this user's limit of descriptors in
  // flight (unix(7), ETOOMANYREFS). The socket counts as writable all the while, so waiting for that would not wait:
  // flush again after limits::kStarvedRetryMs or so.
  bool is_starved() const { return is_starved_; }
  // For a signal handler, while nothing else of the channel is in use: sends what it can of the first `end` bytes of
  // out(), stopping before a frame with a descriptor. Async-signal-safe.
  void send_finished(size_t end);

  // --- receiving ---
  // One recvmsg. Invalidates views of frames taken earlier.
  Io receive();
  // Views of frames taken so far stay valid, whatever is received, as long as `kept` is left alone.
  void set_aside(std::string& kept) { decoder_.set_aside(kept); }
  FrameDecoder::Next next(Frame& frame) { return decoder_.next(frame); }
  const char* fault() const { return decoder_.fault(); }
  bool mid_frame() const { return decoder_.buffered() > 0; }

  void close() { socket_.reset(); }

 private:
  struct Attachment {
    size_t frame_start;
    UniqueFd descriptor;
    uint64_t weight;
  };
  void drop_sent();
  ssize_t send_with_descriptor(const char* bytes, size_t size, int descriptor);

  UniqueFd socket_;
  std::string out_;
  size_t sent_ = 0;  // bytes at the front of out_ that are already out
  std::deque<Attachment> attachments_;
  uint64_t weight_ = 0;  // sum over attachments_
  uint64_t sent_bytes_ = 0;
  uint64_t sent_weight_ = 0;
  bool is_starved_ = false;
  FrameDecoder decoder_;
};

}  // namespace ravelin::ipc
