// uint8 samples to the normalised batches that a network takes.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>

#include "core/cuda/batch.h"
#include "core/sample_source.h"

namespace resnet_ft {

// ToTensor and Normalize in float32 with true divisions.
class Normalizer {
 public:
  // `as_on_gpu`: whether a CPU takes the way of a GPU, for that way to be tested where there is none.
  Normalizer(const std::array<float, 3>& mean, const std::array<float, 3>& std, const torch::Device& device,
             bool as_on_gpu = false);

  // count x 3 x size x size, channels_last, on the device, in float32 or rounded to `type`.
  torch::Tensor batch(const Samples& samples, torch::ScalarType type = torch::kFloat32) const;
  // The same of n x size x size x 3 bytes that lie on the device: of those that `rows` names (int64, there;
  // undefined: all); `mirrored`, a byte there for each of these, may be undefined.
  torch::Tensor batch(const torch::Tensor& bytes, const torch::Tensor& rows, const torch::Tensor& mirrored,
                      torch::ScalarType type = torch::kFloat32) const;

  const torch::Device& device() const { return device_; }
  // Whether bytes are sent to the device, and the arithmetic is done there.
  bool computes_on_device() const { return on_device_; }

 private:
  torch::Tensor by_table(const Samples& samples) const;
  torch::Tensor sent(const Samples& samples, torch::ScalarType type) const;

  torch::Device device_;
  bool on_device_;
  cuda::Normalisation figures_;
  torch::Tensor mean_, std_;  // 1 x 3 x 1 x 1, on the device
  torch::Tensor levels_;      // 255, on the device
  // A byte has 256 values a channel, so a table gives the same bits as the arithmetic.
  std::array<std::array<float, 256>, 3> table_;
};

}  // namespace resnet_ft
