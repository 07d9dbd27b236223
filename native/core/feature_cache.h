// Rows of bytes, kept in memory up to a budget, in a file beyond it, and not at all beyond that.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scratch_file.h"

namespace resnet_ft {

struct CacheBudget {
  int64_t memory = 0;  // bytes
  int64_t disk = 0;    // bytes
  std::string file;  // made where memory is not enough, and removed at once where the system allows it, else at the end
};

class FeatureCache {
 public:
  // Rows have keys below `keys`, and at most `rows` of them are kept; takes what it needs off the budget.
  FeatureCache(int64_t keys, int64_t rows, int64_t row_bytes, CacheBudget& budget, const std::string& suffix);

  bool has(int64_t key) const { return slots_[key] >= 0; }
  // Copies a row out. May be called from several threads at once. Throws std::runtime_error where the file can't be
  // read.
  void read(int64_t key, uint8_t* row) const;
  // Keeps a row where there is room, once.
  void write(int64_t key, const uint8_t* row);

 private:
  int64_t row_bytes_, memory_slots_, disk_slots_;
  int64_t used_ = 0;
  std::vector<int64_t> slots_;         // of each key, -1: none
  std::unique_ptr<uint8_t[]> memory_;  // its pages are taken from the system as they are written
  std::optional<ScratchFile> file_;
};

}  // namespace resnet_ft
