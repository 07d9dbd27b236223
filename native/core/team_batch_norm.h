// The batch norm of a network in training, over the images of all processes where that is wanted.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <utility>

#include "core/team.h"

namespace resnet_ft {

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

  bool counted() const { return rank < counting; }
};

// Over a team, by kernels where on the device of every process they compute what LibTorch's plain operators do. All
// processes must call it. `type` is that of the batch norms' inputs.
std::shared_ptr<BatchNormSync> sync_over(const std::shared_ptr<Team>& team, torch::Device device,
                                         torch::ScalarType type);

class TeamBatchNormImpl : public torch::nn::BatchNorm2dImpl {
 public:
  explicit TeamBatchNormImpl(int64_t channels) : torch::nn::BatchNorm2dImpl(channels) {}

  // From now on, in training mode, mean and variance are those of the images of all processes.
  void synchronise(std::shared_ptr<const BatchNormSync> sync) { sync_ = std::move(sync); }

  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::Tensor by_operators(const torch::Tensor& input);
  torch::Tensor by_kernels(const torch::Tensor& input);

  std::shared_ptr<const BatchNormSync> sync_;
};
TORCH_MODULE(TeamBatchNorm);

}  // namespace resnet_ft
