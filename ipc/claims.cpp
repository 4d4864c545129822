#include "ipc/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/sys.h"

namespace ravelin::ipc {
namespace {

Result<std::atomic<uint32_t>*> map_words(int fd) {
  void* address = mmap(nullptr, ClaimPage::kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return system_error("mmap of the claim page", errno);
  return static_cast<std::atomic<uint32_t>*>(address);  // zero bytes are valid words (kFree)
}

}  // namespace

Result<ClaimPage> ClaimPage::create(UniqueFd& memfd_out) {
  auto memfd = make_memfd("ravelin-claims", kBytes, true);
  if (!memfd) return memfd.error();
  auto words = map_words(memfd.value().get());
  if (!words) return words.error();
  memfd_out = std::move(memfd.value());
  return ClaimPage(words.value());
}

Result<ClaimPage> ClaimPage::map(const UniqueFd& memfd) {
  struct stat status {};
  if (fstat(memfd.get(), &status) != 0) return system_error("fstat of the claim page", errno);
  int seals = fcntl(memfd.get(), F_GET_SEALS);  // -1 for what is no memfd
  if (static_cast<size_t>(status.st_size) != kBytes || seals < 0 || (seals & F_SEAL_SHRINK) == 0)
    return Error{ErrorCode::kInvalid, "claim page has the wrong size or is not sealed"};
  auto words = map_words(memfd.get());
  if (!words) return words.error();
  return ClaimPage(words.value());
}

ClaimPage::~ClaimPage() {
  if (words_ != nullptr) munmap(static_cast<void*>(words_), kBytes);
}

}  // namespace ravelin::ipc
