// Gives images of any size to the resizes and crops of native/core, with geometries of any kind. They give a crop of
// the size that was asked for, or throw std::invalid_argument.
#include "core/resize.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "core/random_resized_crop.h"

using resnet_ft::Filter;
using resnet_ft::Fit;
using resnet_ft::RgbImage;
using resnet_ft::RgbView;
using resnet_ft::Window;

namespace {

constexpr size_t kMostPixels = 1 << 18;
// Where all of a result is wanted, more than so many pixels would take the time of others.
constexpr double kMostOut = 1 << 21;

// Often small, now and then of a length that only a strip has.
int side(FuzzedDataProvider* data) {
  switch (data->ConsumeIntegralInRange(0, 5)) {
    case 0:
      return data->ConsumeIntegralInRange(1, 300000);
    case 1:
      return data->ConsumeIntegralInRange(1, 3000);
    default:
      return data->ConsumeIntegralInRange(1, 40);
  }
}

int length(FuzzedDataProvider* data) {
  switch (data->ConsumeIntegralInRange(0, 5)) {
    case 0:
      return 0;
    case 1:
      return data->ConsumeIntegralInRange(1, 16384);
    default:
      return data->ConsumeIntegralInRange(1, 300);
  }
}

bool is_costly(const RgbView& image, int resize, int crop, Fit fit) {
  if (fit != Fit::kCrop) return static_cast<double>(crop) * crop > kMostOut;
  if (crop > 0) return static_cast<double>(crop) * crop > kMostOut;
  const double ratio = static_cast<double>(std::max(image.width, image.height)) / std::min(image.width, image.height);
  return resize > 0 && resize * ratio * resize > kMostOut && resize * ratio * resize < 3e8;
}

void check(const RgbImage& out) {
  if (out.data.size() != static_cast<size_t>(out.width) * out.height * 3) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider data(bytes, size);
  const int width = side(&data);
  const int height = static_cast<int>(std::min<size_t>(side(&data), std::max<size_t>(1, kMostPixels / width)));
  const size_t gap = data.ConsumeBool() ? data.ConsumeIntegralInRange<size_t>(0, 9) : 0;
  const size_t stride = static_cast<size_t>(width) * 3 + gap;
  // To the byte, so that a read beyond the last pixel is seen.
  const size_t count = stride * (height - 1) + static_cast<size_t>(width) * 3;
  const std::unique_ptr<uint8_t[]> pixels(new uint8_t[count]);
  for (size_t i = 0; i < count; ++i) pixels[i] = static_cast<uint8_t>(i * 31);
  RgbView image{pixels.get(), width, height, gap == 0 ? 0 : stride};
  const int resize = length(&data);
  const int crop = length(&data);
  const resnet_ft::Fitting how{data.PickValueInArray({Fit::kCrop, Fit::kPad, Fit::kStretch}),
                               data.PickValueInArray({Filter::kBilinear, Filter::kBicubic})};
  if (data.ConsumeBool()) {
    resnet_ft::RandomResizedCropOptions options;
    options.least_scale = data.ConsumeFloatingPointInRange<double>(0, 1);
    options.most_scale = data.ConsumeFloatingPointInRange<double>(0, 1);
    options.least_ratio = data.ConsumeFloatingPointInRange<double>(0, 100);
    options.most_ratio = data.ConsumeFloatingPointInRange<double>(0, 1000);
    const auto uniform = [&data] { return data.ConsumeFloatingPointInRange<float>(0, 0.99999994F); };
    const Window window = resnet_ft::random_resized_crop(width, height, options, uniform);
    if (!window.lies_in(width, height)) __builtin_trap();
    image = image.part(window);
  }
  if (is_costly(image, resize, crop, how.fit)) return 0;
  try {
    const RgbImage out = resnet_ft::resize_and_fit(image, resize, crop, how);
    check(out);
    if (crop > 0 && (out.width != crop || out.height != crop)) __builtin_trap();
  } catch (const std::invalid_argument&) {
    // No such image.
  }
  return 0;
}
