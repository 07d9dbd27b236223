// The frozen stages of a network in training: where their features are the same in every epoch, they are computed once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/feature_cache.h"
#include "core/folded_resnet.h"
#include "core/named_tensor.h"

namespace resnet_ft {

// How the features of frozen stages came about.
struct FeatureFigures {
  int64_t computed = 0;        // of those that are kept, in this process
  bool shared = false;         // with other processes
  std::string why_not_shared;  // where they were to be
};

// Has the names of shared files tell the weights of the stages before `cut`, of which the features are: those of other
// weights are in other files.
void name_by_weights(CacheBudget* budget, const std::vector<NamedTensor>& weights, int cut);

class FrozenPrefix {
 public:
  // The stages before `cut`. `bf16` keeps features in half of the memory.
  FrozenPrefix(FoldedResNet network, Normalizer normalizer, torch::Device device, CacheBudget budget, bool bf16);

  // Whether features of such samples are kept: of the one part that a source has of each image, mirrored or not, or of
  // a few ways in which each is shown. Of those that are drawn anew in each epoch no two are alike: they are computed
  // each time.
  static bool serves(const Samples& samples);

  // Features at the cut of samples of `source`, on the device.
  torch::Tensor features(const std::shared_ptr<const SampleSource>& source, const Samples& samples);
  // Features of images, normalised, on the device; they are not kept.
  torch::Tensor of(const torch::Tensor& images);
  const FeatureFigures& figures() const { return figures_; }

 private:
  struct SourceCache {
    std::shared_ptr<const SampleSource> source;  // held, so that its address stays its own
    std::unique_ptr<FeatureCache> rows;          // by key()
    std::vector<int64_t> row_shape;              // of the features of one sample, channels last
    torch::ScalarType type = torch::kFloat32;
  };
  // A source, and how many views its samples have: a key means something else for each number of them.
  using CacheKey = std::pair<const SampleSource*, uint32_t>;

  // Under which the features of the i-th are kept.
  static int64_t key(const Samples& samples, int64_t i);
  // How many of each image may be.
  static int64_t ways(const Samples& samples);
  // The cache of the rows of a source, one of them given.
  std::unique_ptr<FeatureCache> make_cache(const SampleSource& source, const Samples& samples, const torch::Tensor& row,
                                           const std::string& shared_name);
  // Features of no image, for their size and type.
  torch::Tensor of_nothing(int side);
  // The features of some of them.
  torch::Tensor compute(const Samples& samples, const std::vector<int64_t>& which);
  torch::Tensor compute(const Samples& samples);
  // Rows of features as they are kept: on the CPU, channels last, without gaps.
  torch::Tensor rows_of(torch::Tensor features) const;

  FoldedResNet network_;
  Normalizer normalizer_;
  torch::Device device_;
  CacheBudget budget_;
  bool bf16_;
  std::map<CacheKey, SourceCache> caches_;
  FeatureFigures figures_;
};

}  // namespace resnet_ft
