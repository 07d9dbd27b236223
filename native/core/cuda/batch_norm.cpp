#include "core/cuda/batch_norm.h"

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace resnet_ft::cuda {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

int64_t rows_of(const torch::Tensor& x) { return x.numel() / x.size(1); }

// Several rows of floats, one for each channel, in one piece of memory.
torch::Tensor floats(const torch::Tensor& x, std::vector<int64_t> sizes) {
  return torch::empty(sizes, torch::TensorOptions(torch::kFloat32).device(x.device()));
}

bool aligned(const torch::Tensor& x) { return reinterpret_cast<uintptr_t>(x.const_data_ptr()) % 16 == 0; }

size_t what_follows(bool relu, bool residual) { return residual ? 2 : relu ? 1 : 0; }

}  // namespace

BatchNormKernels::BatchNormKernels(const Gpu& gpu, torch::ScalarType type, bool wide) : gpu_(gpu) {
  const bool bf16 = type == torch::kBFloat16;
  width_ = !wide ? 1 : bf16 ? 8 : 4;
  const std::string of = std::string("<") + (bf16 ? "resnet_ft::Bf16" : "float") + ", " + std::to_string(width_);
  const auto name = [&](const std::string& kernel, const std::string& arguments) {
    return "resnet_ft::batch_norm_" + kernel + arguments;
  };
  const std::vector<void*> all =
      gpu_.compile("batch_norm_backward.cuh",
                   {name("statistics", of + ">"), name("merge", ""), name("apply", of + ", 0>"),
                    name("apply", of + ", 1>"), name("apply", of + ", 2>"), name("backward_sums", of + ", 0>"),
                    name("backward_sums", of + ", 1>"), name("backward_sums", of + ", 2>"), name("backward_merge", ""),
                    name("backward_apply", of + ", 0>"), name("backward_apply", of + ", 1>")});
  size_t next = 0;
  const auto take = [&](auto* kernel) { *kernel = std::remove_pointer_t<decltype(kernel)>(all.at(next++)); };
  take(&statistics_);
  take(&merge_);
  for (auto& kernel : apply_) take(&kernel);
  for (auto& kernel : backward_sums_) take(&kernel);
  take(&backward_merge_);
  for (auto& kernel : backward_apply_) take(&kernel);
}

bool BatchNormKernels::take(const torch::Tensor& x, const BatchNorm& norm) {
  if (x.scalar_type() != torch::kFloat32 && x.scalar_type() != torch::kBFloat16) return false;
  if (!x.is_contiguous(kChannelsLast) || x.size(1) > INT32_MAX) return false;
  for (const torch::Tensor& of : {norm.weight, norm.bias, norm.running_mean, norm.running_var}) {
    if (of.scalar_type() != torch::kFloat32 || !of.is_contiguous() || of.device() != x.device()) return false;
  }
  return true;
}

bool BatchNormKernels::wide(const torch::Tensor& x, const torch::Tensor& other) {
  const int64_t width = x.scalar_type() == torch::kBFloat16 ? 8 : 4;
  return x.size(1) % width == 0 && aligned(x) && (!other.defined() || aligned(other));
}

LaunchShape BatchNormKernels::shape(const torch::Tensor& x) const {
  return shape_of_columns(rows_of(x), x.size(1), width_, gpu_.multiprocessors());
}

BatchNormResult BatchNormKernels::forward(const torch::Tensor& x, const BatchNorm& norm, bool relu,
                                          const torch::Tensor& residual) const {
  const int64_t rows = rows_of(x);
  const int channels = static_cast<int>(x.size(1));
  const LaunchShape by_columns = shape(x);
  BatchNormResult out;
  if (norm.training) {
    const torch::Tensor chunks = floats(x, {2, by_columns.grid.y, channels});
    auto* const means = chunks.mutable_data_ptr<float>();
    auto* const squares = means + chunks.stride(0);
    statistics_(gpu_, by_columns, x.const_data_ptr(), means, squares, rows, channels, by_columns.rows_per_chunk);
    out.mean = floats(x, {channels});
    out.invstd = floats(x, {channels});
    merge_(gpu_, shape_of_merge(channels), means, squares, static_cast<int>(by_columns.grid.y), rows, channels,
           by_columns.rows_per_chunk, static_cast<float>(norm.momentum), static_cast<float>(norm.eps),
           norm.running_mean.mutable_data_ptr<float>(), norm.running_var.mutable_data_ptr<float>(),
           out.mean.mutable_data_ptr<float>(), out.invstd.mutable_data_ptr<float>());
  } else {
    out.mean = norm.running_mean;
    out.invstd = norm.running_var.add(norm.eps).rsqrt_();
  }
  out.y = torch::empty_like(x, x.options(), kChannelsLast);
  const torch::Tensor added = residual.defined() ? residual.contiguous(kChannelsLast) : residual;
  apply_[what_follows(relu, residual.defined())](
      gpu_, by_columns, x.const_data_ptr(), added.defined() ? added.const_data_ptr() : nullptr,
      out.mean.const_data_ptr<float>(), out.invstd.const_data_ptr<float>(), norm.weight.const_data_ptr<float>(),
      norm.bias.const_data_ptr<float>(), out.y.mutable_data_ptr(), rows, channels, by_columns.rows_per_chunk);
  return out;
}

BatchNormGradients BatchNormKernels::backward(const torch::Tensor& dy, const torch::Tensor& x,
                                              const BatchNormResult& result, const BatchNorm& norm, bool relu,
                                              bool residual) const {
  const int64_t rows = rows_of(x);
  const int channels = static_cast<int>(x.size(1));
  const LaunchShape by_columns = shape(x);
  const torch::Tensor given = dy.contiguous(kChannelsLast);
  const auto* const mean = result.mean.const_data_ptr<float>();
  const auto* const invstd = result.invstd.const_data_ptr<float>();
  const auto* const weight = norm.weight.const_data_ptr<float>();
  const auto* const bias = norm.bias.const_data_ptr<float>();
  BatchNormGradients out;
  if (residual) out.residual = torch::empty_like(x, x.options(), kChannelsLast);
  const torch::Tensor chunks = floats(x, {2, by_columns.grid.y, channels});
  auto* const sums_of_g = chunks.mutable_data_ptr<float>();
  auto* const sums_of_gx = sums_of_g + chunks.stride(0);
  backward_sums_[what_follows(relu, residual)](gpu_, by_columns, given.const_data_ptr(), x.const_data_ptr(),
                                               residual ? result.y.const_data_ptr() : nullptr, mean, invstd, weight,
                                               bias, residual ? out.residual.mutable_data_ptr() : nullptr, sums_of_g,
                                               sums_of_gx, rows, channels, by_columns.rows_per_chunk);
  out.weight = floats(x, {channels});
  out.bias = floats(x, {channels});
  const torch::Tensor factors = floats(x, {3, channels});
  auto* const scale = factors.mutable_data_ptr<float>();
  auto* const offset = scale + channels;
  auto* const slope = offset + channels;
  backward_merge_(gpu_, shape_of_merge(channels), sums_of_g, sums_of_gx, static_cast<int>(by_columns.grid.y), rows,
                  channels, norm.training ? 0 : 1, invstd, weight, out.weight.mutable_data_ptr<float>(),
                  out.bias.mutable_data_ptr<float>(), scale, offset, slope);
  out.x = torch::empty_like(x, x.options(), kChannelsLast);
  // Of a residual, what comes through the ReLU has just been written.
  backward_apply_[relu && !residual ? 1 : 0](
      gpu_, by_columns, residual ? out.residual.const_data_ptr() : given.const_data_ptr(), x.const_data_ptr(), mean,
      bias, scale, offset, slope, out.x.mutable_data_ptr(), rows, channels, by_columns.rows_per_chunk);
  return out;
}

}  // namespace resnet_ft::cuda
