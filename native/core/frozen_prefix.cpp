#include "core/frozen_prefix.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/augment/augmenter.h"

namespace resnet_ft {

FrozenPrefix::FrozenPrefix(FoldedResNet network, Normalizer normalizer, torch::Device device, CacheBudget budget,
                           bool bf16)
    : network_(std::move(network)),
      normalizer_(std::move(normalizer)),
      device_(device),
      budget_(std::move(budget)),
      bf16_(bf16) {}

torch::Tensor FrozenPrefix::compute(const Samples& samples) {
  torch::Tensor rows = network_.forward(normalizer_.batch(samples));
  if (rows.dim() == 4) rows = rows.permute({0, 2, 3, 1});
  if (bf16_) rows = rows.to(torch::kBFloat16);
  return rows.to(torch::kCPU).contiguous();
}

bool FrozenPrefix::serves(const Samples& samples) {
  if (samples.augmenter != nullptr && samples.augmenter->mixes()) return false;
  return samples.views > 0 || (samples.windows == nullptr && samples.augmenter == nullptr);
}

int64_t FrozenPrefix::ways(const Samples& samples) { return samples.views > 0 ? samples.views : 2; }

int64_t FrozenPrefix::key(const Samples& samples, int64_t i) {
  const bool flip = samples.mirrored != nullptr && samples.mirrored[i] != 0;
  const int64_t way = samples.views > 0 ? samples.epoch : flip ? 1 : 0;
  return ways(samples) * samples.indices[i] + way;
}

torch::Tensor FrozenPrefix::compute(const Samples& samples, const std::vector<int64_t>& which) {
  std::vector<int32_t> indices, numbers;
  std::vector<uint8_t> mirrored;
  std::vector<Window> windows;
  for (const int64_t i : which) {
    indices.push_back(samples.indices[i]);
    mirrored.push_back(samples.mirrored == nullptr ? 0 : samples.mirrored[i]);
    if (samples.windows != nullptr) windows.push_back(samples.windows[i]);
    if (samples.numbers != nullptr) numbers.push_back(samples.numbers[i]);
  }
  Samples some = samples;
  some.indices = indices.data();
  some.mirrored = mirrored.data();
  some.windows = windows.empty() ? nullptr : windows.data();
  some.numbers = numbers.data();
  some.count = static_cast<int64_t>(which.size());
  return compute(some);
}

torch::Tensor FrozenPrefix::features(const std::shared_ptr<const SampleSource>& source, const Samples& samples) {
  if (!serves(samples)) return network_.forward(normalizer_.batch(samples));
  const int64_t count = samples.count;
  SourceCache& cache = caches_[source.get()];

  std::vector<int64_t> missing;
  for (int64_t i = 0; i < count; ++i) {
    if (!cache.rows || !cache.rows->has(key(samples, i))) missing.push_back(i);
  }
  torch::Tensor computed;
  if (!missing.empty()) computed = compute(samples, missing);
  if (!cache.rows) {
    row_shape_ = computed.sizes().slice(1).vec();
    cache.source = source;
    // Of images that are never mirrored there is one way only.
    const int64_t kept = samples.views == 0 && samples.mirrored == nullptr ? 1 : ways(samples);
    cache.rows = std::make_unique<FeatureCache>(ways(samples) * source->count(), kept * source->count(),
                                                computed[0].nbytes(), budget_, "-" + std::to_string(caches_.size()));
  }

  std::vector<int64_t> shape = row_shape_;
  shape.insert(shape.begin(), count);
  if (computed.defined()) type_ = computed.scalar_type();
  torch::Tensor out = torch::empty(shape, torch::TensorOptions(type_).pinned_memory(device_.is_cuda()));
  auto* bytes = static_cast<uint8_t*>(out.data_ptr());
  const auto row_bytes = static_cast<int64_t>(out.nbytes()) / count;
  std::vector<int64_t> from(count, -1);
  for (size_t m = 0; m < missing.size(); ++m) from[missing[m]] = static_cast<int64_t>(m);
  const auto* fresh = computed.defined() ? static_cast<const uint8_t*>(computed.data_ptr()) : nullptr;
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      uint8_t* row = bytes + i * row_bytes;
      if (from[i] >= 0) {
        std::memcpy(row, fresh + from[i] * row_bytes, row_bytes);
      } else {
        cache.rows->read(key(samples, i), row);
      }
    }
  });
  for (size_t m = 0; m < missing.size(); ++m) {
    cache.rows->write(key(samples, missing[m]), fresh + m * row_bytes);
  }
  if (out.dim() == 4) out = out.permute({0, 3, 1, 2});
  return out.to(device_, /*non_blocking=*/true).to(network_.type());
}

}  // namespace resnet_ft
