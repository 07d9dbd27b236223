// A ResNet as data: the module tree that lib/network/architecture.ts makes, as far as there is something to choose.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace resnet_ft {

// Without bias, and with a batch norm of its outputs after it; kernel, stride and padding are those of both sides.
struct Convolution {
  int64_t inputs = 0;
  int64_t outputs = 0;
  int64_t kernel = 0;
  int64_t stride = 0;
  int64_t padding = 0;
  int64_t groups = 0;
};

struct Pooling {
  int64_t kernel = 0;
  int64_t stride = 0;
  int64_t padding = 0;
};

// Two convolutions are torchvision's BasicBlock, three its Bottleneck.
struct ResidualBlock {
  std::vector<Convolution> convolutions;
  std::optional<Convolution> downsample;
};

struct Network {
  Convolution stem;
  Pooling pool;
  std::array<std::vector<ResidualBlock>, 4> layers;
  int64_t features = 0;  // inputs of fc
  int64_t classes = 0;   // its outputs
};

}  // namespace resnet_ft
