// The part of Http1Parser that understands header lines: what each says about framing, host and connection, and whether
// they agree at the end of the head (RFC 9110 7.6.1, 10.1.1; RFC 9112 3.2, 6).
#include "common/text.h"
#include "frontend/http1_parser.h"
#include "frontend/http1_request_line.h"
#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

// Calls `visit` for each non-empty element of a comma-separated list, blanks trimmed; returns how many there were.
template <typename Visit>
uint32_t for_each_element(std::string_view list, Visit visit) {
  uint32_t count = 0;
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view element = trim_blanks(list.substr(0, comma));
    if (!element.empty()) {
      visit(element);
      ++count;
    }
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return count;
}

}  // namespace

// `name` and `value` are well-formed here; keeps the line and takes what the frontend itself needs from it.
void Http1Parser::note_header(std::string_view name, std::string_view value) {
  ipc::append_header_line(head_.headers, name, value);
  auto is = [&](std::string_view known) { return equals_ignoring_case(name, known); };
  auto keep = [&](HeaderSlice& slice) {
    if (slice.present) return;
    slice = {static_cast<uint32_t>(head_.headers.size() - value.size()), static_cast<uint32_t>(value.size()), true};
  };
  switch (name.size()) {
    case 4:
      if (is("host")) note_host(value);
      break;
    case 5:
      if (is("range")) keep(head_.range);
      break;
    case 6:
      if (is("expect")) note_expect(value);
      break;
    case 7:
      if (is("upgrade")) keep(head_.upgrade_protocol);
      break;
    case 8:
      if (is("if-range")) keep(head_.if_range);
      break;
    case 10:
      if (is("connection")) note_connection(value);
      break;
    case 13:
      if (is("if-none-match")) keep(head_.if_none_match);
      break;
    case 14:
      if (is("content-length")) note_length(value);
      break;
    case 15:
      if (is("accept-encoding")) keep(head_.accept_encoding);
      break;
    case 17:
      if (is("transfer-encoding")) {
        note_codings(value);
      } else if (is("if-modified-since")) {
        keep(head_.if_modified_since);
      }
      break;
    default:
      break;
  }
}

void Http1Parser::note_host(std::string_view value) {
  if (++said_.host_lines > 1) return;  // refused at the end of the head
  said_.host_malformed = !is_valid_host(value);
  if (!head_.has_authority) head_.host = value;
}

void Http1Parser::note_length(std::string_view value) {
  ++said_.length_lines;
  head_.content_length = parse_decimal(value);
  said_.length_malformed = !head_.content_length.has_value();
}

void Http1Parser::note_expect(std::string_view value) {
  (equals_ignoring_case(value, "100-continue") ? said_.expect_continue : said_.expect_unknown) = true;
}

void Http1Parser::note_connection(std::string_view value) {
  for_each_element(value, [&](std::string_view option) {
    if (equals_ignoring_case(option, "close")) said_.close = true;
    if (equals_ignoring_case(option, "keep-alive")) said_.keep_alive = true;
    if (equals_ignoring_case(option, "upgrade")) said_.upgrade = true;
  });
}

void Http1Parser::note_codings(std::string_view value) {
  said_.has_coding = true;
  uint32_t count = for_each_element(value, [&](std::string_view coding) {
    said_.chunked_not_last |= said_.chunked_seen;
    said_.coding_malformed |= !is_token(coding);
    if (equals_ignoring_case(coding, "chunked")) {
      said_.chunked_seen = true;
    } else {
      said_.coding_unknown = true;
    }
  });
  if (count == 0) said_.coding_malformed = true;
}

// What must hold before the end of the head may be believed. False: fail() has been called.
bool Http1Parser::judge_head() {
  if (said_.host_lines > 1) return fail(400, "more than one Host header"), false;
  if (said_.host_lines == 0 && head_.version_minor == 1) return fail(400, "no Host header"), false;
  if (said_.host_malformed) return fail(400, "malformed Host header"), false;
  if (said_.length_lines > 1) return fail(400, "more than one Content-Length header"), false;
  if (said_.length_malformed) return fail(400, "malformed Content-Length header"), false;
  if (said_.has_coding && !judge_codings()) return false;
  if (said_.expect_unknown) return fail(417, "unknown expectation"), false;
  return true;
}

bool Http1Parser::judge_codings() {
  if (head_.version_minor == 0) return fail(400, "Transfer-Encoding in an HTTP/1.0 request"), false;
  if (said_.length_lines > 0) return fail(400, "Content-Length together with Transfer-Encoding"), false;
  if (said_.coding_malformed) return fail(400, "malformed Transfer-Encoding header"), false;
  if (said_.chunked_not_last) return fail(400, "chunked is not the last transfer coding"), false;
  if (said_.coding_unknown) return fail(501, "unknown transfer coding"), false;
  return true;
}

}  // namespace ravelin::frontend
