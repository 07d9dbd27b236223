// The frozen stages of a network in training: their features are the same in every epoch, so they are computed once.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/batch.h"
#include "core/feature_cache.h"
#include "core/folded_resnet.h"

namespace resnet_ft {

class FrozenPrefix {
 public:
  // The stages before `cut`. `bf16` keeps features in half of the memory.
  FrozenPrefix(FoldedResNet network, Normalizer normalizer, torch::Device device, CacheBudget budget, bool bf16);

  // Features at the cut of the crops that `order` names, mirrored where `flips` says so (null: none); on the device.
  torch::Tensor features(const std::shared_ptr<const CropStore>& store, const int32_t* order, const uint8_t* flips,
                         int64_t count);

 private:
  struct StoreCache {
    std::shared_ptr<const CropStore> store;  // held, so that its address stays its own
    std::unique_ptr<FeatureCache> rows;      // by 2 * index + flip
  };

  // Rows of features as they are kept: on the CPU, channels last, without gaps.
  torch::Tensor compute(const CropStore& store, const std::vector<int32_t>& order, const std::vector<uint8_t>& flips);

  FoldedResNet network_;
  Normalizer normalizer_;
  torch::Device device_;
  CacheBudget budget_;
  bool bf16_;
  std::vector<int64_t> row_shape_;  // of the features of one crop, channels last
  torch::ScalarType type_ = torch::kFloat32;
  std::unordered_map<const CropStore*, StoreCache> caches_;
};

}  // namespace resnet_ft
