// The forward and backward pass of a ResNet in training, written out: what autograd does for `ResNet`, without its
// bookkeeping, with batch norm, ReLU and residual add as one operation, and all of it on the caller's thread, so that a
// GPU's work can be recorded as a graph.
#pragma once

#include <torch/torch.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fused_batch_norm.h"
#include "core/named_tensor.h"
#include "core/network.h"
#include "core/stages.h"

namespace resnet_ft {

class ExplicitResNet {
 public:
  // Trains the stages from `begin` on. `tensors`: the model's own parameters and buffers under torchvision's names;
  // running figures are written to, and gradients are left in the parameters. Convolutions compute in `type`, bfloat16
  // as autocast has it.
  ExplicitResNet(const Network& network, const std::vector<NamedTensor>& tensors, int begin, torch::ScalarType type);

  // Logits, batch x classes in the type of the parameters, of what the stage before `begin` gave. Keeps what
  // `backward` needs.
  torch::Tensor forward(const torch::Tensor& input);
  // Of the last `forward`: adds the gradients of the parameters to those that they have. `gradient`: of the logits.
  void backward(const torch::Tensor& gradient);
  // Lets go of what `forward` kept, and of what a `backward` that failed has; for where there will be no backward.
  void forget();

 private:
  class Tensors;
  struct Parameter {
    torch::Tensor own;
    torch::Tensor cast;  // in the type to compute with; `own` itself where that is its type
  };
  // A convolution and the batch norm after it.
  struct Unit {
    Convolution shape;
    size_t weight;  // of parameters_, as the two below
    size_t scale, shift;
    BatchNorm norm;
    bool relu;
    // From forward to backward.
    torch::Tensor input, convolved;
    BatchNormResult normed;
  };
  struct Block {
    std::vector<Unit> units;  // the last one takes the residual
    std::optional<Unit> downsample;
  };
  struct UnitGradients {
    torch::Tensor input, residual;
  };

  size_t parameter(const torch::Tensor& own, bool cast);
  Unit unit(const Tensors& tensors, const Convolution& shape, const std::string& conv, const std::string& norm,
            bool relu);
  torch::Tensor apply(Unit* unit, const torch::Tensor& input, const torch::Tensor& residual = {});
  UnitGradients reverse(Unit* unit, const torch::Tensor& gradient, bool has_residual, bool wants_input);
  torch::Tensor forward(Block* block, const torch::Tensor& input);
  // The gradient of the block's input; undefined where it is not wanted.
  torch::Tensor backward(Block* block, const torch::Tensor& gradient, bool wants_input);
  // Adds what `gradients_` has to the parameters' own.
  void leave_gradients();

  int begin_;
  torch::ScalarType type_;
  Pooling pool_;
  std::vector<Parameter> parameters_;
  std::vector<torch::Tensor> uncast_, cast_;  // of those parameters that are cast, both in the same order
  std::vector<torch::Tensor> gradients_;      // of parameters_, of one backward pass
  std::vector<torch::Tensor> counters_;       // of the batch norms
  std::optional<Unit> stem_;
  std::array<std::vector<Block>, 4> layers_;
  size_t fc_weight_ = 0, fc_bias_ = 0;
  // From forward to backward.
  torch::Tensor pool_indices_, features_;
  std::vector<int64_t> pooled_;  // sizes of what the last pooling took
};

}  // namespace resnet_ft
