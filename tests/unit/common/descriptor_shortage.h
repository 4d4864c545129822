// While an instance lives, sendmsg() with a descriptor fails with ETOOMANYREFS: the user has more descriptors in flight
// than the limit of open files, and no privilege that lifts the rule (unix(7)). For tests of one process: the limit and
// the rights are those of the process, so other threads feel it.
#pragma once

#include <gtest/gtest.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "common/sys.h"

namespace ravelin {

class DescriptorShortage {
 public:
  DescriptorShortage() {
    auto pair = make_socketpair();
    EXPECT_TRUE(pair);
    near_ = std::move(pair.value().first);
    far_ = std::move(pair.value().second);
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit low{kLimit, before_.rlim_max};
    for (rlim_t count = 0; count <= kLimit; count += kPerMessage) put_in_flight();
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    if (geteuid() == 0) {
      EXPECT_EQ(seteuid(kNobody), 0);
    }
  }
  ~DescriptorShortage() { end(); }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;

  void end() {
    if (!near_) return;
    if (getuid() == 0) {
      EXPECT_EQ(seteuid(0), 0);
    }
    setrlimit(RLIMIT_NOFILE, &before_);
    near_.reset();
    far_.reset();
  }

 private:
  static constexpr rlim_t kLimit = 256;
  static constexpr size_t kPerMessage = 200;
  static constexpr uid_t kNobody = 65534;

  void put_in_flight() {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kPerMessage)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * kPerMessage);
    for (size_t i = 0; i < kPerMessage; ++i) {
      const int sent = near_.get();
      memcpy(CMSG_DATA(header) + i * sizeof sent, &sent, sizeof sent);
    }
    EXPECT_EQ(sendmsg(near_.get(), &message, MSG_NOSIGNAL), 1);
  }

  UniqueFd near_;
  UniqueFd far_;
  rlimit before_{};
};

}  // namespace ravelin
