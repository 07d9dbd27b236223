// One GPU: kernels are compiled for it, and launched on LibTorch's current stream.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "core/cuda/driver.h"
#include "core/cuda/launch_shape.h"

namespace resnet_ft::cuda {

// A file of core/cuda/kernels, which the build makes part of the program (cmake/KernelSources.cmake).
struct KernelSource {
  const char* name;  // as it is included
  const char* text;
};
extern const KernelSource kKernelSources[];
extern const int kKernelSourceCount;

// Its functions throw std::runtime_error with what CUDA says.
class Gpu {
 public:
  Gpu(const Driver* driver, c10::DeviceIndex index);

  int64_t multiprocessors() const { return multiprocessors_; }
  // Whether the current stream records a graph. Nothing can be compiled then, or waited for.
  bool capturing() const;
  // Kernels of a file, by names such as "resnet_ft::name<float, 4>", in that order. They are there until the process
  // ends.
  std::vector<void*> compile(const std::string& file, const std::vector<std::string>& names) const;
  // `arguments`: pointers to the values, which are copied.
  void launch(void* kernel, const LaunchShape& shape, void** arguments) const;

 private:
  void* stream() const;

  const Driver& driver_;
  c10::DeviceIndex index_;
  void* context_ = nullptr;
  std::string architecture_;
  int multiprocessors_ = 0;
};

// A kernel with the types of its parameters, which nobody else compares with those in its source.
template <class... Parameters>
class Kernel {
 public:
  explicit Kernel(void* kernel = nullptr) : kernel_(kernel) {}

  void operator()(const Gpu& gpu, const LaunchShape& shape, Parameters... parameters) const {
    void* arguments[] = {&parameters...};
    gpu.launch(kernel_, shape, arguments);
  }

 private:
  void* kernel_;
};

}  // namespace resnet_ft::cuda
