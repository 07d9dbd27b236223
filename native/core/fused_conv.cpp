#include "core/fused_conv.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/named_operator.h"

namespace resnet_ft {
namespace {

// Operators that torch.compile uses on CPUs. They are not part of the stable API: they are looked up by name
// when needed, and the plain path is taken if a LibTorch lacks them or declares them with other arguments.
struct OneDnnOperators {
  std::optional<c10::OperatorHandle> conv, conv_add, reorder;

  OneDnnOperators() {
    conv = find_operator("mkldnn::_convolution_pointwise", "", 10);
    conv_add = find_operator("mkldnn::_convolution_pointwise_", "binary", 13);
    reorder = find_operator("mkldnn::_reorder_convolution_weight", "", 6);
  }

  bool complete() const { return conv && conv_add && reorder; }
};

const OneDnnOperators& onednn() {
  static const OneDnnOperators operators;
  return operators;
}

const c10::List<std::optional<at::Scalar>>& no_scalars() {
  static const c10::List<std::optional<at::Scalar>> empty;
  return empty;
}

}  // namespace

FusedConv::FusedConv(torch::Tensor weight, torch::Tensor bias, const Convolution& convolution, CudnnFusion* fusion)
    : parts_{weight.contiguous(torch::MemoryFormat::ChannelsLast),
             std::move(bias),
             {convolution.stride, convolution.stride},
             {convolution.padding, convolution.padding},
             {1, 1},
             convolution.groups},
      fusion_(fusion == nullptr && weight.is_cuda() ? &CudnnFusion::of_process() : fusion) {}

bool FusedConv::can_use_onednn(const torch::Tensor& input) const {
  return fusion_ == nullptr && input.device().is_cpu() && parts_.weight.scalar_type() != torch::kFloat64 &&
         at::globalContext().userEnabledMkldnn() && onednn().complete();
}

const torch::Tensor& FusedConv::reordered_for(const torch::Tensor& input) {
  const size_t which = input.size(0) == 1 ? 0 : 1;
  torch::Tensor& reordered = reordered_[which];
  if (!reordered.defined()) {
    const torch::Tensor& other = reordered_[1 - which];
    const torch::Tensor weight = other.defined() ? other.to_dense() : parts_.weight;
    reordered = call_operator(*onednn().reorder, {weight, parts_.padding, parts_.stride, parts_.dilation, parts_.groups,
                                                  input.sizes().vec()});
    // Its type is still asked for; its memory is not needed twice.
    parts_.weight = parts_.weight.new_empty({0});
  }
  return reordered;
}

ConvolutionParts FusedConv::copied(torch::ScalarType type) const {
  torch::Tensor weight = parts_.weight;
  for (const torch::Tensor& reordered : reordered_) {
    if (weight.numel() == 0 && reordered.defined()) weight = reordered.to_dense();
  }
  ConvolutionParts parts = parts_;
  // Made outside inference mode: those of inference mode can't be kept for a backward pass.
  parts.weight = weight.to(type, /*non_blocking=*/false, /*copy=*/true);
  parts.bias = parts_.bias.to(type, /*non_blocking=*/false, /*copy=*/true);
  return parts;
}

torch::Tensor FusedConv::apply(const torch::Tensor& input, bool relu) {
  if (fusion_ != nullptr && relu && fusion_->serves(input, parts_)) {
    torch::Tensor out = fusion_->relu(input, parts_);
    if (out.defined()) return out;
    fusion_ = nullptr;
  }
  if (can_use_onednn(input)) {
    return call_operator(*onednn().conv,
                         {input, reordered_for(input), parts_.bias, parts_.padding, parts_.stride, parts_.dilation,
                          parts_.groups, std::string(relu ? "relu" : "none"), no_scalars(), std::string()});
  }
  torch::Tensor out = plain_convolution(input, parts_);
  return relu ? out.relu_() : out;
}

torch::Tensor FusedConv::apply_add_relu(const torch::Tensor& input, torch::Tensor residual) {
  if (fusion_ != nullptr && fusion_->serves(input, parts_)) {
    torch::Tensor out = fusion_->add_relu(input, parts_, residual);
    if (out.defined()) return out;
    fusion_ = nullptr;
  }
  if (can_use_onednn(input)) {
    return call_operator(*onednn().conv_add, {residual, input, reordered_for(input), parts_.bias, parts_.padding,
                                              parts_.stride, parts_.dilation, parts_.groups, std::string("add"),
                                              at::Scalar(1.0), std::string("relu"), no_scalars(), std::string()});
  }
  return plain_convolution(input, parts_).add_(residual).relu_();
}

}  // namespace resnet_ft
