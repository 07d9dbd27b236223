// The operations of RandAugment and TrivialAugmentWide, and which of them is drawn for an image.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/augment/recipe.h"
#include "core/counted_draws.h"
#include "core/resize.h"

namespace resnet_ft {

// In torchvision's order.
enum class Operation : uint8_t {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize,
};
constexpr int kOperations = 14;
constexpr int kMagnitudes = 31;

struct OperationChoice {
  Operation operation = Operation::kIdentity;
  double magnitude = 0;
};

// As torchvision's _apply_op.
void apply(const OperationChoice& choice, const WarpStyle& style, RgbImage* image);

// Which magnitudes an operation has, from the first to the last: torchvision 0.29.1's spaces. Those of operations
// without any are 0.
class Magnitudes {
 public:
  // Of RandAugment, where moving depends on the side of the image.
  static const Magnitudes& rand_augment(int side);
  static Magnitudes trivial_augment();

  double of(Operation operation, int magnitude) const { return values_[static_cast<size_t>(operation)][magnitude]; }
  // Whether a half of the images gets it with the other sign.
  static bool has_sign(Operation operation);
  // Whether there are different magnitudes at all.
  static bool has_any(Operation operation);

 private:
  Magnitudes() = default;
  // The greatest of each kind.
  Magnitudes(double shear, double pixels, double degrees, double color, double fewer_bits);

  std::array<std::array<double, kMagnitudes>, kOperations> values_{};
};

// One after the other, all of the same magnitude.
std::vector<OperationChoice> draw(const RandAugment& policy, const Magnitudes& magnitudes, CountedNumbers* numbers);
OperationChoice draw(const TrivialAugment& policy, const Magnitudes& magnitudes, CountedNumbers* numbers);

}  // namespace resnet_ft
