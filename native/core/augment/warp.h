// Images mirrored, turned and sheared, with the bytes of Pillow 13.0.0's Image.transform.
#pragma once

#include <array>

#include "core/augment/recipe.h"
#include "core/resize.h"

namespace resnet_ft {

// From a place in the result to the one in the image: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5].
using AffineMatrix = std::array<double, 6>;

void flip_horizontally(RgbImage* image);
void flip_vertically(RgbImage* image);
// The result has the size of the image.
void warp(RgbImage* image, const AffineMatrix& matrix, const WarpStyle& style);
// Counter-clockwise around the centre, in degrees: torchvision's rotate of a PIL image.
void rotate(RgbImage* image, double degrees, const WarpStyle& style);

// What torchvision's affine does, in degrees and pixels.
struct AffineParameters {
  double degrees = 0;
  int translate_x = 0;
  int translate_y = 0;
  double scale = 1;
  double shear_x = 0;
  double shear_y = 0;
};
// Around `center_x`, `center_y`.
void affine(RgbImage* image, const AffineParameters& parameters, double center_x, double center_y,
            const WarpStyle& style);
// Around the centre.
void affine(RgbImage* image, const AffineParameters& parameters, const WarpStyle& style);

}  // namespace resnet_ft
