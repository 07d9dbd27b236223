#include "addon/device.h"

#include <ATen/cpu/Utils.h>

#include <limits>

#include "addon/options.h"
#include "core/cuda_device.h"

namespace resnet_ft {
namespace {

// Whether the CPU multiplies bfloat16 itself; elsewhere LibTorch emulates it, many times slower than float32.
bool cpu_has_bf16() {
#if defined(__aarch64__) || defined(_M_ARM64)
  // Many have it, but of LibTorch's oneDNN for Arm only the forward pass knows: in the backward pass each convolution
  // is the reference one, and a step takes several times as long as in float32 (docs/performance.md).
  return false;
#else
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto has = [&](const char* name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.isBool() && found->second.toBool();
  };
  return has("avx512_bf16") || has("amx_bf16");
#endif
}

}  // namespace

Napi::Value device_info(const Napi::CallbackInfo& info) {
  const CudaDevices cuda = cuda_devices();
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("cudaBuilt", cuda.open);
  out.Set("cudaCount", static_cast<double>(cuda.count));
  out.Set("cudaReason", cuda.reason);
  out.Set("cpuBf16", cpu_has_bf16());
  return out;
}

Napi::Value cuda_device(const Napi::CallbackInfo& info) {
  const int64_t index = whole_number(info[0], "device", 0, std::numeric_limits<c10::DeviceIndex>::max());
  const CudaDevice device = try_cuda_device(index);
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("name", device.name);
  out.Set("memory", static_cast<double>(device.memory));
  out.Set("bf16", device.bf16);
  out.Set("reason", device.reason);
  return out;
}

}  // namespace resnet_ft
