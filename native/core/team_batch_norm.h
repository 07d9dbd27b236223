// The batch norm of a network in training, over the images of all processes where that is wanted.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <utility>

#include "core/batch_norm_sync.h"
#include "core/team.h"

namespace resnet_ft {

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
