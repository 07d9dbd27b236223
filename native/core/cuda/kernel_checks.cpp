#include "core/cuda/kernel_checks.h"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/made_numbers.h"

namespace resnet_ft::cuda {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

void expect(const std::string& what, const torch::Tensor& made, const torch::Tensor& wanted, double relative) {
  const torch::Tensor a = made.to(torch::kCPU, torch::kFloat64);
  const torch::Tensor b = wanted.to(torch::kCPU, torch::kFloat64);
  if (!torch::allclose(a, b, relative, relative * b.abs().max().item<double>()))
    throw std::runtime_error("our CUDA kernels give other figures than LibTorch (" + what + ")");
}

BatchNorm doubled(const BatchNorm& norm) {
  BatchNorm out = norm;
  for (torch::Tensor* of : {&out.weight, &out.bias, &out.running_mean, &out.running_var})
    *of = of->to(torch::kCPU, torch::kFloat64, /*non_blocking=*/false, /*copy=*/true);
  return out;
}

}  // namespace

void check_batch_norm(const BatchNormKernels& kernels, const torch::Device& device, torch::ScalarType type, bool wide) {
  const torch::NoGradGuard no_grad;
  const int64_t channels = wide ? 40 : 13;
  const std::vector<int64_t> sizes{3, channels, 11, 7};
  const double relative = type == torch::kBFloat16 ? 0.02 : 1e-4;
  const auto sent = [&](const torch::Tensor& values) { return values.to(device, type).contiguous(kChannelsLast); };
  const auto exact = [](const torch::Tensor& of) { return of.to(torch::kCPU, torch::kFloat64); };
  const torch::Tensor x = sent(made_numbers(sizes, 0.7).add_(3));
  const torch::Tensor residual = sent(made_numbers(sizes, 1.3));
  const torch::Tensor dy = sent(made_numbers(sizes, 2.1));
  for (const bool training : {true, false}) {
    for (const auto& [relu, adds] : {std::pair{false, false}, std::pair{true, false}, std::pair{true, true}}) {
      BatchNorm norm;
      norm.training = training;
      const auto figures = [&](double step, double base) {
        return made_numbers({channels}, step).add_(base).to(device, torch::kFloat32);
      };
      norm.weight = figures(0.9, 1.5);
      norm.bias = figures(1.7, 0);
      norm.running_mean = figures(0.4, 3);
      norm.running_var = figures(0.6, 1.5);
      BatchNorm same = doubled(norm);
      const std::string what = std::string(training ? "training" : "frozen") + (relu ? ", ReLU" : "") +
                               (adds ? ", residual" : "") + (wide ? "" : ", one by one");
      const BatchNormResult made = kernels.forward(x, norm, relu, adds ? residual : torch::Tensor());
      BatchNormResult wanted = aten_batch_norm_forward(exact(x), same, relu, adds ? exact(residual) : torch::Tensor());
      expect("y; " + what, made.y, wanted.y, relative);
      expect("mean; " + what, made.mean, wanted.mean, 1e-4);
      expect("deviation; " + what, made.invstd, wanted.invstd, 1e-4);
      expect("running mean; " + what, norm.running_mean, same.running_mean, 1e-4);
      expect("running variance; " + what, norm.running_var, same.running_var, 1e-4);
      // What comes through the ReLU is decided by y as it was rounded.
      wanted.y = exact(made.y);
      const BatchNormGradients given = kernels.backward(dy, x, made, norm, relu, adds);
      const BatchNormGradients right = aten_batch_norm_backward(exact(dy), exact(x), wanted, same, relu, adds);
      expect("gradient; " + what, given.x, right.x, relative);
      expect("gradient of the weight; " + what, given.weight, right.weight, 1e-3);
      expect("gradient of the bias; " + what, given.bias, right.bias, 1e-3);
      if (adds) expect("gradient of the residual; " + what, given.residual, right.residual, relative);
    }
  }
}

void check_batch(const BatchKernels& kernels, const torch::Device& device) {
  const torch::NoGradGuard no_grad;
  const Normalisation normalisation{{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
  const torch::Tensor mean = torch::tensor({0.485F, 0.456F, 0.406F});
  const torch::Tensor std = torch::tensor({0.229F, 0.224F, 0.225F});
  const torch::Tensor rows = torch::tensor({3, 0, 3, 2}, torch::kInt64);
  const torch::Tensor mirrored = torch::tensor({1, 0, 0, 1}, torch::kUInt8);
  for (const int64_t side : {8, 5}) {  // 16 bytes at once, and one by one
    const torch::Tensor crops = made_numbers({4, side, side, 3}, 0.7).mul_(127).add_(128).to(torch::kUInt8);
    torch::Tensor wanted = crops.to(torch::kFloat32).div_(torch::full({1}, 255.0F)).sub_(mean).div_(std);
    wanted = wanted.index_select(0, rows).permute({0, 3, 1, 2});
    wanted = torch::where(mirrored.view({-1, 1, 1, 1}).to(torch::kBool), wanted.flip({3}), wanted);
    for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16}) {
      const torch::Tensor made =
          kernels.batch(crops.to(device), rows.to(device), mirrored.to(device), normalisation, type);
      if (!made.cpu().equal(wanted.to(type)))
        throw std::runtime_error("our CUDA kernels give other batches than the CPU");
    }
  }
}

}  // namespace resnet_ft::cuda
