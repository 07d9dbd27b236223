// Decoded images of a data set, made once, of which every epoch cuts other windows, outside the JavaScript heap.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/resize.h"
#include "core/sample_source.h"
#include "core/scratch_file.h"

namespace resnet_ft {

class ImageStore {
 public:
  // Bytes of the images that are kept.
  struct Usage {
    int64_t memory = 0;
    int64_t file = 0;
  };

  // Where an image is in the file.
  struct Place {
    int64_t width = 0;  // 0 x 0 where there is none
    int64_t height = 0;
    int64_t offset = 0;
  };

  // Room for `count` images: in memory as long as they have no more than `memory` bytes, in a new file named `file`
  // beyond that, which is gone with the process; all in memory where `file` is empty. Throws std::runtime_error where
  // the file can't be made. Where it is `shared`, all are in the file, for other processes to read.
  ImageStore(int64_t count, int64_t memory, const std::string& file = {}, bool shared = false);
  // The images of a store that another process has made and filled: its file and its table. Throws std::runtime_error
  // where the file can't be opened or is too short, std::invalid_argument for a table that no store has.
  ImageStore(const std::string& file, const std::vector<Place>& table);

  int64_t count() const { return static_cast<int64_t>(entries_.size()); }
  Usage usage() const;
  // Where the images are, by index. Throws std::invalid_argument where the store is not shared.
  std::vector<Place> table() const;
  // Takes the name of a file away that others were to open, and now have open.
  void unlink();
  // As of SampleSource.
  const std::string& shared_name() const { return shared_name_; }

  // Keeps an image; one whose short side has more than `short_side` pixels is first resized to that, as by
  // torchvision's Resize (0: none is). Different indices may be written from different threads at once. Throws
  // std::invalid_argument where there is an image already, std::runtime_error where the file has no room, or may only
  // be read.
  void put(int64_t index, RgbView image, int short_side);

  // The following may be called from several threads at once, also while other images are put. They throw
  // std::runtime_error where the file can't be read.

  // Width and height without the pixels; 0 x 0 where there is no image.
  RgbView size(int64_t index) const;
  RgbImage get(int64_t index) const;
  // The window, resized to side x side. Throws std::invalid_argument for one that does not lie in the image.
  RgbImage window(int64_t index, const Window& window, int side, Filter filter = Filter::kBilinear) const;

 private:
  struct Entry {
    int width = 0;
    int height = 0;
    std::unique_ptr<uint8_t[]> memory;  // null: in the file
    int64_t offset = 0;                 // in the file
    bool complete = false;              // only then it may be read
  };

  // What is kept of an image. It does not change any more, so that it may be read without the lock.
  const Entry& entry(int64_t index) const;
  const Entry& known(int64_t index) const;
  // Lines of an image, in `buffer` where they come from the file.
  RgbView lines(const Entry& entry, int first, int count, std::vector<uint8_t>& buffer) const;

  mutable std::mutex mutex_;  // for what follows, and Entry::complete
  std::vector<Entry> entries_;
  int64_t memory_left_;
  Usage usage_;
  std::unique_ptr<ScratchFile> file_;
  std::string shared_name_;
};

// The windows of a store's images as samples.
class ImageWindows final : public SampleSource {
 public:
  ImageWindows(std::shared_ptr<const ImageStore> images, int size, Filter filter = Filter::kBilinear);

  int64_t count() const override { return images_->count(); }
  int size() const override { return size_; }
  Filter filter() const { return filter_; }
  // Width and height of an image, without the pixels.
  RgbView image_size(int64_t index) const { return images_->size(index); }
  void read(int64_t index, const Window* window, uint8_t* to) const override;
  std::string shared_name() const override;

 private:
  std::shared_ptr<const ImageStore> images_;
  int size_;
  Filter filter_;
};

}  // namespace resnet_ft
