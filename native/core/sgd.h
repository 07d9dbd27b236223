// Stochastic gradient descent as torch.optim.SGD defines it.
#pragma once

#include <vector>

#include "core/fused_optimizer.h"

namespace resnet_ft {

class Sgd : public FusedOptimizer {
 public:
  Sgd(std::vector<UpdateGroup> groups, const SgdRecipe& recipe);

 private:
  void update(const std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& gradients,
              const Slots& slots, const Step& step) override;

  SgdRecipe recipe_;
};

}  // namespace resnet_ft
