#include "core/feature_cache.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace resnet_ft {

FeatureCache::FeatureCache(int64_t keys, int64_t rows, int64_t row_bytes, CacheBudget& budget,
                           const std::string& suffix, const std::string& shared)
    : row_bytes_(row_bytes), slots_(keys, -1) {
  const int64_t shared_rows = shared.empty() ? 0 : std::min(rows, budget.disk / row_bytes);
  if (!shared.empty() && shared_rows == 0) {
    why_not_shared_ = "no feature fits into " + std::to_string(budget.disk) + " bytes of disk";
  } else if (shared_rows > 0) {
    try {
      shared_.emplace(shared, keys, row_bytes);
      shared_step_ = keys / rows;
      shared_end_ = shared_rows * shared_step_;
      budget.disk -= shared_rows * row_bytes;
      rows -= shared_rows;
    } catch (const std::runtime_error& error) {
      why_not_shared_ = error.what();
    }
  }
  memory_slots_ = std::min(rows, budget.memory / row_bytes);
  disk_slots_ = budget.file.empty() ? 0 : std::min(rows - memory_slots_, budget.disk / row_bytes);
  budget.memory -= memory_slots_ * row_bytes;
  memory_.reset(new uint8_t[memory_slots_ * row_bytes]);
  if (disk_slots_ == 0) return;
  try {
    file_.emplace(budget.file + suffix, "the cache of features");
    budget.disk -= disk_slots_ * row_bytes;
  } catch (const std::runtime_error&) {
    disk_slots_ = 0;  // what can't be kept is computed again
  }
}

void FeatureCache::read(int64_t key, uint8_t* row) const {
  if (in_shared(key)) return shared_->read(key, row);
  const int64_t slot = slots_.at(key);
  if (slot < memory_slots_) {
    std::memcpy(row, memory_.get() + slot * row_bytes_, row_bytes_);
    return;
  }
  file_->read(row, row_bytes_, (slot - memory_slots_) * row_bytes_);
}

void FeatureCache::write(int64_t key, const uint8_t* row) {
  if (in_shared(key)) {
    try {
      if (!shared_is_full_) shared_->write(key, row);
    } catch (const std::runtime_error&) {
      shared_is_full_ = true;
    }
    return;
  }
  if (slots_[key] >= 0 || used_ == memory_slots_ + disk_slots_) return;
  if (used_ < memory_slots_) {
    std::memcpy(memory_.get() + used_ * row_bytes_, row, row_bytes_);
  } else {
    try {
      file_->write(row, row_bytes_, (used_ - memory_slots_) * row_bytes_);
    } catch (const std::runtime_error&) {
      disk_slots_ = used_ - memory_slots_;  // the disk is full: the rest is computed again
      return;
    }
  }
  slots_[key] = used_++;
}

}  // namespace resnet_ft
