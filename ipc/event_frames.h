// Payloads of the frames of rampart.event (PROTOCOL.md, "Events"): encoded and decoded here only. Decoders bound every
// length and fail on bytes that do not add up; names and data are views into the payload. Not for: the data itself,
// which is CBOR between scripts (worker/event_data.h), nor who listens to what (frontend/event_hub.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/limits.h"
#include "ipc/message.h"

namespace ravelin::ipc {

// EventOn; EventScope has the serial alone.
struct EventOn {
  uint64_t serial = 0;
  std::string_view event;
};

// EventOff and EventRemove.
struct EventEnd {
  uint64_t issued_ns = 0;  // monotonic_ns() of the call
  std::string_view event;
  std::string_view listener;  // EventOff only
};

// EventTrigger and EventDeliver.
struct EventMessage {
  std::string_view event;
  std::string_view data;     // CBOR; empty means undefined, or that the descriptor has it
  uint64_t memfd_bytes = 0;  // data in the descriptor, from offset 0
};

// What the frame takes from its sender's window.
inline uint64_t event_cost(size_t payload_bytes, uint64_t memfd_bytes) {
  return sizeof(FrameHeader) + payload_bytes + memfd_bytes;
}

inline void encode_event_on(std::string& out, const EventOn& f) {
  ByteWriter writer(out);
  writer.number(f.serial);
  writer.raw(f.event);
}

inline std::optional<EventOn> decode_event_on(std::string_view payload) {
  ByteReader reader(payload);
  EventOn f;
  f.serial = reader.number<uint64_t>();
  f.event = reader.rest();
  if (!reader.ok() || f.event.size() > limits::kMaxEventNameBytes) return std::nullopt;
  return f;
}

inline void encode_event_off(std::string& out, const EventEnd& f) {
  ByteWriter writer(out);
  writer.number(f.issued_ns);
  writer.string(f.event);
  writer.raw(f.listener);
}

inline std::optional<EventEnd> decode_event_off(std::string_view payload) {
  ByteReader reader(payload);
  EventEnd f;
  f.issued_ns = reader.number<uint64_t>();
  f.event = reader.string();
  f.listener = reader.rest();
  bool fits = f.event.size() <= limits::kMaxEventNameBytes && f.listener.size() <= limits::kMaxEventNameBytes;
  if (!reader.ok() || !fits) return std::nullopt;
  return f;
}

inline void encode_event_remove(std::string& out, const EventEnd& f) {
  ByteWriter writer(out);
  writer.number(f.issued_ns);
  writer.raw(f.event);
}

inline std::optional<EventEnd> decode_event_remove(std::string_view payload) {
  ByteReader reader(payload);
  EventEnd f;
  f.issued_ns = reader.number<uint64_t>();
  f.event = reader.rest();
  if (!reader.ok() || f.event.size() > limits::kMaxEventNameBytes) return std::nullopt;
  return f;
}

// memfd_bytes > 0: the data is in the descriptor that goes with the frame, and `data` is not sent.
inline void encode_event_message(std::string& out, const EventMessage& f) {
  ByteWriter writer(out);
  writer.string(f.event);
  if (f.memfd_bytes > 0) {
    writer.number(f.memfd_bytes);
  } else {
    writer.raw(f.data);
  }
}

inline std::optional<EventMessage> decode_event_message(std::string_view payload, bool has_descriptor) {
  ByteReader reader(payload);
  EventMessage f;
  f.event = reader.string();
  if (has_descriptor) f.memfd_bytes = reader.number<uint64_t>();
  f.data = reader.rest();
  if (!reader.ok() || f.event.size() > limits::kMaxEventNameBytes) return std::nullopt;
  if (has_descriptor && (!f.data.empty() || f.memfd_bytes == 0 || f.memfd_bytes > limits::kMaxEventBytes))
    return std::nullopt;
  return f;
}

}  // namespace ravelin::ipc
