// The listening sockets of a server: reading `bind` values and opening them. They are opened once, by the launcher,
// before it drops its privileges, and stay open there as long as the server lives, so no restart of the frontend
// refuses a connection. Not for: accepting (frontend). Called by server_start.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace ravelin::worker {

struct BindAddress {
  sockaddr_storage address = {};
  socklen_t length = 0;
  // "127.0.0.1:8088", "[::1]:8088"; port 0 asks the kernel for any free port.
  std::string text;
};

// One `bind` value: dot-decimal IPv4 or IPv6 in brackets, a colon, a port from 0 to 65535; blanks anywhere are dropped
// (server-details 2). The error says what is wrong with it, without naming the value.
Result<BindAddress> parse_bind_address(std::string_view text);

struct ListenSocket {
  UniqueFd socket;      // non-blocking, close-on-exec, listening
  std::string address;  // with the real port
  uint32_t loop = 0;    // the frontend loop that accepts from it
};

struct BoundAddresses {
  std::vector<ListenSocket> sockets;
  std::vector<std::string> warnings;
};

// The addresses that are bound when the script names none.
const std::vector<std::string>& default_bind_addresses();

// Binds and listens: one socket per address with one loop, else one per address and loop (SO_REUSEPORT), after making
// sure that no other server has the address. `may_skip`: an address that this machine does not have (no IPv6) is left
// out with a warning as long as another one can be bound; for the default addresses.
Result<BoundAddresses> open_listen_sockets(const std::vector<std::string>& bind, uint32_t loops, bool may_skip);

}  // namespace ravelin::worker
