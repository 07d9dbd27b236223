#include "core/fused_conv.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

// Operators that torch.compile uses on CPUs. They are not part of the stable API: they are looked up by name
// when needed, and the plain path is taken if a LibTorch lacks them or declares them with other arguments.
struct OneDnnOperators {
  std::optional<c10::OperatorHandle> conv, conv_add, reorder;

  OneDnnOperators() {
    conv = find("mkldnn::_convolution_pointwise", "", 10);
    conv_add = find("mkldnn::_convolution_pointwise_", "binary", 13);
    reorder = find("mkldnn::_reorder_convolution_weight", "", 6);
  }

  bool complete() const { return conv && conv_add && reorder; }

  static std::optional<c10::OperatorHandle> find(const char* name, const char* overload, size_t arguments) {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    return found && found->schema().arguments().size() == arguments ? found : std::nullopt;
  }
};

const OneDnnOperators& onednn() {
  static const OneDnnOperators operators;
  return operators;
}

torch::Tensor call(const c10::OperatorHandle& operation, std::vector<c10::IValue> arguments) {
  operation.callBoxed(arguments);
  return arguments.at(0).toTensor();
}

const c10::List<std::optional<at::Scalar>>& no_scalars() {
  static const c10::List<std::optional<at::Scalar>> empty;
  return empty;
}

}  // namespace

FusedConv::FusedConv(torch::Tensor weight, torch::Tensor bias, const Convolution& convolution)
    : weight_(weight.contiguous(torch::MemoryFormat::ChannelsLast)),
      bias_(std::move(bias)),
      stride_{convolution.stride, convolution.stride},
      padding_{convolution.padding, convolution.padding},
      groups_(convolution.groups) {}

bool FusedConv::can_use_onednn(const torch::Tensor& input) const {
  return input.device().is_cpu() && weight_.scalar_type() != torch::kFloat64 &&
         at::globalContext().userEnabledMkldnn() && onednn().complete();
}

const torch::Tensor& FusedConv::reordered_for(const torch::Tensor& input) {
  const size_t which = input.size(0) == 1 ? 0 : 1;
  torch::Tensor& reordered = reordered_[which];
  if (!reordered.defined()) {
    const torch::Tensor& other = reordered_[1 - which];
    const torch::Tensor weight = other.defined() ? other.to_dense() : weight_;
    reordered = call(*onednn().reorder, {weight, padding_, stride_, dilation_, groups_, input.sizes().vec()});
    weight_ = weight_.new_empty({0});  // its type is still asked for; its memory is not needed twice
  }
  return reordered;
}

torch::Tensor FusedConv::apply(const torch::Tensor& input, bool relu) {
  if (can_use_onednn(input)) {
    return call(*onednn().conv, {input, reordered_for(input), bias_, padding_, stride_, dilation_, groups_,
                                 std::string(relu ? "relu" : "none"), no_scalars(), std::string()});
  }
  torch::Tensor out = torch::conv2d(input, weight_, bias_, stride_, padding_, /*dilation=*/1, groups_);
  return relu ? out.relu_() : out;
}

torch::Tensor FusedConv::apply_add_relu(const torch::Tensor& input, torch::Tensor residual) {
  if (can_use_onednn(input)) {
    return call(*onednn().conv_add,
                {residual, input, reordered_for(input), bias_, padding_, stride_, dilation_, groups_,
                 std::string("add"), at::Scalar(1.0), std::string("relu"), no_scalars(), std::string()});
  }
  return torch::conv2d(input, weight_, bias_, stride_, padding_, /*dilation=*/1, groups_).add_(residual).relu_();
}

}  // namespace resnet_ft
