#include "core/cudnn_fusion.h"

#include <cmath>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/first_line.h"
#include "core/named_operator.h"

namespace resnet_ft {
namespace {

// As a share of the greatest value: a few roundings of a result whose sum was rounded elsewhere.
double tolerance(torch::ScalarType type) {
  return type == torch::kBFloat16 ? 3e-2 : type == torch::kHalf ? 5e-3 : /* TF32 */ 5e-3;
}

// Values between -1 and 1 without a pattern, and without drawing random numbers.
torch::Tensor made(torch::IntArrayRef shape, double seed) {
  const torch::Tensor numbers = torch::arange(c10::multiply_integers(shape), torch::kFloat64);
  return numbers.mul(12.9898).add(seed).sin_().mul_(43758.5453).frac_().view(shape);
}

bool alike(const torch::Tensor& one, const torch::Tensor& other, double tolerance) {
  if (one.sizes() != other.sizes()) return false;
  const torch::Tensor expected = other.to(torch::kFloat64);
  const double apart = (one.to(torch::kFloat64) - expected).abs().max().item<double>();
  // Written so that what is no number is not alike.
  return apart <= tolerance * expected.abs().max().item<double>();
}

// Whether it says that there was no memory, as LibTorch's allocators, cuDNN and cuBLAS do. That says nothing of the
// operators, and what is told of them counts for as long as the process lives.
bool is_no_memory(const std::exception& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) || dynamic_cast<const std::bad_alloc*>(&error)) return true;
  const std::string text = first_line(error);
  for (const char* words : {"ALLOC_FAILED", "ALLOCATION_FAILED", "out of memory"}) {
    if (text.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

torch::Tensor plain_convolution(const torch::Tensor& input, const ConvolutionParts& parts) {
  return torch::conv2d(input, parts.weight, parts.bias, parts.stride, parts.padding, parts.dilation, parts.groups);
}

FusedOperators cudnn_operators() {
  FusedOperators out;
  if (const auto relu = find_operator("aten::cudnn_convolution_relu", "", 7)) {
    out.relu = [relu](const torch::Tensor& input, const ConvolutionParts& p) {
      return call_operator(*relu, {input, p.weight, p.bias, p.stride, p.padding, p.dilation, p.groups});
    };
  }
  if (const auto add_relu = find_operator("aten::cudnn_convolution_add_relu", "", 9)) {
    out.add_relu = [add_relu](const torch::Tensor& input, const ConvolutionParts& p, const torch::Tensor& residual) {
      return call_operator(
          *add_relu, {input, p.weight, residual, at::Scalar(1.0), p.bias, p.stride, p.padding, p.dilation, p.groups});
    };
  }
  return out;
}

CudnnFusion& CudnnFusion::of_process() {
  static auto* instance = new CudnnFusion(cudnn_operators());
  return *instance;
}

std::string CudnnFusion::why_not(const torch::Device& device, torch::ScalarType type, bool grouped) const {
  if (!operators_.relu || !operators_.add_relu) return "this LibTorch has no such operators";
  constexpr int64_t kChannels = 64;
  constexpr int64_t kSide = 8;
  const auto place = [&](const torch::Tensor& values) {
    torch::Tensor placed = values.to(device, type);
    return placed.dim() == 4 ? placed.contiguous(torch::MemoryFormat::ChannelsLast) : placed;
  };
  try {
    const int64_t groups = grouped ? 4 : 1;
    const int64_t inputs = kChannels / groups;
    const ConvolutionParts parts{place(made({kChannels, inputs, 3, 3}, 1).div_(3.0 * std::sqrt(inputs))),
                                 place(made({kChannels}, 2)),
                                 {1, 1},
                                 {1, 1},
                                 {1, 1},
                                 groups};
    const torch::Tensor input = place(made({2, kChannels, kSide, kSide}, 3));
    const torch::Tensor residual = place(made({2, kChannels, kSide, kSide}, 4));
    const torch::Tensor sum = plain_convolution(input, parts);
    if (!alike(operators_.relu(input, parts), sum.relu(), tolerance(type)))
      return "cuDNN's convolution with ReLU gives other values";
    if (!alike(operators_.add_relu(input, parts, residual), (sum + residual).relu(), tolerance(type)))
      return "cuDNN's convolution with add and ReLU gives other values";
  } catch (const std::exception& error) {
    if (is_no_memory(error)) throw;
    return first_line(error);
  }
  return {};
}

bool CudnnFusion::serves(const torch::Tensor& input, const ConvolutionParts& parts) {
  const torch::ScalarType type = input.scalar_type();
  if (type != torch::kBFloat16 && type != torch::kHalf && type != torch::kFloat32) return false;
  // The operators have no algorithms that always give the same bits.
  if (at::globalContext().deterministicCuDNN() || !at::globalContext().userEnabledCuDNN()) return false;
  if (type == torch::kFloat32 && !at::globalContext().allowTF32CuDNN(at::Float32Op::CONV)) return false;
  const torch::Device device = input.device();
  const Kind kind{device.type(), device.index(), type, parts.groups > 1};
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = tried_.find(kind);
  if (found != tried_.end()) return found->second.empty();
  return tried_.emplace(kind, why_not(device, type, parts.groups > 1)).first->second.empty();
}

template <class Call>
torch::Tensor CudnnFusion::tried(const torch::Tensor& input, const ConvolutionParts& parts, const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    if (is_no_memory(error)) throw;
    const std::string what = "a convolution of " + std::to_string(input.size(1)) + " to " +
                             std::to_string(parts.weight.size(0)) + " channels: " + first_line(error);
    const std::lock_guard<std::mutex> lock(mutex_);
    refused_.push_back({input.device().str(), torch::toString(input.scalar_type()), parts.groups > 1, what});
    return {};
  }
}

torch::Tensor CudnnFusion::relu(const torch::Tensor& input, const ConvolutionParts& parts) {
  return tried(input, parts, [&] { return operators_.relu(input, parts); });
}

torch::Tensor CudnnFusion::add_relu(const torch::Tensor& input, const ConvolutionParts& parts,
                                    const torch::Tensor& residual) {
  return tried(input, parts, [&] { return operators_.add_relu(input, parts, residual); });
}

std::vector<CudnnFusion::Finding> CudnnFusion::findings() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Finding> out;
  for (const auto& [kind, reason] : tried_) {
    const auto& [device, index, type, grouped] = kind;
    out.push_back({torch::Device(device, index).str(), torch::toString(type), grouped, reason});
  }
  out.insert(out.end(), refused_.begin(), refused_.end());
  return out;
}

}  // namespace resnet_ft
