// Memory of a GPU, and pinned memory of the host, that LibTorch keeps for whoever asks next: given back where nobody
// will.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <exception>
#include <utility>

namespace resnet_ft {

// Gives back what no tensor uses; on a CPU there is nothing of the kind.
void give_back_device_memory(const torch::Device& device) noexcept;

// Of a model or a session, as its first member: it ends after all tensors of its owner have.
class DeviceMemoryUse {
 public:
  explicit DeviceMemoryUse(torch::Device device) : device_(device) {}
  ~DeviceMemoryUse() { give_back_device_memory(device_); }
  DeviceMemoryUse(const DeviceMemoryUse&) = delete;
  DeviceMemoryUse& operator=(const DeviceMemoryUse&) = delete;

 private:
  torch::Device device_;
};

// Of a pass, as the first thing in it: where an exception ends the pass, most often for want of memory, a smaller batch
// is tried next, and finds no room between the blocks of the greater one.
class DeviceMemoryPass {
 public:
  explicit DeviceMemoryPass(torch::Device device) : device_(device), exceptions_(std::uncaught_exceptions()) {}
  ~DeviceMemoryPass() {
    if (std::uncaught_exceptions() > exceptions_) give_back_device_memory(device_);
  }
  DeviceMemoryPass(const DeviceMemoryPass&) = delete;
  DeviceMemoryPass& operator=(const DeviceMemoryPass&) = delete;

 private:
  torch::Device device_;
  int exceptions_;
};

// How often memory was given back, of whatever device; for tests.
int64_t times_device_memory_was_given_back();
// Bytes of a GPU that are free, and all that it has. Throws for a CPU.
std::pair<int64_t, int64_t> device_memory(const torch::Device& device);

}  // namespace resnet_ft
