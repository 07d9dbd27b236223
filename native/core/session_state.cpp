#include "core/session_state.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/session.h"

namespace resnet_ft {
namespace {

// On the CPU, row-major, with memory of its own.
torch::Tensor copy_of(const torch::Tensor& tensor) {
  // Contiguous first: a copy of channels_last weights keeps their order in memory.
  const torch::Tensor row_major = tensor.detach().to(torch::kCPU).contiguous();
  return row_major.is_alias_of(tensor) ? row_major.clone() : row_major;
}

std::vector<NamedTensor> copy_of(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> out;
  out.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) out.emplace_back(name, copy_of(tensor));
  return out;
}

}  // namespace

std::vector<NamedTensor> Session::state_dict(bool kept) {
  const Pass turn = take_turn();
  if (!kept) return copy_of(weights());
  if (!kept_) throw std::invalid_argument("no weights were kept");
  return kept_->tensors;
}

void Session::load_state_dict(const std::vector<NamedTensor>& tensors) {
  const Pass turn = take_turn();
  copy_into_model(tensors);
}

void Session::use_kept() {
  const Pass turn = take_turn();
  if (!kept_) throw std::invalid_argument("no weights were kept");
  copy_into_model(kept_->tensors);
}

SessionState Session::state() {
  const Pass turn = take_turn();
  const torch::NoGradGuard no_grad;
  return {copy_of(model_->state_dict()),
          copy_of(optimizer_->state()),
          average_ ? copy_of(average_->state()) : std::vector<NamedTensor>(),
          draws_->state(),
          position_,
          kept_};
}

void Session::restore(const SessionState& state) {
  const Pass turn = take_turn();
  const size_t own = model_->state_dict().size();
  const auto require_whole = [&](const std::vector<NamedTensor>& tensors) {
    if (tensors.size() != own) throw std::invalid_argument("the state does not have every tensor of the model");
  };
  require_whole(state.model);
  if (state.kept) require_whole(state.kept->tensors);
  copy_into_model(state.model);
  optimizer_->restore(state.optimizer);
  if (average_) {
    average_->restore(state.ema);
  } else if (!state.ema.empty()) {
    throw std::invalid_argument("the state has averages of the weights, but the recipe keeps none");
  }
  if (recorder_) recorder_->forget();
  draws_->restore(state.position.epoch, state.generator);
  position_ = state.position;
  kept_ = state.kept;
  if (kept_) kept_->tensors = copy_of(kept_->tensors);
}

std::vector<NamedTensor> Session::weights() const {
  std::vector<NamedTensor> out = model_->state_dict();
  if (average_) average_->put_into(&out);
  return out;
}

void Session::keep_weights(double loss) {
  const torch::NoGradGuard no_grad;
  kept_ = KeptWeights{loss, copy_of(weights())};
}

void Session::copy_into_model(const std::vector<NamedTensor>& tensors) {
  const torch::NoGradGuard no_grad;
  if (average_) average_->forget();
  if (recorder_) recorder_->forget();
  const auto own = model_->state_dict();
  for (const auto& [name, tensor] : tensors) {
    const auto found = std::find_if(own.begin(), own.end(), [&name = name](const auto& e) { return e.first == name; });
    if (found == own.end()) throw std::invalid_argument("the model has no tensor " + name);
    if (found->second.sizes() != tensor.sizes())
      throw std::invalid_argument("the shape of " + name + " does not match");
    torch::Tensor target = found->second;
    if (prefix_ && stage_of_tensor(name) < cut_ && !torch::equal(target.cpu(), tensor.to(target.scalar_type())))
      prefix_.reset();  // its features are those of the weights before
    target.copy_(tensor);
  }
}

}  // namespace resnet_ft
