// Crops that lie on the device, for passes that go over them again and again.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <memory>

#include "core/sample_source.h"

namespace resnet_ft {

class ResidentCrops {
 public:
  // `budget`: bytes on the device for all sources together; below 0, a quarter of what is free there when the first is
  // asked for.
  ResidentCrops(const torch::Device& device, int64_t budget) : device_(device), budget_(budget) {}

  // count x size x size x 3 bytes on the device, sent when first asked for; undefined where there is no room for them.
  // The source must be complete, and have one part of each of its images.
  torch::Tensor of(const std::shared_ptr<const SampleSource>& source);

 private:
  struct Entry {
    std::shared_ptr<const SampleSource> source;  // kept, so that no other source gets its address
    torch::Tensor bytes;
  };

  torch::Tensor send(const SampleSource& source);

  torch::Device device_;
  int64_t budget_;
  std::map<const SampleSource*, Entry> entries_;
};

}  // namespace resnet_ft
