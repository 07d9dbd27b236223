// The folded network from one of its modules on, as autograd can follow it.
#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/folded_resnet.h"

namespace resnet_ft {
namespace {

// Where the output of a module is: in a block, or in the stem, which counts as one.
struct Place {
  int stage = kStem;
  size_t block = 0;
  std::string module;  // within the block; empty: its output
};

Place place_of(const std::string& layer, const std::array<size_t, 4>& blocks) {
  for (const char* module : {"conv1", "bn1", "relu", "maxpool"}) {
    if (layer == module) return {.stage = kStem, .block = 0, .module = layer};
  }
  for (int stage = 1; stage < kHead; ++stage) {
    const std::string name = "layer" + std::to_string(stage);
    const size_t count = blocks[stage - 1];
    if (layer == name) return {.stage = stage, .block = count - 1, .module = {}};
    for (size_t block = 0; block < count; ++block) {
      const std::string whole = name + "." + std::to_string(block);
      if (layer == whole || layer == whole + ".relu") return {.stage = stage, .block = block, .module = {}};
      if (layer.rfind(whole + ".", 0) == 0)
        return {.stage = stage, .block = block, .module = layer.substr(whole.size() + 1)};
    }
  }
  throw std::invalid_argument("no module " + layer + " whose output is an image");
}

class Tapped {
 public:
  Tapped(std::string module, const FoldedResNet::Tap& tap) : module_(std::move(module)), tap_(tap) {}

  torch::Tensor at(const std::string& module, const torch::Tensor& x) {
    if (module != module_) return x;
    done_ = true;
    return tap_(x);
  }

  // A convolution and the batch norm that is folded into it, as two modules.
  torch::Tensor unit(const FusedConv& folded, const torch::Tensor& x, const std::string& conv,
                     const std::string& norm) {
    ConvolutionParts parts = folded.copied(x.scalar_type());
    const torch::Tensor bias = std::exchange(parts.bias, torch::Tensor()).view({1, -1, 1, 1});
    return at(norm, at(conv, plain_convolution(x, parts)) + bias);
  }

  bool done() const { return done_; }

 private:
  std::string module_;
  const FoldedResNet::Tap& tap_;
  bool done_ = false;
};

}  // namespace

torch::Tensor FoldedResNet::forward_through(const torch::Tensor& images, const std::string& layer, const Tap& tap) {
  std::array<size_t, 4> counts{};
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = layers_[i].size();
  const Place place = place_of(layer, counts);
  const bool in_stem = place.stage == kStem;
  torch::Tensor x = images.to(type_);
  if (!in_stem) {
    const c10::InferenceMode inference;
    x = forward(x, kStem, place.stage);
    x = run(layers_[place.stage - 1], x, place.module.empty() ? place.block + 1 : place.block);
  }
  x = x.to(type_ == torch::kBFloat16 ? torch::kFloat32 : type_, /*non_blocking=*/false, /*copy=*/true);

  Tapped tapped(place.module, tap);
  const auto plain = [](const Block& block, const torch::Tensor& input, Tapped* taps) {
    torch::Tensor out = input;
    for (size_t i = 0; i < block.convolutions.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      out = taps->unit(block.convolutions[i], i == 0 ? out : out.relu(), "conv" + number, "bn" + number);
    }
    torch::Tensor shortcut = input;
    if (block.downsample) {
      shortcut = taps->unit(*block.downsample, input, "downsample.0", "downsample.1");
      shortcut = taps->at("downsample", shortcut);
    }
    return (out + shortcut).relu();
  };
  size_t next = place.block;
  if (in_stem) {
    x = tapped.at("relu", tapped.unit(*stem_, x, "conv1", "bn1").relu());
    x = tapped.at("maxpool", torch::max_pool2d(x, pool_.kernel, pool_.stride, pool_.padding));
  } else {
    if (place.module.empty())
      x = tapped.at("", x);
    else
      x = plain(layers_[place.stage - 1][next], x, &tapped);
    ++next;
  }
  if (!tapped.done()) throw std::invalid_argument("no module " + layer + " whose output is an image");
  Tapped none("none", tap);
  for (int stage = in_stem ? 1 : place.stage; stage < kHead; ++stage) {
    const std::vector<Block>& blocks = layers_[stage - 1];
    for (; next < blocks.size(); ++next) x = plain(blocks[next], x, &none);
    next = 0;
  }
  const auto copied = [&](const torch::Tensor& own) {
    return own.to(x.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  };
  x = torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
  return torch::addmm(copied(fc_bias_), x, copied(fc_weight_).t());
}

}  // namespace resnet_ft
