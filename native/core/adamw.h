// Adam with decoupled weight decay, as torch.optim.AdamW defines it.
#pragma once

#include <vector>

#include "core/fused_optimizer.h"

namespace resnet_ft {

class AdamW : public FusedOptimizer {
 public:
  AdamW(std::vector<UpdateGroup> groups, const AdamWRecipe& recipe);

 private:
  torch::Tensor fresh(size_t slot, const torch::Tensor& parameter) const override;
  void update(const std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& gradients,
              const Slots& slots, const Step& step) override;

  AdamWRecipe recipe_;
};

}  // namespace resnet_ft
