// core/fused_batch_norm.h by kernels of our own.
#pragma once

#include <torch/torch.h>

#include <array>
#include <utility>

#include "core/cuda/gpu.h"
#include "core/fused_batch_norm.h"

namespace resnet_ft::cuda {

class BatchNormKernels {
 public:
  // Compiled for float32 or bfloat16; with `wide`, threads take 16 bytes at once. Throws std::runtime_error.
  BatchNormKernels(const Gpu& gpu, torch::ScalarType type, bool wide);

  // Whether there are any for these: float32 or bfloat16, channels_last, with float32 weights and figures.
  static bool take(const torch::Tensor& x, const BatchNorm& norm);
  // Whether 16 bytes of channels can be taken at once.
  static bool wide(const torch::Tensor& x, const torch::Tensor& other);

  // x must be one that they take, and wide with the residual, or dy, if they are.
  BatchNormResult forward(const torch::Tensor& x, const BatchNorm& norm, bool relu,
                          const torch::Tensor& residual) const;
  BatchNormGradients backward(const torch::Tensor& dy, const torch::Tensor& x, const BatchNormResult& result,
                              const BatchNorm& norm, bool relu, bool residual) const;

 private:
  using Int64 = long long;  // NOLINT(runtime/int): as in the kernels
  using In = const void*;
  using Out = void*;
  using Floats = const float*;
  using FloatsOut = float*;

  LaunchShape shape(const torch::Tensor& x) const;

  const Gpu& gpu_;
  int64_t width_;
  // As in kernels/batch_norm.cuh: x, means, squares; rows, channels and rows of a chunk.
  Kernel<In, FloatsOut, FloatsOut, Int64, int, Int64> statistics_;
  Kernel<Floats, Floats, int, Int64, int, Int64, float, float, FloatsOut, FloatsOut, FloatsOut, FloatsOut> merge_;
  // By what follows: nothing, ReLU, add and ReLU.
  std::array<Kernel<In, In, Floats, Floats, Floats, Floats, Out, Int64, int, Int64>, 3> apply_;
  // As in kernels/batch_norm_backward.cuh.
  std::array<Kernel<In, In, In, Floats, Floats, Floats, Floats, Out, FloatsOut, FloatsOut, Int64, int, Int64>, 3>
      backward_sums_;
  Kernel<Floats, Floats, int, Int64, int, int, Floats, Floats, FloatsOut, FloatsOut, FloatsOut, FloatsOut, FloatsOut>
      backward_merge_;
  std::array<Kernel<In, In, Floats, Floats, Floats, Floats, Floats, Out, Int64, int, Int64>, 2> backward_apply_;
};

}  // namespace resnet_ft::cuda
