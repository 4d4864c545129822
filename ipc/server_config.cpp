#include "ipc/server_config.h"

#include "common/bytes.h"

namespace ravelin::ipc {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void write_pairs(ByteWriter& writer, const Pairs& pairs) {
  writer.number(static_cast<uint32_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    writer.string(name);
    writer.string(value);
  }
}

void read_pairs(ByteReader& reader, Pairs& pairs) {
  auto count = reader.number<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string name(reader.string());
    pairs.emplace_back(std::move(name), reader.string());
  }
}

// The scalar fields in wire order, once for both directions. `visit` is called with a reference to each.
template <typename Config, typename Visit>
void visit_numbers(Config& config, Visit visit) {
  visit(config.workers);
  visit(config.loops);
  visit(config.script_timeout_ms);
  visit(config.connect_timeout_ms);
  visit(config.max_body_bytes);
  visit(config.max_memory_bytes);
  visit(config.max_request_line);
  visit(config.max_header_bytes);
  visit(config.max_read);
  visit(config.max_write);
  visit(config.queue_length);
  visit(config.queue_age_ms);
  visit(config.grace_ms);
  visit(config.range_cap_bytes);
}

template <typename Config, typename Visit>
void visit_flags(Config& config, Visit visit) {
  visit(config.map_sort);
  visit(config.developer_mode);
  visit(config.has_not_found);
  visit(config.has_directory_func);
}

template <typename Config, typename Visit>
void visit_strings(Config& config, Visit visit) {
  visit(config.cache_control);
  visit(config.default_charset);
  visit(config.spool_directory);
}

bool read_route(ByteReader& reader, Route& route) {
  auto kind = reader.number<uint8_t>();
  auto match = reader.number<uint8_t>();
  if (kind > static_cast<uint8_t>(RouteKind::kModuleDirectory) || match > static_cast<uint8_t>(MatchKind::kGlob))
    return false;
  route.kind = static_cast<RouteKind>(kind);
  route.match = static_cast<MatchKind>(match);
  route.key = reader.string();
  route.target = reader.string();
  read_pairs(reader, route.headers);
  route.order = reader.number<uint32_t>();
  return reader.ok();
}

}  // namespace

MimeTable ServerConfig::mime_table() const {
  MimeTable table;
  for (const auto& [extension, type] : mime) table.set(extension, type);
  return table;
}

std::string encode_config(const ServerConfig& config) {
  std::string payload;
  ByteWriter writer(payload);
  visit_numbers(config, [&](const auto& field) { writer.number(field); });
  visit_flags(config, [&](const bool& field) { writer.number(static_cast<uint8_t>(field ? 1 : 0)); });
  visit_strings(config, [&](const std::string& field) { writer.string(field); });
  write_pairs(writer, config.mime);
  writer.number(static_cast<uint32_t>(config.routes.size()));
  for (const Route& route : config.routes) {
    writer.number(static_cast<uint8_t>(route.kind));
    writer.number(static_cast<uint8_t>(route.match));
    writer.string(route.key);
    writer.string(route.target);
    write_pairs(writer, route.headers);
    writer.number(route.order);
  }
  return payload;
}

Result<ServerConfig> decode_config(std::string_view payload) {
  ByteReader reader(payload);
  ServerConfig config;
  visit_numbers(config, [&](auto& field) { field = reader.number<std::remove_reference_t<decltype(field)>>(); });
  visit_flags(config, [&](bool& field) { field = reader.number<uint8_t>() != 0; });
  visit_strings(config, [&](std::string& field) { field = reader.string(); });
  read_pairs(reader, config.mime);
  auto count = reader.number<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    Route route;
    if (!read_route(reader, route)) return Error{ErrorCode::kInvalid, "Config frame: bad route"};
    config.routes.push_back(std::move(route));
  }
  if (!reader.ok() || !reader.at_end()) return Error{ErrorCode::kInvalid, "Config frame: lengths do not add up"};
  if (config.workers == 0 || config.workers > limits::kMaxWorkers || config.loops == 0 ||
      config.loops > limits::kMaxLoops)
    return Error{ErrorCode::kInvalid, "Config frame: number of workers or loops out of range"};
  return config;
}

std::string encode_listener(const ListenerInfo& listener) {
  std::string payload;
  ByteWriter writer(payload);
  writer.number(listener.loop);
  writer.number(static_cast<uint8_t>(listener.secure ? 1 : 0));
  writer.string(listener.address);
  return payload;
}

Result<ListenerInfo> decode_listener(std::string_view payload) {
  ByteReader reader(payload);
  ListenerInfo listener;
  listener.loop = reader.number<uint32_t>();
  listener.secure = reader.number<uint8_t>() != 0;
  listener.address = reader.string();
  if (!reader.ok() || !reader.at_end()) return Error{ErrorCode::kInvalid, "Listener frame: lengths do not add up"};
  return listener;
}

}  // namespace ravelin::ipc
