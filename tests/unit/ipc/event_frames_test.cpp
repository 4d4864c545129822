#include "ipc/event_frames.h"

#include <gtest/gtest.h>

#include "ipc/message_table.h"

namespace ravelin::ipc {
namespace {

using namespace std::string_literals;

std::string name_of(size_t bytes) { return std::string(bytes, 'n'); }

TEST(EventFrames, On) {
  std::string payload;
  encode_event_on(payload, {0x0102030405060708, "chat\0room"s});
  auto on = decode_event_on(payload);
  ASSERT_TRUE(on);
  EXPECT_EQ(on->serial, 0x0102030405060708u);
  EXPECT_EQ(on->event, "chat\0room"s);
  EXPECT_FALSE(decode_event_on("short"));
  EXPECT_FALSE(decode_event_on(std::string(8, '\0') + name_of(limits::kMaxEventNameBytes + 1)));
}

TEST(EventFrames, Off) {
  std::string payload;
  encode_event_off(payload, {7, "event", "listener"});
  auto off = decode_event_off(payload);
  ASSERT_TRUE(off);
  EXPECT_EQ(off->issued_ns, 7u);
  EXPECT_EQ(off->event, "event");
  EXPECT_EQ(off->listener, "listener");
  for (size_t size = 0; size < 8 + 4 + 5; ++size) EXPECT_FALSE(decode_event_off(payload.substr(0, size))) << size;
  EXPECT_TRUE(decode_event_off(payload.substr(0, 8 + 4 + 5))) << "an empty listener name";
}

TEST(EventFrames, Remove) {
  std::string payload;
  encode_event_remove(payload, {9, "event", {}});
  auto remove = decode_event_remove(payload);
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->issued_ns, 9u);
  EXPECT_EQ(remove->event, "event");
  EXPECT_FALSE(decode_event_remove("1234567"));
}

TEST(EventFrames, MessageInline) {
  std::string payload;
  encode_event_message(payload, {"event", "data", 0});
  auto message = decode_event_message(payload, false);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, "event");
  EXPECT_EQ(message->data, "data");
  EXPECT_EQ(message->memfd_bytes, 0u);
  EXPECT_FALSE(decode_event_message(payload, true)) << "no room for the size";
  EXPECT_FALSE(decode_event_message("\5\0\0\0even"s, false));
  EXPECT_TRUE(decode_event_message("\0\0\0\0"s, false)) << "an event without name, without data";
}

TEST(EventFrames, MessageWithDescriptor) {
  std::string payload;
  encode_event_message(payload, {"event", "not sent", 1'000'000});
  auto message = decode_event_message(payload, true);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->memfd_bytes, 1'000'000u);
  EXPECT_TRUE(message->data.empty());
  EXPECT_FALSE(decode_event_message(payload + "x", true));
  for (uint64_t size : {uint64_t{0}, limits::kMaxEventBytes + 1, UINT64_MAX}) {
    std::string bad = "\5\0\0\0event"s;
    ByteWriter(bad).number(size);
    EXPECT_FALSE(decode_event_message(bad, true)) << size;
  }
}

// The rows of the message table leave room for the longest names, and for no longer ones.
TEST(EventFrames, TableAgrees) {
  const std::string longest = name_of(limits::kMaxEventNameBytes);
  std::string on, off, remove;
  encode_event_on(on, {1, longest});
  encode_event_off(off, {1, longest, longest});
  encode_event_remove(remove, {1, longest, {}});
  EXPECT_EQ(find_rule(static_cast<uint8_t>(FrameType::kEventOn))->max_payload, on.size());
  EXPECT_EQ(find_rule(static_cast<uint8_t>(FrameType::kEventOff))->max_payload, off.size());
  EXPECT_EQ(find_rule(static_cast<uint8_t>(FrameType::kEventRemove))->max_payload, remove.size());
  EXPECT_LE(4 + longest.size() + limits::kMaxInlineEvent, limits::kMaxFramePayload);
}

}  // namespace
}  // namespace ravelin::ipc
