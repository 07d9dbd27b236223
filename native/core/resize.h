// The antialiased bilinear resize of Pillow 13.0.0 and torchvision's Resize and CenterCrop, bit for bit, on 8-bit RGB.
#pragma once

#include <cstdint>
#include <vector>

namespace resnet_ft {

struct RgbView {
  const uint8_t* data = nullptr;  // height x width x 3
  int width = 0;
  int height = 0;
};

struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> data;  // height x width x 3
};

// torchvision.transforms.Resize(resize) followed by CenterCrop(crop); 0 leaves the step out. A crop larger than the
// image is padded with zeros, as torchvision does. Only the pixels inside the crop are computed. Throws
// std::invalid_argument for an image without pixels, and for one that resized is larger than Pillow's largest, or than
// the largest crop where nothing is cropped; callers have refused those (lib/data/resizable.ts).
RgbImage resize_and_crop(RgbView image, int resize, int crop);

}  // namespace resnet_ft
