// Gradients that are too great, made smaller.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace resnet_ft {

// torch.nn.utils.clip_grad_norm_: scales all gradients by one factor where their L2 norm together is above `max_norm`.
// torch's own function in C++ reads the norm back, for which a GPU would be waited for in each step.
void clip_gradients(const std::vector<torch::Tensor>& gradients, double max_norm);

}  // namespace resnet_ft
