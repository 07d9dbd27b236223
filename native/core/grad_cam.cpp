#include "core/grad_cam.h"

#include <string>

namespace resnet_ft {

ClassMaps grad_cam(FoldedResNet* network, const torch::Tensor& images, const std::string& layer,
                   const torch::Tensor& classes) {
  torch::Tensor activation;
  const torch::Tensor logits = network->forward_through(images, layer, [&](const torch::Tensor& output) {
    activation = output.detach().requires_grad_();
    return activation;
  });
  const torch::Tensor chosen = torch::where(classes < 0, logits.argmax(1), classes);
  // No image has a part in the logits of another, so that the gradient of the sum is that of each.
  const torch::Tensor score = logits.gather(1, chosen.unsqueeze(1)).sum();
  const torch::Tensor gradient = torch::autograd::grad({score}, {activation})[0];
  const torch::Tensor weights = gradient.mean({2, 3}, /*keepdim=*/true);
  const torch::Tensor maps = (weights * activation.detach()).sum(1).relu();
  return {maps, chosen, logits.detach()};
}

}  // namespace resnet_ft
