#include "ipc/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/check.h"

namespace ravelin::ipc {
namespace {

constexpr size_t kReadBytes = 128 * 1024;  // holds a full batch of small frames; a larger frame takes several reads
constexpr size_t kDescriptorsPerRead = 16;
constexpr size_t kKeepCapacity = 256 * 1024;  // an output buffer that grew beyond this is given back when empty

// What passes by itself when others give back memory or take their descriptors.
bool is_shortage(int error) { return error == ETOOMANYREFS || error == ENOBUFS || error == ENOMEM; }

}  // namespace

void Channel::attach(size_t frame_start, UniqueFd descriptor, uint64_t weight) {
  CHECK(attachments_.empty() || attachments_.back().frame_start < frame_start);
  attachments_.push_back({frame_start, std::move(descriptor), weight});
  weight_ += weight;
}

void Channel::send(FrameType type, std::string_view payload, UniqueFd descriptor) {
  FrameWriter frame(out_, type, 0, 0, descriptor ? kFlagDescriptor : uint8_t{0});
  frame.payload().append(payload);
  frame.finish();
  if (descriptor) attach(frame.start(), std::move(descriptor));
}

ssize_t Channel::send_with_descriptor(const char* bytes, size_t size, int descriptor) {
  iovec part{const_cast<char*>(bytes), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(fd(), &message, MSG_NOSIGNAL);
}

Channel::Io Channel::flush() {
  is_starved_ = false;
  while (sent_ < out_.size()) {
    // A descriptor goes out with the first byte of its frame, in a sendmsg of its own: the kernel delivers it no later
    // than that byte, so the receiver finds it queued when it cuts the frame.
    bool at_attachment = !attachments_.empty() && attachments_.front().frame_start == sent_;
    size_t next_attachment = at_attachment ? 1 : 0;
    size_t end = attachments_.size() > next_attachment ? attachments_[next_attachment].frame_start : out_.size();
    ssize_t n = at_attachment
                    ? send_with_descriptor(out_.data() + sent_, end - sent_, attachments_.front().descriptor.get())
                    : ::send(fd(), out_.data() + sent_, end - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      is_starved_ = is_shortage(errno);
      if (errno != EAGAIN && errno != EWOULDBLOCK && !is_starved_) return Io::kClosed;
      drop_sent();
      return Io::kBlocked;
    }
    if (at_attachment) {
      weight_ -= attachments_.front().weight;
      sent_weight_ += attachments_.front().weight;
      attachments_.pop_front();
    }
    sent_ += static_cast<size_t>(n);
    sent_bytes_ += static_cast<uint64_t>(n);
  }
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > kKeepCapacity) out_.shrink_to_fit();
  return Io::kDone;
}

// Towards a peer that always lags a little the buffer never becomes empty: what is out must not pile up in it.
void Channel::drop_sent() {
  if (sent_ < kKeepCapacity || sent_ < out_.size() - sent_) return;
  out_.erase(0, sent_);
  for (Attachment& attachment : attachments_) attachment.frame_start -= sent_;
  sent_ = 0;
}

void Channel::send_finished(size_t end) {
  if (!attachments_.empty() && attachments_.front().frame_start < end) end = attachments_.front().frame_start;
  if (sent_ >= end) return;
  ssize_t n = ::send(fd(), out_.data() + sent_, end - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n > 0) sent_ += static_cast<size_t>(n);
}

Channel::Io Channel::receive() {
  iovec part{decoder_.reserve(kReadBytes), 0};
  part.iov_len = decoder_.reserved();
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptorsPerRead)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  do {
    n = ::recvmsg(fd(), &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Io::kBlocked : Io::kClosed;
  bool within_limit = (message.msg_flags & MSG_CTRUNC) == 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      within_limit = decoder_.add_descriptor(UniqueFd(descriptor)) && within_limit;
    }
  }
  if (!within_limit) return Io::kFault;
  if (n == 0) return Io::kClosed;
  decoder_.commit(static_cast<size_t>(n));
  return Io::kDone;
}

}  // namespace ravelin::ipc
