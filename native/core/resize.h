// The antialiased bilinear and bicubic resize of Pillow 13.0.0, torchvision's Resize and CenterCrop and Pillow's
// ImageOps.pad, bit for bit, on 8-bit RGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace resnet_ft {

// Part of an image, in pixels.
struct Window {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;

  bool lies_in(int image_width, int image_height) const {
    return left >= 0 && top >= 0 && width > 0 && height > 0 && width <= image_width - left &&
           height <= image_height - top;
  }
};

struct RgbView {
  const uint8_t* data = nullptr;  // height lines of width x 3
  int width = 0;
  int height = 0;
  size_t stride = 0;  // bytes from a line to the next; 0: there is nothing between them

  size_t line_bytes() const { return stride != 0 ? stride : static_cast<size_t>(width) * 3; }
  RgbView part(const Window& window) const {
    return {data + window.top * line_bytes() + static_cast<size_t>(window.left) * 3, window.width, window.height,
            line_bytes()};
  }
};

struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> data;  // height x width x 3
};

// Pillow's Image.Resampling.
enum class Filter { kBilinear, kBicubic };

// How an image of any shape becomes a square.
enum class Fit { kCrop, kPad, kStretch };

struct Fitting {
  Fit fit = Fit::kCrop;
  Filter filter = Filter::kBilinear;
};

// torchvision.transforms.Resize(resize) followed by CenterCrop(crop); 0 leaves the step out. A crop larger than the
// image is padded with zeros, as torchvision does. Only the pixels inside the crop are computed. Throws
// std::invalid_argument for an image without pixels, and for one that resized is larger than Pillow's largest, or than
// the largest crop where nothing is cropped; callers have refused those (lib/data/resizable.ts).
RgbImage resize_and_crop(RgbView image, int resize, int crop, Filter filter = Filter::kBilinear);

// An image resized to side x side, whatever its shape: of a part of an image, torchvision's resized_crop, which cuts
// first, so that no pixel beside the part counts. Throws std::invalid_argument for an image without pixels, and where
// Pillow has no such size.
RgbImage resize_to_square(RgbView image, int side, Filter filter = Filter::kBilinear);

// Pillow's ImageOps.pad(image, (side, side), filter): the long side becomes `side`, and black is added in equal parts
// on both sides of the short one. Throws as resize_to_square does.
RgbImage resize_and_pad(RgbView image, int side, Filter filter);

// One of the above. `resize` counts only where the image is cropped; the others need a `crop`, which is their side.
RgbImage resize_and_fit(RgbView image, int resize, int crop, Fitting how);

}  // namespace resnet_ft
