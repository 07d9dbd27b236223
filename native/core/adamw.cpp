#include "core/adamw.h"

#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

// Named as in the state of torch's optimizer.
enum Slot : size_t { kAverage, kSquareAverage, kStep };

}  // namespace

AdamW::AdamW(std::vector<UpdateGroup> groups, const AdamWRecipe& recipe)
    : FusedOptimizer(std::move(groups), {".exp_avg", ".exp_avg_sq", ".step"}), recipe_(recipe) {}

// Steps are counted in float32, for each weight by itself, as the fused operation wants them.
torch::Tensor AdamW::fresh(size_t slot, const torch::Tensor& parameter) const {
  if (slot != kStep) return FusedOptimizer::fresh(slot, parameter);
  return torch::zeros({}, torch::TensorOptions(torch::kFloat32).device(parameter.device()));
}

void AdamW::update(const std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& gradients,
                   const Slots& slots, const Step& step) {
  at::_foreach_add_(slots[kStep], 1);
  const auto move = [&](const auto& rate) {
    at::_fused_adamw_(parameters, gradients, slots[kAverage], slots[kSquareAverage], /*max_exp_avg_sqs=*/{},
                      slots[kStep], rate, step.momentum.value_or(recipe_.beta1), recipe_.beta2, step.weight_decay,
                      recipe_.eps, /*amsgrad=*/false, /*maximize=*/false);
  };
  if (step.rate_on_device.defined()) {
    move(step.rate_on_device);
  } else {
    move(step.rate);
  }
}

}  // namespace resnet_ft
