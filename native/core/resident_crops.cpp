#include "core/resident_crops.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/util/Exception.h>

#include <memory>

namespace resnet_ft {
namespace {

int64_t quarter_of_free(const torch::Device& device) {
  if (device.is_cpu()) return 0;
  const auto index = device.has_index() ? device.index() : at::accelerator::getDeviceIndex();
  return static_cast<int64_t>(at::accelerator::getMemoryInfo(index).first / 4);
}

}  // namespace

torch::Tensor ResidentCrops::of(const std::shared_ptr<const CropStore>& store) {
  const auto found = entries_.find(store.get());
  if (found != entries_.end()) return found->second.bytes;
  const torch::Tensor bytes = send(*store);
  entries_[store.get()] = {store, bytes};
  return bytes;
}

torch::Tensor ResidentCrops::send(const CropStore& store) {
  if (budget_ < 0) budget_ = quarter_of_free(device_);
  const int64_t bytes = store.count() * store.bytes_per_crop();
  if (bytes == 0 || bytes > budget_) return {};
  const int64_t size = store.size();
  try {
    // A copy in any case: the device may be the CPU, and the store's memory is not the tensor's.
    torch::Tensor sent =
        torch::empty({store.count(), size, size, 3}, torch::TensorOptions(torch::kUInt8).device(device_));
    sent.copy_(torch::from_blob(const_cast<uint8_t*>(store.get(0)), sent.sizes(), torch::kUInt8));
    budget_ -= bytes;
    return sent;
  } catch (const c10::OutOfMemoryError&) {
    return {};  // another process took it meanwhile: batches are sent one by one
  }
}

}  // namespace resnet_ft
