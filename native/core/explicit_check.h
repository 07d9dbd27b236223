// Whether the pass that is written out computes what autograd does.
#pragma once

#include <torch/torch.h>

#include <string>

#include "core/explicit_resnet.h"
#include "core/network.h"
#include "core/resnet.h"

namespace resnet_ft {

// Both leave the model as it was, without gradients, and draw nothing.

// One small batch through both passes, on the device and in float64, whatever the precision of the session: empty where
// logits and gradients are the same, otherwise what is not, or the error. LibTorch's operators compute both, for our
// kernels have no float64.
std::string disagreement(const Network& network, ResNet model, int begin, const torch::Device& device);

// The same batch through the pass that is written out, as the session has it: empty where it comes to finite numbers,
// otherwise what does not, or the error.
std::string failure(const Network& network, ResNet model, ExplicitResNet* written_out, int begin,
                    const torch::Device& device);

}  // namespace resnet_ft
