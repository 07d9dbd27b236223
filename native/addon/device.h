// What there is to compute on.
#pragma once

#include <napi.h>

namespace resnet_ft {

Napi::Value device_info(const Napi::CallbackInfo& info);
Napi::Value cuda_device(const Napi::CallbackInfo& info);

}  // namespace resnet_ft
