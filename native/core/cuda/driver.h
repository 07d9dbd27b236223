// NVRTC, the CUDA driver and LibTorch's current stream, found at run time: nothing is linked, and none need be there.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include <cstddef>
#include <string>

namespace resnet_ft::cuda {

// The functions that are used, by their names. They are C, and have had these arguments since CUDA 8.
struct Driver {
  int (*nvrtcCreateProgram)(void** program, const char* source, const char* name, int headers,
                            const char* const* contents, const char* const* names);
  int (*nvrtcDestroyProgram)(void** program);
  int (*nvrtcAddNameExpression)(void* program, const char* expression);
  int (*nvrtcCompileProgram)(void* program, int options, const char* const* values);
  int (*nvrtcGetProgramLogSize)(void* program, size_t* size);
  int (*nvrtcGetProgramLog)(void* program, char* log);
  int (*nvrtcGetLoweredName)(void* program, const char* expression, const char** name);
  int (*nvrtcGetCUBINSize)(void* program, size_t* size);
  int (*nvrtcGetCUBIN)(void* program, char* binary);
  int (*nvrtcGetPTXSize)(void* program, size_t* size);
  int (*nvrtcGetPTX)(void* program, char* text);
  const char* (*nvrtcGetErrorString)(int result);

  int (*cuDeviceGet)(int* device, int ordinal);
  int (*cuDeviceGetAttribute)(int* value, int attribute, int device);
  int (*cuDevicePrimaryCtxRetain)(void** context, int device);
  int (*cuCtxGetCurrent)(void** context);
  int (*cuCtxSetCurrent)(void* context);
  int (*cuModuleLoadData)(void** module, const void* image);
  int (*cuModuleGetFunction)(void** function, void* module, const char* name);
  int (*cuStreamIsCapturing)(void* stream, int* status);
  int (*cuLaunchKernel)(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared_bytes, void* stream, void** arguments,
                        void** extra);
  int (*cuGetErrorString)(int result, const char** text);

  // c10::cuda::getCurrentCUDAStream and c10::cuda::CUDAStream::stream; a CUDAStream is a c10::Stream and nothing else.
  c10::Stream (*current_stream)(c10::DeviceIndex device);
  void* (*native_stream)(const c10::Stream* stream);

  // `kernels`: a library that has, or depends on, NVRTC and the driver; `streams`: one with LibTorch's streams. Throws
  // std::runtime_error with a reason for people. They stay open.
  static const Driver* open(const std::string& kernels, const std::string& streams);
  // Those that come with the LibTorch of this process.
  static const Driver* open();
};

// Throw std::runtime_error with `doing` and what the library says of a result that is not 0.
void check_cuda(const Driver& driver, int result, const char* doing);
void check_nvrtc(const Driver& driver, int result, const char* doing);

}  // namespace resnet_ft::cuda
