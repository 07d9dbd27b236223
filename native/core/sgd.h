// Stochastic gradient descent as torch.optim.SGD defines it, all weights in one operation.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace resnet_ft {

struct SgdOptions {
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

class Sgd {
 public:
  Sgd(std::vector<torch::Tensor> parameters, const SgdOptions& options);

  // Forgets the gradients.
  void zero_grad();
  // Moves every weight against its gradient; all must have one.
  void step(double lr);

 private:
  std::vector<torch::Tensor> parameters_;
  std::vector<torch::Tensor> momenta_;  // from the first step on; none without momentum
  SgdOptions options_;
  bool first_ = true;
};

}  // namespace resnet_ft
