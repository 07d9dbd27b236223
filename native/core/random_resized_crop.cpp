#include "core/random_resized_crop.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace resnet_ft {
namespace {

constexpr int kTries = 10;

// Python's round, half to even.
double rounded(double value) { return std::nearbyint(value); }

// torch.empty(1).uniform_(from, to) of a number that was drawn.
float between(float from, float to, float drawn) { return drawn * (to - from) + from; }

// A whole number below `end`.
int below(int end, float drawn) { return std::min(static_cast<int>(static_cast<double>(drawn) * end), end - 1); }

}  // namespace

Window random_resized_crop(int width, int height, const RandomResizedCropOptions& options,
                           const std::function<float()>& uniform) {
  const double area = static_cast<double>(width) * height;
  const float least_log = std::log(static_cast<float>(options.least_ratio));
  const float most_log = std::log(static_cast<float>(options.most_ratio));
  const auto least_scale = static_cast<float>(options.least_scale);
  const auto most_scale = static_cast<float>(options.most_scale);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * between(least_scale, most_scale, uniform());
    const double ratio = std::exp(between(least_log, most_log, uniform()));
    const double w = rounded(std::sqrt(target * ratio));
    const double h = rounded(std::sqrt(target / ratio));
    if (!(w > 0 && w <= width && h > 0 && h <= height)) continue;
    Window window{0, 0, static_cast<int>(w), static_cast<int>(h)};
    window.top = below(height - window.height + 1, uniform());
    window.left = below(width - window.width + 1, uniform());
    return window;
  }
  Window window{0, 0, width, height};
  const double ratio = static_cast<double>(width) / height;
  // At least one pixel, which a lean image's would round to none of.
  if (ratio < options.least_ratio) {
    window.height = std::max(1, static_cast<int>(rounded(width / options.least_ratio)));
  } else if (ratio > options.most_ratio) {
    window.width = std::max(1, static_cast<int>(rounded(height * options.most_ratio)));
  }
  window.top = (height - window.height) / 2;
  window.left = (width - window.width) / 2;
  return window;
}

}  // namespace resnet_ft
