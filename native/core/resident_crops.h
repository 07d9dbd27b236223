// Crops that lie on the device, for passes that go over them again and again.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <memory>

#include "core/crop_store.h"

namespace resnet_ft {

class ResidentCrops {
 public:
  // `budget`: bytes on the device for all stores together; below 0, a quarter of what is free there when the first is
  // asked for.
  ResidentCrops(const torch::Device& device, int64_t budget) : device_(device), budget_(budget) {}

  // count x size x size x 3 bytes on the device, sent when first asked for; undefined where there is no room for them.
  // The store must be complete.
  torch::Tensor of(const std::shared_ptr<const CropStore>& store);

 private:
  struct Entry {
    std::shared_ptr<const CropStore> store;  // kept, so that no other store gets its address
    torch::Tensor bytes;
  };

  torch::Tensor send(const CropStore& store);

  torch::Device device_;
  int64_t budget_;
  std::map<const CropStore*, Entry> entries_;
};

}  // namespace resnet_ft
