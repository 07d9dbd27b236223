#include "core/resnet.h"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

namespace nn = torch::nn;

nn::Conv2d convolution(const Convolution& c) {
  return nn::Conv2d(nn::Conv2dOptions(c.inputs, c.outputs, c.kernel)
                        .stride(c.stride)
                        .padding(c.padding)
                        .groups(c.groups)
                        .bias(false));
}

// The downsample is made before the first block, and so draws first, as in torchvision.
nn::Sequential make_layer(const std::vector<ResidualBlock>& blocks) {
  nn::Sequential layer;
  for (const ResidualBlock& block : blocks) {
    nn::Sequential downsample{nullptr};
    if (block.downsample) {
      downsample = nn::Sequential(convolution(*block.downsample), TeamBatchNorm(block.downsample->outputs));
    }
    layer->push_back(Block(block, downsample));
  }
  return layer;
}

void collect(const nn::Module& module, const std::string& prefix,
             std::vector<std::pair<std::string, torch::Tensor>>& out) {
  for (const auto& item : module.named_parameters(/*recurse=*/false))
    out.emplace_back(prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers(/*recurse=*/false)) out.emplace_back(prefix + item.key(), item.value());
  for (const auto& child : module.named_children()) collect(*child.value(), prefix + child.key() + ".", out);
}

}  // namespace

BlockImpl::BlockImpl(const ResidualBlock& block, nn::Sequential downsample) : downsample_(std::move(downsample)) {
  const auto add = [&](size_t i, nn::Conv2d& conv, TeamBatchNorm& norm) {
    const std::string number = std::to_string(i + 1);
    conv = register_module("conv" + number, convolution(block.convolutions[i]));
    norm = register_module("bn" + number, TeamBatchNorm(block.convolutions[i].outputs));
  };
  add(0, conv1, bn1);
  add(1, conv2, bn2);
  if (block.convolutions.size() == 3) add(2, conv3, bn3);
  if (downsample_) register_module("downsample", downsample_);
}

torch::Tensor BlockImpl::forward(const torch::Tensor& input) {
  torch::Tensor x = bn1(conv1(input)).relu_();
  x = bn2(conv2(x));
  if (conv3) x = bn3(conv3(x.relu_()));
  x += downsample_ ? downsample_->forward(input) : input;
  return x.relu_();
}

ResNetImpl::ResNetImpl(const Network& network) : pool_(network.pool) {
  conv1 = register_module("conv1", convolution(network.stem));
  bn1 = register_module("bn1", TeamBatchNorm(network.stem.outputs));
  layer1 = register_module("layer1", make_layer(network.layers[0]));
  layer2 = register_module("layer2", make_layer(network.layers[1]));
  layer3 = register_module("layer3", make_layer(network.layers[2]));
  layer4 = register_module("layer4", make_layer(network.layers[3]));
  // ImageNet's fc is drawn too, though it is replaced: the generator's state afterwards is part of the recipe.
  fc = nn::Linear(network.features, 1000);
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* conv = module->as<nn::Conv2d>()) {
      nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    }
  }
  fc = register_module("fc", nn::Linear(network.features, network.classes));
}

torch::Tensor ResNetImpl::forward(torch::Tensor x, int begin) {
  if (begin <= kStem) {
    const torch::Tensor convolved = conv1(x);
    torch::Tensor normed = bn1(convolved);
    // ReLU after pooling gives the same and is a quarter of the work. Pooling then keeps its input, the second largest
    // of all activations, for its backward pass, which only asks for the shape: it gets a tensor that is kept anyway.
    x = torch::max_pool2d(normed, pool_.kernel, pool_.stride, pool_.padding).relu_();
    if (torch::GradMode::is_enabled()) normed.set_data(convolved.detach());
  }
  std::array<nn::Sequential, 4> layers = {layer1, layer2, layer3, layer4};
  for (int stage = std::max(begin, 1); stage < kHead; ++stage) x = layers[stage - 1]->forward(x);
  return fc(begin == kHead ? x : torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
}

std::vector<std::pair<std::string, torch::Tensor>> ResNetImpl::state_dict() const {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  collect(*this, "", out);
  return out;
}

void ResNetImpl::freeze_before(const std::string& from) {
  frozen_.clear();
  for (const auto& child : named_children()) {
    if (child.key() == from) return;
    frozen_.push_back(child.key());
    for (auto& parameter : child.value()->parameters()) parameter.set_requires_grad(false);
  }
  throw std::invalid_argument("no module " + from + " to train from");
}

void ResNetImpl::synchronise(const std::shared_ptr<const BatchNormSync>& sync) {
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* norm = module->as<TeamBatchNorm>()) norm->synchronise(sync);
  }
}

void ResNetImpl::train_unfrozen() {
  for (const auto& child : named_children()) {
    child.value()->train(std::find(frozen_.begin(), frozen_.end(), child.key()) == frozen_.end());
  }
}

}  // namespace resnet_ft
