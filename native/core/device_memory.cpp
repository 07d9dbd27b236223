#include "core/device_memory.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/core/CachingHostAllocator.h>

#include <atomic>
#include <stdexcept>
#include <utility>

namespace resnet_ft {
namespace {

std::atomic<int64_t> times{0};

}  // namespace

void give_back_device_memory(const torch::Device& device) noexcept {
  ++times;
  if (!device.is_cuda()) return;
  try {
    at::accelerator::emptyCache();
    // What at::accelerator::emptyHostCache does, which LibTorch 2.11 lacks.
    at::getHostAllocator(device.type())->empty_cache();
  } catch (...) {
    // Then it stays in the cache; what went wrong on the device is told by what runs there next.
  }
}

int64_t times_device_memory_was_given_back() { return times; }

std::pair<int64_t, int64_t> device_memory(const torch::Device& device) {
  if (!device.is_cuda()) throw std::invalid_argument("a CPU has no device memory");
  const auto index = device.has_index() ? device.index() : at::accelerator::getDeviceIndex();
  const auto [free, total] = at::accelerator::getMemoryInfo(index);
  return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
}

}  // namespace resnet_ft
