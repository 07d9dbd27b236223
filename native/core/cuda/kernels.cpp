#include "core/cuda/kernels.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/cuda/kernel_checks.h"
#include "core/first_line.h"

namespace resnet_ft::cuda {

Kernels* Kernels::of(const torch::Device& device) {
  if (!device.is_cuda()) return nullptr;
  static std::mutex mutex;
  // Never freed: at the end of the process there may be no CUDA any more to free them with.
  static auto* const all = new std::map<c10::DeviceIndex, Kernels*>();
  const c10::DeviceIndex index =
      device.has_index() ? device.index() : c10::impl::VirtualGuardImpl(device.type()).getDevice().index();
  const std::lock_guard<std::mutex> lock(mutex);
  Kernels*& found = (*all)[index];
  if (found == nullptr) found = new Kernels(torch::Device(torch::kCUDA, index), [] { return Driver::open(); });
  return found;
}

template <class Made>
const Made* Kernels::once(std::unique_ptr<Made>* held, const std::function<std::unique_ptr<Made>(const Gpu&)>& make) {
  if (!reason_.empty()) return nullptr;
  if (*held) return held->get();
  try {
    if (!gpu_) gpu_ = std::make_unique<Gpu>(open_(), device_.has_index() ? device_.index() : 0);
    if (gpu_->capturing()) return nullptr;
    *held = make(*gpu_);
    return held->get();
  } catch (const c10::OutOfMemoryError&) {
    throw;  // the pass has no room, with or without kernels
  } catch (const std::exception& error) {
    reason_ = first_line(error);
    return nullptr;
  }
}

const BatchNormKernels* Kernels::batch_norm(torch::ScalarType type, bool wide) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return once<BatchNormKernels>(&batch_norm_[{type, wide}], [&](const Gpu& gpu) {
    auto made = std::make_unique<BatchNormKernels>(gpu, type, wide);
    check_batch_norm(*made, device_, type, wide);
    return made;
  });
}

const BatchKernels* Kernels::batch() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return once<BatchKernels>(&batch_, [&](const Gpu& gpu) {
    auto made = std::make_unique<BatchKernels>(gpu);
    check_batch(*made, device_);
    return made;
  });
}

std::string Kernels::reason() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return reason_;
}

}  // namespace resnet_ft::cuda
