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

}  // namespace resnet_ft
