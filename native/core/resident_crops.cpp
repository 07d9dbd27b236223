#include "core/resident_crops.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <memory>

#include "core/device_memory.h"

namespace resnet_ft {
namespace {

// Of host memory while crops are sent.
constexpr int64_t kBytesAtOnce = int64_t{32} << 20;

int64_t quarter_of_free(const torch::Device& device) { return device.is_cpu() ? 0 : device_memory(device).first / 4; }

}  // namespace

torch::Tensor ResidentCrops::of(const std::shared_ptr<const SampleSource>& source) {
  const auto found = entries_.find(source.get());
  if (found != entries_.end()) return found->second.bytes;
  const torch::Tensor bytes = send(*source);
  entries_[source.get()] = {source, bytes};
  return bytes;
}

torch::Tensor ResidentCrops::send(const SampleSource& source) {
  if (budget_ < 0) budget_ = quarter_of_free(device_);
  const int64_t bytes = source.count() * source.bytes_per_sample();
  if (bytes == 0 || bytes > budget_) return {};
  const int64_t size = source.size();
  try {
    torch::Tensor sent =
        torch::empty({source.count(), size, size, 3}, torch::TensorOptions(torch::kUInt8).device(device_));
    const int64_t at_once = std::clamp<int64_t>(kBytesAtOnce / source.bytes_per_sample(), 1, source.count());
    const torch::Tensor some = torch::empty({at_once, size, size, 3}, torch::kUInt8);
    for (int64_t first = 0; first < source.count(); first += at_once) {
      const int64_t count = std::min(at_once, source.count() - first);
      at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          source.read(first + i, nullptr, some.data_ptr<uint8_t>() + i * source.bytes_per_sample());
      });
      sent.narrow(0, first, count).copy_(some.narrow(0, 0, count));  // waits, so that `some` is free again
    }
    budget_ -= bytes;
    return sent;
  } catch (const c10::OutOfMemoryError&) {
    return {};  // another process took it meanwhile: batches are sent one by one
  }
}

}  // namespace resnet_ft
