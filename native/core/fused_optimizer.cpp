#include "core/fused_optimizer.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {

FusedOptimizer::FusedOptimizer(std::vector<UpdateGroup> groups, std::vector<std::string> slots)
    : slots_(std::move(slots)) {
  for (UpdateGroup& weights : groups) groups_.push_back({std::move(weights), {}});
}

void FusedOptimizer::zero_grad() {
  for (Group& group : groups_) {
    for (torch::Tensor& parameter : group.weights.parameters) parameter.mutable_grad().reset();
  }
}

std::vector<torch::Tensor> FusedOptimizer::gradients() const {
  std::vector<torch::Tensor> out;
  for (const Group& group : groups_) {
    for (const torch::Tensor& parameter : group.weights.parameters) out.push_back(parameter.grad());
  }
  return out;
}

torch::Tensor FusedOptimizer::fresh(size_t /*slot*/, const torch::Tensor& parameter) const {
  return torch::zeros_like(parameter);
}

void FusedOptimizer::make_slots() {
  for (Group& group : groups_) {
    group.slots.assign(slots_.size(), {});
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      for (const torch::Tensor& parameter : group.weights.parameters)
        group.slots[slot].push_back(fresh(slot, parameter));
    }
  }
}

void FusedOptimizer::step(const double* rates, std::optional<double> momentum) {
  Step step;
  step.momentum = momentum;
  step_groups(step, [&](size_t rate, Step* of_group) { of_group->rate = rates[rate]; });
}

void FusedOptimizer::step(const torch::Tensor& rates) {
  step_groups(
      {}, [&](size_t rate, Step* of_group) { of_group->rate_on_device = rates.select(0, static_cast<int64_t>(rate)); });
}

void FusedOptimizer::step_groups(Step step, const std::function<void(size_t rate, Step* step)>& rate_of) {
  const torch::NoGradGuard no_grad;
  if (first_) make_slots();
  step.first = first_;
  for (Group& group : groups_) {
    const UpdateGroup& weights = group.weights;
    std::vector<torch::Tensor> gradients;
    gradients.reserve(weights.parameters.size());
    for (const torch::Tensor& parameter : weights.parameters) gradients.push_back(parameter.grad());
    step.weight_decay = weights.weight_decay;
    rate_of(weights.rate, &step);
    update(weights.parameters, gradients, group.slots, step);
  }
  first_ = false;
}

std::vector<NamedTensor> FusedOptimizer::state() const {
  std::vector<NamedTensor> out;
  if (first_) return out;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.weights.names.size(); ++i) {
      for (size_t slot = 0; slot < slots_.size(); ++slot)
        out.emplace_back(group.weights.names[i] + slots_[slot], group.slots[slot][i]);
    }
  }
  return out;
}

void FusedOptimizer::restore(const std::vector<NamedTensor>& state) {
  const torch::NoGradGuard no_grad;
  first_ = state.empty();
  if (first_) return;
  std::map<std::string, torch::Tensor> given(state.begin(), state.end());
  make_slots();
  for (Group& group : groups_) {
    for (size_t i = 0; i < group.weights.names.size(); ++i) {
      for (size_t slot = 0; slot < slots_.size(); ++slot) {
        const std::string name = group.weights.names[i] + slots_[slot];
        const auto found = given.find(name);
        if (found == given.end()) throw std::invalid_argument("the state of the optimizer lacks " + name);
        torch::Tensor& own = group.slots[slot][i];
        if (found->second.sizes() != own.sizes())
          throw std::invalid_argument("the shape of " + name + " does not match");
        own.copy_(found->second);
        given.erase(found);
      }
    }
  }
  if (!given.empty()) throw std::invalid_argument("the optimizer has no " + given.begin()->first);
}

}  // namespace resnet_ft
