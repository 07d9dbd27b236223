// The GPUs that LibTorch can compute on. Nothing here is linked against its CUDA libraries.
#pragma once

#include <cstdint>
#include <string>

namespace resnet_ft {

struct CudaDevices {
  // Whether LibTorch's CUDA libraries are open.
  bool open = false;
  int64_t count = 0;
  // Why there are none to be used; empty where there are.
  std::string reason;
};

// LibTorch looks for its CUDA libraries once in a process, so that it is not asked for CUDA before they are open.
CudaDevices cuda_devices();

struct CudaDevice {
  // As the driver calls it; empty where it does not say.
  std::string name;
  // All of its memory, in bytes.
  int64_t memory = 0;
  // Whether cuDNN convolves bfloat16 on it.
  bool bf16 = false;
  // Why nothing can be computed on it; empty where something was.
  std::string reason;
};

// Computes on the GPU of this number, which takes memory for its context, as the first use does in any case.
CudaDevice try_cuda_device(int64_t index);

}  // namespace resnet_ft
