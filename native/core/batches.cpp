#include "core/batches.h"

#include <algorithm>
#include <memory>
#include <optional>
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

torch::Tensor targets_of(const PassSamples& samples, const std::vector<int32_t>& order, const torch::Device& device) {
  std::vector<int64_t> ordered(order.size());
  std::transform(order.begin(), order.end(), ordered.begin(), [&](int32_t i) { return samples.targets.at(i); });
  return send(ordered, torch::kInt64, device);
}

Batches::Batches(const Normalizer& normalizer, ResidentCrops* resident, const PassDraws& pass)
    : normalizer_(normalizer),
      numbers_(pass.numbers == nullptr ? pass.order : *pass.numbers),
      augmenter_(pass.augmenter),
      epoch_(pass.epoch),
      views_(pass.views),
      source_(pass.samples.source),
      indices_(pass.order),
      mirrored_(pass.mirrored),
      windows_(pass.windows) {
  const torch::Device& device = normalizer_.device();
  const PassSamples& samples = pass.samples;
  targets_ = targets_of(samples, pass.order, device);
  if (!samples.indices.empty()) {
    for (int32_t& index : indices_) index = samples.indices.at(index);
  }
  if (!normalizer_.computes_on_device() || resident == nullptr) return;
  // What is made on the CPU is sent batch by batch.
  if (augmenter_ != nullptr && augmenter_->prepares()) return;
  if (!windows_.empty()) return;
  resident_ = resident->of(source_);
  if (!resident_.defined()) return;
  rows_ = send(indices_, torch::kInt64, device);
  if (!mirrored_.empty()) resident_mirrored_ = send(mirrored_, torch::kUInt8, device);
}

void Batches::prefetch(int64_t first, int64_t end, int64_t size, int threads) {
  const PrefetchPlan plan{first, end, size, source_->bytes_per_sample(), threads};
  ahead_ =
      std::make_unique<Prefetch>(plan, [this](int64_t place, uint8_t* to) { read_square(unread(place, 1), 0, to); });
}

Samples Batches::unread(int64_t first, int64_t size) const {
  Samples out{*source_, indices_.data() + first, mirrored_.empty() ? nullptr : mirrored_.data() + first,
              windows_.empty() ? nullptr : windows_.data() + first, size};
  out.augmenter = augmenter_;
  out.numbers = numbers_.data() + first;
  out.epoch = epoch_;
  out.place = first;
  out.views = views_;
  return out;
}

Samples Batches::samples(int64_t first, int64_t size) const {
  Samples out = unread(first, size);
  if (ahead_) out.squares = ahead_->take(first);
  return out;
}

std::optional<BatchMix> Batches::mix(int64_t first) const {
  return augmenter_ == nullptr ? std::nullopt : augmenter_->mix(epoch_, first, source_->size());
}

torch::Tensor Batches::targets(int64_t first, int64_t size) const {
  const torch::Tensor own = targets_.narrow(0, first, size);
  const std::optional<BatchMix> mixed = mix(first);
  return mixed && mixed->own < 0.5 ? own.roll(1, 0) : own;
}

torch::Tensor Batches::wanted(int64_t first, int64_t size, int64_t classes) const {
  const torch::Tensor own = targets_.narrow(0, first, size);
  const std::optional<BatchMix> mixed = mix(first);
  return mixed ? mixed_targets(own, *mixed, classes) : own;
}

torch::Tensor Batches::inputs(int64_t first, int64_t size, torch::ScalarType type) const {
  if (!resident_.defined()) return normalizer_.batch(samples(first, size), type);
  const torch::Tensor mirrored =
      resident_mirrored_.defined() ? resident_mirrored_.narrow(0, first, size) : torch::Tensor();
  const torch::Tensor made = normalizer_.batch(resident_, rows_.narrow(0, first, size), mirrored,
                                               augmenter_ == nullptr ? type : torch::kFloat32);
  return augmenter_ == nullptr ? made : augmenter_->finish(made, epoch_, numbers_.data() + first, first).to(type);
}

}  // namespace resnet_ft
