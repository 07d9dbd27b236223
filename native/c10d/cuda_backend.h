// What connects GPUs: NCCL, in a library of its own, for a LibTorch without CUDA has none.
#pragma once

#include <chrono>
#include <string>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace resnet_ft {

// What native/c10d/nccl exports under this name.
using MakeNcclBackend = c10::intrusive_ptr<c10d::Backend> (*)(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                                              int world, std::chrono::milliseconds timeout,
                                                              const at::Device& device);
constexpr const char* kMakeNcclBackend = "resnet_ft_make_nccl_backend";

// By such a library. Throws std::runtime_error where it can't be opened.
c10::intrusive_ptr<c10d::Backend> cuda_backend(const std::string& library, const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int world, std::chrono::milliseconds timeout,
                                               const at::Device& device);

}  // namespace resnet_ft
