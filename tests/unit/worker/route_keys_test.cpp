// Map keys as patterns: each row of server-details 3.2.
#include "worker/route_keys.h"

#include <gtest/gtest.h>

namespace ravelin::worker {
namespace {

using ipc::MatchKind;
using ipc::RouteKind;

struct Row {
  const char* written;
  RouteKind kind;
  MatchKind match;
  const char* key;
};

constexpr RouteKind kFunction = RouteKind::kFunction;
constexpr RouteKind kDirectory = RouteKind::kDirectory;
constexpr RouteKind kModule = RouteKind::kModule;
constexpr RouteKind kModules = RouteKind::kModuleDirectory;

TEST(RouteKeys, NormalisesKeys) {
  const Row rows[] = {
      {"/exact", kFunction, MatchKind::kExact, "/exact"},
      {"exact.html", kFunction, MatchKind::kExact, "/exact.html"},
      {"", kFunction, MatchKind::kPrefix, "/"},
      {"/", kFunction, MatchKind::kPrefix, "/"},
      {"/dirfn/", kFunction, MatchKind::kPrefix, "/dirfn/"},
      {"/multi/", kModule, MatchKind::kPrefix, "/multi/"},
      {"/one", kModule, MatchKind::kExact, "/one"},
      {"/css", kDirectory, MatchKind::kPrefix, "/css/"},
      {"/css/", kDirectory, MatchKind::kPrefix, "/css/"},
      {"css", kDirectory, MatchKind::kPrefix, "/css/"},
      {"/", kDirectory, MatchKind::kPrefix, "/"},
      {"/rel", kModules, MatchKind::kPrefix, "/rel/"},
      {"/rel/", kModules, MatchKind::kPrefix, "/rel/"},
      {"~/re[0-9]+\\.txt$", kFunction, MatchKind::kRegex, "/re[0-9]+\\.txt$"},
      {"~.*", kModule, MatchKind::kRegex, ".*"},
      {"~\xC3\xA4", kFunction, MatchKind::kRegex, "\xC3\xA4"},
      {"/gl*b/x.html", kFunction, MatchKind::kGlob, "/gl*b/x.html"},
      {"*.php", kFunction, MatchKind::kGlob, "*.php"},
      {"a*", kFunction, MatchKind::kGlob, "/a*"},
      {"/a*/", kModule, MatchKind::kGlob, "/a*/"},
      {"/a\\*b*", kFunction, MatchKind::kGlob, "/a\\*b*"},
      {"/lit\\*eral", kFunction, MatchKind::kExact, "/lit*eral"},
      {"\\*x/", kFunction, MatchKind::kPrefix, "/*x/"},
      {"/di\\*r", kDirectory, MatchKind::kPrefix, "/di*r/"},
  };
  for (const Row& row : rows) {
    auto parsed = parse_route_key(row.written, row.kind);
    ASSERT_TRUE(parsed) << row.written << ": " << parsed.error().message;
    EXPECT_EQ(parsed.value().match, row.match) << row.written;
    EXPECT_EQ(parsed.value().key, row.key) << row.written;
  }
}

TEST(RouteKeys, RefusesBadKeys) {
  const struct {
    std::string_view written;
    RouteKind kind;
    const char* reason;
  } rows[] = {
      {"~/a(b", kFunction, "missing closing parenthesis at offset 4"},
      {"~[z-a]", kFunction, "at offset 3"},
      {"~", kFunction, "no regular expression"},
      {"~\xFF", kFunction, "UTF-8"},
      {"/a*", kDirectory, "a directory cannot be mapped by a glob"},
      {"~/a", kDirectory, "a directory cannot be mapped by a regular expression"},
      {"/a*", kModules, "a modulePath cannot be mapped by a glob"},
      {"~/a", kModules, "a modulePath cannot be mapped by a regular expression"},
      {std::string_view("/a\0b", 4), kFunction, "NUL"},
  };
  for (const auto& row : rows) {
    auto parsed = parse_route_key(row.written, row.kind);
    ASSERT_FALSE(parsed) << row.written;
    EXPECT_NE(parsed.error().message.find(row.reason), std::string::npos) << parsed.error().message;
  }
}

TEST(RouteKeys, IndexFilesStandForTheirDirectory) {
  const struct {
    const char* key;
    const char* directory;
  } rows[] = {{"/index.html", "/"},  {"/fx/index.html", "/fx/"}, {"/fx/xindex.html", ""},
              {"/fx/index.htm", ""}, {"/index.html/", ""},       {"/*/index.html", ""}};
  for (const auto& row : rows) {
    auto parsed = parse_route_key(row.key, RouteKind::kFunction);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(index_directory_of(parsed.value()), row.directory) << row.key;
  }
}

TEST(RouteKeys, KnowsWebsocketKeys) {
  for (const char* key : {"ws:/x", "ws://x", "~ws:/x"}) EXPECT_TRUE(is_websocket_key(key)) << key;
  for (const char* key : {"/ws:", "ws", "wss:/x", "~/ws:"}) EXPECT_FALSE(is_websocket_key(key)) << key;
}

}  // namespace
}  // namespace ravelin::worker
