#include "ipc/codec.h"

#include <gtest/gtest.h>
#include <string.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "common/limits.h"
#include "common/sys.h"
#include "tests/unit/common/open_descriptors.h"

namespace ravelin::ipc {
namespace {

using Next = FrameDecoder::Next;

// A frame of the frontend as the tests script it; `has_descriptor` frames get a memfd of their own.
struct Sent {
  FrameType type = FrameType::kDrain;
  uint16_t slot = 0;
  uint64_t stream = 0;
  std::string payload{};
  bool has_descriptor = false;
  size_t start = 0;       // filled by encode()
  uint64_t identity = 0;  // of the descriptor, filled by feed()
};

std::string encode(std::vector<Sent>& frames) {
  std::string bytes;
  for (Sent& sent : frames) {
    FrameWriter writer(bytes, sent.type, sent.slot, sent.stream, sent.has_descriptor ? kFlagDescriptor : 0);
    sent.start = writer.start();
    writer.payload().append(sent.payload);
    writer.finish();
  }
  return bytes;
}

// Gives bytes [from, to) to the decoder as a channel does: the descriptors of frames that begin in there come with
// them.
void feed(FrameDecoder& decoder, std::string_view bytes, size_t from, size_t to, std::vector<Sent>& frames) {
  for (Sent& sent : frames) {
    if (!sent.has_descriptor || sent.start < from || sent.start >= to) continue;
    auto file = make_memfd("frame", 0, false);
    ASSERT_TRUE(file);
    sent.identity = file_identity(file.value().get());
    ASSERT_TRUE(decoder.add_descriptor(std::move(file.value())));
  }
  memcpy(decoder.reserve(to - from), bytes.data() + from, to - from);
  decoder.commit(to - from);
}

// Takes all frames that are complete and compares them with frames[done...]. Returns how many are done then.
size_t take(FrameDecoder& decoder, const std::vector<Sent>& frames, size_t done) {
  Frame frame;
  Next next;
  while ((next = decoder.next(frame)) == Next::kFrame) {
    EXPECT_LT(done, frames.size());
    if (done >= frames.size()) return done;
    const Sent& sent = frames[done++];
    EXPECT_EQ(frame.type, sent.type);
    EXPECT_EQ(frame.slot, sent.slot);
    EXPECT_EQ(frame.stream, sent.stream);
    EXPECT_EQ(frame.payload, sent.payload);
    EXPECT_EQ(static_cast<bool>(frame.descriptor), sent.has_descriptor);
    if (sent.has_descriptor) {
      EXPECT_EQ(file_identity(frame.descriptor.get()), sent.identity);
    }
  }
  EXPECT_EQ(next, Next::kNeedMore) << decoder.fault();
  return done;
}

std::vector<Sent> mixed_frames() {
  return {
      {FrameType::kRequest, 3, 1, std::string(64, 'a')},
      {FrameType::kDrain},
      {FrameType::kRequest, 63, ~uint64_t{0}, std::string(200, 'b'), true},
      {FrameType::kRequest, 0xffff, 77, std::string(64, '\0'), true},
      {FrameType::kSpawnDescriptor, 0, 0, "", true},
      {FrameType::kSpawn, 0, 0, std::string(12, '\xff')},
      {FrameType::kRequest, 0, 5, std::string(100, 'c')},
  };
}

TEST(Codec, DecodesAtEverySplitPoint) {
  std::vector<Sent> frames = mixed_frames();
  const std::string bytes = encode(frames);
  for (size_t split = 0; split <= bytes.size(); ++split) {
    SCOPED_TRACE(split);
    FrameDecoder decoder(Role::kFrontend);
    feed(decoder, bytes, 0, split, frames);
    size_t done = take(decoder, frames, 0);
    feed(decoder, bytes, split, bytes.size(), frames);
    ASSERT_EQ(take(decoder, frames, done), frames.size());
    ASSERT_EQ(decoder.buffered(), 0u);
    ASSERT_EQ(decoder.fault(), nullptr);
  }
}

TEST(Codec, DecodesByteByByte) {
  std::vector<Sent> frames = mixed_frames();
  const std::string bytes = encode(frames);
  FrameDecoder decoder(Role::kFrontend);
  size_t done = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    feed(decoder, bytes, i, i + 1, frames);
    done = take(decoder, frames, done);
    // A frame is there exactly when its last byte is.
    size_t complete = 0;
    while (complete < frames.size() &&
           frames[complete].start + sizeof(FrameHeader) + frames[complete].payload.size() <= i + 1)
      ++complete;
    ASSERT_EQ(done, complete) << i;
  }
  EXPECT_EQ(done, frames.size());
}

TEST(Codec, DecodesRandomFramesInRandomPieces) {
  std::mt19937 random(20240517);
  auto below = [&](size_t limit) { return static_cast<size_t>(random()) % limit; };
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    std::vector<Sent> frames(20 + below(50));
    for (Sent& sent : frames) {
      bool large = below(8) == 0;
      sent = {FrameType::kRequest, static_cast<uint16_t>(random()), random(),
              std::string(64 + below(large ? 100'000 : 300), static_cast<char>(random())), below(3) == 0};
    }
    const std::string bytes = encode(frames);
    FrameDecoder decoder(Role::kFrontend);
    size_t done = 0;
    for (size_t from = 0; from < bytes.size();) {
      size_t to = std::min(bytes.size(), from + 1 + below(below(2) == 0 ? 40 : 20'000));
      feed(decoder, bytes, from, to, frames);
      if (below(3) > 0) done = take(decoder, frames, done);
      from = to;
    }
    ASSERT_EQ(take(decoder, frames, done), frames.size());
  }
}

TEST(Codec, PayloadsOfOneReadStayValidTogether) {
  std::vector<Sent> frames = mixed_frames();
  const std::string bytes = encode(frames);
  FrameDecoder decoder(Role::kFrontend);
  feed(decoder, bytes, 0, bytes.size(), frames);
  std::vector<std::string_view> payloads;
  Frame frame;
  while (decoder.next(frame) == Next::kFrame) payloads.push_back(frame.payload);
  ASSERT_EQ(payloads.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(payloads[i], frames[i].payload);
}

TEST(Codec, BuffersTheLargestFrame) {
  std::vector<Sent> frames = {{FrameType::kConfig, 0, 0, std::string(limits::kMaxConfigBytes, 'x')}};
  const std::string bytes = encode(frames);
  FrameDecoder decoder(Role::kLauncher);
  for (size_t from = 0; from < bytes.size(); from += 1 << 20)
    feed(decoder, bytes, from, std::min(bytes.size(), from + (1 << 20)), frames);
  EXPECT_EQ(take(decoder, frames, 0), 1u);
}

TEST(Codec, WriterTakesAFrameBack) {
  std::string bytes = "earlier";
  {
    FrameWriter writer(bytes, FrameType::kRequest, 1, 2);
    writer.payload().append("half a payload");
    writer.cancel();
  }
  EXPECT_EQ(bytes, "earlier");
}

TEST(Codec, ReserveGivesAtLeastWhatWasAsked) {
  FrameDecoder decoder(Role::kFrontend);
  for (size_t wanted : {1u, 1000u, 5u, 100'000u, 16u}) {
    char* space = decoder.reserve(wanted);
    EXPECT_GE(decoder.reserved(), wanted);
    memset(space, 0, wanted);  // the sanitizers watch
  }
  EXPECT_EQ(decoder.buffered(), 0u);
}

// --- malformed input ---

void give(FrameDecoder& decoder, const FrameHeader& header, size_t payload_bytes = 0) {
  char* space = decoder.reserve(sizeof header + payload_bytes);
  memcpy(space, &header, sizeof header);
  memset(space + sizeof header, 0, payload_bytes);
  decoder.commit(sizeof header + payload_bytes);
}

FrameHeader reply_header(uint32_t payload_bytes) {
  FrameHeader header;
  header.type = static_cast<uint8_t>(FrameType::kReply);
  header.payload_bytes = payload_bytes;
  return header;
}

TEST(CodecMalformed, IsToldByTheHeaderAlone) {
  // Nothing is buffered for a payload that would never be accepted.
  FrameDecoder decoder(Role::kWorker);
  give(decoder, reply_header(limits::kMaxFramePayload + 1));
  Frame frame;
  EXPECT_EQ(decoder.next(frame), Next::kMalformed);
  EXPECT_STREQ(decoder.fault(), "frame too long");
}

TEST(CodecMalformed, StaysMalformed) {
  FrameDecoder decoder(Role::kWorker);
  FrameHeader bad = reply_header(32);
  bad.type = 99;
  give(decoder, bad);
  Frame frame;
  EXPECT_EQ(decoder.next(frame), Next::kMalformed);
  give(decoder, reply_header(32), 32);
  EXPECT_EQ(decoder.next(frame), Next::kMalformed);
  EXPECT_STREQ(decoder.fault(), "unknown frame type");
}

TEST(CodecMalformed, FramesBeforeItAreGood) {
  FrameDecoder decoder(Role::kWorker);
  give(decoder, reply_header(40), 40);
  FrameHeader wrong_sender = reply_header(64);
  wrong_sender.type = static_cast<uint8_t>(FrameType::kRequest);
  give(decoder, wrong_sender, 64);
  Frame frame;
  EXPECT_EQ(decoder.next(frame), Next::kFrame);
  EXPECT_EQ(frame.payload.size(), 40u);
  EXPECT_EQ(decoder.next(frame), Next::kMalformed);
  EXPECT_STREQ(decoder.fault(), "frame type not allowed from this sender");
}

TEST(CodecMalformed, AnnouncedDescriptorDidNotCome) {
  FrameDecoder decoder(Role::kWorker);
  FrameHeader header = reply_header(32);
  header.flags = kFlagDescriptor;
  give(decoder, header, 32);
  Frame frame;
  EXPECT_EQ(decoder.next(frame), Next::kMalformed);
  EXPECT_STREQ(decoder.fault(), "frame announces a descriptor that did not come");
}

TEST(CodecMalformed, EveryHeaderOfEverySenderIsJudgedLikeTheTable) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    FrameHeader header;
    uint64_t bits = random();
    header.type = static_cast<uint8_t>(bits % 20);
    header.flags = static_cast<uint8_t>((bits >> 8) % 4);
    header.payload_bytes = static_cast<uint32_t>((bits >> 16) % 70);
    auto sender = static_cast<Role>(1 << ((bits >> 40) % 4));
    FrameDecoder decoder(sender);
    if ((header.flags & kFlagDescriptor) != 0) decoder.add_descriptor(UniqueFd());
    give(decoder, header, header.payload_bytes);
    Frame frame;
    const char* why = check_header(header, sender);
    ASSERT_EQ(decoder.next(frame), why == nullptr ? Next::kFrame : Next::kMalformed);
    if (why != nullptr) {
      EXPECT_STREQ(decoder.fault(), why);
    }
  }
}

TEST(CodecMalformed, RandomBytesDoNoHarm) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    FrameDecoder decoder(Role::kWorker);
    size_t size = 1 + random() % 200;
    char* space = decoder.reserve(size);
    for (size_t i = 0; i < size; ++i) space[i] = static_cast<char>(random() % 4 == 0 ? random() : random() % 18);
    decoder.commit(size);
    Frame frame;
    while (decoder.next(frame) == Next::kFrame) EXPECT_LE(frame.payload.size(), size);
  }
}

// --- descriptors ---

TEST(CodecDescriptors, AreBoundInTheOrderTheyCame) {
  size_t before = count_open_descriptors();
  {
    std::vector<Sent> frames;
    for (uint64_t i = 0; i < 30; ++i) frames.push_back({FrameType::kRequest, 0, i, std::string(64, 'x'), i % 3 != 1});
    const std::string bytes = encode(frames);
    FrameDecoder decoder(Role::kFrontend);
    feed(decoder, bytes, 0, bytes.size(), frames);
    EXPECT_EQ(take(decoder, frames, 0), frames.size());
  }
  EXPECT_EQ(count_open_descriptors(), before);
}

TEST(CodecDescriptors, NextFrameClosesWhatWasNotTaken) {
  std::vector<Sent> frames = {{FrameType::kSpawnDescriptor, 0, 0, "", true}, {FrameType::kDrain}};
  const std::string bytes = encode(frames);
  FrameDecoder decoder(Role::kFrontend);
  feed(decoder, bytes, 0, bytes.size(), frames);
  Frame frame;
  ASSERT_EQ(decoder.next(frame), Next::kFrame);
  int number = frame.descriptor.get();
  ASSERT_TRUE(is_open(number));
  ASSERT_EQ(decoder.next(frame), Next::kFrame);
  EXPECT_FALSE(frame.descriptor);
  EXPECT_FALSE(is_open(number));
}

TEST(CodecDescriptors, TooManyAreRefusedAndClosed) {
  size_t before = count_open_descriptors();
  {
    FrameDecoder decoder(Role::kWorker);
    for (size_t i = 0; i < limits::kMaxPendingDescriptors; ++i)
      ASSERT_TRUE(decoder.add_descriptor(std::move(make_memfd("x", 0, false).value()))) << i;
    EXPECT_FALSE(decoder.add_descriptor(std::move(make_memfd("x", 0, false).value())));
    EXPECT_EQ(count_open_descriptors(), before + limits::kMaxPendingDescriptors);
  }
  EXPECT_EQ(count_open_descriptors(), before) << "what no frame has claimed dies with the decoder";
}

TEST(CodecDescriptors, ClaimedOnesMakeRoom) {
  FrameDecoder decoder(Role::kWorker);
  for (size_t i = 0; i < 3 * limits::kMaxPendingDescriptors; ++i) {
    ASSERT_TRUE(decoder.add_descriptor(std::move(make_memfd("x", 0, false).value()))) << i;
    FrameHeader header = reply_header(32);
    header.flags = kFlagDescriptor;
    give(decoder, header, 32);
    Frame frame;
    ASSERT_EQ(decoder.next(frame), Next::kFrame);
  }
}

TEST(CodecDeathTest, WriterRefusesAPayloadBeyondEveryLimit) {
  std::string bytes;
  FrameWriter writer(bytes, FrameType::kConfig);
  writer.payload().append(limits::kMaxConfigBytes + 1, 'x');
  EXPECT_DEATH(writer.finish(), "broken invariant");
}

}  // namespace
}  // namespace ravelin::ipc
