// Crops of a data set, made once and read every epoch, outside the JavaScript heap.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/resize.h"
#include "core/sample_source.h"
#include "core/scratch_file.h"

namespace resnet_ft {

class CropStore final : public SampleSource {
 public:
  // Room for `count` crops of size x size x 3 bytes: in memory where `file` is empty (pages are taken from the system
  // as they are written), else in a new file of that name, which is gone with the process, however that ends. Systems
  // without such files use memory.
  // Other processes may have the file too, as `sharing` says: made here, for others to read, or made by another one and
  // read here. Throws std::runtime_error where it can't be made, opened or shared, or is not as long as such crops are.
  CropStore(int64_t count, int size, const std::string& file = {}, Sharing sharing = Sharing::kNone);

  int64_t count() const override { return count_; }
  int size() const override { return size_; }
  bool in_file() const { return file_ != nullptr; }
  // Takes the name of a file away that others were to open, and now have open.
  void unlink();
  std::string shared_name() const override { return shared_name_; }

  // Resizes, crops and keeps an image, and returns the crop's bytes_per_sample() bytes. Different indices may be
  // written from different threads at once. Throws std::runtime_error where the file has no room, or may only be read.
  std::vector<uint8_t> put(int64_t index, RgbView image, int resize, Fitting how = {});
  // Copies the bytes_per_sample() bytes at `index`. Throws std::runtime_error where the file can't be read.
  void read(int64_t index, uint8_t* to) const;
  // There are no other parts of the images than their crops.
  void read(int64_t index, const Window* window, uint8_t* to) const override;

 private:
  void check(int64_t index) const;

  int64_t count_;
  int size_;
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<ScratchFile> file_;
  std::string shared_name_;
};

}  // namespace resnet_ft
