// The geometry of torchvision's RandomResizedCrop.
#pragma once

#include <functional>

#include "core/resize.h"

namespace resnet_ft {

struct RandomResizedCropOptions {
  // Share of the image's area that the window has, from and to.
  double least_scale = 0.08;
  double most_scale = 1;
  // Its width divided by its height, from and to.
  double least_ratio = 3.0 / 4.0;
  double most_ratio = 4.0 / 3.0;
};

// A window as torchvision 0.29.1 draws it (transforms.py, RandomResizedCrop.get_params), in float32 where torch's
// tensors are: ten tries of an area and a shape that fit, each of which takes two numbers and the one that fits two
// more, top before left; else the greatest part in the middle whose shape is allowed. `uniform` gives numbers from 0 to
// below 1: whatever it draws from decides whether windows can be drawn again.
Window random_resized_crop(int width, int height, const RandomResizedCropOptions& options,
                           const std::function<float()>& uniform);

}  // namespace resnet_ft
