// Options of server.start(): every option with good and bad values, and what they become.
#include "worker/server_options.h"

#include <unistd.h>

#include "tests/unit/worker/js_fixture.h"
#include "worker/handler.h"

namespace ravelin::worker {
namespace {

struct Outcome {
  bool ok = false;
  StartOptions options;
  std::string error;
};

class ServerOptions : public ::testing::Test {
 protected:
  // Reads the options that the script text is.
  Outcome read(const std::string& object) {
    Outcome outcome;
    duk_context* js = site_.js();
    StackGuard guard(js);
    const bool ok = run_protected(js, [&](duk_context* inner) {
      duk_eval_string(inner, ("(" + object + ")").c_str());
      const duk_idx_t top = duk_get_top(inner);
      outcome.options = read_start_options(inner, -1);
      EXPECT_EQ(duk_get_top(inner), top);
      duk_pop(inner);
    });
    outcome.ok = ok;
    if (!ok) outcome.error = error_message(js, -1);
    return outcome;
  }
  // The same with one option beside a map.
  Outcome read_option(const std::string& option) { return read("{map: {}, " + option + "}"); }

  StartOptions good(const std::string& option) {
    Outcome outcome = read_option(option);
    EXPECT_TRUE(outcome.ok) << option << ": " << outcome.error;
    return std::move(outcome.options);
  }
  const ipc::ServerConfig& good_config(const std::string& option) { return (last_ = good(option)).config; }

  // A JavaScript expression on the heap stash.
  std::string stash(const std::string& expression) {
    duk_context* js = site_.js();
    duk_push_heap_stash(js);
    duk_put_global_string(js, "stash");
    return site_.run(expression);
  }

  Site site_;
  StartOptions last_;
};

TEST_F(ServerOptions, Defaults) {
  Outcome outcome = read("{map: {}}");
  ASSERT_TRUE(outcome.ok) << outcome.error;
  const ipc::ServerConfig& config = outcome.options.config;
  EXPECT_EQ(outcome.options.bind, (std::vector<std::string>{"[::1]:8088", "127.0.0.1:8088"}));
  EXPECT_TRUE(outcome.options.bind_is_default);
  EXPECT_FALSE(outcome.options.daemon);
  EXPECT_EQ(outcome.options.user, "");
  EXPECT_TRUE(outcome.options.warnings.empty());
  EXPECT_GE(config.workers, 1u);
  EXPECT_EQ(config.cache_control, "max-age=84600, public");
  EXPECT_EQ(config.default_charset, "utf-8");
  EXPECT_EQ(config.max_body_bytes, 52428800u);
  EXPECT_EQ(config.script_timeout_ms, 0u);
  EXPECT_TRUE(config.map_sort);
  EXPECT_FALSE(config.developer_mode || config.has_not_found || config.has_directory_func);
  EXPECT_EQ(config.spool_directory.front(), '/');
}

TEST_F(ServerOptions, Values) {
  EXPECT_EQ(good("bind: ' 127.0.0.1 : 80 '").bind.size(), 1u);
  EXPECT_EQ(good("bind: ['127.0.0.1:80', '[::]:80']").bind.size(), 2u);
  EXPECT_FALSE(good("bind: '127.0.0.1:0'").bind_is_default);
  EXPECT_EQ(good_config("scriptTimeout: 2").script_timeout_ms, 2000u);
  EXPECT_EQ(good_config("scriptTimeout: 0.0012").script_timeout_ms, 2u);
  EXPECT_EQ(good_config("scriptTimeout: 0").script_timeout_ms, 0u);
  EXPECT_EQ(good_config("scriptTimeout: -1").script_timeout_ms, 0u);
  EXPECT_EQ(good_config("scriptTimeout: Infinity").script_timeout_ms, 0u);
  EXPECT_EQ(good_config("connectTimeout: 20.5").connect_timeout_ms, 20500u);
  EXPECT_TRUE(good("daemon: true").daemon);
  EXPECT_EQ(good_config("threads: 3").workers, 3u);
  EXPECT_EQ(good_config("threads: 3.9").workers, 3u);
  EXPECT_EQ(good_config("threads: 5, useThreads: false").workers, 1u);
  EXPECT_EQ(good_config("useThreads: false, threads: 5").workers, 1u);
  EXPECT_EQ(good_config("useThreads: true, threads: 5").workers, 5u);
  EXPECT_EQ(good_config("threads: -1").workers, good_config("").workers);
  EXPECT_EQ(good_config("maxRead: 1000").max_read, 1000u);
  EXPECT_EQ(good_config("maxRead: 0").max_read, 65536u);
  EXPECT_EQ(good_config("maxWrite: 1000").max_write, 1000u);
  EXPECT_TRUE(good_config("developerMode: true").developer_mode);
  EXPECT_FALSE(good_config("mapSort: false").map_sort);
  EXPECT_EQ(good("user: 'nobody'").user, "nobody");
  EXPECT_EQ(good_config("cacheControl: 'no-store'").cache_control, "no-store");
  EXPECT_EQ(good_config("cacheControl: true").cache_control, "max-age=84600, public");
  EXPECT_EQ(good_config("cacheControl: false").cache_control, "");
  EXPECT_EQ(good_config("maxBodySize: 0").max_body_bytes, 0u);
  EXPECT_EQ(good_config("maxBodySize: 1e12").max_body_bytes, 1000000000000u);
  EXPECT_EQ(good_config("defaultCharset: false").default_charset, "");
  EXPECT_EQ(good_config("defaultCharset: 'iso-8859-1'").default_charset, "iso-8859-1");
  EXPECT_EQ(good_config("").range_cap_bytes, 8388608u);
  EXPECT_EQ(good_config("defaultRangeMBytes: 0.01").range_cap_bytes, 10485u);
  EXPECT_EQ(good_config("DefaultRangeMbytes: 1000").range_cap_bytes, 1048576000u);
  EXPECT_TRUE(good("appendProcTitle: true").append_proc_title);
  EXPECT_EQ(good_config("maxMemory: 64").max_memory_bytes, 64u << 20);
  EXPECT_EQ(good_config("maxMemory: 0").max_memory_bytes, 0u);
  EXPECT_EQ(good_config("maxMemory: '1.5G'").max_memory_bytes, 3u << 29);
  EXPECT_EQ(good_config("frontendThreads: 4").loops, 4u);
  EXPECT_EQ(good_config("maxRequestLine: 1000").max_request_line, 1000u);
  EXPECT_EQ(good_config("maxHeaderSize: 1000").max_header_bytes, 1000u);
  EXPECT_EQ(good_config("queueLength: 0").queue_length, 0u);
  EXPECT_EQ(good_config("queueTimeout: 0.5").queue_age_ms, 500u);
  EXPECT_EQ(good_config("graceTime: 0").grace_ms, 0u);
  EXPECT_EQ(good_config("secure: false").workers, good_config("").workers);
}

TEST_F(ServerOptions, NamesMatchWithoutRegardToCaseAndUndefinedIsNotGiven) {
  EXPECT_EQ(good_config("SCRIPTTIMEOUT: 1, usethreads: false").script_timeout_ms, 1000u);
  EXPECT_TRUE(read("{MAP: {}}").ok);
  EXPECT_TRUE(good("bind: undefined, user: undefined, secure: undefined, log: undefined").bind_is_default);
}

struct BadOption {
  const char* option;
  const char* name;    // must be in the message
  const char* reason;  // as well
};

TEST_F(ServerOptions, BadValuesAreNamedWithTheirReason) {
  const BadOption rows[] = {
      {"bind: 5", "bind", "a String or an Array of Strings, not 5"},
      {"bind: null", "bind", "not null"},
      {"bind: []", "bind", "at least one"},
      {"bind: ['127.0.0.1:1', 7]", "bind[1]", "a String, not 7"},
      {"bind: 'localhost:80'", "bind", "\"localhost:80\""},
      {"bind: '127.0.0.1:1x'", "bind", "\"127.0.0.1:1x\""},
      {"bind: '::1:80'", "bind", "brackets"},
      {"scriptTimeout: 'soon'", "scriptTimeout", "a Number of seconds, not \"soon\""},
      {"scriptTimeout: NaN", "scriptTimeout", "not NaN"},
      {"SCRIPTtimeout: true", "scriptTimeout", "not true"},
      {"connectTimeout: {}", "connectTimeout", "not {}"},
      {"log: 1, logIpFromHeader: 1", "logIpFromHeader", "a String"},
      {"accessLog: 5", "accessLog", "a String"},
      {"errorLog: true", "errorLog", "a String"},
      {"daemon: 1", "daemon", "a Boolean, not 1"},
      {"useThreads: 'x'", "useThreads", "a Boolean"},
      {"threads: 'many'", "threads", "a Number, not \"many\""},
      {"threads: 1e6", "threads", "512"},
      {"maxRead: -1", "maxRead", "-1"},
      {"maxWrite: 'x'", "maxWrite", "a Number"},
      {"secure: 'yes'", "secure", "a Boolean"},
      {"secure: true", "secure", "https is not available"},
      {"sslKeyFile: 5", "sslKeyFile", "a String"},
      {"sslCertFile: []", "sslCertFile", "a String"},
      {"sslMinVersion: 'tls9'", "sslMinVersion", "tls1.3"},
      {"notFoundFunc: {}", "notFoundFunc", "a Function or an Object with \"module\", not {}"},
      {"notFoundFunc: true", "notFoundFunc", "not true"},
      {"notFoundFunc: {module: 5}", "notFoundFunc.module", "a String"},
      {"developerMode: 'yes'", "developerMode", "a Boolean"},
      {"directoryFunc: 5", "directoryFunc", "a Boolean, a Function"},
      {"user: 5", "user", "a String"},
      {"cacheControl: 5", "cacheControl", "a String or a Boolean"},
      {"cacheControl: 'a\\r\\nb: c'", "cacheControl", "CR"},
      {"compressFiles: 5", "compressFiles", "Array"},
      {"compressFiles: ['html', 5]", "compressFiles", "Strings"},
      {"compressScripts: 1", "compressScripts", "a Boolean"},
      {"compressLevel: 11", "compressLevel", "an integer from 1 to 10, not 11"},
      {"compressLevel: 0", "compressLevel", "from 1 to 10"},
      {"compressMinSize: 0", "compressMinSize", "from 1"},
      {"appendProcTitle: 1", "appendProcTitle", "a Boolean"},
      {"mimeMap: []", "mimeMap", "an Object"},
      {"mimeMap: {x: 5}", "mimeMap[\"x\"]", "a String"},
      {"mimeMap: {'.': 'a/b'}", "mimeMap[\".\"]", "empty"},
      {"mimeMap: {'': 'a/b'}", "mimeMap[\"\"]", "empty"},
      {"mapSort: 1", "mapSort", "a Boolean"},
      {"maxBodySize: -1", "maxBodySize", "a Number of bytes"},
      {"maxBodySize: '1M'", "maxBodySize", "a Number of bytes"},
      {"defaultCharset: true", "defaultCharset", "a String or false"},
      {"defaultCharset: 'a b'", "defaultCharset", "character set"},
      {"maxMemory: 'plenty'", "maxMemory", "\"plenty\""},
      {"maxMemory: 1", "maxMemory", "at least 8 MB"},
      {"maxMemory: '512B'", "maxMemory", "512M"},
      {"maxMemory: '1T'", "maxMemory", "K, M or G"},
      {"frontendThreads: 0", "frontendThreads", "from 1 to 16"},
      {"frontendThreads: 17", "frontendThreads", "from 1 to 16"},
      {"maxRequestLine: 10", "maxRequestLine", "from 256"},
      {"maxHeaderSize: 1e9", "maxHeaderSize", "to 131072"},
      {"queueLength: -1", "queueLength", "from 0"},
      {"queueTimeout: 0", "queueTimeout", "seconds"},
      {"graceTime: -1", "graceTime", "seconds"},
      {"beginFunc: 5", "beginFunc", "a Function"},
      {"endFunc: {}", "endFunc", "a Function"},
      {"beginFuncOnFile: 1", "beginFuncOnFile", "a Boolean"},
      {"logFunc: 'x'", "logFunc", "a Function"},
      {"rateLimit: 5", "rateLimit", "an Object"},
      {"defaultRangeMBytes: 0", "defaultRangeMBytes", "0.01"},
      {"sslKey: 5", "sslKey", "a Buffer"},
      {"authMod: true", "authMod", "not available"},
      {"authModConf: 5", "authModConf", "a String"},
      {"listen: []", "listen", "not available"},
      {"httpRedirect: 80", "httpRedirect", "secure"},
      {"eventBus: 5", "eventBus", "a String"},
  };
  for (const BadOption& row : rows) {
    Outcome outcome = read_option(row.option);
    ASSERT_FALSE(outcome.ok) << row.option;
    EXPECT_EQ(outcome.error.rfind("Error: server.start: " + std::string(row.name), 0), 0u)
        << row.option << " gives " << outcome.error;
    EXPECT_NE(outcome.error.find(row.reason), std::string::npos) << row.option << " gives " << outcome.error;
  }
}

TEST_F(ServerOptions, TheArgumentMustBeAnObjectWithAMap) {
  for (const char* argument :
       {"'x'", "[]", "function () {}", "5", "null", "undefined", "{}", "{map: []}", "{map: 'x'}"})
    EXPECT_FALSE(read(argument).ok) << argument;
}

TEST_F(ServerOptions, OptionsOfLaterIssuesWarnOnce) {
  const struct {
    const char* option;
    const char* name;
  } rows[] = {
      {"log: true", "log"},
      {"accessLog: '/x'", "accessLog"},
      {"errorLog: '/x'", "errorLog"},
      {"logIpFromHeader: 'X-Real-IP'", "logIpFromHeader"},
      {"compressFiles: true", "compressFiles"},
      {"compressFiles: ['html']", "compressFiles"},
      {"compressScripts: true", "compressScripts"},
      {"compressLevel: 3", "compressLevel"},
      {"compressMinSize: 10", "compressMinSize"},
      {"sslMinVersion: 'tls1.0'", "sslMinVersion"},
      {"sslKeyFile: '/x'", "sslKeyFile"},
      {"beginFunc: function () {}", "beginFunc"},
      {"endFunc: {module: 'x'}", "endFunc"},
      {"preThreadFunc: function () {}", "preThreadFunc"},
      {"rateLimit: {'/': {rate: 1}}", "rateLimit"},
      {"eventBus: 'redis://x:1'", "eventBus"},
  };
  for (const auto& row : rows) {
    const std::vector<std::string> warnings = good(row.option).warnings;
    ASSERT_EQ(warnings.size(), 1u) << row.option;
    EXPECT_EQ(warnings[0], "server.start: option " + std::string(row.name) + " is not available yet and is ignored");
  }
  EXPECT_TRUE(good("log: false, accessLog: null, errorLog: false, compressFiles: false, compressScripts: false, "
                   "beginFunc: false, endFunc: null, sslKeyFile: '', authMod: false, secure: false")
                  .warnings.empty());
}

TEST_F(ServerOptions, UnknownOptionsWarnWithTheNearestName) {
  const std::vector<std::string> warnings = good("scriptTimeuot: 3, Maps: {}").warnings;
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_EQ(warnings[0],
            "server.start: unknown option \"scriptTimeuot\" is ignored; the nearest known option is \"scriptTimeout\"");
  EXPECT_NE(warnings[1].find("\"map\""), std::string::npos);
  EXPECT_EQ(nearest_option_name("DEAMON"), "daemon");
  EXPECT_EQ(edit_distance("kitten", "Sitting"), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST_F(ServerOptions, KeysOfASiteConfigurationAreSilent) {
  EXPECT_TRUE(good("htmlRoot: '/x', serverRoot: '/y', quickserver: false, ipPort: 80, letsencrypt: '', HTMLROOT: 1")
                  .warnings.empty());
}

TEST_F(ServerOptions, MemorySizes) {
  const struct {
    const char* text;
    uint64_t bytes;
  } good_rows[] = {{"512M", 512ull << 20}, {"512m", 512ull << 20}, {"512MB", 512ull << 20}, {"64", 64ull << 20},
                   {"1G", 1ull << 30},     {"0.5g", 1ull << 29},   {"65536K", 64ull << 20}, {" 1GB ", 1ull << 30}};
  for (const auto& row : good_rows) {
    uint64_t bytes = 0;
    EXPECT_TRUE(parse_memory_size(row.text, bytes)) << row.text;
    EXPECT_EQ(bytes, row.bytes) << row.text;
  }
  uint64_t bytes;
  for (const char* text : {"", "M", "B", "1T", "-1", "1.5.5", "1e3", "512B", "0x10", ".5G", "1.G", "99999999999G"})
    EXPECT_FALSE(parse_memory_size(text, bytes)) << text;
}

TEST_F(ServerOptions, MapValuesBecomeRoutes) {
  ASSERT_EQ(chdir("/tmp"), 0);
  const std::string folder = site_.folder.path();
  Outcome outcome = read("{map: {'/fn': function f() {}, 'g*': function g() {}, '/files': '" + folder +
                         "', '/more': {path: '" + folder + "/', headers: {'X-A': 1, 'X-B': ['b', 2], 'X-C': 'c'}}," +
                         "'/mod': {module: 'name'}, '/apps': {modulePath: 'apps'}, '/abs/': {modulePath: '/abs'}," +
                         "'/relative': '" + folder.substr(5) + "'}}");
  ASSERT_TRUE(outcome.ok) << outcome.error;
  const std::vector<ipc::Route>& routes = outcome.options.config.routes;
  ASSERT_EQ(routes.size(), 8u);
  for (uint32_t i = 0; i < routes.size(); ++i) EXPECT_EQ(routes[i].order, i);
  EXPECT_EQ(routes[0].kind, ipc::RouteKind::kFunction);
  EXPECT_EQ(routes[0].target, "/fn");
  EXPECT_EQ(routes[1].target, "g*");
  EXPECT_EQ(routes[1].key, "/g*");
  EXPECT_EQ(routes[2].kind, ipc::RouteKind::kDirectory);
  EXPECT_EQ(routes[2].target, folder + "/");
  EXPECT_EQ(routes[3].target, folder + "/");
  EXPECT_EQ(routes[3].headers,
            (std::vector<std::pair<std::string, std::string>>{{"X-A", "1"}, {"X-B", "b"}, {"X-B", "2"}, {"X-C", "c"}}));
  EXPECT_EQ(routes[4].kind, ipc::RouteKind::kModule);
  EXPECT_EQ(routes[4].target, "name");
  EXPECT_EQ(routes[5].kind, ipc::RouteKind::kModuleDirectory);
  EXPECT_EQ(routes[5].target, folder + "/apps/") << "relative to the script's directory";
  EXPECT_EQ(routes[5].key, "/apps/");
  EXPECT_EQ(routes[6].target, "/abs/");
  EXPECT_EQ(routes[7].target, folder + "/") << "relative to the working directory";
  EXPECT_EQ(stash("stash.routes[0].name + stash.routes[1].name + stash.routes[4]"), "fgundefined");
}

TEST_F(ServerOptions, IndexKeysAlsoMapTheirDirectoryUnlessAKeyDoes) {
  Outcome outcome = read(
      "{map: {'/index.html': function top() {}, '/a/index.html': function a() {},"
      "'/b/index.html': function b() {}, '/b/': function other() {}, '/c/index.html': {module: 'm'},"
      "'/d/index.html': function d() {}, '/d': '/tmp'}}");
  ASSERT_TRUE(outcome.ok) << outcome.error;
  std::vector<std::string> extra;
  const auto& routes = outcome.options.config.routes;
  for (size_t i = 7; i < routes.size(); ++i) {
    extra.push_back(routes[i].key);
    EXPECT_EQ(routes[i].match, ipc::MatchKind::kExact);
  }
  EXPECT_EQ(extra, (std::vector<std::string>{"/", "/a/", "/c/"}));
  EXPECT_EQ(routes[8].order, 1u);
  EXPECT_EQ(stash("stash.routes[7].name + stash.routes[8].name"), "topa");
  EXPECT_EQ(routes[9].kind, ipc::RouteKind::kModule);
}

TEST_F(ServerOptions, BadMapValuesAreNamedWithTheirKey) {
  const BadOption rows[] = {
      {"{'/n': 12}", "map[\"/n\"]", "not 12"},
      {"{'/n': null}", "map[\"/n\"]", "not null"},
      {"{'/n': true}", "map[\"/n\"]", "not true"},
      {"{'/n': undefined}", "map[\"/n\"]", "not undefined"},
      {"{'/n': {}}", "map[\"/n\"]", "not {}"},
      {"{'/n': []}", "map[\"/n\"]", "not []"},
      {"{'/n': {path: 5}}", "map[\"/n\"].path", "a String, not 5"},
      {"{'/n': {module: {}}}", "map[\"/n\"].module", "a String"},
      {"{'/n': {module: ''}}", "map[\"/n\"]", "empty"},
      {"{'/n': {modulePath: 5}}", "map[\"/n\"].modulePath", "a String"},
      {"{'/n': '/no/such/dir'}", "map[\"/n\"]", "\"/no/such/dir\": No such file or directory"},
      {"{'/n': '/etc/passwd'}", "map[\"/n\"]", "not a directory"},
      {"{'/n': ''}", "map[\"/n\"]", "empty"},
      {"{'/n*': '/tmp'}", "map[\"/n*\"]", "glob"},
      {"{'~/n': '/tmp'}", "map[\"~/n\"]", "regular expression"},
      {"{'~/n': {modulePath: 'x'}}", "map[\"~/n\"]", "regular expression"},
      {"{'~/n(': function () {}}", "map[\"~/n(\"]", "bad regular expression: missing closing parenthesis at offset 3"},
      {"{'/n': {path: '/tmp', headers: 5}}", "map[\"/n\"].headers", "an Object"},
      {"{'/n': {path: '/tmp', headers: {'a b': 1}}}", "map[\"/n\"].headers[\"a b\"]", "header name"},
      {"{'/n': {path: '/tmp', headers: {a: 'x\\ny'}}}", "map[\"/n\"].headers[\"a\"]", "CR"},
      {"{'ws:/n': 5}", "map[\"ws:/n\"]", "not 5"},
  };
  for (const BadOption& row : rows) {
    Outcome outcome = read("{map: " + std::string(row.option) + "}");
    ASSERT_FALSE(outcome.ok) << row.option;
    EXPECT_EQ(outcome.error.rfind("Error: server.start: " + std::string(row.name), 0), 0u)
        << row.option << " gives " << outcome.error;
    EXPECT_NE(outcome.error.find(row.reason), std::string::npos) << row.option << " gives " << outcome.error;
  }
}

TEST_F(ServerOptions, UnsupportedRoutesAreLeftOutWithAWarning) {
  Outcome outcome = read(
      "{map: {'ws:/x': function () {}, '~ws:/y': function () {}, '/p': {proxy: 'http://x/'},"
      "'/f': function () {}}}");
  ASSERT_TRUE(outcome.ok) << outcome.error;
  ASSERT_EQ(outcome.options.config.routes.size(), 1u);
  EXPECT_EQ(outcome.options.config.routes[0].key, "/f");
  ASSERT_EQ(outcome.options.warnings.size(), 3u);
  EXPECT_NE(outcome.options.warnings[0].find("map[\"ws:/x\"]"), std::string::npos);
  EXPECT_NE(outcome.options.warnings[2].find("map[\"/p\"]: proxy"), std::string::npos);
}

TEST_F(ServerOptions, SpecialFunctionsGoToTheStash) {
  Outcome outcome = read_option("notFoundFunc: function lost() {}, directoryFunc: true");
  ASSERT_TRUE(outcome.ok) << outcome.error;
  EXPECT_TRUE(outcome.options.config.has_not_found && outcome.options.config.has_directory_func);
  EXPECT_EQ(stash("stash.notFoundFunc.name + stash.directoryFunc"), "losttrue");
  EXPECT_TRUE(read_option("notFoundFunc: {module: 'lost'}, directoryFunc: {module: 'list'}").ok);
  EXPECT_EQ(stash("stash.notFoundFunc + stash.directoryFunc"), "lostlist");
  outcome = read_option("directoryFunc: false");
  EXPECT_FALSE(outcome.options.config.has_directory_func);
  EXPECT_EQ(stash("stash.notFoundFunc + '' + stash.directoryFunc"), "undefinedundefined");
}

TEST_F(ServerOptions, AFailedStartLeavesTheStashAsItWas) {
  ASSERT_TRUE(read("{map: {'/a': function first() {}}}").ok);
  ASSERT_FALSE(read("{map: {'/b': function second() {}}, notFoundFunc: function () {}, threads: 'x'}").ok);
  EXPECT_EQ(stash("stash.routes[0].name + stash.notFoundFunc"), "firstundefined");
  clear_stashed_functions(site_.js());
  EXPECT_EQ(stash("'' + stash.routes"), "undefined");
}

}  // namespace
}  // namespace ravelin::worker
