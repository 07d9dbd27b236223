// The batches of one pass over a data set, on the device.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/batch.h"
#include "core/crop_store.h"
#include "core/resident_crops.h"

namespace resnet_ft {

// A GPU never waits in here: order, flips and targets of the whole pass are sent once, before its first batch.
class Batches {
 public:
  // Sample `i` is crop `order[i]` of the store with target `targets[order[i]]`, mirrored where `flips[i]` is not 0
  // (empty: none). Without `resident` (null) crops are sent batch by batch.
  Batches(const Normalizer& normalizer, ResidentCrops* resident, std::shared_ptr<const CropStore> store,
          const std::vector<int32_t>& targets, const std::vector<int32_t>& order, const std::vector<uint8_t>& flips);

  int64_t count() const { return static_cast<int64_t>(order_.size()); }
  const std::shared_ptr<const CropStore>& store() const { return store_; }
  // What the samples from `first` on are, on the host.
  const int32_t* order(int64_t first) const { return order_.data() + first; }
  const uint8_t* flips(int64_t first) const { return flips_.empty() ? nullptr : flips_.data() + first; }

  // size x 3 x height x width, normalised; must not be asked for a sample beyond the last.
  torch::Tensor inputs(int64_t first, int64_t size) const;
  // size class indices, int64.
  torch::Tensor targets(int64_t first, int64_t size) const { return targets_.narrow(0, first, size); }

 private:
  const Normalizer& normalizer_;
  std::shared_ptr<const CropStore> store_;
  const std::vector<int32_t>& order_;
  const std::vector<uint8_t>& flips_;
  torch::Tensor targets_;
  // Only where the crops lie on the device.
  torch::Tensor crops_, rows_, mirrored_;
};

}  // namespace resnet_ft
