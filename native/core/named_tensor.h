// A tensor under its name, as state dicts have them.
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>

namespace resnet_ft {

using NamedTensor = std::pair<std::string, torch::Tensor>;

}  // namespace resnet_ft
