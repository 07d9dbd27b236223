// What a recipe does to the samples of an epoch beside taking them as they are, mirrored or not. All of it is drawn by
// counter: of a sample by its number, of a batch by the place of its first sample in the order.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/augment/mix.h"
#include "core/augment/operations.h"
#include "core/recipe.h"
#include "core/resize.h"

namespace resnet_ft {

class Augmenter {
 public:
  explicit Augmenter(const Recipe& recipe);

  // Whether windows are cut out of images.
  bool cuts() const { return crop_.has_value(); }
  // Whether the bytes of squares change; mirroring them is then part of that, for it has its place in the order.
  bool repaints() const { return !paints_.empty(); }
  // Whether the making of a square is work for a CPU.
  bool prepares() const { return cuts() || repaints(); }
  // Whether images of a batch are mixed.
  bool mixes() const { return mixup_.has_value() || cut_mix_.has_value(); }
  // Whether there is anything at all.
  bool any() const { return cuts() || repaints() || erasing_ || mixes(); }

  // The following may be called from several threads at once; `epoch` is Recipe::drawn_epoch's.

  // The part of an image of this size that a sample shows.
  Window window(uint32_t epoch, int64_t sample, int width, int height) const;
  // Changes the side x side x 3 bytes of a sample.
  void repaint(uint32_t epoch, int64_t sample, int side, uint8_t* square) const;
  // Erases parts of samples in a batch of normalised images, and mixes them; `numbers` are the samples', and `place` is
  // the first one's.
  torch::Tensor finish(torch::Tensor batch, uint32_t epoch, const int32_t* numbers, int64_t place) const;
  // How finish mixes the batch; none where it does not.
  std::optional<BatchMix> mix(uint32_t epoch, int64_t place, int side) const;

 private:
  CountedNumbers numbers(uint32_t epoch, int64_t sample, DrawPurpose purpose) const {
    return {seed_, epoch, static_cast<uint64_t>(sample), purpose};
  }

  uint64_t seed_;
  std::optional<RandomResizedCropOptions> crop_;
  std::vector<Augmentation> paints_;  // of bytes, in their order
  std::optional<RandomErasing> erasing_;
  std::optional<Mixup> mixup_;
  std::optional<CutMix> cut_mix_;
  Magnitudes trivial_ = Magnitudes::trivial_augment();
};

}  // namespace resnet_ft
