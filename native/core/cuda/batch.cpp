#include "core/cuda/batch.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace resnet_ft::cuda {

BatchKernels::BatchKernels(const Gpu& gpu) : gpu_(gpu) {
  const std::vector<void*> all =
      gpu_.compile("batch.cuh", {"resnet_ft::normalised_batch<float, 1>", "resnet_ft::normalised_batch<float, 4>",
                                 "resnet_ft::normalised_batch<resnet_ft::Bf16, 1>",
                                 "resnet_ft::normalised_batch<resnet_ft::Bf16, 8>"});
  for (size_t type = 0; type < 2; ++type) {
    for (size_t wide = 0; wide < 2; ++wide)
      kernels_[type][wide] = std::remove_reference_t<decltype(kernels_[type][wide])>(all.at(2 * type + wide));
  }
}

torch::Tensor BatchKernels::batch(const torch::Tensor& crops, const torch::Tensor& rows, const torch::Tensor& mirrored,
                                  const Normalisation& normalisation, torch::ScalarType type) const {
  TORCH_CHECK(type == torch::kFloat32 || type == torch::kBFloat16, "batches are made in float32 or bfloat16");
  TORCH_CHECK(crops.dim() == 4 && crops.size(3) == 3 && crops.is_contiguous() && crops.scalar_type() == torch::kUInt8,
              "crops must be n x height x width x 3 bytes");
  const int64_t count = rows.defined() ? rows.numel() : crops.size(0);
  TORCH_CHECK(!rows.defined() || (rows.scalar_type() == torch::kInt64 && rows.is_contiguous()),
              "the crops of a batch are named by int64");
  TORCH_CHECK(!mirrored.defined() ||
                  (mirrored.scalar_type() == torch::kUInt8 && mirrored.is_contiguous() && mirrored.numel() == count),
              "a batch needs a byte for each image that says whether it is mirrored");
  const int64_t numbers = crops.numel() / std::max<int64_t>(crops.size(0), 1);
  TORCH_CHECK(numbers <= INT32_MAX / 2 && count <= INT32_MAX, "a batch of ", count, " crops of ", numbers,
              " bytes is too large");
  torch::Tensor out =
      torch::empty({count, 3, crops.size(1), crops.size(2)},
                   torch::TensorOptions(type).device(crops.device()).memory_format(torch::MemoryFormat::ChannelsLast));
  if (out.numel() == 0) return out;
  const bool bf16 = type == torch::kBFloat16;
  const int64_t width = bf16 ? 8 : 4;
  const bool wide = numbers % width == 0;
  kernels_[bf16 ? 1 : 0][wide ? 1 : 0](
      gpu_, shape_of_images(count, numbers, wide ? width : 1), crops.const_data_ptr(),
      rows.defined() ? rows.const_data_ptr() : nullptr, mirrored.defined() ? mirrored.const_data_ptr() : nullptr,
      out.mutable_data_ptr(), static_cast<int>(count), static_cast<int>(numbers), static_cast<int>(crops.size(2)),
      normalisation.mean[0], normalisation.mean[1], normalisation.mean[2], normalisation.std[0], normalisation.std[1],
      normalisation.std[2]);
  return out;
}

}  // namespace resnet_ft::cuda
