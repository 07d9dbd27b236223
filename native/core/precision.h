// The arithmetic of a model.
#pragma once

#include <c10/core/ScalarType.h>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace resnet_ft {

// On a GPU kFp32 multiplies in TF32, of 10 bits of mantissa, which is many times faster, and kFp32Strict does not.
enum class Precision { kFp32, kFp32Strict, kBf16, kFp64 };

// Their names, as they cross the border.
const std::initializer_list<std::string_view> kPrecisions = {"fp32", "fp32-strict", "bf16", "fp64"};

inline Precision precision_of(const std::string& name) {
  if (name == "fp32") return Precision::kFp32;
  if (name == "fp32-strict") return Precision::kFp32Strict;
  if (name == "bf16") return Precision::kBf16;
  if (name == "fp64") return Precision::kFp64;
  throw std::invalid_argument("unknown precision " + name);
}

// Of tensors that are computed with.
inline c10::ScalarType scalar_type_of(Precision precision) {
  if (precision == Precision::kBf16) return c10::ScalarType::BFloat16;
  return precision == Precision::kFp64 ? c10::ScalarType::Double : c10::ScalarType::Float;
}

inline bool allows_tf32(Precision precision) { return precision != Precision::kFp32Strict; }

}  // namespace resnet_ft
