// Rows of bytes, kept in memory up to a budget, in a file beyond it, and not at all beyond that.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scratch_file.h"
#include "core/shared_rows.h"

namespace resnet_ft {

struct CacheBudget {
  int64_t memory = 0;  // bytes
  int64_t disk = 0;    // bytes
  std::string file;  // made where memory is not enough, and removed at once where the system allows it, else at the end
  // What the names of the files begin with that all processes of the machine keep their rows in, up to `disk`; empty:
  // no such files. They stay until somebody removes them.
  std::string shared;
};

class FeatureCache {
 public:
  // Rows have keys below `keys`, and at most `rows` of them are kept; takes what it needs off the budget.
  // Where `shared` names a file, the first of them are in it, for all processes that name the same; where it can't be
  // used, why_not_shared() tells the reason, and all are kept without it.
  FeatureCache(int64_t keys, int64_t rows, int64_t row_bytes, CacheBudget& budget, const std::string& suffix,
               const std::string& shared = {});

  bool shares() const { return shared_.has_value(); }
  const std::string& why_not_shared() const { return why_not_shared_; }
  // Throws std::runtime_error where a file can't be read.
  bool has(int64_t key) { return in_shared(key) ? shared_->has(key) : slots_[key] >= 0; }
  // Copies a row out. May be called from several threads at once. Throws std::runtime_error where the file can't be
  // read.
  void read(int64_t key, uint8_t* row) const;
  // Keeps a row where there is room, once.
  void write(int64_t key, const uint8_t* row);

 private:
  // Whether the row's place is in the shared file.
  bool in_shared(int64_t key) const { return key < shared_end_ && key % shared_step_ == 0; }

  int64_t row_bytes_, memory_slots_, disk_slots_;
  int64_t used_ = 0;
  std::vector<int64_t> slots_;         // of each key, -1: none
  std::unique_ptr<uint8_t[]> memory_;  // its pages are taken from the system as they are written
  std::optional<ScratchFile> file_;
  // Of the keys below the end, each so many-th: where fewer rows are kept than there are keys, they are these.
  int64_t shared_end_ = 0, shared_step_ = 1;
  bool shared_is_full_ = false;
  std::optional<SharedRows> shared_;
  std::string why_not_shared_;
};

}  // namespace resnet_ft
