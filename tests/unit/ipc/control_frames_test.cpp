#include "ipc/control_frames.h"

#include <gtest/gtest.h>

#include "ipc/message_table.h"

namespace ravelin::ipc {
namespace {

// The message table checks the size of these frames, so their decoders need not: both must name the same.
void expect_size_of_its_row(FrameType type, const std::string& payload) {
  const MessageRule* rule = find_rule(static_cast<uint8_t>(type));
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(payload.size(), rule->min_payload) << rule->name;
  EXPECT_EQ(payload.size(), rule->max_payload) << rule->name;
}

TEST(ControlFrames, Spawn) {
  std::string payload = encode(Spawn{511, 0xfffffffe, 16});
  expect_size_of_its_row(FrameType::kSpawn, payload);
  Spawn spawn = decode_spawn(payload);
  EXPECT_EQ(spawn.slot, 511u);
  EXPECT_EQ(spawn.generation, 0xfffffffeu);
  EXPECT_EQ(spawn.loops, 16u);
}

TEST(ControlFrames, Spawned) {
  std::string payload = encode(Spawned{1, 2, 4194304});
  expect_size_of_its_row(FrameType::kSpawned, payload);
  Spawned spawned = decode_spawned(payload);
  EXPECT_EQ(spawned.slot, 1u);
  EXPECT_EQ(spawned.generation, 2u);
  EXPECT_EQ(spawned.pid, 4194304u);
}

TEST(ControlFrames, SpawnFailed) {
  std::string payload = encode(SpawnFailed{1, 2, 11});
  expect_size_of_its_row(FrameType::kSpawnFailed, payload);
  SpawnFailed failed = decode_spawn_failed(payload);
  EXPECT_EQ(failed.slot, 1u);
  EXPECT_EQ(failed.generation, 2u);
  EXPECT_EQ(failed.error, 11u);
}

TEST(ControlFrames, Exited) {
  std::string payload = encode(Exited{0xffffffff, 0xffffffff, 77, 0x8b});
  expect_size_of_its_row(FrameType::kExited, payload);
  Exited exited = decode_exited(payload);
  EXPECT_EQ(exited.slot, 0xffffffffu);
  EXPECT_EQ(exited.generation, 0xffffffffu);
  EXPECT_EQ(exited.pid, 77u);
  EXPECT_EQ(exited.wait_status, 0x8bu);
}

TEST(ControlFrames, Hello) {
  std::string payload = encode(Hello{kProtocolVersion, 3, 4});
  expect_size_of_its_row(FrameType::kHello, payload);
  Hello hello = decode_hello(payload);
  EXPECT_EQ(hello.version, kProtocolVersion);
  EXPECT_EQ(hello.slot, 3u);
  EXPECT_EQ(hello.generation, 4u);
}

TEST(ControlFrames, Stop) {
  std::string payload = encode(Stop{0x123456789a});
  expect_size_of_its_row(FrameType::kStop, payload);
  EXPECT_EQ(decode_stop(payload).grace_ms, 0x123456789au);
}

TEST(ControlFrames, FieldsFollowEachOtherInLittleEndian) {
  EXPECT_EQ(encode(Spawn{0x04030201, 0x08070605, 0x0c0b0a09}), "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c");
}

}  // namespace
}  // namespace ravelin::ipc
