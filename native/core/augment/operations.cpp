#include "core/augment/operations.h"

#include <torch/torch.h>

#include <cmath>
#include <vector>

#include "core/augment/color.h"
#include "core/augment/tones.h"
#include "core/augment/warp.h"

namespace resnet_ft {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kHighestByte = 255;

using Values = std::array<double, kMagnitudes>;

Values values_of(const torch::Tensor& tensor) {
  Values out{};
  const torch::Tensor values = tensor.to(torch::kFloat64).contiguous();
  std::copy_n(values.data_ptr<double>(), kMagnitudes, out.begin());
  return out;
}

// torch's own, for its float32 is rounded in its own way.
Values evenly(double from, double to) { return values_of(torch::linspace(from, to, kMagnitudes)); }

// Bits that are kept: from 8 down by so many.
Values bits(double fewer) {
  return values_of(8 - (torch::arange(kMagnitudes) / ((kMagnitudes - 1) / fewer)).round().to(torch::kInt32));
}

// A shear of so many pixels for each line, as torchvision gives it to its affine.
double degrees_of_shear(double magnitude) { return std::atan(magnitude) * (180.0 / kPi); }

// An operation, its magnitude of the place that `place_of` gives among all, and the sign of that.
template <class PlaceOf>
OperationChoice draw_one(const Magnitudes& magnitudes, CountedNumbers* numbers, const PlaceOf& place_of) {
  OperationChoice choice{static_cast<Operation>(numbers->below(kOperations)), 0};
  choice.magnitude = magnitudes.of(choice.operation, place_of(choice.operation));
  if (Magnitudes::has_sign(choice.operation) && numbers->below(2) == 1) choice.magnitude *= -1;
  return choice;
}

}  // namespace

void apply(const OperationChoice& choice, const WarpStyle& style, RgbImage* image) {
  const double magnitude = choice.magnitude;
  AffineParameters moved;
  switch (choice.operation) {
    case Operation::kIdentity:
      return;
    case Operation::kShearX:
      moved.shear_x = degrees_of_shear(magnitude);
      return affine(image, moved, 0, 0, style);
    case Operation::kShearY:
      moved.shear_y = degrees_of_shear(magnitude);
      return affine(image, moved, 0, 0, style);
    case Operation::kTranslateX:
      moved.translate_x = static_cast<int>(magnitude);
      return affine(image, moved, style);
    case Operation::kTranslateY:
      moved.translate_y = static_cast<int>(magnitude);
      return affine(image, moved, style);
    case Operation::kRotate:
      return rotate(image, magnitude, style);
    case Operation::kBrightness:
      return adjust_brightness(image, 1 + magnitude);
    case Operation::kColor:
      return adjust_saturation(image, 1 + magnitude);
    case Operation::kContrast:
      return adjust_contrast(image, 1 + magnitude);
    case Operation::kSharpness:
      return adjust_sharpness(image, 1 + magnitude);
    case Operation::kPosterize:
      return posterize(image, static_cast<int>(magnitude));
    case Operation::kSolarize:
      return solarize(image, magnitude);
    case Operation::kAutoContrast:
      return autocontrast(image);
    case Operation::kEqualize:
      return equalize(image);
  }
}

bool Magnitudes::has_sign(Operation operation) {
  return operation >= Operation::kShearX && operation <= Operation::kSharpness;
}

bool Magnitudes::has_any(Operation operation) {
  return operation >= Operation::kShearX && operation <= Operation::kSolarize;
}

Magnitudes::Magnitudes(double shear, double pixels, double degrees, double color, double fewer_bits) {
  const Values shears = evenly(0, shear);
  const Values moves = evenly(0, pixels);
  const Values colors = evenly(0, color);
  values_ = {Values{},
             shears,
             shears,
             moves,
             moves,
             evenly(0, degrees),
             colors,
             colors,
             colors,
             colors,
             bits(fewer_bits),
             evenly(kHighestByte, 0),
             Values{},
             Values{}};
}

const Magnitudes& Magnitudes::rand_augment(int side) {
  // Each thread makes them for a side once, not for each image.
  thread_local int made_for = -1;
  thread_local Magnitudes made;
  if (made_for != side) {
    made = {0.3, 150.0 / 331.0 * side, 30, 0.9, 4};
    made_for = side;
  }
  return made;
}

Magnitudes Magnitudes::trivial_augment() { return {0.99, 32, 135, 0.99, 6}; }

std::vector<OperationChoice> draw(const RandAugment& policy, const Magnitudes& magnitudes, CountedNumbers* numbers) {
  std::vector<OperationChoice> out;
  for (int i = 0; i < policy.operations; ++i)
    out.push_back(draw_one(magnitudes, numbers, [&](Operation /*of*/) { return policy.magnitude; }));
  return out;
}

OperationChoice draw(const TrivialAugment& /*policy*/, const Magnitudes& magnitudes, CountedNumbers* numbers) {
  // No number is drawn for what has no magnitude.
  return draw_one(magnitudes, numbers,
                  [&](Operation of) { return Magnitudes::has_any(of) ? numbers->below(kMagnitudes) : 0; });
}

}  // namespace resnet_ft
