#include "core/crop_store.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace resnet_ft {

CropStore::CropStore(int64_t count, int size, const std::string& file) : count_(count), size_(size) {
  if (count < 0 || size <= 0 || size > 16384 || count > std::numeric_limits<int64_t>::max() / bytes_per_crop()) {
    throw std::invalid_argument("a crop store needs a count of 0 or more and a crop of 1 to 16384 pixels");
  }
  if (file.empty() || count == 0) {
    allocate();
  } else {
    open_file(file);
  }
}

void CropStore::allocate() {
  // new[] without an initialiser: untouched pages cost no memory
  memory_.reset(new uint8_t[static_cast<size_t>(count_) * bytes_per_crop()]);
  bytes_ = memory_.get();
}

#ifdef _WIN32

void CropStore::open_file(const std::string&) { allocate(); }

CropStore::~CropStore() = default;

#else

namespace {

std::runtime_error file_error(const std::string& what) {
  return std::runtime_error("the file of the crops can't be " + what + " (" + std::strerror(errno) + ")");
}

}  // namespace

void CropStore::open_file(const std::string& name) {
  file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file_ < 0) throw file_error("made");
  ::unlink(name.c_str());
  const size_t bytes = static_cast<size_t>(count_) * bytes_per_crop();
  void* map = MAP_FAILED;
  if (::ftruncate(file_, static_cast<off_t>(bytes)) == 0) map = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file_, 0);
  if (map == MAP_FAILED) {
    const std::runtime_error error = file_error("mapped");
    ::close(file_);
    throw error;
  }
  bytes_ = static_cast<const uint8_t*>(map);
}

CropStore::~CropStore() {
  if (file_ < 0) return;
  ::munmap(const_cast<uint8_t*>(bytes_), static_cast<size_t>(count_) * bytes_per_crop());
  ::close(file_);
}

#endif

void CropStore::check(int64_t index) const {
  if (index < 0 || index >= count_) throw std::out_of_range("crop index out of range");
}

void CropStore::put(int64_t index, RgbView image, int resize) {
  check(index);
  const RgbImage crop = resize_and_crop(image, resize, size_);
  if (crop.width != size_ || crop.height != size_) throw std::logic_error("a crop has the wrong size");
  const int64_t offset = index * bytes_per_crop();
  if (memory_) {
    std::memcpy(memory_.get() + offset, crop.data.data(), crop.data.size());
    return;
  }
#ifndef _WIN32
  // Written, not stored into the mapping: a full disk is then an error, not a signal that ends the process.
  for (size_t done = 0; done < crop.data.size();) {
    const ssize_t count = ::pwrite(file_, crop.data.data() + done, crop.data.size() - done, offset + done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw file_error("written");
    done += static_cast<size_t>(count);
  }
#endif
}

const uint8_t* CropStore::get(int64_t index) const {
  check(index);
  return bytes_ + index * bytes_per_crop();
}

}  // namespace resnet_ft
