#include "core/frozen_prefix.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

torch::Tensor FrozenPrefix::features(const std::shared_ptr<const SampleSource>& source, const Samples& samples) {
  if (!serves(samples)) return network_.forward(normalizer_.batch(samples));
  const int64_t count = samples.count;
  const auto flip = [&](int64_t i) { return samples.mirrored != nullptr && samples.mirrored[i] != 0 ? 1 : 0; };
  const auto key = [&](int64_t i) { return 2 * int64_t{samples.indices[i]} + flip(i); };
  SourceCache& cache = caches_[source.get()];
  const auto known = [&](int64_t i) { return cache.rows && cache.rows->has(key(i)); };

  std::vector<int64_t> missing;
  std::vector<int32_t> missing_indices;
  std::vector<uint8_t> missing_flips;
  for (int64_t i = 0; i < count; ++i) {
    if (known(i)) continue;
    missing.push_back(i);
    missing_indices.push_back(samples.indices[i]);
    missing_flips.push_back(static_cast<uint8_t>(flip(i)));
  }
  torch::Tensor computed;
  if (!missing.empty()) {
    computed =
        compute({*source, missing_indices.data(), missing_flips.data(), nullptr, static_cast<int64_t>(missing.size())});
  }
  if (!cache.rows) {
    row_shape_ = computed.sizes().slice(1).vec();
    cache.source = source;
    const int64_t rows = source->count() * (samples.mirrored == nullptr ? 1 : 2);
    cache.rows = std::make_unique<FeatureCache>(2 * source->count(), rows, computed[0].nbytes(), budget_,
                                                "-" + std::to_string(caches_.size()));
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
        cache.rows->read(key(i), row);
      }
    }
  });
  for (size_t m = 0; m < missing.size(); ++m) {
    cache.rows->write(key(missing[m]), fresh + m * row_bytes);
  }
  if (out.dim() == 4) out = out.permute({0, 3, 1, 2});
  return out.to(device_, /*non_blocking=*/true).to(network_.type());
}

}  // namespace resnet_ft
