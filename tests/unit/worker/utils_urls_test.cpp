// urlComponents, absUrl, toASCII, toUnicode (runtime-api 7.8), with cases of the URL Standard.
#include "tests/unit/worker/script_table.h"

namespace ravelin::worker {
namespace {

class UtilsUrls : public ScriptTable {};

TEST_F(UtilsUrls, Components) {
  EXPECT_JS(R"(urlComponents("HTTPS://User:p%40ss@EXAMPLE.com:443/a/../b c?q=1 2#f g"))",
            R"({"protocol":"https:","username":"User","password":"p%40ss","host":"example.com",)"
            R"("hostname":"example.com","port":"","numericPort":443,"pathname":"/b%20c","search":"?q=1%202",)"
            R"("hash":"#f%20g","href":"https://User:p%40ss@example.com/b%20c?q=1%202#f%20g",)"
            R"("origin":"https://example.com","hostUnicode":"example.com"})");
  EXPECT_JS(R"((function(){ var u = urlComponents("http://b\u00fccher.de:8080"); return [u.host, u.port, u.numericPort,
                u.hostUnicode, u.pathname]; })())",
            R"(["xn--bcher-kva.de:8080","8080",8080,"bücher.de","/"])");
  EXPECT_JS(R"((function(){ var u = urlComponents("mailto:a@b.c?x"); return [u.pathname, u.numericPort, u.origin,
                u.search, u.href]; })())",
            R"(["a@b.c",null,"null","?x","mailto:a@b.c?x"])");
  EXPECT_JS(R"((function(){ var u = urlComponents("?x", "http://h/p"); return u.href; })())", R"("http://h/p?x")");
  EXPECT_JS(R"([urlComponents("/no/base"), urlComponents("/a", "also/relative"), urlComponents("http://")].length)",
            "3");
  EXPECT_JS(R"(urlComponents("/no/base"))", "undefined");
  EXPECT_JS("urlComponents('http://[::1\\0x]/') === urlComponents('http://[::g]/')", "true");  // no URL, both
  EXPECT_JS("urlComponents(5)", "throws urlComponents(): the URL must be a String");
}

TEST_F(UtilsUrls, Hrefs) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://example.com", "http://example.com/"},
      {"  http:\\\\\\\\x\\\\y\\n  ", "http://x/y"},
      {"http:///x//y", "http://x//y"},
      {"http://x/%2e/a/%2E%2e/b", "http://x/b"},
      {"http://x/a/..", "http://x/"},
      {"http://192.168.257", "http://192.168.1.1/"},
      {"http://0x7f.1/", "http://127.0.0.1/"},
      {"http://[2001:0db8:0:0:0:0:0:1]:81/", "http://[2001:db8::1]:81/"},
      {"http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]/"},
      {"http://x:/", "http://x/"},
      {"http://%41.com/", "http://a.com/"},
      {"ftp://u@h/", "ftp://u@h/"},
      {"file:///etc/../x", "file:///x"},
      {"file://localhost/x", "file:///x"},
      {"custom://Host:80/a b?c'd", "custom://Host:80/a%20b?c'd"},
      {"http://h/?c'd", "http://h/?c%27d"},
      {"data:text/plain,a b#c", "data:text/plain,a b#c"},
      {"custom:/a/./b", "custom:/a/b"},
      {"http://u:p:q@h/", "http://u:p%3Aq@h/"},
  };
  for (auto [input, href] : rows) {
    EXPECT_EQ(show("urlComponents(\"" + std::string(input) + "\").href"), "\"" + std::string(href) + "\"") << input;
  }
}

TEST_F(UtilsUrls, InvalidOnes) {
  for (const char* input :
       {"", "x", "http://", "http://a b/", "http://x:99999/", "http://x:y/", "http://1.2.3.4.5/",
        "http://256.256.256.256/", "http://[::1", "http://[zz]/", "http://a%00b/", "http://@/", "custom://a<b/"}) {
    EXPECT_EQ(show("urlComponents('" + std::string(input) + "')"), "undefined") << input;
  }
}

TEST_F(UtilsUrls, AbsUrl) {
  EXPECT_JS(R"(absUrl("http://x.org/a/b", "../c"))", R"("http://x.org/c")");
  EXPECT_JS(R"(absUrl("http://x.org/a/b?q", ["c", "/c", "//y.org", "?r", "#f", "", "https:/z", "http:d"]))",
            R"(["http://x.org/a/c","http://x.org/c","http://y.org/","http://x.org/a/b?r","http://x.org/a/b?q#f",)"
            R"("http://x.org/a/b?q","https://z/","http://x.org/a/d"])");
  EXPECT_JS(R"(absUrl("http://x.org/", ["http://ok/", "http://"]))", R"(["http://ok/",null])");
  EXPECT_JS(R"(absUrl("http://x.org/", "y", true).pathname)", R"("/y")");
  EXPECT_JS(R"(absUrl("mailto:a", "#x"))", R"("mailto:a#x")");
  EXPECT_JS(R"([absUrl("no base", "x"), absUrl("mailto:a", "x")])", "[null,null]");
  EXPECT_JS(R"(absUrl("http://x/", 5))", "throws absUrl(): the relative URL must be a String");
}

TEST_F(UtilsUrls, Domains) {
  EXPECT_JS(R"([toASCII("B\u00fccher.DE"), toASCII("Plain.ORG"), toASCII("fa\u00df.de")])",
            R"(["xn--bcher-kva.de","plain.org","xn--fa-hia.de"])");
  EXPECT_JS(R"([toUnicode("xn--bcher-kva.de"), toUnicode("plain.org")])", R"(["bücher.de","plain.org"])");
  EXPECT_JS(R"(toUnicode("xn--\u00e9"))", R"(throws toUnicode(): invalid domain 'xn--é')");
  EXPECT_JS(R"([toASCII("a.b."), toASCII("a_b.c"), toASCII(new Array(64).join("x") + ".de").length])",
            R"(["a.b.","a_b.c",66])");
  EXPECT_JS(
      R"(["a..b", ".a", "", ".", "a..", "a b", "a/b", new Array(65).join("x") + ".de", new Array(60).join("abcde.") + "f",
                "\u00fc" + new Array(64).join("x")].filter(function(domain) {
                  return [toASCII, toUnicode].some(function(f) { try { f(domain); return true } catch (e) {} }) }))",
      "[]");
  EXPECT_JS("toASCII('a..b')", "throws toASCII(): invalid domain 'a..b'");
  EXPECT_JS("toASCII()", "throws toASCII(): the domain must be a String");
}

}  // namespace
}  // namespace ravelin::worker
