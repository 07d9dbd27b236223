#include "core/frozen_prefix.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/augment/augmenter.h"
#include "core/checksum.h"

namespace resnet_ft {

void name_by_weights(CacheBudget* budget, const std::vector<NamedTensor>& weights, int cut) {
  if (budget->shared.empty()) return;
  uint64_t sum = 0;
  for (const auto& [name, tensor] : weights) {
    if (stage_of_tensor(name) >= cut) continue;
    const torch::Tensor bytes = tensor.cpu().contiguous();
    sum = checksum(bytes.data_ptr(), bytes.nbytes(), checksum(name.data(), name.size(), sum));
  }
  budget->shared += "-" + std::to_string(sum);
}

FrozenPrefix::FrozenPrefix(FoldedResNet network, Normalizer normalizer, torch::Device device, CacheBudget budget,
                           bool bf16)
    : network_(std::move(network)),
      normalizer_(std::move(normalizer)),
      device_(device),
      budget_(std::move(budget)),
      bf16_(bf16) {}

torch::Tensor FrozenPrefix::compute(const Samples& samples) {
  return rows_of(network_.forward(normalizer_.batch(samples)));
}

torch::Tensor FrozenPrefix::of(const torch::Tensor& images) {
  return network_.forward(images.contiguous(torch::MemoryFormat::ChannelsLast));
}

torch::Tensor FrozenPrefix::of_nothing(int side) {
  return rows_of(of(torch::zeros({1, 3, side, side}, torch::TensorOptions(device_))));
}

torch::Tensor FrozenPrefix::rows_of(torch::Tensor rows) const {
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

std::unique_ptr<FeatureCache> FrozenPrefix::make_cache(const SampleSource& source, const Samples& samples,
                                                       const torch::Tensor& row, const std::string& shared_name) {
  // Of images that are never mirrored there is one way only.
  const int64_t kept = samples.views == 0 && samples.mirrored == nullptr ? 1 : ways(samples);
  const auto row_bytes = static_cast<int64_t>(row.nbytes());
  std::string file;
  if (!shared_name.empty()) {
    // Processes come to their sources in another order where a pass has no samples for one of them: no counter is the
    // same in all.
    const std::string of = shared_name + " " + std::to_string(samples.views) + " " + std::to_string(row_bytes);
    file = budget_.shared + "-" + std::to_string(checksum(of.data(), of.size()));
  }
  auto cache = std::make_unique<FeatureCache>(ways(samples) * source.count(), kept * source.count(), row_bytes, budget_,
                                              "-" + std::to_string(caches_.size()), file);
  figures_.shared = figures_.shared || cache->shares();
  if (!cache->why_not_shared().empty()) figures_.why_not_shared = cache->why_not_shared();
  return cache;
}

torch::Tensor FrozenPrefix::features(const std::shared_ptr<const SampleSource>& source, const Samples& samples) {
  if (!serves(samples)) return network_.forward(normalizer_.batch(samples));
  const int64_t count = samples.count;
  SourceCache& cache = caches_[{source.get(), samples.views}];
  const auto keep_by = [&](const torch::Tensor& row, const std::string& shared_name) {
    cache.source = source;
    cache.row_shape = row.sizes().vec();
    cache.type = row.scalar_type();
    cache.rows = make_cache(*source, samples, row, shared_name);
  };
  if (!cache.rows && !budget_.shared.empty()) {
    // Others may have computed all of these: the size of a row must be known before.
    const std::string shared_name = source->shared_name();
    if (!shared_name.empty()) keep_by(of_nothing(source->size())[0], shared_name);
  }

  std::vector<int64_t> missing;
  for (int64_t i = 0; i < count; ++i) {
    if (!cache.rows || !cache.rows->has(key(samples, i))) missing.push_back(i);
  }
  torch::Tensor computed;
  if (!missing.empty()) computed = compute(samples, missing);
  figures_.computed += static_cast<int64_t>(missing.size());
  if (!cache.rows) keep_by(computed[0], {});

  std::vector<int64_t> shape = cache.row_shape;
  shape.insert(shape.begin(), count);
  torch::Tensor out = torch::empty(shape, torch::TensorOptions(cache.type).pinned_memory(device_.is_cuda()));
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
