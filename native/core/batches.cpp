#include "core/batches.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

template <class Value>
torch::Tensor send(const std::vector<Value>& values, torch::ScalarType type, const torch::Device& device) {
  torch::Tensor host =
      torch::empty({static_cast<int64_t>(values.size())}, torch::TensorOptions(type).pinned_memory(device.is_cuda()));
  if (type == torch::kInt64) {
    std::copy(values.begin(), values.end(), host.data_ptr<int64_t>());
  } else {
    std::copy(values.begin(), values.end(), host.data_ptr<uint8_t>());
  }
  return host.to(device, /*non_blocking=*/true);
}

}  // namespace

Batches::Batches(const Normalizer& normalizer, ResidentCrops* resident, std::shared_ptr<const CropStore> store,
                 const std::vector<int32_t>& targets, const std::vector<int32_t>& order,
                 const std::vector<uint8_t>& flips)
    : normalizer_(normalizer), store_(std::move(store)), order_(order), flips_(flips) {
  const torch::Device& device = normalizer_.device();
  std::vector<int64_t> ordered(order.size());
  std::transform(order.begin(), order.end(), ordered.begin(), [&](int32_t i) { return targets.at(i); });
  targets_ = send(ordered, torch::kInt64, device);
  if (!normalizer_.computes_on_device() || resident == nullptr) return;
  crops_ = resident->of(store_);
  if (!crops_.defined()) return;
  rows_ = send(order_, torch::kInt64, device);
  if (!flips_.empty()) mirrored_ = send(flips_, torch::kUInt8, device);
}

torch::Tensor Batches::inputs(int64_t first, int64_t size) const {
  if (!crops_.defined()) return normalizer_.batch(*store_, order(first), flips(first), size);
  const torch::Tensor mirrored = mirrored_.defined() ? mirrored_.narrow(0, first, size) : torch::Tensor();
  return normalizer_.batch(crops_.index_select(0, rows_.narrow(0, first, size)), mirrored);
}

}  // namespace resnet_ft
