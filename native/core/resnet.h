// torchvision's ResNet family; module names are the keys of its state dicts.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/network.h"
#include "core/stages.h"
#include "core/team_batch_norm.h"

namespace resnet_ft {

class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(const ResidualBlock& block, torch::nn::Sequential downsample);
  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  TeamBatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  torch::nn::Sequential downsample_{nullptr};
};
TORCH_MODULE(Block);

class ResNetImpl : public torch::nn::Module {
 public:
  // Draws the initial weights from LibTorch's default generator in torchvision's order: those of `resnetNN()` with its
  // 1000 classes, then those of a new `fc` of the network's own, as the tutorial does.
  explicit ResNetImpl(const Network& network);

  // Logits, batch x classes, of what the stage before `begin` gave: for kStem a normalised batch x 3 x height x width.
  torch::Tensor forward(torch::Tensor x, int begin = kStem);

  // Parameters and buffers under torchvision's names, in the order of its state_dict().
  std::vector<std::pair<std::string, torch::Tensor>> state_dict() const;

  // Trains `from` (conv1, layer1 ... layer4, fc) and all after it; what stands before it gets no gradient.
  void freeze_before(const std::string& from);
  // Training mode, with the batch norms of the frozen part left in evaluation mode.
  void train_unfrozen();
  // Has the batch norms in training mode go over the images of all processes.
  void synchronise(const std::shared_ptr<const BatchNormSync>& sync);

 private:
  Pooling pool_;
  std::vector<std::string> frozen_;
  torch::nn::Conv2d conv1{nullptr};
  TeamBatchNorm bn1{nullptr};
  torch::nn::Sequential layer1{nullptr}, layer2{nullptr}, layer3{nullptr}, layer4{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ResNet);

}  // namespace resnet_ft
