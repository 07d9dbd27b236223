#include "core/clip_gradients.h"

#include <vector>

namespace resnet_ft {

void clip_gradients(const std::vector<torch::Tensor>& gradients, double max_norm) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
  const torch::Tensor factor = (max_norm / (norm + 1e-6)).clamp_max(1.0);
  at::_foreach_mul_(gradients, factor);
}

}  // namespace resnet_ft
