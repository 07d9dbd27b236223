// Our CUDA kernels, for tests, and whether there are any, for people: lib/backend/native/addon.ts.
#pragma once

#include <napi.h>

namespace resnet_ft {

Napi::Value batch_norm_of(const Napi::CallbackInfo& info);
Napi::Value kernel_batch(const Napi::CallbackInfo& info);
Napi::Value cuda_kernels(const Napi::CallbackInfo& info);

}  // namespace resnet_ft
