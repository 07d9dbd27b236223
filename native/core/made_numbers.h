// Input for checks: the process's random numbers are not ours to draw.
#pragma once

#include <torch/torch.h>

namespace resnet_ft {

// Float64 numbers from -1 to 1 without any order to speak of, other ones for each `step`.
inline torch::Tensor made_numbers(torch::IntArrayRef sizes, double step) {
  return torch::arange(c10::multiply_integers(sizes), torch::kFloat64).mul_(step).sin_().view(sizes);
}

}  // namespace resnet_ft
