// Crops of a data set, made once and read every epoch, outside the JavaScript heap.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/resize.h"
#include "core/scratch_file.h"

namespace resnet_ft {

class CropStore {
 public:
  // Room for `count` crops of size x size x 3 bytes: in memory where `file` is empty (pages are taken from the system
  // as they are written), else in a new file of that name, which is gone with the process, however that ends. Systems
  // without such files use memory.
  // Throws std::runtime_error where the file can't be made.
  CropStore(int64_t count, int size, const std::string& file = {});

  int64_t count() const { return count_; }
  int size() const { return size_; }
  bool in_file() const { return file_ != nullptr; }
  int64_t bytes_per_crop() const { return int64_t{3} * size_ * size_; }

  // Resizes, crops and keeps an image. Different indices may be written from different threads at once. Throws
  // std::runtime_error where the file has no room.
  void put(int64_t index, RgbView image, int resize);
  // Copies the bytes_per_crop() bytes at `index`. Throws std::runtime_error where the file can't be read.
  void read(int64_t index, uint8_t* to) const;

 private:
  void check(int64_t index) const;

  int64_t count_;
  int size_;
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<ScratchFile> file_;
};

}  // namespace resnet_ft
