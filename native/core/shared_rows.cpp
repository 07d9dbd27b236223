#include "core/shared_rows.h"

#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/checksum.h"

namespace resnet_ft {
namespace {

constexpr int64_t kSum = sizeof(uint64_t);

}  // namespace

SharedRows::SharedRows(const std::string& file, int64_t keys, int64_t row_bytes)
    : row_bytes_(row_bytes), file_(file, "the cache of features", Sharing::kPeer) {
  constexpr int64_t kPage = 4096;
  if (keys > std::numeric_limits<int64_t>::max() / (row_bytes + kSum) - kPage)
    throw file_.failure("made", "no file is so long");
  first_row_ = (keys * kSum + kPage - 1) / kPage * kPage;
  const auto length = static_cast<size_t>(place_of(keys));
  // Only a file that is new: to give one that was cut its length again would hide that. Of two processes that both find
  // it new, the second changes nothing.
  if (file_.size() == 0) file_.set_size(length);
  file_.require_size(length);
  known_.resize(keys);
}

uint64_t SharedRows::checksum_of(int64_t key, const uint8_t* row) const {
  return checksum(row, row_bytes_, static_cast<uint64_t>(key));
}

bool SharedRows::has(int64_t key) {
  uint64_t& sum = known_.at(key);
  if (sum == 0) {
    file_.read(reinterpret_cast<uint8_t*>(&sum), kSum, key * kSum);
    // The row is looked at after its checksum, and below it is written before: on any processor.
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  return sum != 0;
}

void SharedRows::read(int64_t key, uint8_t* row) const {
  file_.read(row, row_bytes_, place_of(key));
  if (checksum_of(key, row) != known_[key])
    throw file_.failure("read", "row " + std::to_string(key) + " is not what was written: something changed the file");
}

void SharedRows::write(int64_t key, const uint8_t* row) {
  // Where a batch has a sample twice, two processes may compute it, in batches of different sizes perhaps not to the
  // same bits: a row that has a checksum never changes.
  const ScratchFile::Lock mine(file_, key * kSum, kSum);
  if (!mine || has(key)) return;
  const uint64_t sum = checksum_of(key, row);
  file_.write(row, row_bytes_, place_of(key));
  std::atomic_thread_fence(std::memory_order_release);
  file_.write(reinterpret_cast<const uint8_t*>(&sum), kSum, key * kSum);
  known_[key] = sum;
}

}  // namespace resnet_ft
