#include "frontend/static_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/text.h"
#include "frontend/path_normalise.h"
#include "frontend/static_open.h"
#include "ipc/header_block.h"

namespace ravelin::frontend {
namespace {

using Outcome = StaticReply::Outcome;
namespace fs = std::filesystem;

const std::string kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
constexpr int64_t kMtime = 784111777;  // of every file made here: 06 Nov 1994 08:49:37

struct Answer {
  Outcome outcome;
  int status;
  std::string head;  // with its empty line
  std::string body;
  std::string lines;
  std::string fs_path;
  bool from_file;
  // Value of the first such header line, or "-".
  std::string header(const std::string& name) const {
    size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "-";
    at += name.size() + 4;
    return head.substr(at, head.find("\r\n", at) - at);
  }
};

class StaticFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/static_file_test.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    base_ = name;
    fs::create_directories(base_ / "root/sub/empty");
    fs::create_directories(base_ / "root/htm");
    fs::create_directories(base_ / "outside");
    write("secret", "secret");
    write("outside/o.txt", "outside");
    write("root/index.html", "<h1>index</h1>");
    write("root/a b.txt", "blank");
    write("root/a+b.txt", "plus");
    write("root/caf\xC3\xA9.txt", "utf-8");
    write("root/%2e%2e.txt", "percent");
    write("root/x.JPG", "jpeg");
    write("root/none", "no extension");
    write("root/empty.css", "");
    write("root/sub/f.html", "sub");
    write("root/htm/index.htm", "htm");
    write("root/big.bin", std::string(100'000, 'b'));
    config_.routes.resize(2);
    config_.routes[0].kind = ipc::RouteKind::kFunction;
    ipc::Route& route = config_.routes[1];
    route.kind = ipc::RouteKind::kDirectory;
    route.match = ipc::MatchKind::kPrefix;
    route.key = "/";
    route.target = (base_ / "root").string() + "/";
  }
  void TearDown() override { fs::remove_all(base_); }

  void write(const std::string& name, const std::string& contents) {
    std::ofstream(base_ / name, std::ios::binary) << contents;
    const timespec times[2] = {{kMtime, 5}, {kMtime, 5}};
    ASSERT_EQ(utimensat(AT_FDCWD, (base_ / name).c_str(), times, 0), 0);
  }

  // The answer to `method target`, the way the route stage asks.
  Answer ask(StaticFiles& files, const std::string& target, const std::string& lines = "",
             const std::string& method = "GET") {
    Http1Parser parser{ParserLimits()};
    size_t consumed = 0;
    EXPECT_EQ(parser.feed(method + " " + target + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n", consumed),
              Http1Parser::Event::kHeadDone);
    std::string scratch;
    std::string_view path;
    EXPECT_EQ(normalise_path(parser.head().path, scratch, path), PathVerdict::kFine);
    std::string out = "before|";
    StaticReply reply;
    reply.status = 999;  // must be overwritten
    files.serve({1, path, &parser.head(), {false, 1, true, kDate}}, out, reply);
    EXPECT_TRUE(out.starts_with("before|"));
    out.erase(0, 7);
    Answer answer{reply.outcome, reply.status, "", "", std::string(reply.lines), reply.fs_path, bool(reply.file)};
    if (reply.outcome != Outcome::kReply) {
      EXPECT_EQ(out, "");
      return answer;
    }
    size_t end = out.find("\r\n\r\n") + 4;
    answer.head = out.substr(0, end);
    answer.body = out.substr(end);
    if (reply.file) {
      EXPECT_EQ(answer.body, "");
      answer.body.resize(reply.bytes);
      EXPECT_EQ(pread(reply.file.get(), answer.body.data(), reply.bytes, static_cast<off_t>(reply.offset)),
                static_cast<ssize_t>(reply.bytes));
    }
    EXPECT_EQ(answer.body.size(), reply.body_bytes);
    return answer;
  }
  Answer get(const std::string& target, const std::string& lines = "", const std::string& method = "GET") {
    StaticFiles files(config_);
    return ask(files, target, lines, method);
  }
  std::string body(const std::string& target) { return get(target).body; }
  int status(const std::string& target) { return get(target).status; }

  fs::path base_;
  ipc::ServerConfig config_;
};

TEST_F(StaticFilesTest, AFile) {
  Answer answer = get("/sub/f.html");
  EXPECT_EQ(answer.outcome, Outcome::kReply);
  EXPECT_EQ(answer.head.substr(0, answer.head.find("ETag")),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_TRUE(answer.head.ends_with(kDate + "Content-Length: 3\r\n\r\n")) << answer.head;
  EXPECT_EQ(answer.body, "sub");
  EXPECT_FALSE(answer.from_file);
}

TEST_F(StaticFilesTest, NamesAndTypes) {
  EXPECT_EQ(body("/a%20b.txt"), "blank");
  EXPECT_EQ(body("/a+b.txt"), "plus");
  EXPECT_EQ(body("/caf%C3%A9.txt"), "utf-8");
  EXPECT_EQ(body("/caf\xC3\xA9.txt"), "utf-8");
  EXPECT_EQ(body("/%252e%252e.txt"), "percent");  // decoded once
  EXPECT_EQ(body("//sub/./f.html?x"), "sub");
  EXPECT_EQ(get("/x.JPG").header("Content-Type"), "image/jpeg");
  EXPECT_EQ(get("/none").header("Content-Type"), "application/octet-stream");
  Answer empty = get("/empty.css");
  EXPECT_EQ(empty.header("Content-Type"), "text/css");
  EXPECT_EQ(empty.header("Content-Length"), "0");
  config_.default_charset = "utf-8";
  config_.mime.emplace_back("jpg", "image/x-mine");
  EXPECT_EQ(get("/empty.css").header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(get("/x.JPG").header("Content-Type"), "image/x-mine");
}

TEST_F(StaticFilesTest, LargeFilesAreHandedOver) {
  Answer answer = get("/big.bin");
  EXPECT_TRUE(answer.from_file);
  EXPECT_EQ(answer.body, std::string(100'000, 'b'));
  EXPECT_EQ(answer.header("Content-Length"), "100000");
  for (size_t size : {16 * 1024u, 16 * 1024u + 1}) {
    write("root/edge", std::string(size, 'e'));
    answer = get("/edge");
    EXPECT_EQ(answer.body.size(), size);
    EXPECT_EQ(answer.from_file, size > 16 * 1024);
  }
}

TEST_F(StaticFilesTest, SparseFileOver4GB) {
  write("root/huge", "");
  ASSERT_EQ(truncate((base_ / "root/huge").c_str(), 5'000'000'000), 0);
  Answer answer = get("/huge", "", "HEAD");
  EXPECT_EQ(answer.header("Content-Length"), "5000000000");
}

TEST_F(StaticFilesTest, Methods) {
  Answer head = get("/big.bin", "", "HEAD");
  EXPECT_EQ(head.header("Content-Length"), "100000");
  EXPECT_EQ(head.body, "");
  EXPECT_FALSE(head.from_file);
  EXPECT_EQ(head.head, get("/big.bin").head);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "FOO", "get"}) {
    Answer answer = get("/none", "", method);
    EXPECT_EQ(answer.outcome, Outcome::kError);
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.lines, "Allow: GET, HEAD\r\n");
  }
}

TEST_F(StaticFilesTest, NothingOutsideTheRoot) {
  EXPECT_EQ(status("/..%2fsecret"), 400);
  EXPECT_EQ(status("/..%2Fsecret"), 400);
  EXPECT_EQ(status("/sub/..%2f..%2fsecret"), 400);
  EXPECT_EQ(status("/sub%2f..%2f..%2fsecret"), 400);
  EXPECT_EQ(status("/%2f..%2fsecret"), 400);
  EXPECT_EQ(status("/..%5csecret"), 404);
  EXPECT_EQ(status("/%2e%2e%252fsecret"), 404);
  EXPECT_EQ(status("/..%c0%afsecret"), 404);
  EXPECT_EQ(status("/%2fetc%2fpasswd"), 404);
  EXPECT_EQ(body("/sub/..%2fsub/f.html"), "sub");
  // The root is that of the route: its neighbours are outside too.
  config_.routes[1].key = "/sub/";
  config_.routes[1].target = (base_ / "root/sub").string() + "/";
  EXPECT_EQ(status("/sub/..%2fnone"), 400);
  EXPECT_EQ(body("/sub/f.html"), "sub");
}

TEST_F(StaticFilesTest, SymbolicLinksMayLeaveTheRoot) {
  fs::create_symlink("../outside/o.txt", base_ / "root/relative");
  fs::create_symlink(base_ / "outside/o.txt", base_ / "root/absolute");
  fs::create_directory_symlink(base_ / "outside", base_ / "root/dir");
  fs::create_symlink("loop", base_ / "root/loop");
  fs::create_symlink("nowhere", base_ / "root/dangling");
  fs::create_symlink("/proc/self/cwd", base_ / "root/magic");
  EXPECT_EQ(body("/relative"), "outside");
  EXPECT_EQ(body("/absolute"), "outside");
  EXPECT_EQ(body("/dir/o.txt"), "outside");
  EXPECT_EQ(status("/dir"), 302);
  EXPECT_EQ(status("/dir/..%2fsecret"), 404);  // "/secret" in the root, not beside the link's target
  EXPECT_EQ(status("/loop"), 404);
  EXPECT_EQ(status("/dangling"), 404);
  EXPECT_EQ(status("/magic/"), 404);
}

TEST_F(StaticFilesTest, Directories) {
  EXPECT_EQ(body("/"), "<h1>index</h1>");
  EXPECT_EQ(get("/").header("Content-Type"), "text/html");
  EXPECT_EQ(body("/htm/"), "htm");
  EXPECT_EQ(status("/sub/"), 403);
  EXPECT_EQ(status("/nowhere/"), 404);
  EXPECT_EQ(status("/none/"), 404);
  EXPECT_EQ(status("/none/x"), 404);
  config_.has_directory_func = true;
  Answer answer = get("/sub/");
  EXPECT_EQ(answer.outcome, Outcome::kDirectory);
  EXPECT_EQ(answer.fs_path, (base_ / "root/sub").string() + "/");
  EXPECT_EQ(get("/sub/empty/../").fs_path, (base_ / "root/sub").string() + "/");
  fs::create_directories(base_ / "root/sub/index.html");  // not a file: does not count
  EXPECT_EQ(get("/sub/").outcome, Outcome::kDirectory);
  fs::remove(base_ / "root/index.html");
  EXPECT_EQ(get("/").fs_path, (base_ / "root").string() + "/");
}

TEST_F(StaticFilesTest, RedirectToTheSlash) {
  EXPECT_EQ(get("/sub").status, 302);
  EXPECT_EQ(get("/sub").header("Location"), "/sub/");
  EXPECT_EQ(get("/sub").header("Content-Length"), "0");
  EXPECT_EQ(get("/sub?a=1&b").header("Location"), "/sub/?a=1&b");
  EXPECT_EQ(get("//sub?").header("Location"), "/sub/?");
  EXPECT_EQ(get("/s%75b").header("Location"), "/s%75b/");
  fs::create_directories(base_ / "root/\\evil");
  EXPECT_EQ(get("/\\evil?\xFF").header("Location"), "/%5Cevil/?%FF");  // a browser reads "/\" as "//"
}

TEST_F(StaticFilesTest, GzipCacheIsHidden) {
  fs::create_directories(base_ / "root/.gzipcache");
  write("root/.gzipcache/x.gz", "gz");
  for (const char* path :
       {"/.gzipcache/x.gz", "/.gzipcache/", "/%2egzipcache/x.gz", "/.gzipcache%2fx.gz", "/sub/..%2f.gzipcache/x.gz"})
    EXPECT_EQ(status(path), 404) << path;
}

TEST_F(StaticFilesTest, OtherErrors) {
  EXPECT_EQ(status("/nothing"), 404);
  EXPECT_EQ(status("/" + std::string(300, 'n')), 404);
  EXPECT_EQ(status("/" + std::string(5000, 'n')), 404);
  ASSERT_EQ(mkfifo((base_ / "root/fifo").c_str(), 0644), 0);
  EXPECT_EQ(status("/fifo"), 404);
  EXPECT_EQ(status_of_open_error(EACCES), 403);
  EXPECT_EQ(status_of_open_error(EMFILE), 503);
  EXPECT_EQ(status_of_open_error(EIO), 500);
}

TEST_F(StaticFilesTest, UnreadableIs403) {
  write("root/locked", "x");
  fs::create_directories(base_ / "root/closed");
  write("root/closed/index.html", "x");
  fs::permissions(base_ / "root/locked", fs::perms::none);
  fs::permissions(base_ / "root/closed", fs::perms::none);
  fs::permissions(base_, fs::perms(0755));
  bool is_root = geteuid() == 0;  // root may read anything
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  Answer file = get("/locked"), directory = get("/closed/");
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(file.status, 403);
  EXPECT_EQ(directory.status, 403);
}

TEST_F(StaticFilesTest, OutOfDescriptorsIs503) {
  StaticFiles files(config_);
  rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit none{0, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Answer answer = ask(files, "/none");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(ask(files, "/none").status, 200);
}

TEST_F(StaticFilesTest, RouteHeadersAndCacheControl) {
  config_.cache_control = "max-age=84600, public";
  config_.routes[1].headers = {{"X-N", "5"},      {"Set-Cookie", "a"}, {"Set-Cookie", "b"},
                               {"Bad Name", "x"}, {"X-Bad", "a\nb"},   {"Content-Length", "1"}};
  for (const char* path : {"/none", "/"}) {
    Answer answer = get(path);
    EXPECT_NE(answer.head.find("X-N: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nCache-Control: max-age=84600, public\r\n"),
              std::string::npos);
    EXPECT_EQ(answer.head.find("Bad"), std::string::npos);
    EXPECT_NE(answer.header("Content-Length"), "1");
  }
  config_.routes[1].headers = {{"cache-CONTROL", "no-store"}, {"content-type", "text/x"}};
  Answer answer = get("/none");
  EXPECT_EQ(answer.header("Cache-Control"), "-");
  EXPECT_EQ(answer.header("cache-CONTROL"), "no-store");
  EXPECT_EQ(answer.header("Content-Type"), "-");
  EXPECT_EQ(answer.header("content-type"), "text/x");
}

TEST_F(StaticFilesTest, ConditionalRequests) {
  config_.cache_control = "public";
  std::string etag = get("/none").header("ETag");
  ASSERT_EQ(etag.front(), '"');
  auto with = [&](const std::string& lines) { return get("/none", lines).status; };
  EXPECT_EQ(with("If-None-Match: " + etag + "\r\n"), 304);
  EXPECT_EQ(with("If-None-Match: W/" + etag + "\r\n"), 304);
  EXPECT_EQ(with("If-None-Match: \"a,b\", " + etag + " , \"c\"\r\n"), 304);
  EXPECT_EQ(with("If-None-Match: *\r\n"), 304);
  EXPECT_EQ(with("If-None-Match: \"other\"\r\n"), 200);
  EXPECT_EQ(with("If-None-Match:\r\n"), 200);
  EXPECT_EQ(with("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 304);
  EXPECT_EQ(with("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"), 200);
  EXPECT_EQ(with("If-Modified-Since: Sunday, 06-Nov-94 08:49:38 GMT\r\n"), 304);
  EXPECT_EQ(with("If-Modified-Since: long ago\r\n"), 200);
  EXPECT_EQ(with("If-None-Match: \"other\"\r\nIf-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT\r\n"), 200);
  Answer answer = get("/big.bin", "If-None-Match: " + get("/big.bin").header("ETag") + "\r\n");
  EXPECT_EQ(answer.status, 304);
  EXPECT_FALSE(answer.from_file);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("Content-Length"), "-");
  EXPECT_EQ(answer.header("Cache-Control"), "public");
  EXPECT_EQ(answer.header("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_F(StaticFilesTest, Ranges) {
  Answer part = get("/a%20b.txt", "Range: bytes=1-2\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "la");
  EXPECT_EQ(part.header("Content-Range"), "bytes 1-2/5");
  EXPECT_EQ(part.header("Content-Length"), "2");
  EXPECT_EQ(part.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(part.header("ETag"), get("/a%20b.txt").header("ETag"));
  config_.range_cap_bytes = 1000;
  part = get("/big.bin", "Range: bytes=500-\r\n");
  EXPECT_EQ(part.header("Content-Range"), "bytes 500-1499/100000");
  EXPECT_EQ(part.body, std::string(1000, 'b'));
  Answer whole = get("/a%20b.txt", "Range: bytes=1-2\r\n", "HEAD");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.header("Content-Length"), "5");
}

TEST_F(StaticFilesTest, UnsatisfiableRange) {
  StaticFiles files(config_);
  Answer answer = ask(files, "/a%20b.txt", "Range: bytes=5-\r\n");
  EXPECT_EQ(answer.outcome, Outcome::kError);
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.lines, "Content-Range: bytes */5\r\n");
  EXPECT_EQ(ask(files, "/a%20b.txt", "Range: bytes=5-\r\nIf-None-Match: *\r\n").status, 304);
}

TEST_F(StaticFilesTest, EtagFollowsTheFile) {
  std::string before = get("/none").header("ETag");
  write("root/none", "other size, same time");
  EXPECT_NE(get("/none").header("ETag"), before);
  std::ofstream(base_ / "root/fresh") << "x";
  EXPECT_TRUE(get("/fresh").header("ETag").starts_with("W/\""));
}

TEST_F(StaticFilesTest, LastModifiedIsNeverInTheFuture) {
  const timespec times[2] = {{4'000'000'000, 0}, {4'000'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (base_ / "root/none").c_str(), times, 0), 0);
  auto modified = parse_http_date(get("/none").header("Last-Modified"), wall_seconds());
  ASSERT_TRUE(modified.has_value());
  EXPECT_LE(*modified, wall_seconds());
}

TEST_F(StaticFilesTest, AReplacedRootIsNoticed) {
  fs::create_directory_symlink(base_ / "root", base_ / "current");
  config_.routes[1].target = (base_ / "current").string() + "/";
  StaticFiles files(config_);
  EXPECT_EQ(ask(files, "/none").status, 200);
  fs::create_directory_symlink(base_ / "outside", base_ / "next");
  fs::rename(base_ / "next", base_ / "current");
  // Within two seconds; the clock is read, not waited for longer than it takes.
  for (int i = 0; i < 300 && ask(files, "/o.txt").status != 200; ++i) usleep(10'000);
  EXPECT_EQ(ask(files, "/o.txt").body, "outside");
}

TEST_F(StaticFilesTest, AMissingRootIs404UntilItAppears) {
  config_.routes[1].target = (base_ / "later").string() + "/";
  StaticFiles files(config_);
  EXPECT_EQ(ask(files, "/x.txt").status, 404);
  fs::create_directories(base_ / "later");
  write("later/x.txt", "x");
  EXPECT_EQ(ask(files, "/x.txt").body, "x");
}

TEST_F(StaticFilesTest, NoDescriptorIsLeft) {
  auto open_descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  auto before = open_descriptors();
  {
    StaticFiles files(config_);
    for (const char* path : {"/none", "/big.bin", "/", "/sub", "/sub/", "/nothing", "/none/", "/..%2fx"})
      ask(files, path);
    EXPECT_EQ(open_descriptors(), before + 1);  // the root
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace ravelin::frontend
