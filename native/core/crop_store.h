// Crops of a data set, made once and read every epoch, outside the JavaScript heap.
#pragma once

#include <cstdint>
#include <memory>

#include "core/resize.h"

namespace resnet_ft {

class CropStore {
 public:
  // Memory for `count` crops of size x size x 3 bytes; pages are taken from the system as they are written.
  CropStore(int64_t count, int size);

  int64_t count() const { return count_; }
  int size() const { return size_; }
  int64_t bytes_per_crop() const { return int64_t{3} * size_ * size_; }

  // Resizes, crops and keeps an image. Different indices may be written from different threads at once.
  void put(int64_t index, RgbView image, int resize);
  const uint8_t* get(int64_t index) const;

 private:
  void check(int64_t index) const;

  int64_t count_;
  int size_;
  std::unique_ptr<uint8_t[]> bytes_;
};

}  // namespace resnet_ft
