#include "core/batch.h"

#include <array>

namespace resnet_ft {

Normalizer::Normalizer(const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  for (size_t c = 0; c < 3; ++c) {
    for (size_t v = 0; v < 256; ++v) table_[c][v] = (static_cast<float>(v) / 255.0F - mean[c]) / std[c];
  }
}

// The bytes of a crop are already in channels_last order.
torch::Tensor Normalizer::batch(const CropStore& store, const int32_t* order, const uint8_t* flips, int64_t count,
                                const torch::Device& device) const {
  const int64_t size = store.size();
  torch::Tensor batch = torch::empty({count, 3, size, size}, torch::TensorOptions(torch::kFloat32)
                                                                 .memory_format(torch::MemoryFormat::ChannelsLast)
                                                                 .pinned_memory(device.is_cuda()));
  auto* out = batch.data_ptr<float>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint8_t* crop = store.get(order[i]);
      const bool flip = flips != nullptr && flips[i] != 0;
      float* pixel = out + i * store.bytes_per_crop();
      for (int64_t y = 0; y < size; ++y) {
        for (int64_t x = 0; x < size; ++x, pixel += 3) {
          const uint8_t* source = crop + (y * size + (flip ? size - 1 - x : x)) * 3;
          for (size_t c = 0; c < 3; ++c) pixel[c] = table_[c][source[c]];
        }
      }
    }
  });
  return device.is_cuda() ? batch.to(device, /*non_blocking=*/true) : batch;
}

}  // namespace resnet_ft
