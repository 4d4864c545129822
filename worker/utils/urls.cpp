#include "worker/utils/urls.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "worker/format_utf8.h"
#include "worker/js_error.h"
#include "worker/utils/arguments.h"
#include "worker/utils/url_parser.h"

namespace ravelin::worker {
namespace {

std::string url_text_at(duk_context* ctx, duk_idx_t index, const char* function, const char* what) {
  if (!is_text(ctx, index)) throw_error(ctx, "%s(): %s must be a String", function, what);
  return text_at(ctx, index);
}

void push_components(duk_context* ctx, const Url& url) {
  const std::string hostname = url.host.value_or("");
  const std::pair<const char*, std::string> texts[] = {
      {"protocol", url.scheme + ":"},
      {"username", url.username},
      {"password", url.password},
      {"host", url.host_and_port()},
      {"hostname", hostname},
      {"port", url.port ? std::to_string(*url.port) : ""},
      {"pathname", url.pathname()},
      {"search", url.query && !url.query->empty() ? "?" + *url.query : ""},
      {"hash", url.fragment && !url.fragment->empty() ? "#" + *url.fragment : ""},
      {"href", url.href()},
      {"origin", url.origin()},
      {"hostUnicode", domain_to_unicode(hostname).value_or(hostname)},
  };
  duk_push_object(ctx);
  for (const auto& [name, text] : texts) {
    push_text(ctx, text);
    duk_put_prop_string(ctx, -2, name);
    if (std::string_view(name) != "port") continue;
    const auto number = url.port ? url.port : default_port(url.scheme);
    number ? duk_push_int(ctx, *number) : duk_push_null(ctx);
    duk_put_prop_literal(ctx, -2, "numericPort");
  }
}

// urlComponents(url[, base])
duk_ret_t utils_url_components(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::string text = url_text_at(ctx, 0, "urlComponents", "the URL");
  std::optional<Url> base;
  if (is_given(ctx, 1)) {
    base = parse_url(url_text_at(ctx, 1, "urlComponents", "the base"), nullptr);
    if (!base) return 0;
  }
  const auto url = parse_url(text, base ? &*base : nullptr);
  if (!url) return 0;
  push_components(ctx, *url);
  return 1;
}

// Pushes what the String on top means relative to `base`, in its place.
void push_resolved(duk_context* ctx, const Url& base, bool as_components) {
  const auto url = parse_url(url_text_at(ctx, -1, "absUrl", "the relative URL"), &base);
  duk_pop(ctx);
  if (!url) {
    duk_push_undefined(ctx);
  } else if (as_components) {
    push_components(ctx, *url);
  } else {
    push_text(ctx, url->href());
  }
}

// absUrl(base, rel[, asComponents])
duk_ret_t utils_abs_url(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const auto base = parse_url(url_text_at(ctx, 0, "absUrl", "the base"), nullptr);
  if (!base) return 0;
  const bool as_components = duk_to_boolean(ctx, 2);
  if (!duk_is_array(ctx, 1)) {
    duk_dup(ctx, 1);
    push_resolved(ctx, *base, as_components);
    return 1;
  }
  duk_push_array(ctx);
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, 1));
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, 1, i);
    push_resolved(ctx, *base, as_components);
    duk_put_prop_index(ctx, -2, i);
  }
  return 1;
}

// Labels of 1 to 63 bytes, 253 in all without the root's dot (UTS 46, VerifyDnsLength), and nothing that ends a host.
bool is_dns_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return false;
  const auto is_forbidden = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7F' ||
           std::string_view("#%/:<>?@[\\]^|").find(c) != std::string_view::npos;
  };
  if (std::any_of(name.begin(), name.end(), is_forbidden)) return false;
  for (;;) {
    const size_t dot = name.find('.');
    const size_t size = std::min(dot, name.size());
    if (size == 0 || size > 63) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

duk_ret_t convert_domain(duk_context* ctx, const char* function,
                         std::optional<std::string> (*convert)(const std::string&)) {
  const std::string domain = url_text_at(ctx, 0, function, "the domain");
  const auto ascii = domain_to_ascii(domain);
  const auto converted = ascii && is_dns_name(*ascii) ? convert(domain) : std::nullopt;
  if (!converted) throw_error(ctx, "%s(): invalid domain '%s'", function, domain.c_str());
  push_text(ctx, *converted);
  return 1;
}

duk_ret_t utils_to_ascii(duk_context* ctx) { return convert_domain(ctx, "toASCII", domain_to_ascii); }
duk_ret_t utils_to_unicode(duk_context* ctx) { return convert_domain(ctx, "toUnicode", domain_to_unicode); }

}  // namespace

void put_url_functions(duk_context* ctx) {
  static constexpr FunctionEntry kFunctions[] = {
      {"urlComponents", guarded<utils_url_components>},
      {"absUrl", guarded<utils_abs_url>},
      {"toASCII", guarded<utils_to_ascii>},
      {"toUnicode", guarded<utils_to_unicode>},
  };
  put_functions(ctx, kFunctions);
}

}  // namespace ravelin::worker
