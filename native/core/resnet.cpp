#include "core/resnet.h"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

namespace nn = torch::nn;

nn::Conv2d convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

void collect(const nn::Module& module, const std::string& prefix,
             std::vector<std::pair<std::string, torch::Tensor>>& out) {
  for (const auto& item : module.named_parameters(/*recurse=*/false))
    out.emplace_back(prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers(/*recurse=*/false)) out.emplace_back(prefix + item.key(), item.value());
  for (const auto& child : module.named_children()) collect(*child.value(), prefix + child.key() + ".", out);
}

}  // namespace

const Architecture& architecture(const std::string& name) {
  static const std::map<std::string, Architecture> known = {
      {"resnet18", {false, {2, 2, 2, 2}}},  {"resnet34", {false, {3, 4, 6, 3}}},  {"resnet50", {true, {3, 4, 6, 3}}},
      {"resnet101", {true, {3, 4, 23, 3}}}, {"resnet152", {true, {3, 8, 36, 3}}},
  };
  const auto found = known.find(name);
  if (found == known.end()) throw std::invalid_argument("unknown architecture " + name);
  return found->second;
}

BlockImpl::BlockImpl(bool bottleneck, int64_t in_channels, int64_t planes, int64_t stride, nn::Sequential downsample)
    : downsample_(std::move(downsample)) {
  if (bottleneck) {
    conv1 = register_module("conv1", convolution(in_channels, planes, 1));
    bn1 = register_module("bn1", nn::BatchNorm2d(planes));
    conv2 = register_module("conv2", convolution(planes, planes, 3, stride));
    bn2 = register_module("bn2", nn::BatchNorm2d(planes));
    conv3 = register_module("conv3", convolution(planes, planes * 4, 1));
    bn3 = register_module("bn3", nn::BatchNorm2d(planes * 4));
  } else {
    conv1 = register_module("conv1", convolution(in_channels, planes, 3, stride));
    bn1 = register_module("bn1", nn::BatchNorm2d(planes));
    conv2 = register_module("conv2", convolution(planes, planes, 3));
    bn2 = register_module("bn2", nn::BatchNorm2d(planes));
  }
  if (downsample_) register_module("downsample", downsample_);
}

torch::Tensor BlockImpl::forward(const torch::Tensor& input) {
  torch::Tensor x = bn1(conv1(input)).relu_();
  x = bn2(conv2(x));
  if (conv3) x = bn3(conv3(x.relu_()));
  x += downsample_ ? downsample_->forward(input) : input;
  return x.relu_();
}

ResNetImpl::ResNetImpl(const std::string& arch, int64_t classes) {
  const Architecture& shape = architecture(arch);
  conv1 = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, 64, 7).stride(2).padding(3).bias(false)));
  bn1 = register_module("bn1", nn::BatchNorm2d(64));
  layer1 = register_module("layer1", make_layer(shape.bottleneck, 64, shape.blocks[0], 1));
  layer2 = register_module("layer2", make_layer(shape.bottleneck, 128, shape.blocks[1], 2));
  layer3 = register_module("layer3", make_layer(shape.bottleneck, 256, shape.blocks[2], 2));
  layer4 = register_module("layer4", make_layer(shape.bottleneck, 512, shape.blocks[3], 2));
  // ImageNet's fc is drawn too, though it is replaced: the generator's state afterwards is part of the recipe.
  fc = nn::Linear(channels_, 1000);
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* conv = module->as<nn::Conv2d>()) {
      nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    }
  }
  fc = register_module("fc", nn::Linear(channels_, classes));
}

nn::Sequential ResNetImpl::make_layer(bool bottleneck, int64_t planes, int64_t blocks, int64_t stride) {
  const int64_t out = planes * (bottleneck ? 4 : 1);
  nn::Sequential downsample{nullptr};
  if (stride != 1 || channels_ != out) {
    downsample = nn::Sequential(convolution(channels_, out, 1, stride), nn::BatchNorm2d(out));
  }
  nn::Sequential layer;
  layer->push_back(Block(bottleneck, channels_, planes, stride, downsample));
  channels_ = out;
  for (int64_t i = 1; i < blocks; ++i) {
    layer->push_back(Block(bottleneck, channels_, planes, 1, nn::Sequential{nullptr}));
  }
  return layer;
}

torch::Tensor ResNetImpl::forward(torch::Tensor x, int begin) {
  if (begin <= kStem) {
    const torch::Tensor convolved = conv1(x);
    torch::Tensor normed = bn1(convolved);
    // ReLU after pooling gives the same and is a quarter of the work. Pooling then keeps its input, the second largest
    // of all activations, for its backward pass, which only asks for the shape: it gets a tensor that is kept anyway.
    x = torch::max_pool2d(normed, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1).relu_();
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

void ResNetImpl::train_unfrozen() {
  for (const auto& child : named_children()) {
    child.value()->train(std::find(frozen_.begin(), frozen_.end(), child.key()) == frozen_.end());
  }
}

}  // namespace resnet_ft
