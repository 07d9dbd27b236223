// Batch normalisation with what follows it in a ResNet, and its gradients: nothing, ReLU, or residual add and ReLU.
#pragma once

#include <torch/torch.h>

namespace resnet_ft {

// What a batch norm has beside its input: of each channel one element, float32, or float64 with inputs of float64.
struct BatchNorm {
  torch::Tensor weight, bias;
  // Moved by a forward pass in training, as torch does (of the variance the unbiased one). `num_batches_tracked` is the
  // caller's.
  torch::Tensor running_mean, running_var;
  bool training = true;  // with the figures of the batch; otherwise the running ones are constants
  double momentum = 0.1;
  double eps = 1e-5;
};

struct BatchNormResult {
  torch::Tensor y;  // of the type and memory format of x
  // Those that y was computed with, which the gradients need again: an element for each channel, of the weight's type.
  torch::Tensor mean, invstd;
};

struct BatchNormGradients {
  torch::Tensor x, weight, bias;
  torch::Tensor residual;  // undefined where none was added
};

// batch_norm(x), relu(batch_norm(x)) with `relu`, or relu(batch_norm(x) + residual) with both; an undefined `residual`
// is none, and one without `relu` is an error. x and residual: batch x channels x height x width of float32, float64 or
// bfloat16, neither is written to. In training a channel must have more than one value.
BatchNormResult batch_norm_forward(const torch::Tensor& x, const BatchNorm& norm, bool relu,
                                   const torch::Tensor& residual = {});

// Of a loss whose gradient with respect to y is `dy`, where `x`, `norm`, `relu` and `residual` are those of the forward
// pass and `result` is what it gave. dy may be returned as a gradient, and is not written to.
BatchNormGradients batch_norm_backward(const torch::Tensor& dy, const torch::Tensor& x, const BatchNormResult& result,
                                       const BatchNorm& norm, bool relu, bool residual);

// The same by LibTorch's own operators, on any device.
BatchNormResult aten_batch_norm_forward(const torch::Tensor& x, const BatchNorm& norm, bool relu,
                                        const torch::Tensor& residual);
BatchNormGradients aten_batch_norm_backward(const torch::Tensor& dy, const torch::Tensor& x,
                                            const BatchNormResult& result, const BatchNorm& norm, bool relu,
                                            bool residual);

}  // namespace resnet_ft
