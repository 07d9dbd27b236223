// What training makes small: torch's cross entropy, with label smoothing and class weights.
#pragma once

#include <torch/torch.h>

#include "core/recipe.h"

namespace resnet_ft {

// Targets are class indices (count, int64) or rows of probabilities (count x classes, floating point), which mean what
// they do in torch.nn.functional.cross_entropy: over the former the mean divides by the sum of their class weights,
// over the latter by their number.
class Loss {
 public:
  Loss(const LossRecipe& recipe, const torch::Device& device);

  // The mean over a batch.
  torch::Tensor mean(const torch::Tensor& logits, const torch::Tensor& targets) const;

  // What the mean over these targets divides by.
  torch::Tensor divisor(const torch::Tensor& targets) const;
  // What a batch adds to the mean over more targets, those of a step, whose divisor is given.
  torch::Tensor share(const torch::Tensor& logits, const torch::Tensor& targets, const torch::Tensor& divisor) const;

  // The derivative of `share` by the logits (of `mean` where `divisor` is undefined), without autograd.
  torch::Tensor gradient(const torch::Tensor& logits, const torch::Tensor& targets, torch::Tensor divisor) const;

 private:
  torch::Tensor reduced(const torch::Tensor& logits, const torch::Tensor& targets, at::Reduction::Reduction how) const;

  double label_smoothing_;
  torch::Tensor class_weights_;  // float64, on the device; undefined: 1 each
};

// How many images of a batch are answered rightly.
inline torch::Tensor correct_of(const torch::Tensor& logits, const torch::Tensor& targets) {
  return logits.argmax(1).eq(targets).sum();
}

}  // namespace resnet_ft
