// Runs a byte stream through Http1Parser, cut in some way, and writes down everything that came out as text: so two
// ways of cutting can be compared. Shared by the unit test and the fuzz target.
#pragma once

#include <string>
#include <string_view>

#include "frontend/http1_parser.h"
#include "ipc/header_block.h"

namespace ravelin::frontend {

inline std::string describe(const RequestHead& head) {
  std::string text = head.method + " " + head.path;
  if (head.has_query) text += "?" + head.query;
  text += " 1." + std::to_string(head.version_minor) + " host=" + head.host;
  if (head.has_authority) text += " absolute";
  if (!head.keep_alive) text += " close";
  if (head.upgrade) text += " upgrade";
  if (head.chunked) text += " chunked";
  if (head.expect_continue) text += " expect";
  if (head.content_length) text += " length=" + std::to_string(*head.content_length);
  text += "\n";
  ipc::HeaderBlockReader reader(head.headers);
  ipc::HeaderLine line;
  while (reader.next(line)) text.append(line.name).append("=").append(line.value).append("\n");
  return text + (reader.ok() ? "" : "broken block\n");
}

// `next_cut` gives the size of the next piece (at least 1).
template <typename NextCut>
std::string outcome_of(std::string_view stream, const ParserLimits& limits, NextCut next_cut) {
  Http1Parser parser(limits);
  std::string text, body;
  while (!stream.empty()) {
    std::string_view piece = stream.substr(0, next_cut());
    stream.remove_prefix(piece.size());
    for (bool more = true; more;) {
      size_t consumed = 0;
      // A copy on the heap of exactly its size, so that a sanitizer sees every step beyond it.
      std::string copy(piece);
      copy.shrink_to_fit();
      Http1Parser::Event event = parser.feed(copy, consumed);
      piece.remove_prefix(consumed);
      body += parser.body();
      parser.body().clear();
      switch (event) {
        case Http1Parser::Event::kNeedMore:
          more = false;
          break;
        case Http1Parser::Event::kHeadDone:
          text += describe(parser.head());
          break;
        case Http1Parser::Event::kMessageDone:
          text += "body=" + body + "\n";
          body.clear();
          parser.next_message();
          break;
        case Http1Parser::Event::kError:
          return text + "error " + std::to_string(parser.error_status());
      }
    }
  }
  if (!body.empty()) text += "part=" + body + "\n";
  return text + (parser.started() ? "open" : "idle");
}

}  // namespace ravelin::frontend
