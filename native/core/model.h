// A model that is used, not trained.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/cpu_memory.h"
#include "core/device_memory.h"
#include "core/folded_resnet.h"
#include "core/grad_cam.h"
#include "core/named_tensor.h"
#include "core/pass_control.h"

namespace resnet_ft {

struct ModelOptions {
  Network network;
  std::string device;
  Precision precision = Precision::kFp32;
  int threads = 0;
  std::array<float, 3> mean{};
  std::array<float, 3> std{};
};

struct RunOptions {
  Pass pass;  // of begin_pass()
  std::shared_ptr<const SampleSource> store;
  int64_t count = 0;
  std::vector<int32_t> indices;  // in the store, `count` of them; empty: 0, 1, 2, ...
  int64_t batch_size = 0;
  bool features = false;
};

struct RunResult {
  int64_t images = 0;
  std::vector<float> logits;    // images x classes
  std::vector<float> features;  // images x feature count, empty unless asked for
  bool cancelled = false;
};

// Appends the values of a batch of rows, as float32 in row-major order.
void append_rows(std::vector<float>& out, const torch::Tensor& rows);

class Model : public PassControl {
 public:
  Model(const ModelOptions& options, const std::vector<NamedTensor>& tensors);

  // Runs `count` crops of the store through the network.
  RunResult run(const RunOptions& options, const std::function<void(int64_t)>& on_batch);
  // The same, with a map of each for its class.
  GradCamResult grad_cam(const GradCamOptions& options, const std::function<void(int64_t)>& on_batch);

  int64_t classes() const { return network_->classes(); }

 private:
  ModelOptions options_;
  torch::Device device_;
  DeviceMemoryUse device_memory_;
  Normalizer normalizer_;
  std::unique_ptr<FoldedResNet> network_;
  std::optional<CpuMemoryReuse> memory_;
};

}  // namespace resnet_ft
