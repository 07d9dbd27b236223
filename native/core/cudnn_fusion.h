// Convolutions with bias, residual add and ReLU in one kernel of cuDNN. LibTorch declares operators for them, which are
// no part of its stable API: they are looked up by name, tried on small tensors, and left alone where that fails.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace resnet_ft {

// What a convolution is made of, beside its input.
struct ConvolutionParts {
  torch::Tensor weight, bias;
  std::vector<int64_t> stride, padding, dilation;
  int64_t groups = 1;
};

torch::Tensor plain_convolution(const torch::Tensor& input, const ConvolutionParts& parts);

// The operators; empty where LibTorch has none.
struct FusedOperators {
  // relu(conv(input) + bias), and relu(conv(input) + bias + residual).
  std::function<torch::Tensor(const torch::Tensor& input, const ConvolutionParts&)> relu;
  std::function<torch::Tensor(const torch::Tensor& input, const ConvolutionParts&, const torch::Tensor& residual)>
      add_relu;
};
FusedOperators cudnn_operators();

// Which of them can be used, found out once for each device, element type, and with or without groups.
class CudnnFusion {
 public:
  explicit CudnnFusion(FusedOperators operators) : operators_(std::move(operators)) {}
  // That of all convolutions of this process.
  static CudnnFusion& of_process();

  // Whether such an input may be given to relu() and add_relu(): not where the pass wants the same bits each time, not
  // in float64, and not in float32 without TF32. The first of its kind is tried.
  bool serves(const torch::Tensor& input, const ConvolutionParts& parts);
  // Undefined where the operator throws, which is remembered as a reason; except that there is no memory, which is
  // thrown on.
  torch::Tensor relu(const torch::Tensor& input, const ConvolutionParts& parts);
  torch::Tensor add_relu(const torch::Tensor& input, const ConvolutionParts& parts, const torch::Tensor& residual);

  // What was found out: why a kind of convolution, or one of them, is computed plainly; empty: it is not.
  struct Finding {
    std::string device, type;
    bool grouped = false;
    std::string reason;
  };
  std::vector<Finding> findings();

 private:
  using Kind = std::tuple<c10::DeviceType, c10::DeviceIndex, torch::ScalarType, bool>;

  template <class Call>
  torch::Tensor tried(const torch::Tensor& input, const ConvolutionParts& parts, const Call& call);
  std::string why_not(const torch::Device& device, torch::ScalarType type, bool grouped) const;

  FusedOperators operators_;
  std::mutex mutex_;
  std::map<Kind, std::string> tried_;  // why not; empty where it can be used
  std::vector<Finding> refused_;       // single convolutions
};

}  // namespace resnet_ft
