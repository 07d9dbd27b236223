#include "core/explicit_check.h"

#include <cmath>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "core/first_line.h"
#include "core/made_numbers.h"
#include "core/tensor_lists.h"

namespace resnet_ft {
namespace {

constexpr int64_t kImages = 8;
constexpr int64_t kSide = 64;         // of an image
constexpr int64_t kFeatureSide = 16;  // of what layer1 gives for it

// Relative to the whole, in float64. A network of random weights makes up to 5e5 of the least difference in rounding,
// such as that of two ways to add up a batch norm: about 1e-10. In float32, TF32 and bfloat16 the same comes to as much
// as the gradients themselves, so that nothing would be learnt from them; that our kernels round as they may is their
// own check (cuda/kernel_checks.h). What is wired wrongly is off by far more, whatever the precision.
constexpr double kTolerance = 1e-7;

// What the stage before `begin` could give.
torch::Tensor made_input(const Network& network, int begin, torch::ScalarType type, const torch::Device& device) {
  const auto of = [&](int64_t channels, int64_t side) {
    return made_numbers({kImages, channels, side, side}, 0.37)
        .to(type)
        .contiguous(torch::MemoryFormat::ChannelsLast)
        .to(device);
  };
  if (begin == kStem) return of(3, kSide);
  if (begin == kHead) return of(network.features, 1).flatten(1);
  // Beyond layer1, the side is halved by each.
  if (begin == 1) return of(network.stem.outputs, kFeatureSide);
  return of(network.layers[begin - 2].back().convolutions.back().outputs, kFeatureSide >> (begin - 2));
}

// As a share of the second.
double apart(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return distance(a, b) / norm(b);
}

std::vector<torch::Tensor> taken_gradients(ResNet model) {
  std::vector<torch::Tensor> out;
  for (torch::Tensor& parameter : model->parameters()) {
    if (!parameter.grad().defined()) continue;
    out.push_back(parameter.grad());
    parameter.mutable_grad().reset();
  }
  return out;
}

// The gradient of the logits that goes into a backward pass.
torch::Tensor made_gradient(const torch::Tensor& logits) {
  return torch::arange(logits.numel(), torch::kFloat64).cos_().view(logits.sizes()).to(logits.options());
}

// The model in float64 for as long as it lives. Afterwards its tensors are those that they were, in the same memory.
class Widened {
 public:
  explicit Widened(ResNet model) {
    std::vector<torch::Tensor> wide;
    for (const auto& [name, tensor] : model->state_dict()) {
      if (!tensor.is_floating_point()) continue;
      tensors_.push_back(tensor);
      before_.push_back(tensor.detach());
      wide.push_back(before_.back().to(torch::kFloat64));
    }
    // Only once there was memory for all.
    for (size_t i = 0; i < wide.size(); ++i) tensors_[i].set_data(wide[i]);
  }
  ~Widened() {
    for (size_t i = 0; i < before_.size(); ++i) tensors_[i].set_data(before_[i]);
  }
  Widened(const Widened&) = delete;
  Widened& operator=(const Widened&) = delete;

 private:
  std::vector<torch::Tensor> tensors_, before_;
};

// Takes back what a pass does to the model: at its end the batch norms are as they were, and there are no gradients.
class Untouched {
 public:
  explicit Untouched(ResNet model) : model_(std::move(model)), buffers_(model_->buffers()), before_(copies(buffers_)) {}
  ~Untouched() {
    try {
      put_back();
    } catch (const std::exception&) {
      // Of a device that failed: nothing more comes of this session.
    }
  }
  Untouched(const Untouched&) = delete;
  Untouched& operator=(const Untouched&) = delete;

  const std::vector<torch::Tensor>& buffers() const { return buffers_; }
  void put_back() {
    copy_back(buffers_, before_);
    taken_gradients(model_);
  }

 private:
  ResNet model_;
  std::vector<torch::Tensor> buffers_, before_;
};

std::string difference_in_float64(const Network& network, ResNet model, int begin, const torch::Device& device) {
  const Widened widened(model);
  Untouched untouched(model);
  ExplicitResNet written_out(network, model->state_dict(), begin, torch::kFloat64);
  const torch::Tensor input = made_input(network, begin, torch::kFloat64, device);
  model->train_unfrozen();
  const torch::Tensor logits = model->forward(input, begin);
  const torch::Tensor gradient = made_gradient(logits.detach());
  logits.backward(gradient);
  const torch::NoGradGuard no_grad;
  const std::vector<torch::Tensor> gradients = taken_gradients(model);
  const std::vector<torch::Tensor> moved = copies(untouched.buffers());
  untouched.put_back();
  const torch::Tensor own = written_out.forward(input);
  written_out.backward(gradient);
  const std::vector<torch::Tensor> own_gradients = taken_gradients(model);
  if (own_gradients.size() != gradients.size()) return "it gives gradients of other weights than autograd";
  if (!(apart({own}, {logits}) <= kTolerance)) return "its logits are not those of autograd";
  if (!(apart(own_gradients, gradients) <= kTolerance)) return "its gradients are not those of autograd";
  if (!(apart(untouched.buffers(), moved) <= kTolerance)) return "it moves the batch norms otherwise than autograd";
  return "";
}

std::string what_is_not_finite(const Network& network, ResNet model, ExplicitResNet* written_out, int begin,
                               const torch::Device& device) {
  const torch::NoGradGuard no_grad;
  const Untouched untouched(model);
  const torch::ScalarType type = model->parameters().back().scalar_type();
  const torch::Tensor logits = written_out->forward(made_input(network, begin, type, device));
  written_out->backward(made_gradient(logits));
  const auto finite = [](const std::vector<torch::Tensor>& tensors) { return std::isfinite(norm(tensors)); };
  if (!finite({logits})) return "its logits are not finite";
  if (!finite(taken_gradients(model))) return "its gradients are not finite";
  if (!finite(untouched.buffers())) return "the statistics of its batch norms are not finite";
  return "";
}

}  // namespace

std::string disagreement(const Network& network, ResNet model, int begin, const torch::Device& device) {
  try {
    return difference_in_float64(network, std::move(model), begin, device);
  } catch (const std::exception& error) {
    return first_line(error);
  }
}

std::string failure(const Network& network, ResNet model, ExplicitResNet* written_out, int begin,
                    const torch::Device& device) {
  try {
    return what_is_not_finite(network, std::move(model), written_out, begin, device);
  } catch (const std::exception& error) {
    return first_line(error);
  }
}

}  // namespace resnet_ft
