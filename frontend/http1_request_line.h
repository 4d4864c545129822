// Reads one request line and judges hosts: the parts of HTTP/1 syntax that llhttp is too narrow for (methods it does
// not know, bytes over 0x7F in targets) or too wide. Not for: header lines, framing (http1_parser.h), dot segments.
// Frontend; called by Http1Parser. Pure.
#pragma once

#include <string_view>

#include "frontend/http1_parser.h"

namespace ravelin::frontend {

// Why a request line is refused; text nullptr: it is fine.
struct LineFault {
  int status = 0;
  const char* text = nullptr;
};

// Fills method, version_minor, path, query and, for an absolute-form target, host of a cleared `head` (RFC 9112 3).
// `line` comes without CR LF.
LineFault parse_request_line(std::string_view line, RequestHead& head);

// uri-host [ ":" port ] of RFC 9110 7.2. Empty is valid.
bool is_valid_host(std::string_view host);

}  // namespace ravelin::frontend
