// A convolution for inference: batch norm folded in, residual add and ReLU fused where oneDNN or cuDNN can.
#pragma once

#include <torch/torch.h>

#include <array>
#include <vector>

#include "core/cudnn_fusion.h"
#include "core/network.h"

namespace resnet_ft {

class FusedConv {
 public:
  // Weight and bias with the batch norm already folded in, on the device and in the type to compute with. `fusion` may
  // be null: that of the process on a GPU, and none on a CPU.
  FusedConv(torch::Tensor weight, torch::Tensor bias, const Convolution& convolution, CudnnFusion* fusion = nullptr);

  // relu(conv(x)), or conv(x) with `relu` false.
  torch::Tensor apply(const torch::Tensor& input, bool relu);
  // relu(conv(x) + residual); may write into `residual`.
  torch::Tensor apply_add_relu(const torch::Tensor& input, torch::Tensor residual);

  // For a plain convolution that autograd can follow: copies in this type, whatever layout the weight has here.
  ConvolutionParts copied(torch::ScalarType type) const;

 private:
  bool can_use_onednn(const torch::Tensor& input) const;
  // The weight in the layout that oneDNN wants for this input.
  const torch::Tensor& reordered_for(const torch::Tensor& input);

  ConvolutionParts parts_;
  // Null once cuDNN refused this convolution.
  CudnnFusion* fusion_;
  // oneDNN's own layouts of the weight, of a single image and of several: some convolutions want different ones, and in
  // the wrong one a weight is reordered in every call, at 18 times the cost of a convolution. Made when first needed.
  std::array<torch::Tensor, 2> reordered_;
};

}  // namespace resnet_ft
