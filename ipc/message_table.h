// The message table: who may send which frame, how large, with a descriptor or not. The one place where a received
// header is judged; a frame that breaks its row is malformed and closes the channel. Pure; any process.
#pragma once

#include "ipc/message.h"

namespace ravelin::ipc {

enum class Role : uint8_t { kLauncher = 1, kFrontend = 2, kZygote = 4, kWorker = 8 };

enum class Descriptor : uint8_t { kNever, kOptional, kAlways };

struct MessageRule {
  FrameType type;
  const char* name;
  uint8_t senders;  // bits of Role
  uint32_t min_payload;
  uint32_t max_payload;
  Descriptor descriptor;
};

// The row of a type, or nullptr for an unknown one.
const MessageRule* find_rule(uint8_t type);

// nullptr when `header` is allowed from `sender`, else what is wrong with it (a literal).
const char* check_header(const FrameHeader& header, Role sender);

}  // namespace ravelin::ipc
