// The arithmetic of a model.
#pragma once

#include <torch/torch.h>

#include <stdexcept>
#include <string>

namespace resnet_ft {

enum class Precision { kFp32, kBf16, kFp64 };

inline Precision precision_of(const std::string& name) {
  if (name == "fp32") return Precision::kFp32;
  if (name == "bf16") return Precision::kBf16;
  if (name == "fp64") return Precision::kFp64;
  throw std::invalid_argument("unknown precision " + name);
}

// A GPU multiplies float32 in TF32, of 10 bits of mantissa: many times faster, and what PyTorch does in convolutions.
inline void allow_tf32(const torch::Device& device) {
  if (!device.is_cuda()) return;
  at::globalContext().setAllowTF32CuDNN(true);
  at::globalContext().setAllowTF32CuBLAS(true);
}

}  // namespace resnet_ft
