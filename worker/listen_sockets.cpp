#include "worker/listen_sockets.h"

#include <arpa/inet.h>
#include <errno.h>

#include "common/limits.h"
#include "common/sys.h"
#include "common/text.h"

namespace ravelin::worker {

namespace {

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

std::string without_blanks(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c != ' ' && c != '\t') out += c;
  return out;
}

uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void set_port(BindAddress& bind, uint16_t port) {
  if (bind.address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(bind.address).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(bind.address).sin_port = htons(port);
  }
  bind.text = bind.text.substr(0, bind.text.rfind(':') + 1) + std::to_string(port);
}

// A socket bound to `bind`, not yet listening. On failure it is empty and `error` is the errno.
UniqueFd bound_socket(const BindAddress& bind, bool share_port, int& error) {
  const int on = 1;
  UniqueFd socket(::socket(bind.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  bool ok = static_cast<bool>(socket);
  // REUSEADDR: connections of an earlier server in TIME_WAIT do not block the port. Linux still refuses an address on
  // which somebody listens.
  ok = ok && setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  ok = ok && (!share_port || setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
  // "[::]:80" and "0.0.0.0:80" are two bindings of one server (manual): IPv6 sockets must leave IPv4 alone.
  ok = ok &&
       (bind.address.ss_family != AF_INET6 || setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
  ok = ok && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&bind.address), bind.length) == 0;
  error = ok ? 0 : errno;
  if (!ok) socket.reset();
  return socket;
}

bool learn_port(int socket, BindAddress& bind) {
  sockaddr_storage real = {};
  socklen_t length = sizeof real;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&real), &length) != 0) return false;
  set_port(bind, port_of(real));
  return true;
}

// All sockets of one address, or the errno.
int open_address(BindAddress bind, uint32_t loops, std::vector<ListenSocket>& sockets) {
  int error = 0;
  // Without REUSEPORT this fails when any other server has the address, also one of ours. With several loops it is only
  // the probe: it holds the port (and finds one for port 0) until the shared sockets are bound.
  UniqueFd first = bound_socket(bind, false, error);
  if (!first) return error;
  if (!learn_port(first.get(), bind)) return errno;
  std::vector<ListenSocket> opened;
  if (loops == 1) {
    opened.push_back({std::move(first), bind.text, 0});
  } else {
    for (uint32_t loop = 0; loop < loops; ++loop) {
      UniqueFd socket = bound_socket(bind, true, error);
      if (!socket) return error;
      opened.push_back({std::move(socket), bind.text, loop});
    }
    first.reset();
  }
  for (ListenSocket& one : opened)
    if (listen(one.socket.get(), static_cast<int>(limits::kListenBacklog)) != 0) return errno;
  for (ListenSocket& one : opened) sockets.push_back(std::move(one));
  return 0;
}

}  // namespace

Result<BindAddress> parse_bind_address(std::string_view written) {
  const std::string text = without_blanks(written);
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return invalid("there is no \":PORT\"");
  const std::string_view port_text = std::string_view(text).substr(colon + 1);
  const auto port = parse_decimal(port_text);
  if (!port || port_text.size() > 5 || *port > 65535) return invalid("the port must be a number from 0 to 65535");
  std::string host = text.substr(0, colon);
  BindAddress bind;
  if (host.starts_with('[')) {
    auto& address = reinterpret_cast<sockaddr_in6&>(bind.address);
    if (host.size() < 2 || !host.ends_with(']') ||
        inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address.sin6_addr) != 1)
      return invalid("the part in brackets must be an IPv6 address");
    address.sin6_family = AF_INET6;
    bind.length = sizeof address;
  } else {
    auto& address = reinterpret_cast<sockaddr_in&>(bind.address);
    if (host.find(':') != std::string::npos) return invalid("an IPv6 address must be in brackets");
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
      return invalid("the address must be dot-decimal IPv4 or IPv6 in brackets, host names are not allowed");
    address.sin_family = AF_INET;
    bind.length = sizeof address;
  }
  bind.text = host + ":";
  set_port(bind, static_cast<uint16_t>(*port));
  return bind;
}

const std::vector<std::string>& default_bind_addresses() {
  static const std::vector<std::string> addresses{"[::1]:8088", "127.0.0.1:8088"};  // manual: bind
  return addresses;
}

Result<BoundAddresses> open_listen_sockets(const std::vector<std::string>& bind, uint32_t loops, bool may_skip) {
  BoundAddresses bound;
  std::string refused;
  for (const std::string& text : bind) {
    auto address = parse_bind_address(text);
    if (!address) return invalid("cannot bind to \"" + text + "\": " + address.error().message);
    const int error = open_address(address.value(), loops, bound.sockets);
    if (error == 0) continue;
    refused = "cannot bind to " + address.value().text + ": " + errno_text(error);
    if (!may_skip || (error != EADDRNOTAVAIL && error != EAFNOSUPPORT))
      return Error{ErrorCode::kSystem, std::move(refused)};
    bound.warnings.push_back(refused + "; this default address is left out");
  }
  if (bound.sockets.empty())
    return Error{ErrorCode::kSystem, refused.empty() ? "there is no address to bind to" : refused};
  return bound;
}

}  // namespace ravelin::worker
