// The arithmetic of a model.
#pragma once

#include <string>

namespace resnet_ft {

enum class Precision { kFp32, kBf16, kFp64 };

inline Precision precision_of(const std::string& name) {
  return name == "fp64" ? Precision::kFp64 : name == "bf16" ? Precision::kBf16 : Precision::kFp32;
}

}  // namespace resnet_ft
