// Whether kernels give on a device what LibTorch's operators give, on small tensors. They wait for the device, draw no
// random numbers, and throw std::runtime_error where a figure differs by more than rounding.
#pragma once

#include <torch/torch.h>

#include "core/cuda/batch.h"
#include "core/cuda/batch_norm.h"

namespace resnet_ft::cuda {

void check_batch_norm(const BatchNormKernels& kernels, const torch::Device& device, torch::ScalarType type, bool wide);
void check_batch(const BatchKernels& kernels, const torch::Device& device);

}  // namespace resnet_ft::cuda
