// Payloads of the small frames between launcher, frontend, zygote and workers (PROTOCOL.md). Fixed sizes, encoded and
// decoded here only. Not for: sending them.
#pragma once

#include <signal.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace ravelin::ipc {

// The frontend sends this signal to a worker whose running request is slow: it then sends the replies that are finished
// but still in its buffer, even from within native code (PROTOCOL.md, "A request"). A worker handles it before it says
// Hello.
inline int flush_signal() { return SIGRTMIN + 6; }

// Spawn: fork the worker of this table slot. The SpawnDescriptor frames before it carried, in this order, the claim
// page and one channel per frontend loop.
struct Spawn {
  uint32_t slot = 0;
  uint32_t generation = 0;  // counts the workers that a slot has had, so late news about an old one is recognised
  uint32_t loops = 0;
};

struct Spawned {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint32_t pid = 0;
};

struct SpawnFailed {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint32_t error = 0;  // errno of fork, or EPROTO when descriptors were missing
};

struct Exited {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint32_t pid = 0;
  uint32_t wait_status = 0;  // as waitpid gives it
};

struct Hello {
  uint32_t version = 0;
  uint32_t slot = 0;
  uint32_t generation = 0;
};

struct Stop {
  uint64_t grace_ms = 0;
};

template <typename... Numbers>
std::string encode_numbers(Numbers... numbers) {
  std::string payload;
  ByteWriter writer(payload);
  (writer.number(numbers), ...);
  return payload;
}

inline std::string encode(const Spawn& f) { return encode_numbers(f.slot, f.generation, f.loops); }
inline std::string encode(const Spawned& f) { return encode_numbers(f.slot, f.generation, f.pid); }
inline std::string encode(const SpawnFailed& f) { return encode_numbers(f.slot, f.generation, f.error); }
inline std::string encode(const Exited& f) { return encode_numbers(f.slot, f.generation, f.pid, f.wait_status); }
inline std::string encode(const Hello& f) { return encode_numbers(f.version, f.slot, f.generation); }
inline std::string encode(const Stop& f) { return encode_numbers(f.grace_ms); }

// The message table has checked the payload's size before these are called.
inline Spawn decode_spawn(std::string_view payload) {
  ByteReader r(payload);
  return {r.number<uint32_t>(), r.number<uint32_t>(), r.number<uint32_t>()};
}
inline Spawned decode_spawned(std::string_view payload) {
  ByteReader r(payload);
  return {r.number<uint32_t>(), r.number<uint32_t>(), r.number<uint32_t>()};
}
inline SpawnFailed decode_spawn_failed(std::string_view payload) {
  ByteReader r(payload);
  return {r.number<uint32_t>(), r.number<uint32_t>(), r.number<uint32_t>()};
}
inline Exited decode_exited(std::string_view payload) {
  ByteReader r(payload);
  return {r.number<uint32_t>(), r.number<uint32_t>(), r.number<uint32_t>(), r.number<uint32_t>()};
}
inline Hello decode_hello(std::string_view payload) {
  ByteReader r(payload);
  return {r.number<uint32_t>(), r.number<uint32_t>(), r.number<uint32_t>()};
}
inline Stop decode_stop(std::string_view payload) {
  ByteReader r(payload);
  return {r.number<uint64_t>()};
}

}  // namespace ravelin::ipc
