// The batches of one pass over a data set, on the device.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/batch.h"
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

// The samples of a pass and what was drawn for them, which must outlive its batches.
struct PassDraws {
  const PassSamples& samples;
  const std::vector<int32_t>& order;  // samples
  // Of each of the order: whether it is mirrored (empty: none is), and its window (empty: the source has one of each).
  const std::vector<uint8_t>& mirrored;
  const std::vector<Window>& windows;
};

// A GPU never waits in here: order, flips and targets of the whole pass are sent once, before its first batch.
class Batches {
 public:
  // Without `resident` (null) samples are sent batch by batch, and so they are where windows are drawn.
  Batches(const Normalizer& normalizer, ResidentCrops* resident, const PassDraws& pass);

  int64_t count() const { return static_cast<int64_t>(indices_.size()); }
  const std::shared_ptr<const SampleSource>& source() const { return source_; }
  // Some samples, on the host.
  Samples samples(int64_t first, int64_t size) const {
    return {*source_, indices_.data() + first, mirrored_.empty() ? nullptr : mirrored_.data() + first,
            windows_.empty() ? nullptr : windows_.data() + first, size};
  }

  // size x 3 x height x width, normalised; must not be asked for a sample beyond the last.
  torch::Tensor inputs(int64_t first, int64_t size) const;
  // size class indices, int64.
  torch::Tensor targets(int64_t first, int64_t size) const { return targets_.narrow(0, first, size); }

 private:
  const Normalizer& normalizer_;
  std::shared_ptr<const SampleSource> source_;
  std::vector<int32_t> indices_;
  const std::vector<uint8_t>& mirrored_;
  const std::vector<Window>& windows_;
  torch::Tensor targets_;
  // Only where the samples lie on the device.
  torch::Tensor resident_, rows_, resident_mirrored_;
};

}  // namespace resnet_ft
