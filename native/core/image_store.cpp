#include "core/image_store.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

constexpr int kMostPixelsOfASide = 16384;

// Of an image that is kept: what a side can be, and what its bytes can be counted for.
constexpr int64_t kMostOfASide = std::numeric_limits<int>::max();
constexpr int64_t kMostPixels = std::numeric_limits<int64_t>::max() / 3;

int64_t bytes_of(int width, int height) { return int64_t{3} * width * height; }

constexpr const char* kFile = "the file of the images";

}  // namespace

ImageStore::ImageStore(int64_t count, int64_t memory, const std::string& file, bool shared)
    : memory_left_(shared         ? 0
                   : file.empty() ? std::numeric_limits<int64_t>::max()
                                  : memory) {
  if (count < 0 || memory < 0) throw std::invalid_argument("a store of images needs a count and bytes of 0 or more");
  if (shared || !file.empty())
    file_ = std::make_unique<ScratchFile>(file, kFile, shared ? Sharing::kMaker : Sharing::kNone);
  if (shared) shared_name_ = file;
  entries_.resize(count);
}

ImageStore::ImageStore(const std::string& file, const std::vector<Place>& table)
    : memory_left_(0), file_(std::make_unique<ScratchFile>(file, kFile, Sharing::kReader)), shared_name_(file) {
  const auto length = static_cast<int64_t>(file_->size());
  entries_.resize(table.size());
  for (size_t i = 0; i < table.size(); ++i) {
    const auto& [width, height, offset] = table[i];
    if (width == 0 && height == 0) continue;
    const std::string image = "image " + std::to_string(i) + " of the table of " + file;
    if (width <= 0 || height <= 0 || offset < 0 || width > kMostOfASide || height > kMostOfASide ||
        width * height > kMostPixels)
      throw std::invalid_argument(image + " can't be: " + std::to_string(width) + " x " + std::to_string(height) +
                                  " pixels at " + std::to_string(offset));
    Entry& made = entries_[i];
    made.width = static_cast<int>(width);
    made.height = static_cast<int>(height);
    made.offset = offset;
    made.complete = true;
    usage_.file += bytes_of(made.width, made.height);
    if (offset > length || bytes_of(made.width, made.height) > length - offset)
      throw file_->failure("used", "it ends with " + std::to_string(length) + " bytes, before image " +
                                       std::to_string(i) + " does: something cut it short, or it is of other data");
  }
}

std::vector<ImageStore::Place> ImageStore::table() const {
  if (shared_name_.empty()) throw std::invalid_argument("a store of images that is not shared has no table");
  std::vector<Place> table(entries_.size());
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.complete) table[i] = {entry.width, entry.height, entry.offset};
  }
  return table;
}

void ImageStore::unlink() {
  if (file_) file_->unlink();
}

ImageStore::Usage ImageStore::usage() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return usage_;
}

void ImageStore::put(int64_t index, RgbView image, int short_side) {
  const Entry& before = entry(index);
  RgbImage smaller;
  if (short_side > 0 && std::min(image.width, image.height) > short_side) {
    smaller = resize_and_crop(image, short_side, 0);
    image = {smaller.data.data(), smaller.width, smaller.height};
  }
  const int64_t bytes = bytes_of(image.width, image.height);

  Entry made;
  made.width = image.width;
  made.height = image.height;
  bool in_memory = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (before.complete) throw std::invalid_argument("there is an image " + std::to_string(index) + " already");
    in_memory = bytes <= memory_left_;
    made.offset = usage_.file;
    (in_memory ? usage_.memory : usage_.file) += bytes;
    if (in_memory) memory_left_ -= bytes;
  }
  // What could not be written keeps its place in the file: the next image may have the one behind it already.
  if (in_memory) {
    made.memory.reset(new (std::nothrow) uint8_t[bytes]);
    if (made.memory) std::memcpy(made.memory.get(), image.data, bytes);
  } else {
    file_->write(image.data, bytes, made.offset);
  }
  made.complete = made.memory || !in_memory;
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry& mine = entries_[index];
  if (in_memory && (mine.complete || !made.complete)) {
    usage_.memory -= bytes;
    memory_left_ += bytes;
  }
  if (!made.complete) throw std::bad_alloc();
  // Two writers of one image: the first one's stays, for somebody may read it.
  if (mine.complete) throw std::invalid_argument("there is an image " + std::to_string(index) + " already");
  mine = std::move(made);
}

const ImageStore::Entry& ImageStore::entry(int64_t index) const {
  if (index < 0 || index >= count()) throw std::out_of_range("image index out of range");
  return entries_[index];
}

const ImageStore::Entry& ImageStore::known(int64_t index) const {
  const Entry& found = entry(index);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!found.complete) throw std::invalid_argument("there is no image " + std::to_string(index));
  return found;
}

RgbView ImageStore::size(int64_t index) const {
  const Entry& found = entry(index);
  const std::lock_guard<std::mutex> lock(mutex_);
  return {nullptr, found.width, found.height};
}

RgbView ImageStore::lines(const Entry& entry, int first, int count, std::vector<uint8_t>& buffer) const {
  const int64_t begin = bytes_of(entry.width, first);
  if (entry.memory) return {entry.memory.get() + begin, entry.width, count};
  buffer.resize(bytes_of(entry.width, count));
  file_->read(buffer.data(), buffer.size(), entry.offset + begin);
  return {buffer.data(), entry.width, count};
}

RgbImage ImageStore::get(int64_t index) const {
  const Entry& found = known(index);
  RgbImage image{found.width, found.height, {}};
  const RgbView view = lines(found, 0, found.height, image.data);
  if (image.data.empty()) image.data.assign(view.data, view.data + bytes_of(found.width, found.height));
  return image;
}

RgbImage ImageStore::window(int64_t index, const Window& window, int side, Filter filter) const {
  const Entry& found = known(index);
  if (!window.lies_in(found.width, found.height)) throw std::invalid_argument("the window does not lie in the image");
  std::vector<uint8_t> buffer;
  const RgbView view = lines(found, window.top, window.height, buffer);
  return resize_to_square(view.part({window.left, 0, window.width, window.height}), side, filter);
}

ImageWindows::ImageWindows(std::shared_ptr<const ImageStore> images, int size, Filter filter)
    : images_(std::move(images)), size_(size), filter_(filter) {
  if (size <= 0 || size > kMostPixelsOfASide)
    throw std::invalid_argument("windows need a side of 1 to " + std::to_string(kMostPixelsOfASide) + " pixels");
}

std::string ImageWindows::shared_name() const {
  const std::string& images = images_->shared_name();
  if (images.empty()) return {};
  // Of one store there may be windows of several kinds.
  return images + " " + std::to_string(size_) + (filter_ == Filter::kBicubic ? " bicubic" : " bilinear");
}

void ImageWindows::read(int64_t index, const Window* window, uint8_t* to) const {
  if (window == nullptr) throw std::invalid_argument("of images a window must be given");
  const RgbImage cut = images_->window(index, *window, size_, filter_);
  std::memcpy(to, cut.data.data(), cut.data.size());
}

}  // namespace resnet_ft
