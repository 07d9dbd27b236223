#include "core/crop_store.h"

#include <cstring>
#include <limits>
#include <stdexcept>

namespace resnet_ft {

CropStore::CropStore(int64_t count, int size) : count_(count), size_(size) {
  if (count < 0 || size <= 0 || size > 16384 || count > std::numeric_limits<int64_t>::max() / bytes_per_crop()) {
    throw std::invalid_argument("a crop store needs a count of 0 or more and a crop of 1 to 16384 pixels");
  }
  // new[] without an initialiser: untouched pages cost no memory
  bytes_.reset(new uint8_t[static_cast<size_t>(count) * bytes_per_crop()]);
}

void CropStore::check(int64_t index) const {
  if (index < 0 || index >= count_) throw std::out_of_range("crop index out of range");
}

void CropStore::put(int64_t index, RgbView image, int resize) {
  check(index);
  const RgbImage crop = resize_and_crop(image, resize, size_);
  if (crop.width != size_ || crop.height != size_) throw std::logic_error("a crop has the wrong size");
  std::memcpy(bytes_.get() + index * bytes_per_crop(), crop.data.data(), crop.data.size());
}

const uint8_t* CropStore::get(int64_t index) const {
  check(index);
  return bytes_.get() + index * bytes_per_crop();
}

}  // namespace resnet_ft
