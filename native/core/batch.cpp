#include "core/batch.h"

#include <array>
#include <cstring>
#include <vector>

namespace resnet_ft {

Normalizer::Normalizer(const std::array<float, 3>& mean, const std::array<float, 3>& std, const torch::Device& device,
                       bool as_on_gpu)
    : device_(device),
      on_device_(as_on_gpu || !device.is_cpu()),
      mean_(torch::tensor({mean[0], mean[1], mean[2]}).view({1, 3, 1, 1}).to(device)),
      std_(torch::tensor({std[0], std[1], std[2]}).view({1, 3, 1, 1}).to(device)) {
  for (size_t c = 0; c < 3; ++c) {
    for (size_t v = 0; v < 256; ++v) table_[c][v] = (static_cast<float>(v) / 255.0F - mean[c]) / std[c];
  }
}

torch::Tensor Normalizer::batch(const CropStore& store, const int32_t* order, const uint8_t* flips,
                                int64_t count) const {
  return on_device_ ? sent(store, order, flips, count) : by_table(store, order, flips, count);
}

// The bytes of a crop are already in channels_last order.
torch::Tensor Normalizer::by_table(const CropStore& store, const int32_t* order, const uint8_t* flips,
                                   int64_t count) const {
  const int64_t size = store.size();
  torch::Tensor batch = torch::empty(
      {count, 3, size, size}, torch::TensorOptions(torch::kFloat32).memory_format(torch::MemoryFormat::ChannelsLast));
  auto* out = batch.data_ptr<float>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> crop(store.bytes_per_crop());
    for (int64_t i = begin; i < end; ++i) {
      store.read(order[i], crop.data());
      const bool flip = flips != nullptr && flips[i] != 0;
      float* pixel = out + i * store.bytes_per_crop();
      for (int64_t y = 0; y < size; ++y) {
        for (int64_t x = 0; x < size; ++x, pixel += 3) {
          const uint8_t* source = crop.data() + (y * size + (flip ? size - 1 - x : x)) * 3;
          for (size_t c = 0; c < 3; ++c) pixel[c] = table_[c][source[c]];
        }
      }
    }
  });
  return batch;
}

// Bytes travel, a quarter of the floats, from pinned memory and without waiting; the device does the arithmetic.
torch::Tensor Normalizer::sent(const CropStore& store, const int32_t* order, const uint8_t* flips,
                               int64_t count) const {
  const int64_t size = store.size();
  const torch::TensorOptions pinned = torch::TensorOptions(torch::kUInt8).pinned_memory(device_.is_cuda());
  const torch::Tensor bytes = torch::empty({count, size, size, 3}, pinned);
  auto* to = bytes.data_ptr<uint8_t>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) store.read(order[i], to + i * store.bytes_per_crop());
  });
  torch::Tensor mirrored;
  if (flips != nullptr) {
    mirrored = torch::empty({count}, pinned);
    std::memcpy(mirrored.data_ptr<uint8_t>(), flips, count);
    mirrored = mirrored.to(device_, /*non_blocking=*/true);
  }
  return batch(bytes.to(device_, /*non_blocking=*/true), mirrored);
}

torch::Tensor Normalizer::batch(const torch::Tensor& bytes, const torch::Tensor& mirrored) const {
  torch::Tensor x = bytes.permute({0, 3, 1, 2});
  if (mirrored.defined()) x = torch::where(mirrored.view({-1, 1, 1, 1}).to(torch::kBool), x.flip({3}), x);
  x = x.to(torch::kFloat32).div_(255.0F).sub_(mean_).div_(std_);
  return x.contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace resnet_ft
