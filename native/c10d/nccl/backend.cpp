// NCCL as c10d uses it. Compiled against the headers of CUDA and NCCL; the rest is in libtorch_cuda.
#include <chrono>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "c10d/cuda_backend.h"

extern "C" __attribute__((visibility("default"))) c10::intrusive_ptr<c10d::Backend> resnet_ft_make_nccl_backend(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int world, std::chrono::milliseconds timeout,
    const at::Device& device) {
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  const auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world, options);
  // Connects now, so that a GPU that can't be reached is an error before training.
  backend->eagerConnectSingleDevice(device);
  return backend;
}
