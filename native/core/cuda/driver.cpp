#include "core/cuda/driver.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <stdexcept>
#include <string>

#ifndef _WIN32
#include "core/open_library.h"
#endif

namespace resnet_ft::cuda {

#ifdef _WIN32

// The names of LibTorch's C++ functions are other ones there, and nobody has tried.
const Driver* Driver::open(const std::string&, const std::string&) {
  throw std::runtime_error("our CUDA kernels are not used on Windows");
}

const Driver* Driver::open() { return open("", ""); }

#else

const Driver* Driver::open(const std::string& kernels, const std::string& streams) {
  // dlsym also looks into what a library depends on.
  void* const library = open_library(kernels);
  void* const torch = open_library(streams);
  Driver found{};
#define RESNET_FT_FIND(name) found.name = function_of<decltype(found.name)>(library, #name)
  RESNET_FT_FIND(nvrtcCreateProgram);
  RESNET_FT_FIND(nvrtcDestroyProgram);
  RESNET_FT_FIND(nvrtcAddNameExpression);
  RESNET_FT_FIND(nvrtcCompileProgram);
  RESNET_FT_FIND(nvrtcGetProgramLogSize);
  RESNET_FT_FIND(nvrtcGetProgramLog);
  RESNET_FT_FIND(nvrtcGetLoweredName);
  RESNET_FT_FIND(nvrtcGetCUBINSize);
  RESNET_FT_FIND(nvrtcGetCUBIN);
  RESNET_FT_FIND(nvrtcGetPTXSize);
  RESNET_FT_FIND(nvrtcGetPTX);
  RESNET_FT_FIND(nvrtcGetErrorString);
  RESNET_FT_FIND(cuDeviceGet);
  RESNET_FT_FIND(cuDeviceGetAttribute);
  RESNET_FT_FIND(cuDevicePrimaryCtxRetain);
  RESNET_FT_FIND(cuCtxGetCurrent);
  RESNET_FT_FIND(cuCtxSetCurrent);
  RESNET_FT_FIND(cuModuleLoadData);
  RESNET_FT_FIND(cuModuleGetFunction);
  RESNET_FT_FIND(cuStreamIsCapturing);
  RESNET_FT_FIND(cuLaunchKernel);
  RESNET_FT_FIND(cuGetErrorString);
#undef RESNET_FT_FIND
  found.current_stream = function_of<decltype(found.current_stream)>(torch, "_ZN3c104cuda20getCurrentCUDAStreamEa");
  found.native_stream = function_of<decltype(found.native_stream)>(torch, "_ZNK3c104cuda10CUDAStream6streamEv");
  return new Driver(found);  // never freed: kernels are launched until the process ends
}

const Driver* Driver::open() {
  Dl_info c10{};
  if (dladdr(reinterpret_cast<const void*>(&c10::GetCPUAllocator), &c10) == 0 || c10.dli_fname == nullptr)
    throw std::runtime_error("the folder of LibTorch's libraries could not be found");
  const std::string path = c10.dli_fname;
  const std::string folder = path.substr(0, path.rfind('/') + 1);
#ifdef __APPLE__
  const std::string suffix = ".dylib";
#else
  const std::string suffix = ".so";
#endif
  // LibTorch has this one for kernels of its own that are compiled at run time; it depends on NVRTC and the driver.
  return open(folder + "libcaffe2_nvrtc" + suffix, folder + "libc10_cuda" + suffix);
}

#endif

void check_cuda(const Driver& driver, int result, const char* doing) {
  if (result == 0) return;
  const char* text = nullptr;
  driver.cuGetErrorString(result, &text);
  throw std::runtime_error(std::string(doing) + ": " + (text == nullptr ? "CUDA error" : text) + " (" +
                           std::to_string(result) + ")");
}

void check_nvrtc(const Driver& driver, int result, const char* doing) {
  if (result == 0) return;
  throw std::runtime_error(std::string(doing) + ": " + driver.nvrtcGetErrorString(result));
}

}  // namespace resnet_ft::cuda
