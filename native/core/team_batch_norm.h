// The batch norm of a network in training, over the images of all processes where that is wanted.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <utility>

#include "core/team.h"

namespace resnet_ft {

// What the batch norms of a network have in common where they are synchronised.
struct BatchNormSync {
  std::shared_ptr<Team> team;
  // Whether the images of this process count; it takes part all the same.
  bool counted = true;
};

class TeamBatchNormImpl : public torch::nn::BatchNorm2dImpl {
 public:
  explicit TeamBatchNormImpl(int64_t channels) : torch::nn::BatchNorm2dImpl(channels) {}

  // From now on, in training mode, mean and variance are those of the images of all processes.
  void synchronise(std::shared_ptr<const BatchNormSync> sync) { sync_ = std::move(sync); }

  torch::Tensor forward(const torch::Tensor& input);

 private:
  std::shared_ptr<const BatchNormSync> sync_;
};
TORCH_MODULE(TeamBatchNorm);

}  // namespace resnet_ft
