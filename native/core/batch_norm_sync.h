// What synchronised batch norms need of the other processes, and the part of them that autograd differentiates.
#pragma once

#include <torch/torch.h>

#include <functional>

namespace resnet_ft {

class SynchronisedNorms;

// What the batch norms of a network have in common where they are synchronised.
struct BatchNormSync {
  int rank = 0;
  // A tensor of each process, along a new first dimension.
  std::function<torch::Tensor(const torch::Tensor&)> all_gather;
  // Adds up a tensor over the processes, in place.
  std::function<void(const torch::Tensor&)> all_reduce;
  // Of the batch at hand, how many processes have images that count: the first ones. The others take part all the same.
  int counting = 1;
  // Whether LibTorch's kernels for that are used, which only GPUs have; the same for all processes.
  bool by_kernels = false;

  // Of the team's library.
  const SynchronisedNorms* norms = nullptr;

  bool counted() const { return rank < counting; }
};

// Statistics of the images of all processes, of how many values they are, and what the batch norm adds to their
// variance.
struct SynchronisedStatistics {
  // `counts`: of all processes together for by_operators, of each for by_kernels.
  torch::Tensor mean, variance_or_scale, counts;
  double eps;
};

// Normalises a batch by the statistics of all; the gradients with respect to its input take what all processes have in
// common into account. Native/c10d has it: functions of one's own make calls into LibTorch that change from one minor
// version to the next (2.14 gave `_wrap_outputs` another signature), and the core runs with several.
class SynchronisedNorms {
 public:
  virtual ~SynchronisedNorms() = default;
  // By LibTorch's plain operators, for any device.
  virtual torch::Tensor by_operators(const torch::Tensor& input, const torch::Tensor& weight, const torch::Tensor& bias,
                                     const SynchronisedStatistics& statistics, const BatchNormSync* sync) const = 0;
  // By the kernels under torch.nn.SyncBatchNorm, which only GPUs have; `variance_or_scale` is 1 / sqrt(variance + eps).
  virtual torch::Tensor by_kernels(const torch::Tensor& input, const torch::Tensor& weight, const torch::Tensor& bias,
                                   const SynchronisedStatistics& statistics, const BatchNormSync* sync) const = 0;
};

}  // namespace resnet_ft
