// Bind values and real listening sockets on loopback.
#include "worker/listen_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <set>

namespace ravelin::worker {
namespace {

int port_in(const std::string& address) { return std::stoi(address.substr(address.rfind(':') + 1)); }

int connect_to(int port) {
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

TEST(ListenSockets, ReadsBindValues) {
  const struct {
    const char* written;
    const char* text;
  } rows[] = {
      {"127.0.0.1:80", "127.0.0.1:80"},       {" 127.0.0.1 : 8 0 ", "127.0.0.1:80"}, {"0.0.0.0:65535", "0.0.0.0:65535"},
      {"127.0.0.1:0", "127.0.0.1:0"},         {"[::1]:8088", "[::1]:8088"},          {"[::]:80", "[::]:80"},
      {"[2001:db8::1]:1", "[2001:db8::1]:1"}, {"127.0.0.1:0080", "127.0.0.1:80"},
  };
  for (const auto& row : rows) {
    auto parsed = parse_bind_address(row.written);
    ASSERT_TRUE(parsed) << row.written << ": " << parsed.error().message;
    EXPECT_EQ(parsed.value().text, row.text);
  }
}

TEST(ListenSockets, RefusesBadBindValues) {
  for (const char* text : {"",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:1x",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:99999999999",
                           "localhost:80",
                           "example.com:80",
                           "::1:80",
                           "[::1]",
                           "[::1]:",
                           "[::1:80",
                           "::1]:80",
                           "[]:80",
                           "[127.0.0.1]:80",
                           "127.0.0:80",
                           "127.0.0.1.1:80",
                           "256.0.0.1:80",
                           ":80",
                           "127.0.0.1:+5",
                           "1:2:3"})
    EXPECT_FALSE(parse_bind_address(text)) << text;
}

TEST(ListenSockets, PortZeroIsAFreePort) {
  auto bound = open_listen_sockets({"127.0.0.1:0", "127.0.0.1:0"}, 1, false);
  ASSERT_TRUE(bound) << bound.error().message;
  ASSERT_EQ(bound.value().sockets.size(), 2u);
  std::set<int> ports;
  for (const ListenSocket& one : bound.value().sockets) {
    EXPECT_GT(port_in(one.address), 0);
    EXPECT_EQ(connect_to(port_in(one.address)), 0);
    EXPECT_TRUE(fcntl(one.socket.get(), F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(fcntl(one.socket.get(), F_GETFL) & O_NONBLOCK);
    ports.insert(port_in(one.address));
  }
  EXPECT_EQ(ports.size(), 2u);
}

TEST(ListenSockets, SeveralLoopsShareOnePortAndNobodyElseDoes) {
  for (uint32_t loops : {1u, 4u}) {
    auto first = open_listen_sockets({"127.0.0.1:0"}, loops, false);
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_EQ(first.value().sockets.size(), loops);
    const std::string address = first.value().sockets[0].address;
    for (uint32_t i = 0; i < loops; ++i) {
      EXPECT_EQ(first.value().sockets[i].loop, i);
      EXPECT_EQ(first.value().sockets[i].address, address);
    }
    for (uint32_t other_loops : {1u, 2u}) {
      auto second = open_listen_sockets({address}, other_loops, true);
      ASSERT_FALSE(second);
      EXPECT_EQ(second.error().message, "cannot bind to " + address + ": Address already in use");
    }
    first.value().sockets.clear();
    EXPECT_EQ(connect_to(port_in(address)), ECONNREFUSED);
    EXPECT_TRUE(open_listen_sockets({address}, loops, false)) << "the address is free again at once";
  }
}

TEST(ListenSockets, LeavesOutOnlyDefaultAddressesThatTheMachineDoesNotHave) {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  auto skipped = open_listen_sockets({"192.0.2.1:0", "127.0.0.1:0"}, 2, true);
  ASSERT_TRUE(skipped) << skipped.error().message;
  EXPECT_EQ(skipped.value().sockets.size(), 2u);
  ASSERT_EQ(skipped.value().warnings.size(), 1u);
  EXPECT_NE(skipped.value().warnings[0].find("192.0.2.1:0: Cannot assign requested address"), std::string::npos);
  EXPECT_FALSE(open_listen_sockets({"192.0.2.1:0", "127.0.0.1:0"}, 2, false));
  EXPECT_FALSE(open_listen_sockets({"192.0.2.1:0"}, 1, true));
}

}  // namespace
}  // namespace ravelin::worker
