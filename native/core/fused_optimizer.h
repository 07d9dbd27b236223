// An optimizer that moves all weights of a group by one fused operation of LibTorch: it passes over weights, gradients
// and what it keeps of them once, where torch::optim does several times with temporaries; on a GPU it is a few launches
// instead of hundreds.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/optimizer.h"

namespace resnet_ft {

// Weights that are moved alike.
struct UpdateGroup {
  size_t rate = 0;  // which of a step's learning rates is theirs
  double weight_decay = 0;
  std::vector<std::string> names;
  std::vector<torch::Tensor> parameters;
};

class FusedOptimizer : public Optimizer {
 public:
  void zero_grad() override;
  std::vector<torch::Tensor> gradients() const override;
  void step(const double* rates, std::optional<double> momentum) override;
  void step(const torch::Tensor& rates) override;
  std::vector<NamedTensor> state() const override;
  void restore(const std::vector<NamedTensor>& state) override;

 protected:
  // `slots`: what is kept of each weight, by the ends of their names in the state, such as `.momentum`.
  FusedOptimizer(std::vector<UpdateGroup> groups, std::vector<std::string> slots);

  struct Step {
    double rate = 0;
    torch::Tensor rate_on_device;  // takes the place of `rate` where it is defined
    double weight_decay = 0;
    std::optional<double> momentum;
    bool first = false;
  };
  // For each slot, the tensors of a group's weights.
  using Slots = std::vector<std::vector<torch::Tensor>>;

  // What a slot has before the first step.
  virtual torch::Tensor fresh(size_t slot, const torch::Tensor& parameter) const;
  virtual void update(const std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& gradients,
                      const Slots& slots, const Step& step) = 0;

 private:
  struct Group {
    UpdateGroup weights;
    Slots slots;  // from the first step on
  };

  void make_slots();
  // `step` has what all groups share; `rate_of` fills in a group's own.
  void step_groups(Step step, const std::function<void(size_t rate, Step* step)>& rate_of);

  std::vector<Group> groups_;
  std::vector<std::string> slots_;
  bool first_ = true;
};

}  // namespace resnet_ft
