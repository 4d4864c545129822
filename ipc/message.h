// The frame: every byte between our processes is a fixed 16-byte header and a payload. PROTOCOL.md describes each
// frame; message_table.cpp is that same table in code. Not for: payload layouts (request_frame.h, reply_frame.h,
// server_config.h, control_frames.h, event_frames.h) or sockets (channel.h).
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "common/unique_fd.h"

namespace ravelin::ipc {

static_assert(std::endian::native == std::endian::little, "frames are little endian and written with memcpy");

constexpr uint32_t kProtocolVersion = 1;

enum class FrameType : uint8_t {
  kConfig = 1,    // launcher -> frontend: ServerConfig
  kListener = 2,  // launcher -> frontend: one listening socket
  kZygote = 3,    // launcher -> frontend: channel to a zygote; frontend channel for a zygote (launcher -> zygote)
  kReady = 4,     // frontend -> launcher: serving
  kFailed = 5,    // frontend -> launcher: cannot serve; text
  kStop = 6,      // launcher -> frontend: finish and end; grace
  kSpawnDescriptor = 7,  // frontend -> zygote: one descriptor of the worker to be
  kSpawn = 8,            // frontend -> zygote: fork a worker with the descriptors sent since the last Spawn
  kSpawned = 9,          // zygote -> frontend: pid, and its pidfd
  kSpawnFailed = 10,     // zygote -> frontend: errno
  kExited = 11,          // zygote -> frontend (launcher -> frontend for orphans): wait status
  kHello = 12,           // worker -> frontend: version, slot, generation; the worker takes requests
  kRequest = 13,         // frontend -> worker
  kReply = 14,           // worker -> frontend
  kDropped = 15,         // worker -> frontend: a request that was revoked was not run
  kRetire = 16,          // worker -> frontend: takes no further request and ends
  kDrain = 17,           // frontend -> worker: answer what has begun, then end
  kEventOn = 18,         // worker, launcher -> frontend: this context listens to an event
  kEventUnlisten = 19,   // worker, launcher -> frontend: it listens to that event no longer
  kEventOff = 20,        // both ways: one named listener ends, in every context
  kEventRemove = 21,     // both ways: all listeners of an event end, in every context
  kEventTrigger = 22,    // worker, launcher -> frontend
  kEventDeliver = 23,    // frontend -> worker, launcher: a trigger of another context
  kEventPage = 24,       // launcher -> frontend: the page with the launcher's event words; it takes part in events now
  kEventScope = 25,      // worker, launcher -> frontend: event names belong to their modules from now on, everywhere
  kDeferred = 26,        // worker -> frontend: the reply comes later; the request leaves the window
  kChunk = 27,           // worker -> frontend: the next piece of a streamed reply
  kChunkReady = 28,      // frontend -> worker: the client can take a piece
  kEnd = 29,             // worker -> frontend: a streamed reply is complete
  kAbort = 30,           // worker -> frontend: the stream ends unfinished; frontend -> worker: nobody waits for it
};
constexpr uint8_t kMaxFrameType = 30;

constexpr uint8_t kFlagDescriptor = 1;  // one descriptor belongs to this frame
constexpr uint16_t kNoSlot = 0xffff;    // slot of a Reply whose request has left the window

struct FrameHeader {
  uint32_t payload_bytes = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  uint16_t slot = 0;    // claim word of the request within its loop's window
  uint64_t stream = 0;  // request id, unique in the life of a frontend
};
static_assert(sizeof(FrameHeader) == 16);

// A received frame. The payload is a view into the channel's buffer, valid until the channel reads again.
struct Frame {
  FrameType type = FrameType::kConfig;
  uint16_t slot = 0;
  uint64_t stream = 0;
  std::string_view payload;
  UniqueFd descriptor;
};

}  // namespace ravelin::ipc
