// State dicts across the border: tensors to and from {name, dtype, shape, data}.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "core/model.h"

namespace resnet_ft {

Napi::Value tensors_to_js(Napi::Env env, const std::vector<NamedTensor>& tensors);

// Tensors that came from JavaScript: copies, except for those that are lent (lib/backend/types.ts), whose arrays are
// kept from the garbage collector as long as this lives. Made and destroyed on JavaScript's thread; the tensors may be
// read on others in between.
struct GivenTensors {
  std::vector<NamedTensor> tensors;
  std::vector<Napi::ObjectReference> lent;
};
std::shared_ptr<const GivenTensors> tensors_from_js(const Napi::Value& value);

}  // namespace resnet_ft
