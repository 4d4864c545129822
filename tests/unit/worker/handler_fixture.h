// A Handler with a real heap, for tests: routes written as script text, requests from a few fields, and the Reply frame
// as a frontend would receive it over a socketpair.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/sys.h"
#include "ipc/channel.h"
#include "ipc/header_block.h"
#include "ipc/reply_frame.h"
#include "tests/unit/worker/js_fixture.h"
#include "worker/handler.h"

namespace ravelin::worker {

struct TestRequest {
  uint32_t route = 0;
  std::string method = "GET";
  std::string path = "/r";
  std::string query{};
  std::string host = "localhost:8088";
  std::string fs_path{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  bool body_in_descriptor = false;
  bool secure = false;
};

struct TestReply {
  int status = 0;
  int flags = 0;
  bool in_descriptor = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Handler::Outcome outcome = Handler::Outcome::kAnswered;

  std::string header(std::string_view name) const {
    std::string all;
    for (const auto& [known, value] : headers)
      if (known == name) all += (all.empty() ? "" : "|") + value;
    return all;
  }
  std::string type() const { return header("Content-Type"); }
};

inline UniqueFd memory_file(const std::string& bytes) {
  UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

struct HandlerSite {
  Site site;
  ipc::ServerConfig config;
  std::unique_ptr<Handler> handler;

  HandlerSite() {
    config.default_charset = "utf-8";
    config.spool_directory = site.folder.path();
    config.developer_mode = true;
    site.run("var routes = []");
  }

  // Adds a function route; returns its index.
  uint32_t route(const std::string& function, const std::string& key = "/r") {
    ipc::Route route;
    route.key = route.target = key;
    std::string result = site.run("routes.push(" + function + ")");
    EXPECT_EQ(result.find("throws"), std::string::npos) << result;
    config.routes.push_back(route);
    return static_cast<uint32_t>(config.routes.size() - 1);
  }
  uint32_t module_route(ipc::RouteKind kind, const std::string& key, const std::string& target,
                        ipc::MatchKind match = ipc::MatchKind::kPrefix) {
    ipc::Route route;
    route.kind = kind;
    route.match = match;
    route.key = key;
    route.target = target;
    site.run("routes.push(null)");
    config.routes.push_back(route);
    return static_cast<uint32_t>(config.routes.size() - 1);
  }
  // An expression: function, module name, true.
  void special(const char* stash_key, const std::string& expression) {
    site.run("var special = " + expression);
    put_in_stash("special", stash_key);
  }

  TestReply run(const TestRequest& request = {}, ipc::FrameType expected = ipc::FrameType::kReply) {
    if (!handler) {
      put_in_stash("routes", kStashRoutes);
      handler = std::make_unique<Handler>(site.heap, config);
    }
    std::string block;
    for (const auto& [name, value] : request.headers) ipc::append_header_line(block, name, value);
    ipc::RequestFields fields;
    fields.route = request.route;
    fields.secure = request.secure;
    fields.peer_ip = "::1";
    fields.peer_port = 33948;
    fields.method = request.method;
    fields.path = fields.matched_path = request.path;
    fields.query = request.query;
    fields.host = request.host;
    fields.fs_path = request.fs_path;
    fields.headers = block;
    fields.header_count = static_cast<uint32_t>(request.headers.size());
    fields.body_bytes = request.body.size();
    UniqueFd file;
    if (request.body_in_descriptor) {
      file = memory_file(request.body);
    } else {
      fields.inline_body = request.body;
    }
    auto ends = make_socketpair();
    ipc::Channel worker_end(std::move(ends.value().first), ipc::Role::kFrontend);
    ipc::Channel frontend_end(std::move(ends.value().second), ipc::Role::kWorker);
    duk_idx_t top = duk_get_top(site.js());
    Handler::Outcome outcome = handler->run(fields, std::move(file), 7, 99, worker_end);
    EXPECT_EQ(duk_get_top(site.js()), top) << "the value stack must be as before";
    TestReply reply = receive(worker_end, frontend_end, expected);
    reply.outcome = outcome;
    return reply;
  }

  // One function, one GET.
  TestReply get(const std::string& function, ipc::FrameType expected = ipc::FrameType::kReply) {
    return run({.route = add_late(function)}, expected);
  }

  // The body that a function makes of a request.
  std::string text(const std::string& function, TestRequest request) {
    request.route = add_late(function);
    return run(request).body;
  }

 private:
  uint32_t add_late(const std::string& function) {
    handler.reset();
    return route(function);
  }

  void put_in_stash(const char* global, const char* key) {
    duk_context* js = site.js();
    duk_push_heap_stash(js);
    duk_get_global_string(js, global);
    duk_put_prop_string(js, -2, key);
    duk_pop(js);
  }

  static TestReply receive(ipc::Channel& from, ipc::Channel& to, ipc::FrameType expected) {
    TestReply reply;
    ipc::Frame frame;
    auto next = ipc::FrameDecoder::Next::kNeedMore;
    for (int turns = 0; turns < 1000 && next == ipc::FrameDecoder::Next::kNeedMore; ++turns) {
      from.flush();
      to.receive();
      next = to.next(frame);
    }
    EXPECT_EQ(next, ipc::FrameDecoder::Next::kFrame);
    if (next != ipc::FrameDecoder::Next::kFrame) return reply;
    EXPECT_EQ(frame.type, expected);
    EXPECT_EQ(frame.slot, 7);
    EXPECT_EQ(frame.stream, 99u);
    if (expected != ipc::FrameType::kReply) return reply;
    reply.in_descriptor = static_cast<bool>(frame.descriptor);
    auto fields = ipc::decode_reply(frame.payload, reply.in_descriptor);
    EXPECT_TRUE(static_cast<bool>(fields));
    if (!fields) return reply;
    reply.status = fields.value().status;
    reply.flags = fields.value().flags;
    ipc::HeaderBlockReader reader(fields.value().headers);
    for (ipc::HeaderLine line; reader.next(line);) reply.headers.emplace_back(line.name, line.value);
    EXPECT_EQ(reply.headers.size(), fields.value().header_count);
    reply.body = fields.value().inline_body;
    if (reply.in_descriptor) {
      reply.body.resize(fields.value().body_bytes);
      EXPECT_EQ(pread(frame.descriptor.get(), reply.body.data(), reply.body.size(),
                      static_cast<off_t>(fields.value().body_offset)),
                static_cast<ssize_t>(reply.body.size()));
    }
    EXPECT_EQ(to.next(frame), ipc::FrameDecoder::Next::kNeedMore) << "exactly one frame";
    return reply;
  }
};

}  // namespace ravelin::worker
