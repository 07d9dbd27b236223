// What moves the weights. An optimizer is a class behind this interface and a row of make_optimizer.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/named_tensor.h"
#include "core/recipe.h"

namespace resnet_ft {

// Weights under their names in the state dict, all at one learning rate.
using ParameterGroup = std::vector<NamedTensor>;

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Forgets the gradients.
  virtual void zero_grad() = 0;
  // Of every weight, which must have one. Not copies.
  virtual std::vector<torch::Tensor> gradients() const = 0;
  // Moves every weight by its gradient; `rates` has a learning rate for each group. `momentum` takes the place of the
  // recipe's (of SGD's momentum, of AdamW's beta1) in this step.
  virtual void step(const double* rates, std::optional<double> momentum) = 0;
  // The same, with the rates in a tensor on the weights' device, so that a recorded step can be repeated at others:
  // float32 on a GPU, float64 on a CPU.
  virtual void step(const torch::Tensor& rates) = 0;

  // What the steps so far have left beside the weights, under names that begin with those of the weights. Not copies.
  virtual std::vector<NamedTensor> state() const = 0;
  // Goes on from a state(), in whatever order. Throws std::invalid_argument for one of other weights or of another
  // optimizer.
  virtual void restore(const std::vector<NamedTensor>& state) = 0;
};

// Of the recipe's optimizer, for the weights of its groups.
std::unique_ptr<Optimizer> make_optimizer(const Recipe& recipe, const std::vector<ParameterGroup>& groups);

}  // namespace resnet_ft
