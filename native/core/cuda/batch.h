// Normalised batches of crops by a kernel of our own.
#pragma once

#include <torch/torch.h>

#include <array>

#include "core/cuda/gpu.h"

namespace resnet_ft::cuda {

struct Normalisation {
  std::array<float, 3> mean, std;
};

class BatchKernels {
 public:
  // Compiled for float32 and bfloat16. Throws std::runtime_error.
  explicit BatchKernels(const Gpu& gpu);

  // count x 3 x height x width, channels_last, of `type`: image i is (byte / 255 - mean) / std of crop rows[i],
  // mirrored where mirrored[i] is not 0. crops: n x height x width x 3 bytes; rows: count numbers of crops, int64, or
  // undefined: all of them in their order; mirrored: count bytes, or undefined: none.
  torch::Tensor batch(const torch::Tensor& crops, const torch::Tensor& rows, const torch::Tensor& mirrored,
                      const Normalisation& normalisation, torch::ScalarType type) const;

 private:
  using Int64 = long long;  // NOLINT(runtime/int): as in the kernels

  const Gpu& gpu_;
  // Of a number at a time and of 16 bytes, for float32 and for bfloat16.
  std::array<std::array<Kernel<const void*, const void*, const void*, void*, int, int, int, float, float, float, float,
                               float, float>,
                        2>,
             2>
      kernels_;
};

}  // namespace resnet_ft::cuda
