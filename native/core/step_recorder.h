// Training steps on full batches, recorded once and repeated.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/step_graph.h"

namespace resnet_ft {

// What a step works on, all of it on the device.
struct StepInputs {
  torch::Tensor inputs, targets, wanted;
  torch::Tensor rates;  // of each parameter group
};

// What tells steps apart that can be repeated by one recording.
struct StepShape {
  std::array<std::vector<int64_t>, 4> sizes;
  std::array<torch::ScalarType, 4> types{};

  bool operator==(const StepShape& other) const { return sizes == other.sizes && types == other.types; }
};

// What a step came to, on the device, where nobody waits for it.
struct StepFigures {
  int64_t images = 0;
  torch::Tensor loss, correct;
};

class StepRecorder {
 public:
  using Step = std::function<StepFigures(const StepInputs&)>;
  using State = std::function<std::vector<torch::Tensor>()>;

  // `step` changes the tensors of `state`, which are the same from call to call unless forget() is called, and no
  // others that count.
  StepRecorder(const torch::Device& device, Step step, State state)
      : device_(device), step_(std::move(step)), state_(std::move(state)) {}

  // Does the step: as it is for the first few, for those of fewer images or another shape, and where recording fails;
  // otherwise by the recording. The first repetition is held against the step itself, so that what a LibTorch or a
  // driver gets wrong costs time and never a result.
  StepFigures run(const StepInputs& inputs);

  // Records anew: tensors of the state were replaced.
  void forget();

  // Whether steps are repeated now.
  bool repeats() const { return graph_ != nullptr; }
  // Why they are not, once that was tried; otherwise empty.
  const std::string& reason() const { return reason_; }

 private:
  bool is_to_be_repeated(const StepInputs& inputs);
  StepFigures record_and_compare(const StepInputs& inputs);
  StepFigures repeat();

  torch::Device device_;
  Step step_;
  State state_;
  StepShape shape_;     // of full batches
  int64_t images_ = 0;  // of these
  int done_ = 0;        // steps of the shape, on this thread
  int64_t thread_ = 0;  // the number of that thread
  StepInputs fixed_;    // what the recording reads
  StepFigures figures_;
  std::unique_ptr<StepGraph> graph_;
  std::string reason_;
};

}  // namespace resnet_ft
