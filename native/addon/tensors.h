// State dicts across the border: tensors to and from {name, dtype, shape, data}.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "core/model.h"

namespace resnet_ft {

Napi::Value tensors_to_js(Napi::Env env, const std::vector<NamedTensor>& tensors);

// Tensors that look at the bytes of JavaScript's arrays, which are kept from the garbage collector as long as this
// lives. Made and destroyed on JavaScript's thread; the tensors may be read on others in between.
struct BorrowedTensors {
  std::vector<NamedTensor> tensors;
  Napi::ObjectReference owner;
};
std::shared_ptr<BorrowedTensors> tensors_from_js(const Napi::Array& tensors);

}  // namespace resnet_ft
