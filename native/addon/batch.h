// Single batches and draws as training makes them, for tests to look at.
#pragma once

#include <napi.h>

namespace resnet_ft {

Napi::Value make_batch(const Napi::CallbackInfo& info);
Napi::Value random_resized_crop_of(const Napi::CallbackInfo& info);

}  // namespace resnet_ft
