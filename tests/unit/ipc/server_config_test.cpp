#include "ipc/server_config.h"

#include <gtest/gtest.h>

#include "common/bytes.h"
#include "ipc/message_table.h"

namespace ravelin::ipc {
namespace {

// Every field differs from its default and from its neighbours.
ServerConfig sample() {
  ServerConfig config;
  config.map_sort = false;
  config.developer_mode = true;
  config.has_not_found = true;
  config.has_directory_func = true;
  config.workers = 7;
  config.loops = 3;
  config.script_timeout_ms = 1001;
  config.connect_timeout_ms = 1002;
  config.max_body_bytes = 0x1'0000'0003;
  config.max_memory_bytes = 1004;
  config.max_request_line = 1005;
  config.max_header_bytes = 1006;
  config.max_read = 1007;
  config.max_write = 1008;
  config.queue_length = 1009;
  config.queue_age_ms = 1010;
  config.grace_ms = 1011;
  config.range_cap_bytes = 1012;
  config.cache_control = "max-age=84600, public";
  config.default_charset = "utf-8";
  config.spool_directory = "/var/spool/ravelin";
  config.mime = {{"m4v", "video/x-m4v"}, {"jpg", "image/special"}};
  config.routes = {
      {RouteKind::kDirectory, MatchKind::kPrefix, "/", "/srv/html/", {{"X-A", "1"}, {"X-B", ""}}, 0},
      {RouteKind::kFunction, MatchKind::kExact, "/hi", "/hi", {}, 1},
      {RouteKind::kModule, MatchKind::kRegex, "^/x[0-9]+$", "mod.js", {}, 2},
      {RouteKind::kModuleDirectory, MatchKind::kGlob, "/m/*.html", "/srv/mods/", {}, 0xffffffff},
  };
  return config;
}

void expect_equal(const ServerConfig& left, const ServerConfig& right) {
  EXPECT_EQ(left.map_sort, right.map_sort);
  EXPECT_EQ(left.developer_mode, right.developer_mode);
  EXPECT_EQ(left.has_not_found, right.has_not_found);
  EXPECT_EQ(left.has_directory_func, right.has_directory_func);
  EXPECT_EQ(left.workers, right.workers);
  EXPECT_EQ(left.loops, right.loops);
  EXPECT_EQ(left.script_timeout_ms, right.script_timeout_ms);
  EXPECT_EQ(left.connect_timeout_ms, right.connect_timeout_ms);
  EXPECT_EQ(left.max_body_bytes, right.max_body_bytes);
  EXPECT_EQ(left.max_memory_bytes, right.max_memory_bytes);
  EXPECT_EQ(left.max_request_line, right.max_request_line);
  EXPECT_EQ(left.max_header_bytes, right.max_header_bytes);
  EXPECT_EQ(left.max_read, right.max_read);
  EXPECT_EQ(left.max_write, right.max_write);
  EXPECT_EQ(left.queue_length, right.queue_length);
  EXPECT_EQ(left.queue_age_ms, right.queue_age_ms);
  EXPECT_EQ(left.grace_ms, right.grace_ms);
  EXPECT_EQ(left.range_cap_bytes, right.range_cap_bytes);
  EXPECT_EQ(left.cache_control, right.cache_control);
  EXPECT_EQ(left.default_charset, right.default_charset);
  EXPECT_EQ(left.spool_directory, right.spool_directory);
  EXPECT_EQ(left.mime, right.mime);
  ASSERT_EQ(left.routes.size(), right.routes.size());
  for (size_t i = 0; i < left.routes.size(); ++i) {
    EXPECT_EQ(left.routes[i].kind, right.routes[i].kind) << i;
    EXPECT_EQ(left.routes[i].match, right.routes[i].match) << i;
    EXPECT_EQ(left.routes[i].key, right.routes[i].key) << i;
    EXPECT_EQ(left.routes[i].target, right.routes[i].target) << i;
    EXPECT_EQ(left.routes[i].headers, right.routes[i].headers) << i;
    EXPECT_EQ(left.routes[i].order, right.routes[i].order) << i;
  }
}

TEST(ServerConfigFrame, RoundTrip) {
  auto back = decode_config(encode_config(sample()));
  ASSERT_TRUE(back) << back.error().message;
  expect_equal(back.value(), sample());
}

TEST(ServerConfigFrame, RoundTripOfTheDefaults) {
  std::string payload = encode_config(ServerConfig{});
  EXPECT_GE(payload.size(), find_rule(static_cast<uint8_t>(FrameType::kConfig))->min_payload);
  auto back = decode_config(payload);
  ASSERT_TRUE(back) << back.error().message;
  expect_equal(back.value(), ServerConfig{});
}

TEST(ServerConfigFrame, EachFlagTravelsAlone) {
  bool ServerConfig::*flags[] = {&ServerConfig::map_sort, &ServerConfig::developer_mode, &ServerConfig::has_not_found,
                                 &ServerConfig::has_directory_func};
  for (auto flag : flags) {
    ServerConfig config;
    config.map_sort = false;
    config.*flag = true;
    auto back = decode_config(encode_config(config));
    ASSERT_TRUE(back);
    expect_equal(back.value(), config);
  }
}

TEST(ServerConfigFrame, ManyRoutes) {
  ServerConfig config;
  for (uint32_t i = 0; i < 5000; ++i)
    config.routes.push_back({RouteKind::kFunction, MatchKind::kExact, "/" + std::to_string(i), "f", {}, i});
  auto back = decode_config(encode_config(config));
  ASSERT_TRUE(back);
  expect_equal(back.value(), config);
}

TEST(ServerConfigFrame, EveryTruncationFails) {
  const std::string payload = encode_config(sample());
  for (size_t cut = 0; cut < payload.size(); ++cut)
    ASSERT_FALSE(decode_config(std::string_view(payload).substr(0, cut))) << cut;
}

TEST(ServerConfigFrame, BytesBehindTheEndFail) { EXPECT_FALSE(decode_config(encode_config(sample()) + "x")); }

TEST(ServerConfigFrame, WorkersAndLoopsAreBounded) {
  auto decodes = [](uint32_t workers, uint32_t loops) {
    ServerConfig config = sample();
    config.workers = workers;
    config.loops = loops;
    return static_cast<bool>(decode_config(encode_config(config)));
  };
  EXPECT_TRUE(decodes(1, 1));
  EXPECT_TRUE(decodes(limits::kMaxWorkers, limits::kMaxLoops));
  EXPECT_FALSE(decodes(0, 1));
  EXPECT_FALSE(decodes(1, 0));
  EXPECT_FALSE(decodes(limits::kMaxWorkers + 1, 1));
  EXPECT_FALSE(decodes(1, limits::kMaxLoops + 1));
}

TEST(ServerConfigFrame, ValuesOutsideTheirEnumFail) {
  ServerConfig config;
  config.routes = {{RouteKind::kFunction, MatchKind::kExact, "", "", {}, 0}};
  const std::string payload = encode_config(config);
  // The only route is the end of the frame: kind (1), match (1), two empty strings, no headers, order.
  size_t kind_at = payload.size() - 4 - 4 - 4 - 4 - 2;
  for (int value = 0; value < 256; ++value) {
    std::string with_kind = payload, with_match = payload;
    with_kind[kind_at] = static_cast<char>(value);
    with_match[kind_at + 1] = static_cast<char>(value);
    EXPECT_EQ(static_cast<bool>(decode_config(with_kind)), value <= static_cast<int>(RouteKind::kModuleDirectory));
    EXPECT_EQ(static_cast<bool>(decode_config(with_match)), value <= static_cast<int>(MatchKind::kGlob));
  }
}

TEST(ServerConfigFrame, HugeCountsFailAtOnce) {
  ServerConfig config;
  const std::string payload = encode_config(config);
  std::string many_routes = payload, many_types = payload;
  for (size_t i = 0; i < 4; ++i) {
    many_routes[payload.size() - 4 + i] = '\xff';
    many_types[payload.size() - 8 + i] = '\xff';
  }
  EXPECT_FALSE(decode_config(many_routes));
  EXPECT_FALSE(decode_config(many_types));
}

TEST(ServerConfigFrame, EveryByteMayLieWithoutHarm) {
  const std::string payload = encode_config(sample());
  for (size_t i = 0; i < payload.size(); ++i) {
    for (int value : {0, 1, 0x7f, 0xff}) {
      std::string changed = payload;
      changed[i] = static_cast<char>(value);
      auto back = decode_config(changed);  // either way: the sanitizers watch
      if (back) {
        EXPECT_LE(back.value().workers, limits::kMaxWorkers);
      }
    }
  }
}

TEST(ServerConfigFrame, MimeTableHasTheOverrides) {
  MimeTable table = sample().mime_table();
  EXPECT_EQ(table.find("m4v"), "video/x-m4v");
  EXPECT_EQ(table.find("jpg"), "image/special");
  EXPECT_EQ(table.find("html"), "text/html");
}

TEST(ListenerFrame, RoundTrip) {
  ListenerInfo listener{"[::1]:8088", 15, true};
  std::string payload = encode_listener(listener);
  auto back = decode_listener(payload);
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().address, listener.address);
  EXPECT_EQ(back.value().loop, 15u);
  EXPECT_TRUE(back.value().secure);
  EXPECT_FALSE(decode_listener(encode_listener({"a", 0, false})).value().secure);
}

TEST(ListenerFrame, FitsItsRow) {
  const MessageRule* rule = find_rule(static_cast<uint8_t>(FrameType::kListener));
  EXPECT_GE(encode_listener({"", 0, false}).size(), rule->min_payload);
  EXPECT_LE(encode_listener({std::string(108, 'x'), 0, false}).size(), rule->max_payload);
}

TEST(ListenerFrame, EveryTruncationAndExtensionFails) {
  const std::string payload = encode_listener({"127.0.0.1:80", 1, false});
  for (size_t cut = 0; cut < payload.size(); ++cut)
    EXPECT_FALSE(decode_listener(std::string_view(payload).substr(0, cut))) << cut;
  EXPECT_FALSE(decode_listener(payload + "x"));
}

}  // namespace
}  // namespace ravelin::ipc
