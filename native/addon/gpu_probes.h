// What a GPU's code decides, with a GPU or without: for tests and for the doctor.
#pragma once

#include <napi.h>

namespace resnet_ft {

// The switches of the process, and what was done since it began.
Napi::Value gpu_state(const Napi::CallbackInfo& info);
// The switches within passes, one in another, and after them.
Napi::Value gpu_settings_of(const Napi::CallbackInfo& info);
// When figures are read that arrive at given times.
Napi::Value read_back_of(const Napi::CallbackInfo& info);
// Whether cuDNN's fused convolutions are used on a device, found out now.
Napi::Value cudnn_convolutions(const Napi::CallbackInfo& info);
// A convolution by operators in cuDNN's place.
Napi::Value fused_convolution(const Napi::CallbackInfo& info);

}  // namespace resnet_ft
