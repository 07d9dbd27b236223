#include "core/explicit_check.h"

#include <string>
#include <vector>

#include "core/autocast.h"
#include "core/first_line.h"
#include "core/made_numbers.h"
#include "core/tensor_lists.h"

namespace resnet_ft {
namespace {

constexpr int64_t kImages = 8;
constexpr int64_t kSide = 64;         // of an image
constexpr int64_t kFeatureSide = 16;  // of what layer1 gives for it

// Relative to the whole; float32 is TF32 on a GPU.
double tolerance(Precision precision) {
  if (precision == Precision::kFp64) return 1e-9;
  return precision == Precision::kBf16 ? 0.1 : 0.01;
}

// What the stage before `begin` could give.
torch::Tensor made_input(const Network& network, int begin, Precision precision, const torch::Device& device) {
  const auto of = [&](int64_t channels, int64_t side) {
    const auto type = precision == Precision::kFp64 ? torch::kFloat64 : torch::kFloat32;
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

}  // namespace

std::string disagreement(const Network& network, ResNet model, ExplicitResNet* written_out, int begin,
                         Precision precision, const torch::Device& device) {
  const std::vector<torch::Tensor> buffers = model->buffers();
  const std::vector<torch::Tensor> before = copies(buffers);
  const auto put_back = [&] {
    taken_gradients(model);
    copy_back(buffers, before);
  };
  std::string found;
  try {
    const torch::Tensor input = made_input(network, begin, precision, device);
    const torch::Tensor towards =
        torch::arange(kImages * network.classes, torch::TensorOptions(torch::kFloat64)).cos_().to(device);
    model->train_unfrozen();
    torch::Tensor logits;
    {
      const AutocastGuard autocast(device.type(), precision == Precision::kBf16);
      logits = model->forward(input, begin);
    }
    const torch::Tensor gradient = towards.view(logits.sizes()).to(logits.scalar_type());
    logits.backward(gradient);
    const torch::NoGradGuard no_grad;
    const std::vector<torch::Tensor> gradients = taken_gradients(model);
    const std::vector<torch::Tensor> moved = copies(buffers);
    put_back();
    const torch::Tensor own = written_out->forward(input);
    written_out->backward(gradient.to(own.scalar_type()));
    const std::vector<torch::Tensor> own_gradients = taken_gradients(model);
    const double limit = tolerance(precision);
    if (own_gradients.size() != gradients.size()) {
      found = "it gives gradients of other weights than autograd";
    } else if (!(apart({own}, {logits}) <= limit)) {
      found = "its logits are not those of autograd";
    } else if (!(apart(own_gradients, gradients) <= limit)) {
      found = "its gradients are not those of autograd";
    } else if (!(apart(buffers, moved) <= limit)) {
      found = "it moves the batch norms otherwise than autograd";
    }
  } catch (const std::exception& error) {
    found = first_line(error);
  }
  put_back();
  return found;
}

}  // namespace resnet_ft
