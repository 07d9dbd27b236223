// Changes of colours with Pillow 13.0.0's bytes: what torchvision's adjust_... do to a PIL image.
#pragma once

#include "core/resize.h"

namespace resnet_ft {

// Factor 0 gives a black image, 1 leaves it as it is.
void adjust_brightness(RgbImage* image, double factor);
// Factor 0 gives the mean gray everywhere.
void adjust_contrast(RgbImage* image, double factor);
// Factor 0 gives a gray image.
void adjust_saturation(RgbImage* image, double factor);
// Turns of the circle of colours, from -0.5 to 0.5.
void adjust_hue(RgbImage* image, double turns);
// Factor 0 gives a smoothed image, 2 a sharpened one.
void adjust_sharpness(RgbImage* image, double factor);
void to_grayscale(RgbImage* image);

}  // namespace resnet_ft
