// The batches of one pass over a data set, on the device.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/augment/augmenter.h"
#include "core/batch.h"
#include "core/prefetch.h"
#include "core/resident_crops.h"
#include "core/sample_source.h"

namespace resnet_ft {

// What a pass goes over.
struct PassSamples {
  std::shared_ptr<const SampleSource> source;
  // Where in the source each sample is; empty: 0, 1, 2, ...
  std::vector<int32_t> indices;
  std::vector<int32_t> targets;  // of each sample

  int64_t count() const { return static_cast<int64_t>(targets.size()); }
};

// Of each of `order`, samples: its class index, int64 on the device.
torch::Tensor targets_of(const PassSamples& samples, const std::vector<int32_t>& order, const torch::Device& device);

// The samples of a pass and what was drawn for them, which must outlive its batches.
struct PassDraws {
  const PassSamples& samples;
  const std::vector<int32_t>& order;  // samples
  // Of each of the order: whether it is mirrored (empty: none is), and its window (empty: the source has one of each).
  const std::vector<uint8_t>& mirrored;
  const std::vector<Window>& windows;
  // What else is done to them, drawn by the number of Recipe::drawn_epoch; null: nothing.
  const Augmenter* augmenter = nullptr;
  uint32_t epoch = 0;
  uint32_t views = 0;  // as of Samples
  // The number by which those of each of the order are drawn; null: the sample.
  const std::vector<int32_t>* numbers = nullptr;
};

// A GPU never waits in here: order, flips and targets of the whole pass are sent once, before its first batch.
class Batches {
 public:
  // Without `resident` (null) samples are sent batch by batch, and so they are where windows are drawn.
  Batches(const Normalizer& normalizer, ResidentCrops* resident, const PassDraws& pass);

  // From now on squares are read ahead by so many threads, for batches of `size` from `first` up to `end`; they are to
  // be asked for in this order, each once.
  void prefetch(int64_t first, int64_t end, int64_t size, int threads);
  // Seconds that were waited for such threads.
  double waited() const { return ahead_ ? ahead_->waited() : 0; }

  int64_t count() const { return static_cast<int64_t>(indices_.size()); }
  const std::shared_ptr<const SampleSource>& source() const { return source_; }
  // Some samples, on the host.
  Samples samples(int64_t first, int64_t size) const;

  // size x 3 x height x width, normalised, in float32 or rounded to `type`; must not be asked for a sample beyond the
  // last.
  torch::Tensor inputs(int64_t first, int64_t size, torch::ScalarType type = torch::kFloat32) const;
  // size class indices, int64; where images are mixed, that of the greater part of each.
  torch::Tensor targets(int64_t first, int64_t size) const;
  // What the loss compares with: the class indices or, where images are mixed, size x classes shares.
  torch::Tensor wanted(int64_t first, int64_t size, int64_t classes) const;

 private:
  std::optional<BatchMix> mix(int64_t first) const;
  Samples unread(int64_t first, int64_t size) const;

  const Normalizer& normalizer_;
  const std::vector<int32_t>& numbers_;
  const Augmenter* augmenter_;
  uint32_t epoch_, views_;
  std::shared_ptr<const SampleSource> source_;
  std::vector<int32_t> indices_;
  const std::vector<uint8_t>& mirrored_;
  const std::vector<Window>& windows_;
  torch::Tensor targets_;
  // Only where the samples lie on the device.
  torch::Tensor resident_, rows_, resident_mirrored_;
  // Last, for its threads read the others.
  std::unique_ptr<Prefetch> ahead_;
};

}  // namespace resnet_ft
