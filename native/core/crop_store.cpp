#include "core/crop_store.h"

#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {

CropStore::CropStore(int64_t count, int size, const std::string& file, Sharing sharing) : count_(count), size_(size) {
  if (count < 0 || size <= 0 || size > 16384 ||
      count > std::numeric_limits<int64_t>::max() / (int64_t{3} * size_ * size_)) {
    throw std::invalid_argument("a crop store needs a count of 0 or more and a crop of 1 to 16384 pixels");
  }
  const size_t bytes = static_cast<size_t>(count_) * bytes_per_sample();
  if (sharing != Sharing::kNone) {
    file_ = std::make_unique<ScratchFile>(file, "the file of the crops", sharing);
    shared_name_ = file;
    if (sharing == Sharing::kReader) {
      file_->require_size(bytes);
    } else {
      file_->set_size(bytes);
    }
    return;
  }
#ifndef _WIN32  // where a file can't be without a name
  if (!file.empty() && count > 0) {
    file_ = std::make_unique<ScratchFile>(file, "the file of the crops");
    file_->set_size(bytes);
    return;
  }
#endif
  // new[] without an initialiser: untouched pages cost no memory
  memory_.reset(new uint8_t[bytes]);
}

void CropStore::unlink() {
  if (file_) file_->unlink();
}

void CropStore::check(int64_t index) const {
  if (index < 0 || index >= count_) throw std::out_of_range("crop index out of range");
}

std::vector<uint8_t> CropStore::put(int64_t index, RgbView image, int resize, Fitting how) {
  check(index);
  RgbImage crop = resize_and_fit(image, resize, size_, how);
  if (crop.width != size_ || crop.height != size_) throw std::logic_error("a crop has the wrong size");
  const int64_t offset = index * bytes_per_sample();
  if (file_) {
    file_->write(crop.data.data(), crop.data.size(), offset);
  } else {
    std::memcpy(memory_.get() + offset, crop.data.data(), crop.data.size());
  }
  return std::move(crop.data);
}

void CropStore::read(int64_t index, uint8_t* to) const {
  check(index);
  const int64_t offset = index * bytes_per_sample();
  if (file_) {
    file_->read(to, bytes_per_sample(), offset);
  } else {
    std::memcpy(to, memory_.get() + offset, bytes_per_sample());
  }
}

void CropStore::read(int64_t index, const Window* window, uint8_t* to) const {
  if (window != nullptr) throw std::invalid_argument("of crops there is no other part: that needs a store of images");
  read(index, to);
}

}  // namespace resnet_ft
