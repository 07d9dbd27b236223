#include "core/sgd.h"

#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {

Sgd::Sgd(std::vector<UpdateGroup> groups, const SgdRecipe& recipe)
    : FusedOptimizer(std::move(groups),
                     recipe.momentum == 0 ? std::vector<std::string>() : std::vector<std::string>{".momentum"}),
      recipe_(recipe) {}

void Sgd::update(const std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& gradients,
                 const Slots& slots, const Step& step) {
  // Without momentum there is nothing to keep, and a step's own can't change that.
  const bool keeps = !slots.empty();
  const auto move = [&](const auto& rate) {
    at::_fused_sgd_(parameters, gradients, keeps ? slots[0] : std::vector<torch::Tensor>(), step.weight_decay,
                    keeps ? step.momentum.value_or(recipe_.momentum) : 0, rate, /*dampening=*/0, recipe_.nesterov,
                    /*maximize=*/false, /*is_first_step=*/step.first);
  };
  if (step.rate_on_device.defined()) {
    move(step.rate_on_device);
  } else {
    move(step.rate);
  }
}

}  // namespace resnet_ft
