// Whether the pass that is written out computes what autograd does.
#pragma once

#include <torch/torch.h>

#include <string>

#include "core/explicit_resnet.h"
#include "core/network.h"
#include "core/precision.h"
#include "core/resnet.h"

namespace resnet_ft {

// One small batch through both, on the device and in the precision of a session: empty where logits and gradients agree
// as far as the precision lets them, otherwise what does not, or the error. Leaves the model as it was, without
// gradients, and draws nothing.
std::string disagreement(const Network& network, ResNet model, ExplicitResNet* written_out, int begin,
                         Precision precision, const torch::Device& device);

}  // namespace resnet_ft
