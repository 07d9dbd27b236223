// What may be done to training images before the network sees them, each with torchvision's meaning and defaults.
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "core/random_resized_crop.h"

namespace resnet_ft {

// RandomHorizontalFlip and RandomVerticalFlip.
struct HorizontalFlip {
  double probability = 0;
};
struct VerticalFlip {
  double probability = 0;
};

// How an image is turned, moved or sheared.
struct WarpStyle {
  bool bilinear = false;          // else the nearest pixel
  std::array<uint8_t, 3> fill{};  // where there is no image
};

// RandomRotation: from -degrees to degrees.
struct Rotation {
  double degrees = 0;
  WarpStyle style;
};

// RandomAffine, around the centre.
struct Affine {
  double degrees = 0;      // from -degrees
  double translate_x = 0;  // greatest share of the width that an image is moved by, to either side
  double translate_y = 0;
  double least_scale = 1;
  double most_scale = 1;
  double shear = 0;  // degrees, from -shear, along x
  WarpStyle style;
};

// Factors of 1 - x to 1 + x, 0 or more, and a hue of -hue to hue turns.
struct ColorJitter {
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;  // at most 0.5
};

// RandomGrayscale.
struct Grayscale {
  double probability = 0;
};

// RandAugment, with 31 magnitudes.
struct RandAugment {
  int operations = 2;
  int magnitude = 9;  // 0 to 30
  WarpStyle style;
};

// TrivialAugmentWide, with 31 magnitudes.
struct TrivialAugment {
  WarpStyle style;
};

// RandomErasing of the normalised image, with the value 0.
struct RandomErasing {
  double probability = 0;
};

// MixUp and CutMix of a batch with itself, rolled by one; of both, one is drawn for each batch.
struct Mixup {
  double alpha = 0;
};
struct CutMix {
  double alpha = 0;
};

using Augmentation = std::variant<HorizontalFlip, VerticalFlip, RandomResizedCropOptions, Rotation, Affine, ColorJitter,
                                  Grayscale, RandAugment, TrivialAugment, RandomErasing, Mixup, CutMix>;

}  // namespace resnet_ft
