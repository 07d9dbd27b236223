#include "core/explicit_resnet.h"

#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

constexpr int64_t kOne[] = {1, 1};
constexpr int64_t kNone[] = {0, 0};

// A fused operation goes over weight and gradient as they lie in memory. Strides of sides of one element say nothing.
bool lie_alike(const torch::Tensor& a, const torch::Tensor& b) {
  for (int64_t d = 0; d < a.dim(); ++d) {
    if (a.size(d) > 1 && a.stride(d) != b.stride(d)) return false;
  }
  return true;
}

}  // namespace

// The model's own, by name.
class ExplicitResNet::Tensors {
 public:
  explicit Tensors(const std::vector<NamedTensor>& tensors) : tensors_(tensors.begin(), tensors.end()) {}

  const torch::Tensor& get(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw std::invalid_argument("the model has no tensor " + name);
    return found->second;
  }

 private:
  std::unordered_map<std::string, torch::Tensor> tensors_;
};

ExplicitResNet::ExplicitResNet(const Network& network, const std::vector<NamedTensor>& named, int begin,
                               torch::ScalarType type)
    : begin_(begin), type_(type), pool_(network.pool) {
  const Tensors tensors(named);
  if (begin == kStem) stem_ = unit(tensors, network.stem, "conv1", "bn1", /*relu=*/true);
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    if (static_cast<int>(layer) + 1 < begin) continue;
    for (const ResidualBlock& shape : network.layers[layer]) {
      const std::string index = std::to_string(layers_[layer].size());
      const std::string name = "layer" + std::to_string(layer + 1) + "." + index + ".";
      Block block;
      for (const Convolution& convolution : shape.convolutions) {
        const std::string number = std::to_string(block.units.size() + 1);
        block.units.push_back(unit(tensors, convolution, name + "conv" + number, name + "bn" + number, /*relu=*/true));
      }
      if (shape.downsample)
        block.downsample =
            unit(tensors, *shape.downsample, name + "downsample.0", name + "downsample.1", /*relu=*/false);
      layers_[layer].push_back(std::move(block));
    }
  }
  fc_weight_ = parameter(tensors.get("fc.weight"), /*cast=*/true);
  fc_bias_ = parameter(tensors.get("fc.bias"), /*cast=*/true);
}

size_t ExplicitResNet::parameter(const torch::Tensor& own, bool cast) {
  Parameter made{own, own.detach()};
  if (cast && own.scalar_type() != type_) {
    made.cast = torch::empty_like(made.cast, own.options().dtype(type_));
    uncast_.push_back(own.detach());
    cast_.push_back(made.cast);
  }
  parameters_.push_back(std::move(made));
  return parameters_.size() - 1;
}

ExplicitResNet::Unit ExplicitResNet::unit(const Tensors& tensors, const Convolution& shape, const std::string& conv,
                                          const std::string& norm, bool relu) {
  Unit out{shape,
           parameter(tensors.get(conv + ".weight"), /*cast=*/true),
           parameter(tensors.get(norm + ".weight"), /*cast=*/false),
           parameter(tensors.get(norm + ".bias"), /*cast=*/false),
           {},
           relu,
           {},
           {},
           {}};
  out.norm.weight = parameters_[out.scale].cast;
  out.norm.bias = parameters_[out.shift].cast;
  out.norm.running_mean = tensors.get(norm + ".running_mean");
  out.norm.running_var = tensors.get(norm + ".running_var");
  counters_.push_back(tensors.get(norm + ".num_batches_tracked"));
  return out;
}

torch::Tensor ExplicitResNet::apply(Unit* unit, const torch::Tensor& input, const torch::Tensor& residual) {
  const Convolution& c = unit->shape;
  unit->input = input;
  unit->convolved = at::convolution(input, parameters_[unit->weight].cast, {}, {c.stride, c.stride},
                                    {c.padding, c.padding}, kOne, /*transposed=*/false, kNone, c.groups);
  unit->normed = batch_norm_forward(unit->convolved, unit->norm, unit->relu, residual);
  return unit->normed.y;
}

ExplicitResNet::UnitGradients ExplicitResNet::reverse(Unit* unit, const torch::Tensor& gradient, bool has_residual,
                                                      bool wants_input) {
  const Convolution& c = unit->shape;
  const BatchNormGradients normed = batch_norm_backward(gradient, std::exchange(unit->convolved, {}), unit->normed,
                                                        unit->norm, unit->relu, has_residual);
  unit->normed = {};
  gradients_[unit->scale] = normed.weight;
  gradients_[unit->shift] = normed.bias;
  auto [input, weight, bias] =
      at::convolution_backward(normed.x, std::exchange(unit->input, {}), parameters_[unit->weight].cast,
                               /*bias_sizes=*/c10::nullopt, {c.stride, c.stride}, {c.padding, c.padding}, kOne,
                               /*transposed=*/false, kNone, c.groups, {wants_input, true, false});
  gradients_[unit->weight] = weight;
  return {input, normed.residual};
}

torch::Tensor ExplicitResNet::forward(Block* block, const torch::Tensor& input) {
  torch::Tensor x = input;
  const size_t last = block->units.size() - 1;
  for (size_t i = 0; i < last; ++i) x = apply(&block->units[i], x);
  return apply(&block->units[last], x, block->downsample ? apply(&*block->downsample, input) : input);
}

torch::Tensor ExplicitResNet::backward(Block* block, const torch::Tensor& gradient, bool wants_input) {
  const size_t last = block->units.size() - 1;
  UnitGradients back = reverse(&block->units[last], gradient, /*has_residual=*/true, /*wants_input=*/true);
  torch::Tensor around = back.residual;
  if (block->downsample) around = reverse(&*block->downsample, around, /*has_residual=*/false, wants_input).input;
  for (size_t i = last; i-- > 0;)
    back = reverse(&block->units[i], back.input, /*has_residual=*/false, wants_input || i > 0);
  return wants_input ? back.input.add_(around) : torch::Tensor();
}

torch::Tensor ExplicitResNet::forward(const torch::Tensor& input) {
  const torch::NoGradGuard no_grad;
  if (!cast_.empty()) at::_foreach_copy_(cast_, uncast_);
  if (!counters_.empty()) at::_foreach_add_(counters_, 1);

  torch::Tensor x = input.to(type_);
  if (stem_) {
    // ReLU first, unlike in ResNet::forward: here it costs no pass of its own. Its gradient is the same, for where the
    // greatest is not above 0, none comes through either way.
    x = apply(&*stem_, x);
    std::tie(x, pool_indices_) = at::max_pool2d_with_indices(
        x, {pool_.kernel, pool_.kernel}, {pool_.stride, pool_.stride}, {pool_.padding, pool_.padding});
  }
  for (std::vector<Block>& layer : layers_) {
    for (Block& block : layer) x = forward(&block, x);
  }
  if (begin_ < kHead) {
    pooled_ = x.sizes().vec();
    x = at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
  }
  features_ = x;
  return at::linear(x, parameters_[fc_weight_].cast, parameters_[fc_bias_].cast)
      .to(parameters_[fc_weight_].own.scalar_type());
}

void ExplicitResNet::backward(const torch::Tensor& gradient) {
  const torch::NoGradGuard no_grad;
  gradients_.assign(parameters_.size(), {});
  const torch::Tensor of_logits = gradient.to(type_);
  gradients_[fc_weight_] = of_logits.t().mm(std::exchange(features_, {}));
  gradients_[fc_bias_] = of_logits.sum(0);
  if (begin_ < kHead) {
    // The gradient of a mean, as autograd has it. Where the same bits are asked for on a GPU,
    // at::_adaptive_avg_pool2d_backward warns in each step that it does not promise them.
    torch::Tensor x = of_logits.mm(parameters_[fc_weight_].cast).view({gradient.size(0), -1, 1, 1});
    x = x.div(pooled_[2] * pooled_[3]).expand(pooled_).contiguous(torch::MemoryFormat::ChannelsLast);
    for (size_t layer = layers_.size(); layer-- > 0;) {
      for (size_t block = layers_[layer].size(); block-- > 0;) {
        const bool first = block == 0 && static_cast<int>(layer) + 1 == begin_;
        x = backward(&layers_[layer][block], x, !first);
      }
    }
    if (stem_) {
      x = at::max_pool2d_with_indices_backward(x, stem_->normed.y, {pool_.kernel, pool_.kernel},
                                               {pool_.stride, pool_.stride}, {pool_.padding, pool_.padding}, kOne,
                                               /*ceil_mode=*/false, std::exchange(pool_indices_, {}));
      reverse(&*stem_, x, /*has_residual=*/false, /*wants_input=*/false);
    }
  }
  leave_gradients();
}

void ExplicitResNet::forget() {
  const auto empty = [](Unit* unit) {
    unit->input.reset();
    unit->convolved.reset();
    unit->normed = {};
  };
  if (stem_) empty(&*stem_);
  for (std::vector<Block>& layer : layers_) {
    for (Block& block : layer) {
      for (Unit& unit : block.units) empty(&unit);
      if (block.downsample) empty(&*block.downsample);
    }
  }
  pool_indices_.reset();
  features_.reset();
  gradients_.clear();
}

void ExplicitResNet::leave_gradients() {
  std::vector<torch::Tensor> left, fresh, sums, more;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    torch::Tensor& own = parameters_[i].own;
    const torch::Tensor& gradient = gradients_[i];
    if (own.grad().defined()) {
      sums.push_back(own.grad());
      more.push_back(gradient.to(own.scalar_type()));
    } else if (gradient.scalar_type() == own.scalar_type() && lie_alike(gradient, own)) {
      own.mutable_grad() = gradient;
    } else {
      own.mutable_grad() = torch::empty_like(own.detach());
      left.push_back(own.grad());
      fresh.push_back(gradient);
    }
  }
  gradients_.clear();
  if (!left.empty()) at::_foreach_copy_(left, fresh);
  if (!sums.empty()) at::_foreach_add_(sums, more);
}

}  // namespace resnet_ft
