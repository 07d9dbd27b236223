// Stochastic gradient descent as torch.optim.SGD defines it, all weights of a group in one operation.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "core/optimizer.h"

namespace resnet_ft {

class Sgd : public Optimizer {
 public:
  Sgd(std::vector<ParameterGroup> groups, const SgdRecipe& recipe);

  void zero_grad() override;
  void step(const double* rates) override;
  std::vector<NamedTensor> state() const override;
  void restore(const std::vector<NamedTensor>& state) override;

 private:
  struct Group {
    ParameterGroup named;
    std::vector<torch::Tensor> parameters;
    std::vector<torch::Tensor> momenta;  // from the first step on; none without momentum
  };

  void make_momenta();

  std::vector<Group> groups_;
  SgdRecipe recipe_;
  bool first_ = true;
};

}  // namespace resnet_ft
