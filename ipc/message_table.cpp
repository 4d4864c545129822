#include "ipc/message_table.h"

#include <array>

#include "common/limits.h"
#include "ipc/chunk_frame.h"

namespace ravelin::ipc {
namespace {

constexpr uint8_t L = static_cast<uint8_t>(Role::kLauncher);
constexpr uint8_t F = static_cast<uint8_t>(Role::kFrontend);
constexpr uint8_t Z = static_cast<uint8_t>(Role::kZygote);
constexpr uint8_t W = static_cast<uint8_t>(Role::kWorker);
constexpr uint32_t kConfigMax = limits::kMaxConfigBytes;
constexpr uint32_t kFrameMax = limits::kMaxFramePayload;
constexpr uint32_t kNameMax = limits::kMaxEventNameBytes;
constexpr uint32_t kChunkMax = kChunkFixedBytes + limits::kMaxInlineBody;

// The same table as in PROTOCOL.md, row by row.
constexpr std::array<MessageRule, kMaxFrameType> kTable{{
    {FrameType::kConfig, "Config", L, 8, kConfigMax, Descriptor::kNever},
    {FrameType::kListener, "Listener", L, 8, 4096, Descriptor::kAlways},
    {FrameType::kZygote, "Zygote", L, 0, 0, Descriptor::kAlways},
    {FrameType::kReady, "Ready", F, 0, 0, Descriptor::kNever},
    {FrameType::kFailed, "Failed", F, 0, 4096, Descriptor::kNever},
    {FrameType::kStop, "Stop", L, 8, 8, Descriptor::kNever},
    {FrameType::kSpawnDescriptor, "SpawnDescriptor", F, 0, 0, Descriptor::kAlways},
    {FrameType::kSpawn, "Spawn", F, 12, 12, Descriptor::kNever},
    {FrameType::kSpawned, "Spawned", Z, 12, 12, Descriptor::kAlways},
    {FrameType::kSpawnFailed, "SpawnFailed", Z, 12, 12, Descriptor::kNever},
    {FrameType::kExited, "Exited", Z | L, 16, 16, Descriptor::kNever},
    {FrameType::kHello, "Hello", W, 12, 12, Descriptor::kNever},
    {FrameType::kRequest, "Request", F, 56, kFrameMax, Descriptor::kOptional},
    {FrameType::kReply, "Reply", W, 32, kFrameMax, Descriptor::kOptional},
    {FrameType::kDropped, "Dropped", W, 0, 0, Descriptor::kNever},
    {FrameType::kRetire, "Retire", W, 0, 1024, Descriptor::kNever},
    {FrameType::kDrain, "Drain", F, 0, 0, Descriptor::kNever},
    {FrameType::kEventOn, "EventOn", W | L, 8, 8 + kNameMax, Descriptor::kNever},
    {FrameType::kEventUnlisten, "EventUnlisten", W | L, 0, kNameMax, Descriptor::kNever},
    {FrameType::kEventOff, "EventOff", W | L | F, 12, 12 + 2 * kNameMax, Descriptor::kNever},
    {FrameType::kEventRemove, "EventRemove", W | L | F, 8, 8 + kNameMax, Descriptor::kNever},
    {FrameType::kEventTrigger, "EventTrigger", W | L, 4, kFrameMax, Descriptor::kOptional},
    {FrameType::kEventDeliver, "EventDeliver", F, 4, kFrameMax, Descriptor::kOptional},
    {FrameType::kEventPage, "EventPage", L, 0, 0, Descriptor::kAlways},
    {FrameType::kEventScope, "EventScope", W | L, 8, 8, Descriptor::kNever},
    {FrameType::kDeferred, "Deferred", W, 0, 0, Descriptor::kNever},
    {FrameType::kChunk, "Chunk", W, 16, kChunkMax, Descriptor::kOptional},
    {FrameType::kChunkReady, "ChunkReady", F, 0, 0, Descriptor::kNever},
    {FrameType::kEnd, "End", W, 0, 0, Descriptor::kNever},
    {FrameType::kAbort, "Abort", W | F, 0, 0, Descriptor::kNever},
}};

}  // namespace

const MessageRule* find_rule(uint8_t type) {
  if (type == 0 || type > kMaxFrameType) return nullptr;
  return &kTable[type - 1u];
}

const char* check_header(const FrameHeader& header, Role sender) {
  const MessageRule* rule = find_rule(header.type);
  if (rule == nullptr) return "unknown frame type";
  if ((rule->senders & static_cast<uint8_t>(sender)) == 0) return "frame type not allowed from this sender";
  if (header.payload_bytes < rule->min_payload) return "frame too short";
  if (header.payload_bytes > rule->max_payload) return "frame too long";
  if ((header.flags & ~kFlagDescriptor) != 0) return "unknown frame flag";
  bool has_descriptor = (header.flags & kFlagDescriptor) != 0;
  if (has_descriptor && rule->descriptor == Descriptor::kNever) return "descriptor not allowed with this frame";
  if (!has_descriptor && rule->descriptor == Descriptor::kAlways) return "descriptor missing";
  return nullptr;
}

}  // namespace ravelin::ipc
