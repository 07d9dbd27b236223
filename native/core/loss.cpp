#include "core/loss.h"

#include <optional>

namespace resnet_ft {
namespace {

constexpr int64_t kIgnoreNothing = -100;  // torch's default, which no class has

}  // namespace

Loss::Loss(const LossRecipe& recipe, const torch::Device& device) : label_smoothing_(recipe.label_smoothing) {
  if (!recipe.class_weights.empty()) class_weights_ = torch::tensor(recipe.class_weights, torch::kFloat64).to(device);
}

torch::Tensor Loss::reduced(const torch::Tensor& logits, const torch::Tensor& targets,
                            at::Reduction::Reduction how) const {
  std::optional<torch::Tensor> weights;
  if (class_weights_.defined()) weights = class_weights_.to(logits.scalar_type());
  return at::cross_entropy_loss(logits, targets, weights, how, kIgnoreNothing, label_smoothing_);
}

torch::Tensor Loss::mean(const torch::Tensor& logits, const torch::Tensor& targets) const {
  return reduced(logits, targets, at::Reduction::Mean);
}

torch::Tensor Loss::divisor(const torch::Tensor& targets) const {
  const bool of_classes = targets.dim() == 1;
  if (of_classes && class_weights_.defined()) return class_weights_.index_select(0, targets).sum();
  return torch::scalar_tensor(static_cast<double>(targets.size(0)), torch::kFloat64);
}

torch::Tensor Loss::share(const torch::Tensor& logits, const torch::Tensor& targets,
                          const torch::Tensor& divisor) const {
  const torch::Tensor sum = reduced(logits, targets, at::Reduction::Sum);
  return sum / divisor.to(sum.scalar_type());
}

// The loss is -sum(wanted * log_softmax(logits)) / divisor, wanted being what torch makes of the targets: smoothed
// towards all classes alike, times the weights of the classes.
torch::Tensor Loss::gradient(const torch::Tensor& logits, const torch::Tensor& targets, torch::Tensor divisor) const {
  const torch::NoGradGuard no_grad;
  const double smoothing = label_smoothing_ / static_cast<double>(logits.size(1));
  torch::Tensor wanted = targets.dim() == 1 ? torch::zeros_like(logits).scatter_(1, targets.unsqueeze(1), 1.0)
                                            : targets.to(logits.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  if (label_smoothing_ != 0) wanted.mul_(1 - label_smoothing_).add_(smoothing);
  if (class_weights_.defined()) wanted.mul_(class_weights_.to(logits.scalar_type()));
  const torch::Tensor gradient = at::softmax(logits, 1).mul_(wanted.sum(1, /*keepdim=*/true)).sub_(wanted);
  const bool by_weights = targets.dim() == 1 && class_weights_.defined();
  if (!divisor.defined() && by_weights) divisor = this->divisor(targets);
  if (!divisor.defined()) return gradient / static_cast<double>(logits.size(0));
  return gradient / divisor.to(logits.scalar_type());
}

}  // namespace resnet_ft
