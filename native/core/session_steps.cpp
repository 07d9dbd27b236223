// A step of a session: gradients by autograd or by ExplicitResNet, and the move of the weights.
#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/autocast.h"
#include "core/clip_gradients.h"
#include "core/explicit_check.h"
#include "core/first_line.h"
#include "core/session.h"

namespace resnet_ft {
namespace {

// What adds up gradients over processes throws from within the backward pass.
void backward(const torch::Tensor& loss) {
  try {
    loss.backward();
  } catch (const std::exception& error) {
    const std::string what = first_line(error);
    for (const char* engine : {"gloo", "NCCL", "ProcessGroup"}) {
      if (what.find(engine) != std::string::npos) throw ProcessLost(what);
    }
    throw;
  }
}

}  // namespace

void Session::choose_computation() {
  const bool records = options_.record_steps.value_or(device_.is_cuda());
  if (!options_.explicit_pass.value_or(records)) return;
  if (options_.team) {
    why_autograd_ = "with several processes autograd adds up their gradients while it goes on";
    return;
  }
  const GpuSettings settings = this->settings();
  why_autograd_ = disagreement(options_.network, model_, cut_, device_);
  // No step asks for blocks of those sizes.
  give_back_device_memory(device_);
  if (!why_autograd_.empty()) return;
  explicit_ = std::make_unique<ExplicitResNet>(options_.network, model_->state_dict(), cut_,
                                               scalar_type_of(options_.precision));
  why_autograd_ = failure(options_.network, model_, explicit_.get(), cut_, device_);
  if (!why_autograd_.empty()) explicit_.reset();
  if (!records || !explicit_) return;
  recorder_ = std::make_unique<StepRecorder>(
      device_, [this](const StepInputs& batch) { return step_on(batch); }, [this] { return changed_by_steps(); });
}

StepsComputed Session::steps_computed() const {
  StepsComputed out{explicit_ != nullptr, recorder_ && recorder_->repeats(), why_autograd_};
  if (recorder_ && out.reason.empty()) out.reason = recorder_->reason();
  return out;
}

std::vector<torch::Tensor> Session::changed_by_steps() const {
  std::vector<torch::Tensor> out;
  const auto add = [&](const std::vector<NamedTensor>& tensors) {
    for (const auto& [name, tensor] : tensors) out.push_back(tensor.detach());
  };
  add(model_->state_dict());
  add(optimizer_->state());
  if (average_) add(average_->state());
  return out;
}

torch::Tensor Session::logits(const torch::Tensor& inputs) {
  const bool bf16 = options_.precision == Precision::kBf16;
  const AutocastGuard autocast(device_.type(), bf16);
  const torch::Tensor out = model_->forward(inputs, cut_);
  return bf16 ? out.to(torch::kFloat32) : out;
}

StepInputs Session::batch_inputs(const Batches& batches, int64_t first, int64_t size) {
  return {inputs(batches, first, size), batches.targets(first, size), batches.wanted(first, size, classes()), {}};
}

StepFigures Session::add_gradients(const StepInputs& batch, const torch::Tensor& divisor, bool sums) {
  torch::Tensor out, loss;
  const auto loss_of_out = [&] {
    return divisor.defined() ? loss_.share(out, batch.wanted, divisor) : loss_.mean(out, batch.wanted);
  };
  if (explicit_) {
    const torch::NoGradGuard no_grad;
    try {
      out = explicit_->forward(batch.inputs);
      loss = loss_of_out();
      explicit_->backward(loss_.gradient(out, batch.wanted, divisor));
    } catch (...) {
      // For want of memory, most often: a smaller batch is tried next, and is to find room.
      explicit_->forget();
      throw;
    }
  } else {
    out = logits(batch.inputs);
    loss = batch.targets.size(0) > 0 ? loss_of_out() : out.sum() * 0;
    if (reducer_ && sums) reducer_->prepare(loss);
    backward(loss);
  }
  return {batch.targets.size(0), loss.detach(),
          correct_of(out.detach().narrow(0, 0, batch.targets.size(0)), batch.targets)};
}

StepInputs Session::part_inputs(const Batches& batches, const Shares& shares, int64_t first, int64_t size) {
  if (shares.world() == 1) return batch_inputs(batches, first, size);
  const Share part = shares.of(size);
  if (!shares.keeps_all())
    return part.size == 0 ? stand_in(batches) : batch_inputs(batches, shares.place(first), part.size);
  const StepInputs whole = batch_inputs(batches, first, size);
  if (part.size == 0) return stand_in(batches);
  const auto own = [&](const torch::Tensor& tensor) { return tensor.narrow(0, part.first, part.size); };
  return {own(whole.inputs), own(whole.targets), own(whole.wanted), {}};
}

// Two images, for a batch norm over one image of one pixel is an error.
StepInputs Session::stand_in(const Batches& batches) {
  const int side = batches.source()->size();
  torch::Tensor images = torch::zeros({2, 3, side, side}, torch::TensorOptions(device_));
  if (cut_ > kStem) {
    const torch::NoGradGuard no_grad;
    images = prefix().of(images);
  }
  images = images.to(options_.precision == Precision::kFp64 ? torch::kFloat64 : torch::kFloat32);
  const torch::Tensor none = torch::empty({0}, torch::TensorOptions(torch::kInt64).device(device_));
  return {images, none, none, {}};
}

StepFigures Session::gradients(const Batches& batches, const Shares& shares, const torch::Tensor& divisor,
                               int64_t first, int64_t size, const GpuSettings& settings) {
  optimizer_->zero_grad();
  StepFigures step{size, {}, {}};
  const auto add = [](torch::Tensor* sum, const torch::Tensor& more) { *sum = sum->defined() ? *sum + more : more; };
  const int64_t batch_size = shares.batch_size();
  for (const int64_t end = first + size; first < end; first += batch_size) {
    const int64_t count = std::min(batch_size, end - first);
    if (sync_) sync_->counting = static_cast<int>(std::min<int64_t>(shares.world(), count));
    const StepInputs inputs = part_inputs(batches, shares, first, count);
    const AlgorithmSearch search(settings, count == batch_size);
    const StepFigures batch = add_gradients(inputs, divisor, /*sums=*/first + count == end);
    add(&step.loss, batch.loss);
    add(&step.correct, batch.correct);
  }
  return step;
}

void Session::move_weights(const std::function<void()>& move) {
  if (options_.recipe.clip_grad > 0) clip_gradients(optimizer_->gradients(), options_.recipe.clip_grad);
  move();
  if (average_) average_->update();
}

StepFigures Session::step_on(const StepInputs& batch) {
  optimizer_->zero_grad();
  StepFigures step = add_gradients(batch, {}, /*sums=*/false);
  move_weights([&] { optimizer_->step(batch.rates); });
  return step;
}

}  // namespace resnet_ft
