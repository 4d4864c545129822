#include "ipc/claims.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <barrier>
#include <thread>
#include <vector>

#include "common/sys.h"

namespace ravelin::ipc {
namespace {

struct Pair {
  ClaimPage frontend;
  ClaimPage worker;
  UniqueFd memfd;
};

Pair make_pair_of_mappings() {
  Pair pair;
  auto created = ClaimPage::create(pair.memfd);
  EXPECT_TRUE(created);
  pair.frontend = std::move(created.value());
  auto mapped = ClaimPage::map(pair.memfd);
  EXPECT_TRUE(mapped) << mapped.error().message;
  pair.worker = std::move(mapped.value());
  return pair;
}

uint32_t word_in_file(const UniqueFd& memfd, uint32_t index) {
  uint32_t word = 0;
  EXPECT_EQ(pread(memfd.get(), &word, sizeof word, index * sizeof word), static_cast<ssize_t>(sizeof word));
  return word;
}

void scribble(const UniqueFd& memfd, uint32_t index, uint32_t word) {
  EXPECT_EQ(pwrite(memfd.get(), &word, sizeof word, index * sizeof word), static_cast<ssize_t>(sizeof word));
}

TEST(Claims, WordsFillOnePage) {
  EXPECT_EQ(ClaimPage::kEventWordsOffset, 4096u);
  EXPECT_EQ(ClaimPage::index(0, 0), 0u);
  EXPECT_EQ(ClaimPage::index(0, limits::kWindow - 1), limits::kWindow - 1);
  EXPECT_EQ(ClaimPage::index(1, 0), limits::kWindow);
  EXPECT_EQ(ClaimPage::index(limits::kMaxLoops - 1, limits::kWindow - 1), ClaimPage::kWords - 1);
}

TEST(Claims, TheWorkerBeginsWhatIsQueued) {
  Pair pair = make_pair_of_mappings();
  EXPECT_FALSE(pair.worker.begin(5, 1)) << "nothing is queued there";
  pair.frontend.queue(5, 1);
  EXPECT_FALSE(pair.frontend.has_begun(5, 1));
  EXPECT_TRUE(pair.worker.begin(5, 1));
  EXPECT_TRUE(pair.frontend.has_begun(5, 1));
  EXPECT_FALSE(pair.worker.begin(5, 1)) << "a request is begun once";
  EXPECT_FALSE(pair.frontend.revoke(5, 1)) << "and then never taken back";
  EXPECT_EQ(word_in_file(pair.memfd, 5), claim_word(1, ClaimState::kBegun));
}

TEST(Claims, TheFrontendTakesBackWhatIsNotBegun) {
  Pair pair = make_pair_of_mappings();
  pair.frontend.queue(1023, 9);
  EXPECT_TRUE(pair.frontend.revoke(1023, 9));
  EXPECT_FALSE(pair.worker.begin(1023, 9));
  EXPECT_FALSE(pair.frontend.revoke(1023, 9));
  EXPECT_EQ(word_in_file(pair.memfd, 1023), claim_word(9, ClaimState::kRevoked));
}

TEST(Claims, AnotherStreamMatchesNothing) {
  Pair pair = make_pair_of_mappings();
  pair.frontend.queue(0, 7);
  for (uint64_t other : {uint64_t{0}, uint64_t{6}, uint64_t{8}, uint64_t{7} + (1u << 29)}) {
    EXPECT_FALSE(pair.worker.begin(0, other)) << other;
    EXPECT_FALSE(pair.frontend.revoke(0, other)) << other;
    EXPECT_TRUE(pair.frontend.has_begun(0, other)) << other << ": not exactly QUEUED for it counts as begun";
  }
  EXPECT_TRUE(pair.worker.begin(0, 7));
}

TEST(Claims, ASlotThatWasGivenAwayAgainCannotBeClaimedByTheOldRequest) {
  Pair pair = make_pair_of_mappings();
  pair.frontend.queue(3, 100);
  ASSERT_TRUE(pair.frontend.revoke(3, 100));
  pair.frontend.queue(3, 101);
  EXPECT_FALSE(pair.worker.begin(3, 100));
  EXPECT_TRUE(pair.worker.begin(3, 101));
}

TEST(Claims, WordsAreIndependent) {
  Pair pair = make_pair_of_mappings();
  for (uint32_t i = 0; i < ClaimPage::kWords; ++i) pair.frontend.queue(i, i);
  for (uint32_t i = 0; i < ClaimPage::kWords; ++i) {
    if (i % 2 == 0) {
      EXPECT_TRUE(pair.worker.begin(i, i));
    } else {
      EXPECT_TRUE(pair.frontend.revoke(i, i));
    }
  }
  for (uint32_t i = 0; i < ClaimPage::kWords; ++i)
    EXPECT_EQ(word_in_file(pair.memfd, i), claim_word(i, i % 2 == 0 ? ClaimState::kBegun : ClaimState::kRevoked));
}

TEST(Claims, StreamsOfAnySizeFit) {
  Pair pair = make_pair_of_mappings();
  for (uint64_t stream : {uint64_t{1} << 29, uint64_t{1} << 30, (uint64_t{1} << 62) + 5, ~uint64_t{0}}) {
    pair.frontend.queue(2, stream);
    EXPECT_FALSE(pair.frontend.has_begun(2, stream));
    EXPECT_TRUE(pair.worker.begin(2, stream));
  }
}

TEST(Claims, WhateverAWorkerWritesCountsAsBegun) {
  Pair pair = make_pair_of_mappings();
  for (uint32_t garbage :
       {0u, 1u, 0xffffffffu, claim_word(4, ClaimState::kRevoked), claim_word(4, ClaimState::kFree)}) {
    pair.frontend.queue(0, 4);
    scribble(pair.memfd, 0, garbage);
    EXPECT_TRUE(pair.frontend.has_begun(0, 4)) << garbage;
    EXPECT_FALSE(pair.frontend.revoke(0, 4)) << garbage;
  }
}

TEST(Claims, MovingKeepsTheMapping) {
  UniqueFd memfd;
  ClaimPage page;
  {
    auto created = ClaimPage::create(memfd);
    ASSERT_TRUE(created);
    page = std::move(created.value());
  }
  ClaimPage moved(std::move(page));
  moved.queue(1, 1);
  EXPECT_TRUE(moved.begin(1, 1));
}

TEST(Claims, MapRefusesAFileOfAnotherSize) {
  for (size_t size : {size_t{0}, ClaimPage::kBytes - 1, ClaimPage::kBytes + 1, 2 * ClaimPage::kBytes}) {
    auto memfd = make_memfd("claims", size, true);
    ASSERT_TRUE(memfd);
    EXPECT_FALSE(ClaimPage::map(memfd.value())) << size;
  }
}

TEST(Claims, MapRefusesAFileThatMayShrink) {
  // Touching a page behind the end of a file is SIGBUS.
  auto unsealed = make_memfd("claims", ClaimPage::kBytes, false);
  ASSERT_TRUE(unsealed);
  EXPECT_FALSE(ClaimPage::map(unsealed.value()));
  auto grow_only = make_memfd("claims", ClaimPage::kBytes, false);
  ASSERT_TRUE(grow_only);
  ASSERT_EQ(fcntl(grow_only.value().get(), F_ADD_SEALS, F_SEAL_GROW), 0);
  EXPECT_FALSE(ClaimPage::map(grow_only.value()));
}

TEST(Claims, MapRefusesWhatCannotBeSealed) {
  // A file outside tmpfs has no seals at all: fcntl(F_GET_SEALS) fails, which must not read as "every seal".
  UniqueFd program(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  UniqueFd folder(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto pair = make_socketpair();
  ASSERT_TRUE(pair);
  EXPECT_FALSE(ClaimPage::map(program));
  EXPECT_FALSE(ClaimPage::map(folder));
  EXPECT_FALSE(ClaimPage::map(pair.value().first));
  EXPECT_FALSE(ClaimPage::map(UniqueFd()));
}

TEST(Claims, MapRefusesARegularFileOfTheRightSize) {
  auto file = make_temporary_file("/tmp");
  ASSERT_TRUE(file);
  ASSERT_EQ(ftruncate(file.value().get(), ClaimPage::kBytes), 0);
  if (fcntl(file.value().get(), F_GET_SEALS) >= 0) GTEST_SKIP() << "/tmp is a tmpfs here: its files have seals";
  EXPECT_FALSE(ClaimPage::map(file.value()));
}

// The promise of DESIGN 3: of begin and revoke, which race, exactly one wins, every time.
TEST(Claims, ExactlyOneOfBeginAndRevokeWins) {
  constexpr uint32_t kRounds = 1000;  // of kWords races each: a million
  Pair pair = make_pair_of_mappings();
  std::vector<uint8_t> begun(ClaimPage::kWords), revoked(ClaimPage::kWords);
  std::barrier<> gate(2);
  // The directions alternate, so that the two meet somewhere in the page in every other round and chase each other in
  // the rest.
  auto visit = [](uint32_t round, bool backwards, auto&& body) {
    for (uint32_t i = 0; i < ClaimPage::kWords; ++i) body(backwards && round % 2 == 0 ? ClaimPage::kWords - 1 - i : i);
  };
  auto stream_of = [](uint32_t round, uint32_t index) { return uint64_t{round} * ClaimPage::kWords + index; };

  std::thread worker([&] {
    for (uint32_t round = 0; round < kRounds; ++round) {
      gate.arrive_and_wait();
      visit(round, true, [&](uint32_t i) { begun[i] = pair.worker.begin(i, stream_of(round, i)) ? 1 : 0; });
      gate.arrive_and_wait();
    }
  });
  uint64_t wrong = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    for (uint32_t i = 0; i < ClaimPage::kWords; ++i) pair.frontend.queue(i, stream_of(round, i));
    gate.arrive_and_wait();
    visit(round, false, [&](uint32_t i) { revoked[i] = pair.frontend.revoke(i, stream_of(round, i)) ? 1 : 0; });
    gate.arrive_and_wait();
    for (uint32_t i = 0; i < ClaimPage::kWords; ++i)
      if (begun[i] + revoked[i] != 1) ++wrong;
  }
  worker.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace ravelin::ipc
