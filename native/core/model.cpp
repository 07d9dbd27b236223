#include "core/model.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "core/gpu_settings.h"
#include "core/read_back.h"
#include "core/threads.h"

namespace resnet_ft {
namespace {

// Batches whose values are on their way: the next one is made meanwhile.
constexpr size_t kUnreadOnGpu = 2;

std::vector<int32_t> whole_indices(const std::vector<int32_t>& given, int64_t count) {
  std::vector<int32_t> indices = given;
  if (indices.empty()) {
    indices.resize(count);
    std::iota(indices.begin(), indices.end(), 0);
  }
  return indices;
}

}  // namespace

void append_rows(std::vector<float>& out, const torch::Tensor& rows) {
  const torch::Tensor row_major = rows.to(torch::kCPU, torch::kFloat32).contiguous();
  const auto* values = row_major.data_ptr<float>();
  out.insert(out.end(), values, values + row_major.numel());
}

Model::Model(const ModelOptions& options, const std::vector<NamedTensor>& tensors)
    : options_(options),
      device_(options.device),
      device_memory_(device_),
      normalizer_(options.mean, options.std, device_) {
  const c10::InferenceMode inference;
  use_threads(options_.threads);
  const TensorMap map(tensors.begin(), tensors.end());
  network_ = std::make_unique<FoldedResNet>(options_.network, map, device_, options_.precision);
  memory_.emplace();  // only now: what folding took for a moment is not worth keeping
}

RunResult Model::run(const RunOptions& options, const std::function<void(int64_t)>& on_batch) {
  options.pass->wait_for_turn();
  const DeviceMemoryPass device_memory(device_);
  const CpuMemoryPass memory;
  const GpuSettings settings(device_.is_cuda(), {.tf32 = allows_tf32(options_.precision)});
  const c10::InferenceMode inference;
  use_threads(options_.threads);
  const std::vector<int32_t> indices = whole_indices(options.indices, options.count);
  RunResult result;
  result.logits.reserve(options.count * network_->classes());
  if (options.features) result.features.reserve(options.count * network_->feature_count());
  ReadBack read_back(mark_of(device_), kUnreadOnGpu);
  for (int64_t first = 0; first < options.count; first += options.batch_size) {
    if (cancelled(options.pass)) {
      result.cancelled = true;
      break;
    }
    const int64_t size = std::min(options.batch_size, options.count - first);
    const torch::Tensor images = normalizer_.batch({*options.store, indices.data() + first, nullptr, nullptr, size});
    const torch::Tensor features = network_->forward(images, kStem, kHead);
    ReadBack::Values values{network_->forward(features, kHead, kStages)};
    if (options.features) values.push_back(features);
    read_back.send(values, [&, size](const ReadBack::Values& read) {
      append_rows(result.logits, read[0]);
      if (options.features) append_rows(result.features, read[1]);
      result.images += size;
      on_batch(size);
    });
  }
  read_back.all();
  return result;
}

GradCamResult Model::grad_cam(const GradCamOptions& options, const std::function<void(int64_t)>& on_batch) {
  options.pass->wait_for_turn();
  const DeviceMemoryPass device_memory(device_);
  const CpuMemoryPass memory;
  const GpuSettings settings(device_.is_cuda(), {.tf32 = allows_tf32(options_.precision)});
  use_threads(options_.threads);
  const std::vector<int32_t> indices = whole_indices(options.indices, options.count);
  GradCamResult result;
  for (int64_t first = 0; first < options.count; first += options.batch_size) {
    if (cancelled(options.pass)) {
      result.cancelled = true;
      break;
    }
    const int64_t size = std::min(options.batch_size, options.count - first);
    const torch::Tensor images = normalizer_.batch({*options.store, indices.data() + first, nullptr, nullptr, size});
    const std::vector<int64_t> wanted(options.classes.begin() + first, options.classes.begin() + first + size);
    const torch::Tensor classes = torch::tensor(wanted, torch::kInt64).to(device_);
    const ClassMaps made = resnet_ft::grad_cam(network_.get(), images, options.layer, classes);
    result.height = made.maps.size(1);
    result.width = made.maps.size(2);
    append_rows(result.maps, made.maps);
    append_rows(result.logits, made.logits);
    const torch::Tensor chosen = made.classes.to(torch::kCPU, torch::kInt32).contiguous();
    result.classes.insert(result.classes.end(), chosen.data_ptr<int32_t>(), chosen.data_ptr<int32_t>() + size);
    result.images += size;
    on_batch(size);
  }
  return result;
}

}  // namespace resnet_ft
