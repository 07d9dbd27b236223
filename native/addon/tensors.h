// State dicts across the border: tensors to and from {name, dtype, shape, data}.
#pragma once

#include <napi.h>

#include <vector>

#include "core/model.h"

namespace resnet_ft {

Napi::Value tensors_to_js(Napi::Env env, const std::vector<NamedTensor>& tensors);
// Copies the bytes, so that the JavaScript side may change or drop its own at once.
std::vector<NamedTensor> tensors_from_js(const Napi::Array& tensors);

}  // namespace resnet_ft
