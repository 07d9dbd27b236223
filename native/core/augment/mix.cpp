#include "core/augment/mix.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

// glibc 2.29 has newer versions of these, which give the same values: the older ones keep the floor
// (docs/packaging.md).
#ifdef __GLIBC__
#if defined(__x86_64__)
__asm__(".symver exp,exp@GLIBC_2.2.5");
__asm__(".symver log,log@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver exp,exp@GLIBC_2.17");
__asm__(".symver log,log@GLIBC_2.17");
#endif
#endif

namespace resnet_ft {
namespace {

constexpr int kTries = 10;
constexpr double kLeastArea = 0.02;
constexpr double kMostArea = 0.33;
constexpr double kLeastRatio = 0.3;
constexpr double kMostRatio = 3.3;
constexpr double kPi = 3.14159265358979323846;

// Above 0 and below 1.
double inside(CountedNumbers* numbers) { return numbers->uniform() + 0.5 / (1 << 24); }

// A standard normal number (Box and Muller).
double normal(CountedNumbers* numbers) {
  const double radius = std::sqrt(-2 * std::log(inside(numbers)));
  return radius * std::cos(2 * kPi * inside(numbers));
}

// The logarithm of a number of the gamma distribution of this shape, which may itself be too small for a double.
double log_gamma(double shape, CountedNumbers* numbers) {
  // A shape below 1 is made of the next one.
  if (shape < 1) return log_gamma(shape + 1, numbers) + std::log(inside(numbers)) / shape;
  const double d = shape - 1.0 / 3.0;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(numbers);
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(inside(numbers)) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d) + std::log(v);
  }
}

}  // namespace

Window draw_erased(const RandomErasing& erasing, int side, CountedNumbers* numbers) {
  if (!numbers->happens(erasing.probability)) return {};
  const double area = static_cast<double>(side) * side;
  const float least_log = std::log(static_cast<float>(kLeastRatio));
  const float most_log = std::log(static_cast<float>(kMostRatio));
  for (int i = 0; i < kTries; ++i) {
    const double erased = area * numbers->between(kLeastArea, kMostArea);
    const double ratio = std::exp(numbers->between(least_log, most_log));
    const auto height = static_cast<int>(std::nearbyint(std::sqrt(erased * ratio)));
    const auto width = static_cast<int>(std::nearbyint(std::sqrt(erased / ratio)));
    if (height >= side || width >= side) continue;
    Window window{0, 0, width, height};
    window.top = numbers->below(side - height + 1);
    window.left = numbers->below(side - width + 1);
    return window;
  }
  return {};
}

double draw_beta(double alpha, CountedNumbers* numbers) {
  const double a = log_gamma(alpha, numbers);
  const double b = log_gamma(alpha, numbers);
  return 1 / (1 + std::exp(b - a));
}

BatchMix draw_mixup(const Mixup& mixup, CountedNumbers* numbers) { return {draw_beta(mixup.alpha, numbers), {}}; }

BatchMix draw_cut_mix(const CutMix& cut_mix, int side, CountedNumbers* numbers) {
  const double own = draw_beta(cut_mix.alpha, numbers);
  const int x = numbers->below(side);
  const int y = numbers->below(side);
  const auto half = static_cast<int>(0.5 * std::sqrt(1 - own) * side);
  const int left = std::max(0, x - half);
  const int top = std::max(0, y - half);
  const Window part{left, top, std::min(side, x + half) - left, std::min(side, y + half) - top};
  const double area = static_cast<double>(side) * side;
  return {1 - static_cast<double>(part.width) * part.height / area, part};
}

torch::Tensor mixed(const torch::Tensor& images, const BatchMix& mix) {
  if (!mix.part) return images.roll(1, 0).mul_(1 - mix.own).add_(images.mul(mix.own));
  const auto part_of = [&](const torch::Tensor& of) {
    return of.narrow(2, mix.part->top, mix.part->height).narrow(3, mix.part->left, mix.part->width);
  };
  torch::Tensor out = images.clone();
  part_of(out).copy_(part_of(images.roll(1, 0)));
  return out;
}

torch::Tensor mixed_targets(const torch::Tensor& targets, const BatchMix& mix, int64_t classes) {
  // Not one_hot, which waits for a GPU to look at the classes.
  const torch::Tensor own = torch::zeros({targets.size(0), classes}, targets.options().dtype(torch::kFloat32))
                                .scatter_(1, targets.unsqueeze(1), 1);
  return own.roll(1, 0).mul_(1 - mix.own).add_(own.mul(mix.own));
}

}  // namespace resnet_ft
