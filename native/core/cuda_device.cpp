#include "core/cuda_device.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/torch.h>

#include <array>
#include <exception>
#include <string>

#include "core/first_line.h"
#include "loader/dynamic_library.h"

namespace resnet_ft {
namespace {

// A function of the driver's library, which is open where CUDA was set up.
template <class Function>
Function driver_function(const char* name) {
#if defined(_WIN32)
  const HMODULE driver = GetModuleHandleW(L"nvcuda.dll");
  return driver == nullptr ? nullptr : reinterpret_cast<Function>(GetProcAddress(driver, name));
#elif defined(__linux__)
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);  // kept open: it is there for the whole process
  return driver == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(driver, name));
#else
  return nullptr;
#endif
}

// LibTorch tells the name of a GPU only to those who are linked against its CUDA libraries.
std::string driver_name(int64_t index) {
  const auto get = driver_function<int (*)(int*, int)>("cuDeviceGet");
  const auto get_name = driver_function<int (*)(char*, int, int)>("cuDeviceGetName");
  int device = 0;
  std::array<char, 256> name{};
  if (get == nullptr || get_name == nullptr || get(&device, static_cast<int>(index)) != 0 ||
      get_name(name.data(), static_cast<int>(name.size() - 1), device) != 0) {
    return {};
  }
  return name.data();
}

}  // namespace

CudaDevices cuda_devices() {
  CudaDevices found;
  // Registered by what c10_cuda runs when it is opened.
  found.open = c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA);
  if (!found.open) {
    found.reason = "this LibTorch is a CPU build";
    return found;
  }
  if (!at::detail::getCUDAHooks().isBuilt()) {
    found.reason =
        "something was computed on the CPU before LibTorch's CUDA libraries were opened, and LibTorch looks for them "
        "only once: use the GPU first, or in a process of its own";
    return found;
  }
  try {
    // Says what is wrong with the driver, where the count is just 0.
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
    found.count = static_cast<int64_t>(torch::cuda::device_count());
    if (found.count == 0) found.reason = "LibTorch finds no CUDA device";
  } catch (const std::exception& error) {
    found.reason = first_line(error);
  }
  return found;
}

CudaDevice try_cuda_device(int64_t index) {
  CudaDevice found;
  found.name = driver_name(index);
  try {
    const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
    const c10::DeviceGuard guard(device);
    const torch::Tensor one = torch::ones({1}, torch::TensorOptions(torch::kFloat32).device(device));
    const float two = (one + one).item<float>();
    if (two != 2.0f) found.reason = "1 + 1 comes to " + std::to_string(two) + " on it";
    found.bf16 = at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
    found.memory = static_cast<int64_t>(at::accelerator::getMemoryInfo(device.index()).second);
  } catch (const std::exception& error) {
    found.reason = first_line(error);
  }
  return found;
}

}  // namespace resnet_ft
