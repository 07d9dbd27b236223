// A model in training: weights, optimizer, random numbers. One call runs one whole epoch or one evaluation pass.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/batches.h"
#include "core/cpu_memory.h"
#include "core/frozen_prefix.h"
#include "core/model.h"
#include "core/pass_control.h"
#include "core/precision.h"
#include "core/resident_crops.h"
#include "core/resnet.h"
#include "core/sample_source.h"
#include "core/sgd.h"

namespace resnet_ft {

struct SessionOptions {
  std::string arch;
  int64_t classes = 0;
  uint64_t seed = 0;
  std::string device;
  Precision precision = Precision::kFp32;
  int threads = 0;
  std::string train_from;
  SgdOptions sgd;
  std::array<float, 3> mean{};
  std::array<float, 3> std{};
  // For the features of the frozen stages.
  CacheBudget cache;
  bool cache_bf16 = false;
  // Bytes of crops that may lie on the device; below 0, a quarter of what is free there. With 0 or more a CPU, too,
  // makes its batches as a GPU does.
  int64_t device_crops = -1;
};

struct EpochPlan {
  std::vector<int32_t> order;
  std::vector<uint8_t> flips;
};

struct TrainOptions {
  std::shared_ptr<const SampleSource> store;
  std::vector<int32_t> indices;  // in the store, of each sample; empty: 0, 1, 2, ...
  std::vector<int32_t> targets;
  EpochPlan plan;
  int64_t batch_size = 0;
  double lr = 0;
  int64_t max_steps = 0;
  // From this step of the pass on (the first is 1), the weights of the least batch loss so far are kept; 0 keeps none.
  int64_t keep_from = 0;
};

struct StepEvent {
  int64_t step = 0;
  double loss = 0;
  int64_t correct = 0;
  int64_t images = 0;
};

struct EpochResult {
  int64_t steps = 0;
  int64_t images = 0;
  double loss = 0;
  int64_t correct = 0;
  int64_t kept_step = 0;  // of this pass, whose weights are kept; 0 where an earlier pass's still are, or none
  double kept_loss = 0;
  bool cancelled = false;
};

struct EvaluateOptions {
  std::shared_ptr<const SampleSource> store;
  std::vector<int32_t> indices;  // in the store, of each sample; empty: 0, 1, 2, ...
  std::vector<int32_t> targets;
  int64_t batch_size = 0;
};

struct EvaluateResult {
  int64_t images = 0;
  double loss = 0;
  int64_t correct = 0;
  std::vector<float> logits;
  bool cancelled = false;
};

class Session : public PassControl {
 public:
  explicit Session(const SessionOptions& options);

  int64_t classes() const { return options_.classes; }

  // Order and flips as DataLoader(shuffle=True) without workers and RandomHorizontalFlip draw them. Passes draw
  // nothing, so that it does not wait for one.
  EpochPlan plan(int64_t count);
  EpochResult train_epoch(const TrainOptions& options, const std::function<void(const StepEvent&)>& on_step);
  EvaluateResult evaluate(const EvaluateOptions& options, const std::function<void(int64_t)>& on_batch);

  // Copies on the CPU, contiguous; of the weights that train_epoch kept where `kept` says so.
  std::vector<NamedTensor> state_dict(bool kept = false);
  // Copies the given tensors over the model's own, converting element types.
  void load_state_dict(const std::vector<NamedTensor>& tensors);

 private:
  // Of validation and of frozen stages. On a CPU float32 even where training is in bfloat16, so that validation gives
  // what the saved model gives afterwards.
  Precision inference_precision() const {
    return options_.precision == Precision::kBf16 && device_.is_cpu() ? Precision::kFp32 : options_.precision;
  }
  // Where stages are frozen, their features are kept instead.
  ResidentCrops* resident() { return cut_ > kStem ? nullptr : &resident_; }
  // Batches whose figures are read back together: a GPU runs ahead of the CPU as long as nothing is.
  size_t unread_at_most() const;
  std::vector<NamedTensor> copy_weights() const;
  // What the trained stages take: crops, or their features where stages before are frozen.
  torch::Tensor inputs(const Batches& batches, int64_t first, int64_t size);
  torch::Tensor logits(const torch::Tensor& inputs);

  CpuMemoryReuse memory_;
  SessionOptions options_;
  torch::Device device_;
  Normalizer normalizer_;
  ResidentCrops resident_;
  std::mutex generator_mutex_;
  at::Generator generator_;
  ResNet model_{nullptr};
  int cut_ = kStem;  // the first stage that is trained
  std::unique_ptr<FrozenPrefix> prefix_;
  std::unique_ptr<Sgd> optimizer_;
  std::vector<NamedTensor> kept_;
  double kept_loss_ = std::numeric_limits<double>::infinity();
};

}  // namespace resnet_ft
