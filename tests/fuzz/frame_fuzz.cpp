// The IPC decoder with bytes of a hostile peer: frames are cut the same however the bytes arrive, and every payload
// decoder stays inside its payload. First byte: which process sends, and how the bytes are cut.
#include <fcntl.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "ipc/chunk_frame.h"
#include "ipc/codec.h"
#include "ipc/control_frames.h"
#include "ipc/header_block.h"
#include "ipc/reply_frame.h"
#include "ipc/request_frame.h"
#include "ipc/server_config.h"

using namespace ravelin;
using namespace ravelin::ipc;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

// Reads every byte, so that a sanitizer sees a view that reaches too far.
size_t sum(std::string_view bytes) {
  size_t total = bytes.size();
  for (char c : bytes) total += static_cast<unsigned char>(c);
  return total;
}

size_t walk_headers(std::string_view block) {
  HeaderBlockReader reader(block);
  HeaderLine line;
  size_t total = 0;
  while (reader.next(line)) total += sum(line.name) + sum(line.value);
  return total;
}

size_t read_request(std::string_view payload, bool has_descriptor) {
  auto request = decode_request(payload, has_descriptor);
  if (!request) return 0;
  const RequestFields& f = request.value();
  std::string again;
  encode_request(again, f, has_descriptor);
  auto second = decode_request(again, has_descriptor);
  require(second && second.value().path == f.path && second.value().headers == f.headers);
  return walk_headers(f.headers) + sum(f.path) + sum(f.query) + sum(f.matched_path) + sum(f.host) + sum(f.fs_path) +
         sum(f.method) + sum(f.peer_ip) + sum(f.inline_body);
}

size_t read_reply(std::string_view payload, bool has_descriptor) {
  auto reply = decode_reply(payload, has_descriptor);
  if (!reply) return 0;
  require(has_descriptor || reply.value().inline_body.size() == reply.value().body_bytes);
  return walk_headers(reply.value().headers) + sum(reply.value().inline_body);
}

size_t read_chunk(std::string_view payload, bool has_descriptor) {
  auto chunk = decode_chunk(payload, has_descriptor);
  if (!chunk) return 0;
  require(!chunk.value().inline_bytes.empty() || chunk.value().file_bytes > 0);
  require(has_descriptor == (chunk.value().file_bytes > 0));
  return sum(chunk.value().inline_bytes);
}

size_t read_config(std::string_view payload) {
  auto config = decode_config(payload);
  if (!config) return 0;
  require(bool(decode_config(encode_config(config.value()))));
  return config.value().routes.size();
}

size_t read_payload(const Frame& frame) {
  bool has_descriptor = bool(frame.descriptor);
  switch (frame.type) {
    case FrameType::kConfig:
      return read_config(frame.payload);
    case FrameType::kListener:
      return decode_listener(frame.payload) ? 1 : 0;
    case FrameType::kStop:
      return decode_stop(frame.payload).grace_ms;
    case FrameType::kSpawn:
      return decode_spawn(frame.payload).slot;
    case FrameType::kSpawned:
      return decode_spawned(frame.payload).pid;
    case FrameType::kSpawnFailed:
      return decode_spawn_failed(frame.payload).error;
    case FrameType::kExited:
      return decode_exited(frame.payload).wait_status;
    case FrameType::kHello:
      return decode_hello(frame.payload).version;
    case FrameType::kRequest:
      return read_request(frame.payload, has_descriptor);
    case FrameType::kReply:
      return read_reply(frame.payload, has_descriptor);
    case FrameType::kChunk:
      return read_chunk(frame.payload, has_descriptor);
    default:
      return sum(frame.payload);
  }
}

// Everything that comes out of `bytes`, as text to compare.
std::string decode(std::string_view bytes, Role sender, uint32_t state, bool cut, int descriptors) {
  FrameDecoder decoder(sender);
  std::string text;
  for (int i = 0; i < descriptors; ++i) decoder.add_descriptor(UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  while (!bytes.empty()) {
    state = state * 1664525 + 1013904223;
    std::string_view piece = bytes.substr(0, cut ? 1 + (state >> 16) % 40 : bytes.size());
    bytes.remove_prefix(piece.size());
    memcpy(decoder.reserve(piece.size()), piece.data(), piece.size());
    decoder.commit(piece.size());
    Frame frame;
    FrameDecoder::Next next;
    while ((next = decoder.next(frame)) == FrameDecoder::Next::kFrame)
      text += std::to_string(static_cast<int>(frame.type)) + "/" + std::to_string(frame.payload.size()) + "/" +
              std::to_string(read_payload(frame)) + (frame.descriptor ? "d " : " ");
    if (next == FrameDecoder::Next::kMalformed) {
      require(decoder.fault() != nullptr);
      return text + decoder.fault();
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  auto sender = static_cast<Role>(1u << (data[0] & 3));
  int descriptors = (data[0] >> 2) & 3;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  require(decode(bytes, sender, data[0], false, descriptors) == decode(bytes, sender, data[0], true, descriptors));
  // Payloads by themselves, without a frame that the fuzzer would have to get right first.
  std::string payload(bytes);
  payload.shrink_to_fit();
  for (FrameType type : {FrameType::kConfig, FrameType::kListener, FrameType::kRequest, FrameType::kReply}) {
    for (bool has_descriptor : {false, true}) {
      Frame frame;
      frame.type = type;
      frame.payload = payload;
      if (has_descriptor) frame.descriptor = UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
      read_payload(frame);
    }
  }
  return 0;
}
