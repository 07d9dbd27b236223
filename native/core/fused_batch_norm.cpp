#include "core/fused_batch_norm.h"

#include <tuple>

#include "core/cuda/kernels.h"

namespace resnet_ft {
namespace {

void check(const torch::Tensor& x, const BatchNorm& norm, bool relu, const torch::Tensor& residual) {
  TORCH_CHECK(x.dim() == 4 && x.numel() > 0, "a batch norm takes batch x channels x height x width, not ", x.sizes());
  for (const torch::Tensor& of : {norm.weight, norm.bias, norm.running_mean, norm.running_var}) {
    TORCH_CHECK(of.defined() && of.dim() == 1 && of.size(0) == x.size(1), "a batch norm of ", x.size(1),
                " channels needs so many weights, biases, running means and variances");
  }
  TORCH_CHECK(!norm.training || x.numel() > x.size(1),
              "a batch norm in training needs more than one value in each channel, not ", x.sizes());
  if (!residual.defined()) return;
  TORCH_CHECK(relu, "a residual is only added where ReLU follows");
  TORCH_CHECK(residual.sizes() == x.sizes() && residual.scalar_type() == x.scalar_type(),
              "the residual of a batch norm must be like its input");
}

// Null where LibTorch's operators are to be used. `other`: what else is read row by row; may be undefined.
const cuda::BatchNormKernels* kernels_for(const torch::Tensor& x, const torch::Tensor& other, const BatchNorm& norm) {
  cuda::Kernels* const all = cuda::Kernels::of(x.device());
  if (all == nullptr || !cuda::BatchNormKernels::take(x, norm)) return nullptr;
  return all->batch_norm(x.scalar_type(), cuda::BatchNormKernels::wide(x, other));
}

}  // namespace

BatchNormResult aten_batch_norm_forward(const torch::Tensor& x, const BatchNorm& norm, bool relu,
                                        const torch::Tensor& residual) {
  BatchNormResult out;
  std::tie(out.y, out.mean, out.invstd) = at::native_batch_norm(
      x, norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.training, norm.momentum, norm.eps);
  if (!norm.training) {
    // What the operator gives for these depends on the device.
    out.mean = norm.running_mean;
    out.invstd = norm.running_var.add(norm.eps).rsqrt_();
  }
  if (residual.defined()) out.y.add_(residual);
  if (relu) out.y.relu_();
  return out;
}

BatchNormGradients aten_batch_norm_backward(const torch::Tensor& dy, const torch::Tensor& x,
                                            const BatchNormResult& result, const BatchNorm& norm, bool relu,
                                            bool residual) {
  const torch::Tensor masked = relu ? at::threshold_backward(dy, result.y, 0) : dy;
  BatchNormGradients out;
  std::tie(out.x, out.weight, out.bias) =
      at::native_batch_norm_backward(masked, x, norm.weight, norm.running_mean, norm.running_var, result.mean,
                                     result.invstd, norm.training, norm.eps, {true, true, true});
  if (residual) out.residual = masked;
  return out;
}

BatchNormResult batch_norm_forward(const torch::Tensor& x, const BatchNorm& norm, bool relu,
                                   const torch::Tensor& residual) {
  check(x, norm, relu, residual);
  if (const auto* const kernels = kernels_for(x, residual, norm)) return kernels->forward(x, norm, relu, residual);
  return aten_batch_norm_forward(x, norm, relu, residual);
}

BatchNormGradients batch_norm_backward(const torch::Tensor& dy, const torch::Tensor& x, const BatchNormResult& result,
                                       const BatchNorm& norm, bool relu, bool residual) {
  TORCH_CHECK(dy.sizes() == x.sizes() && dy.scalar_type() == x.scalar_type(),
              "the gradient of a batch norm must be like its input");
  if (const auto* const kernels = kernels_for(x, dy, norm))
    return kernels->backward(dy, x, result, norm, relu, residual);
  return aten_batch_norm_backward(dy, x, result, norm, relu, residual);
}

}  // namespace resnet_ft
