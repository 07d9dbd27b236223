#include "core/batch.h"

#include <array>
#include <cstring>
#include <vector>

#include "core/augment/augmenter.h"
#include "core/cuda/kernels.h"

namespace resnet_ft {

void read_square(const Samples& samples, int64_t i, uint8_t* to) {
  const int64_t bytes = samples.source.bytes_per_sample();
  if (samples.squares != nullptr) {
    std::memcpy(to, samples.squares + i * bytes, bytes);
    return;
  }
  samples.source.read(samples.indices[i], samples.windows == nullptr ? nullptr : samples.windows + i, to);
  if (samples.augmenter != nullptr && samples.augmenter->repaints())
    samples.augmenter->repaint(samples.epoch, samples.numbers[i], samples.source.size(), to);
}

Normalizer::Normalizer(const std::array<float, 3>& mean, const std::array<float, 3>& std, const torch::Device& device,
                       bool as_on_gpu)
    : device_(device),
      on_device_(as_on_gpu || !device.is_cpu()),
      figures_{mean, std},
      mean_(torch::tensor({mean[0], mean[1], mean[2]}).view({1, 3, 1, 1}).to(device)),
      std_(torch::tensor({std[0], std[1], std[2]}).view({1, 3, 1, 1}).to(device)),
      levels_(torch::full({1}, 255.0F).to(device)) {
  for (size_t c = 0; c < 3; ++c) {
    for (size_t v = 0; v < 256; ++v) table_[c][v] = (static_cast<float>(v) / 255.0F - mean[c]) / std[c];
  }
}

torch::Tensor Normalizer::batch(const Samples& samples, torch::ScalarType type) const {
  // What is done to whole batches is done in float32.
  const torch::ScalarType made_in = samples.augmenter == nullptr ? type : torch::kFloat32;
  const torch::Tensor made = on_device_ ? sent(samples, made_in) : by_table(samples);
  if (samples.augmenter == nullptr) return made.to(type);
  return samples.augmenter->finish(made, samples.epoch, samples.numbers, samples.place).to(type);
}

// The bytes of a sample are already in channels_last order.
torch::Tensor Normalizer::by_table(const Samples& samples) const {
  const int64_t count = samples.count;
  const int64_t size = samples.source.size();
  const int64_t bytes = samples.source.bytes_per_sample();
  torch::Tensor batch = torch::empty(
      {count, 3, size, size}, torch::TensorOptions(torch::kFloat32).memory_format(torch::MemoryFormat::ChannelsLast));
  auto* out = batch.data_ptr<float>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> square(bytes);
    for (int64_t i = begin; i < end; ++i) {
      read_square(samples, i, square.data());
      const bool flip = samples.mirrored != nullptr && samples.mirrored[i] != 0;
      float* pixel = out + i * bytes;
      for (int64_t y = 0; y < size; ++y) {
        for (int64_t x = 0; x < size; ++x, pixel += 3) {
          const uint8_t* source = square.data() + (y * size + (flip ? size - 1 - x : x)) * 3;
          for (size_t c = 0; c < 3; ++c) pixel[c] = table_[c][source[c]];
        }
      }
    }
  });
  return batch;
}

// Bytes travel, a quarter of the floats, from pinned memory and without waiting; the device does the arithmetic.
torch::Tensor Normalizer::sent(const Samples& samples, torch::ScalarType type) const {
  const int64_t count = samples.count;
  const int64_t size = samples.source.size();
  const torch::TensorOptions pinned = torch::TensorOptions(torch::kUInt8).pinned_memory(device_.is_cuda());
  const torch::Tensor bytes = torch::empty({count, size, size, 3}, pinned);
  auto* to = bytes.data_ptr<uint8_t>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) read_square(samples, i, to + i * samples.source.bytes_per_sample());
  });
  torch::Tensor mirrored;
  if (samples.mirrored != nullptr) {
    mirrored = torch::empty({count}, pinned);
    std::memcpy(mirrored.data_ptr<uint8_t>(), samples.mirrored, count);
    mirrored = mirrored.to(device_, /*non_blocking=*/true);
  }
  return batch(bytes.to(device_, /*non_blocking=*/true), {}, mirrored, type);
}

torch::Tensor Normalizer::batch(const torch::Tensor& bytes, const torch::Tensor& rows, const torch::Tensor& mirrored,
                                torch::ScalarType type) const {
  if (cuda::Kernels* const all = cuda::Kernels::of(device_)) {
    if (const auto* const kernels = all->batch()) return kernels->batch(bytes, rows, mirrored, figures_, type);
  }
  torch::Tensor x = (rows.defined() ? bytes.index_select(0, rows) : bytes).permute({0, 3, 1, 2});
  if (mirrored.defined()) x = torch::where(mirrored.view({-1, 1, 1, 1}).to(torch::kBool), x.flip({3}), x);
  // A GPU would multiply by the reciprocal of a number that is no tensor of its own, and get other bits.
  x = x.to(torch::kFloat32).div_(levels_).sub_(mean_).div_(std_);
  return x.to(type).contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace resnet_ft
