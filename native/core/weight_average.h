// The exponential moving average of a model over its steps.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "core/named_tensor.h"

namespace resnet_ft {

// torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn(decay) and use_buffers: the first update copies, each
// later one moves the average by 1 - decay of the way, weights and running statistics of batch norms alike. What is
// counted is not averaged.
class WeightAverage {
 public:
  // `followed`: not copies.
  WeightAverage(double decay, std::vector<NamedTensor> followed);

  // After a step.
  void update();
  // The next update begins anew.
  void forget() { averages_.clear(); }

  // Puts the averages, as far as there are any, in the places of the tensors of the same names.
  void put_into(std::vector<NamedTensor>* tensors) const;

  // The averages under their names; none before the first update. Not copies.
  std::vector<NamedTensor> state() const;
  // Goes on from a state(). Throws std::invalid_argument for one of other tensors.
  void restore(const std::vector<NamedTensor>& state);

 private:
  double decay_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> followed_;
  std::vector<torch::Tensor> averages_;  // none before the first update
};

}  // namespace resnet_ft
