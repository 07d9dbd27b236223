// A ResNet for inference only: batch norms folded into the convolutions. Made of a state dict, without drawing weights.
#pragma once

#include <torch/torch.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/fused_conv.h"
#include "core/network.h"
#include "core/precision.h"
#include "core/stages.h"

namespace resnet_ft {

using TensorMap = std::unordered_map<std::string, torch::Tensor>;

class FoldedResNet {
 public:
  // The stages from `begin` to before `end`. `tensors` under torchvision's names; those of other stages are not looked
  // at. Throws std::invalid_argument where one is missing or of another shape.
  FoldedResNet(const Network& network, const TensorMap& tensors, const torch::Device& device, Precision precision,
               int begin = kStem, int end = kStages);

  // What `end - 1` gives, of what the stage before `begin` gave: for kStem normalised batch x 3 x height x width. In
  // the type of the precision; logits are float32 at least.
  torch::Tensor forward(torch::Tensor x) { return forward(std::move(x), begin_, end_); }
  // The same for a part of the stages.
  torch::Tensor forward(torch::Tensor x, int begin, int end);

  // What takes the output of a module and gives what goes on in its place.
  using Tap = std::function<torch::Tensor(const torch::Tensor&)>;
  // Logits, of all stages, computed plainly from the output of the module `layer` on, so that autograd can follow: in
  // float32 where the type is bfloat16. Any module whose output is an image, by torchvision's name; `relu` of a block
  // is the last use of it, the block's output. Of a convolution the tap gets each channel multiplied by the factor of
  // the batch norm that is folded in. Throws std::invalid_argument where there is no such module. Not in inference
  // mode.
  torch::Tensor forward_through(const torch::Tensor& images, const std::string& layer, const Tap& tap);

  torch::ScalarType type() const { return type_; }
  int64_t feature_count() const { return fc_weight_.size(1); }
  int64_t classes() const { return fc_weight_.size(0); }

 private:
  struct Block {
    std::vector<FusedConv> convolutions;  // the last one takes the residual
    std::optional<FusedConv> downsample;
  };

  torch::Tensor run_stages(torch::Tensor x, int begin, int end);
  // The blocks before `end`.
  static torch::Tensor run(std::vector<Block>& blocks, torch::Tensor x, size_t end);

  torch::ScalarType type_;
  int begin_, end_;
  Pooling pool_;
  std::optional<FusedConv> stem_;
  std::array<std::vector<Block>, 4> layers_;
  torch::Tensor fc_weight_, fc_bias_;
};

}  // namespace resnet_ft
