// Changes of each channel by a table, with the bytes of Pillow 13.0.0's ImageOps.
#pragma once

#include "core/resize.h"

namespace resnet_ft {

// Keeps so many of the highest bits, 0 to 8.
void posterize(RgbImage* image, int bits);
// Inverts what is not below the threshold.
void solarize(RgbImage* image, double threshold);
// Spreads each channel over 0 to 255.
void autocontrast(RgbImage* image);
// Makes all values of a channel about equally frequent.
void equalize(RgbImage* image);

}  // namespace resnet_ft
