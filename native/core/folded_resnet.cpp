#include "core/folded_resnet.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

constexpr double kBatchNormEps = 1e-5;  // torch.nn.BatchNorm2d's default, which torchvision keeps

// On a CPU the stages before layer3, whose activations are large, run on slices of a batch that stay in the caches, so
// many images for each thread; the later ones have large weights, which are read once for the whole batch.
constexpr int64_t kSliceOfThread = 2;
constexpr int kFirstOfWholeBatch = 3;

class Folder {
 public:
  Folder(const TensorMap& tensors, const torch::Device& device, torch::ScalarType type)
      : tensors_(tensors), device_(device), type_(type) {}

  torch::Tensor get(const std::string& name, torch::IntArrayRef shape) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw std::invalid_argument("the model has no tensor " + name);
    if (found->second.sizes() != shape) throw std::invalid_argument("the shape of " + name + " does not match");
    return found->second;
  }

  // Always a copy: the caller may change or free its own afterwards.
  torch::Tensor place(const torch::Tensor& tensor) const {
    return tensor.to(device_, type_, /*non_blocking=*/false, /*copy=*/true).contiguous();
  }

  // conv then norm as one convolution: w * gamma / sqrt(var + eps), beta - mean * gamma / sqrt(var + eps); in float64,
  // so that folding itself costs no precision.
  FusedConv fold(const std::string& conv, const std::string& norm, const Convolution& c) const {
    const torch::Tensor weight = get(conv + ".weight", {c.outputs, c.inputs / c.groups, c.kernel, c.kernel});
    const auto channel = [&](const char* key) { return get(norm + key, {c.outputs}).to(torch::kFloat64); };
    const torch::Tensor mean = channel(".running_mean");
    const torch::Tensor variance = channel(".running_var");
    const torch::Tensor scale = channel(".weight") / torch::sqrt(variance + kBatchNormEps);
    const torch::Tensor bias = channel(".bias") - mean * scale;
    return FusedConv(scaled(weight, scale), place(bias), c);
  }

 private:
  // weight * scale of each output channel, channels last. One pass without temporaries where the weights are float32 on
  // the CPU, since those would be twice as large as the weights.
  torch::Tensor scaled(const torch::Tensor& weight, const torch::Tensor& scale) const {
    if (weight.scalar_type() != torch::kFloat32 || !weight.device().is_cpu() || type_ != torch::kFloat32)
      return place(weight.to(torch::kFloat64) * scale.view({-1, 1, 1, 1}));
    torch::Tensor out = torch::empty_like(weight, torch::MemoryFormat::ChannelsLast);
    const auto from = weight.accessor<float, 4>();
    auto to = out.accessor<float, 4>();
    const torch::Tensor factors = scale.contiguous();
    const auto* factor = factors.data_ptr<double>();
    at::parallel_for(0, weight.size(0), 16, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        for (int64_t y = 0; y < weight.size(2); ++y) {
          for (int64_t x = 0; x < weight.size(3); ++x) {
            for (int64_t i = 0; i < weight.size(1); ++i)
              to[o][i][y][x] = static_cast<float>(from[o][i][y][x] * factor[o]);
          }
        }
      }
    });
    return out.to(device_);
  }

  const TensorMap& tensors_;
  torch::Device device_;
  torch::ScalarType type_;
};

}  // namespace

FoldedResNet::FoldedResNet(const Network& network, const TensorMap& tensors, const torch::Device& device,
                           Precision precision, int begin, int end)
    : type_(scalar_type_of(precision)), begin_(begin), end_(end), pool_(network.pool) {
  const Folder folder(tensors, device, type_);
  const auto within = [&](int stage) { return begin <= stage && stage < end; };
  if (within(kStem)) stem_ = folder.fold("conv1", "bn1", network.stem);
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    if (!within(static_cast<int>(layer) + 1)) continue;
    for (const ResidualBlock& shape : network.layers[layer]) {
      const std::string index = std::to_string(layers_[layer].size());
      const std::string name = "layer" + std::to_string(layer + 1) + "." + index + ".";
      Block block;
      for (const Convolution& convolution : shape.convolutions) {
        const std::string number = std::to_string(block.convolutions.size() + 1);
        block.convolutions.push_back(folder.fold(name + "conv" + number, name + "bn" + number, convolution));
      }
      if (shape.downsample)
        block.downsample = folder.fold(name + "downsample.0", name + "downsample.1", *shape.downsample);
      layers_[layer].push_back(std::move(block));
    }
  }
  if (within(kHead)) {
    fc_weight_ = folder.place(folder.get("fc.weight", {network.classes, network.features}));
    fc_bias_ = folder.place(folder.get("fc.bias", {network.classes}));
  }
}

torch::Tensor FoldedResNet::forward(torch::Tensor x, int begin, int end) {
  x = x.to(type_);
  const int64_t slice = kSliceOfThread * int64_t{at::get_num_threads()};
  const int middle = std::min(end, kFirstOfWholeBatch);
  if (!x.device().is_cpu() || begin >= middle || x.size(0) <= slice) return run_stages(x, begin, end);
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : x.split(slice)) parts.push_back(run_stages(part, begin, middle));
  return run_stages(torch::cat(parts), middle, end);
}

torch::Tensor FoldedResNet::run_stages(torch::Tensor x, int begin, int end) {
  for (int stage = begin; stage < end; ++stage) {
    if (stage == kStem) {
      x = torch::max_pool2d(stem_->apply(x, /*relu=*/true), pool_.kernel, pool_.stride, pool_.padding);
    } else if (stage == kHead) {
      x = torch::addmm(fc_bias_, x, fc_weight_.t());
      if (type_ == torch::kBFloat16) x = x.to(torch::kFloat32);
    } else {
      x = run(layers_[stage - 1], x, layers_[stage - 1].size());
      if (stage == kHead - 1) x = torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    }
  }
  return x;
}

torch::Tensor FoldedResNet::run(std::vector<Block>& blocks, torch::Tensor x, size_t end) {
  bool owned = false;  // whether x was made here: the caller's tensor is not written to
  for (size_t b = 0; b < end; ++b) {
    Block& block = blocks[b];
    // Without a downsample the residual is the block's input, which nobody reads afterwards: adding in place is safe.
    torch::Tensor residual = block.downsample ? block.downsample->apply(x, /*relu=*/false) : owned ? x : x.clone();
    const size_t last = block.convolutions.size() - 1;
    for (size_t i = 0; i < last; ++i) x = block.convolutions[i].apply(x, /*relu=*/true);
    x = block.convolutions[last].apply_add_relu(x, residual);
    owned = true;
  }
  return x;
}

}  // namespace resnet_ft
