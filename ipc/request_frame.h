// Payload of a Request frame (PROTOCOL.md): what a worker needs to build `req`. Encoded by the frontend from views,
// decoded by the worker into views of the frame: nothing is copied in between. Not for: parsing HTTP, routing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace ravelin::ipc {

// Index into ServerConfig::routes, or one of the special functions.
constexpr uint32_t kRouteNotFound = 0xFFFFFFFF;   // no route, no such file: notFoundFunc (or the built-in 404 page)
constexpr uint32_t kRouteDirectory = 0xFFFFFFFE;  // directoryFunc for fs_path

struct RequestFields {
  uint32_t route = kRouteNotFound;
  uint8_t version_minor = 1;   // HTTP/1.x
  bool secure = false;         // scheme is https://
  bool has_authority = false;  // absolute-form target: `host` is its authority
  uint16_t peer_port = 0;
  std::string_view peer_ip;       // text, IPv6 without brackets
  std::string_view method;        // as sent ("GET", "FOO")
  std::string_view path;          // raw path of the target, without query
  std::string_view query;         // raw, without '?'
  std::string_view matched_path;  // dot segments removed: what the route was matched against
  std::string_view host;          // Host header, or the authority of an absolute-form target; may be empty
  std::string_view fs_path;       // kRouteDirectory only
  std::string_view fragment;      // raw, without '#'; most unusual on the wire
  std::string_view headers;       // header block (header_block.h), names as sent, in order
  uint32_t header_count = 0;
  uint64_t body_bytes = 0;       // length of the body, inline or in the descriptor
  std::string_view inline_body;  // empty when a descriptor carries the body
};

// Appends the payload to `out`. `inline_body` is used when body_in_descriptor is false; then its size is the body's.
void encode_request(std::string& out, const RequestFields& fields, bool body_in_descriptor);

// Views into `payload`; fails on any length that does not add up. `has_descriptor`: the frame carried one, which then
// holds the body.
Result<RequestFields> decode_request(std::string_view payload, bool has_descriptor);

}  // namespace ravelin::ipc
