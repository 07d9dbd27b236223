#include "core/step_recorder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/first_line.h"
#include "core/tensor_lists.h"

namespace resnet_ft {
namespace {

// Steps before the recording, in which LibTorch allocates, chooses algorithms and makes what is made once. What it
// keeps of that belongs to a thread (cuDNN's plans do).
constexpr int kWarmSteps = 3;

// How far a repetition may be from the step itself, relative to what the step changes: some of cuDNN's algorithms add
// up in another order each time, in bfloat16.
constexpr double kTolerance = 0.05;

// From 1. Unlike std::this_thread::get_id(), which a new thread may have of one that has ended.
int64_t number_of_this_thread() {
  static std::atomic<int64_t> threads{0};
  thread_local const int64_t number = ++threads;
  return number;
}

StepShape shape_of(const StepInputs& inputs) {
  const std::array<torch::Tensor, 4> parts{inputs.inputs, inputs.targets, inputs.wanted, inputs.rates};
  StepShape shape;
  for (size_t i = 0; i < parts.size(); ++i) {
    shape.sizes[i] = parts[i].sizes().vec();
    shape.types[i] = parts[i].scalar_type();
  }
  return shape;
}

}  // namespace

// The last batch of an epoch is smaller, as a rule: a recording of it would leave all others to be done one by one.
bool StepRecorder::is_to_be_repeated(const StepInputs& inputs) {
  const StepShape shape = shape_of(inputs);
  if (shape == shape_) return true;
  const int64_t images = inputs.inputs.size(0);
  if (graph_ ? images <= images_ : images < images_) return false;
  forget();
  shape_ = shape;
  images_ = images;
  return true;
}

void StepRecorder::forget() {
  graph_.reset();
  figures_ = {};
  fixed_ = {};
  done_ = 0;
}

StepFigures StepRecorder::run(const StepInputs& inputs) {
  if (!reason_.empty()) return step_(inputs);
  if (!is_to_be_repeated(inputs)) return step_(inputs);
  if (!graph_) {
    const int64_t thread = number_of_this_thread();
    if (thread != thread_) done_ = 0;
    thread_ = thread;
    if (done_ < kWarmSteps) {
      ++done_;
      return step_(inputs);
    }
    return record_and_compare(inputs);
  }
  fixed_.inputs.copy_(inputs.inputs);
  fixed_.targets.copy_(inputs.targets);
  fixed_.wanted.copy_(inputs.wanted);
  fixed_.rates.copy_(inputs.rates);
  return repeat();
}

StepFigures StepRecorder::repeat() {
  graph_->replay();
  // The next repetition overwrites them.
  return {figures_.images, figures_.loss.clone(), figures_.correct.clone()};
}

StepFigures StepRecorder::record_and_compare(const StepInputs& inputs) {
  const torch::NoGradGuard no_grad;
  std::optional<StepFigures> plain;
  std::vector<torch::Tensor> before, after;
  const std::vector<torch::Tensor> state = state_();
  try {
    fixed_ = {inputs.inputs.clone(), inputs.targets.clone(), inputs.wanted.clone(), inputs.rates.clone()};
    graph_ = StepGraph::record(device_, [this] { figures_ = step_(fixed_); });
    before = copies(state);
    plain = step_(inputs);
    after = copies(state);
    copy_back(state, before);
    const StepFigures repeated = repeat();
    const double changed = distance(after, before);
    const double apart = distance(state, after);
    const double loss = plain->loss.item<double>();
    const double loss_apart = std::abs(repeated.loss.item<double>() - loss);
    // A loss that is not finite is not the recording's fault, and is told by whoever reads it.
    const bool equal = !std::isfinite(loss) ||
                       (apart <= kTolerance * changed && loss_apart <= kTolerance * std::max(std::abs(loss), 1.0));
    if (equal) return repeated;
    reason_ = "a recorded step gave another result than the step itself";
  } catch (const std::exception& error) {
    reason_ = first_line(error);
  }
  forget();
  if (!plain) {
    // Where it failed midway, as for want of memory, the batch norms have moved already.
    if (!before.empty()) copy_back(state, before);
    return step_(inputs);
  }
  if (!after.empty()) copy_back(state, after);
  return *plain;
}

}  // namespace resnet_ft
