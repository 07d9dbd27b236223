#include "core/feature_cache.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#ifndef _WIN32
#include <unistd.h>
#endif

namespace resnet_ft {

FeatureCache::FeatureCache(int64_t keys, int64_t rows, int64_t row_bytes, CacheBudget& budget,
                           const std::string& suffix)
    : row_bytes_(row_bytes), slots_(keys, -1) {
  memory_slots_ = std::min(rows, budget.memory / row_bytes);
  disk_slots_ = budget.file.empty() ? 0 : std::min(rows - memory_slots_, budget.disk / row_bytes);
  budget.memory -= memory_slots_ * row_bytes;
  memory_.reset(new uint8_t[memory_slots_ * row_bytes]);
  if (disk_slots_ == 0) return;
  file_name_ = budget.file + suffix;
  file_ = std::fopen(file_name_.c_str(), "w+b");
  if (file_ == nullptr) {
    disk_slots_ = 0;  // what can't be kept is computed again
    return;
  }
  budget.disk -= disk_slots_ * row_bytes;
#ifndef _WIN32
  std::remove(file_name_.c_str());  // gone with the process, however that ends
#endif
}

FeatureCache::~FeatureCache() {
  if (file_ == nullptr) return;
  std::fclose(file_);
#ifdef _WIN32
  std::remove(file_name_.c_str());
#endif
}

void FeatureCache::read(int64_t key, uint8_t* row) const {
  const int64_t slot = slots_.at(key);
  if (slot < memory_slots_) {
    std::memcpy(row, memory_.get() + slot * row_bytes_, row_bytes_);
    return;
  }
  const int64_t offset = (slot - memory_slots_) * row_bytes_;
#ifdef _WIN32
  const bool good = _fseeki64(file_, offset, SEEK_SET) == 0 &&
                    std::fread(row, 1, row_bytes_, file_) == static_cast<size_t>(row_bytes_);
#else
  bool good = true;
  for (int64_t done = 0; good && done < row_bytes_;) {
    const ssize_t count = pread(fileno(file_), row + done, row_bytes_ - done, offset + done);
    good = count > 0;
    done += count;
  }
#endif
  if (!good) throw std::runtime_error("the cache of features in " + file_name_ + " can't be read");
}

void FeatureCache::write(int64_t key, const uint8_t* row) {
  if (has(key) || used_ == memory_slots_ + disk_slots_) return;
  if (used_ < memory_slots_) {
    std::memcpy(memory_.get() + used_ * row_bytes_, row, row_bytes_);
  } else {
    const int64_t offset = (used_ - memory_slots_) * row_bytes_;
#ifdef _WIN32
    const bool good = _fseeki64(file_, offset, SEEK_SET) == 0 &&
                      std::fwrite(row, 1, row_bytes_, file_) == static_cast<size_t>(row_bytes_);
#else
    bool good = true;
    for (int64_t done = 0; good && done < row_bytes_;) {
      const ssize_t count = pwrite(fileno(file_), row + done, row_bytes_ - done, offset + done);
      good = count > 0;
      done += count;
    }
#endif
    if (!good) {
      disk_slots_ = used_ - memory_slots_;  // the disk is full: the rest is computed again
      return;
    }
  }
  slots_[key] = used_++;
}

}  // namespace resnet_ft
