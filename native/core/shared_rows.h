// Rows of bytes in a file that all processes of a machine read and write, so that each row is made once among them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/scratch_file.h"

namespace resnet_ft {

// The file begins with a checksum for each key, 0 where there is no row, and the row of a key has its place behind
// them. A checksum is written when the row is complete, so that no row is believed of which a killed process wrote a
// part; what was lost in between, by a file that was cut and grew again, is told by it too. Places without rows take no
// room of the disk.
class SharedRows {
 public:
  // Opens the file, or makes it where no other process has, for rows with keys below `keys`. Throws std::runtime_error
  // where that can't be done, or where the file is of other rows.
  SharedRows(const std::string& file, int64_t keys, int64_t row_bytes);

  // Whether any process has written the row. Throws std::runtime_error where the file can't be read.
  bool has(int64_t key);
  // Copies out a row for which has() has said yes. May be called from several threads at once. Throws
  // std::runtime_error where it can't be read, or is not what was written.
  void read(int64_t key, uint8_t* row) const;
  // For all processes, unless another one has written it, or is doing so. Throws std::runtime_error where the file has
  // no room.
  void write(int64_t key, const uint8_t* row);

 private:
  uint64_t checksum_of(int64_t key, const uint8_t* row) const;
  int64_t place_of(int64_t key) const { return first_row_ + key * row_bytes_; }

  int64_t row_bytes_;
  int64_t first_row_;            // in the file
  std::vector<uint64_t> known_;  // checksums that were read or written
  ScratchFile file_;
};

}  // namespace resnet_ft
