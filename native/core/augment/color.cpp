#include "core/augment/color.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace resnet_ft {
namespace {

// Image.blend of one byte, `factor` of the way from `from` to `to`, in float32; what is beyond a byte is cut off only
// where it can be, as only there the factor lies outside 0 to 1.
uint8_t blended(uint8_t from, uint8_t to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(int{to} - int{from});
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

// `from(at)`: the byte that stands at `at` in the image that is blended with.
template <class From>
void blend(RgbImage* image, double factor, const From& from) {
  const auto share = static_cast<float>(factor);
  if (share == 1) return;
  const size_t count = image->data.size();
  uint8_t* const bytes = image->data.data();
  for (size_t at = 0; at < count; ++at) bytes[at] = blended(from(at), bytes[at], share);
}

// The luma of ITU-R BT.601 in 16 bits.
uint8_t gray_of(const uint8_t* pixel) {
  return static_cast<uint8_t>((pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16);
}

std::vector<uint8_t> gray_of(const RgbImage& image) {
  std::vector<uint8_t> gray(image.data.size() / 3);
  for (size_t i = 0; i < gray.size(); ++i) gray[i] = gray_of(image.data.data() + 3 * i);
  return gray;
}

struct Hsv {
  uint8_t hue, saturation, value;
};

// Pillow's RGB to HSV: float32, but double where a whole number of turns is added.
Hsv hsv_of(const uint8_t* pixel) {
  const int r = pixel[0];
  const int g = pixel[1];
  const int b = pixel[2];
  const int most = std::max({r, g, b});
  const int least = std::min({r, g, b});
  if (most == least) return {0, 0, static_cast<uint8_t>(most)};
  const auto range = static_cast<float>(most - least);
  const float saturation = range / static_cast<float>(most);
  const float from_red = static_cast<float>(most - r) / range;
  const float from_green = static_cast<float>(most - g) / range;
  const float from_blue = static_cast<float>(most - b) / range;
  float sixths = 0;
  if (r == most) {
    sixths = from_blue - from_green;
  } else if (g == most) {
    sixths = static_cast<float>(2.0 + from_red - from_blue);
  } else {
    sixths = static_cast<float>(4.0 + from_green - from_red);
  }
  const auto turn = static_cast<float>(std::fmod(sixths / 6.0 + 1.0, 1.0));
  return {static_cast<uint8_t>(turn * 255.0), static_cast<uint8_t>(saturation * 255.0), static_cast<uint8_t>(most)};
}

uint8_t rounded(double value) { return static_cast<uint8_t>(std::clamp(std::round(value), 0.0, 255.0)); }

void write_rgb(const Hsv& color, uint8_t* pixel) {
  const uint8_t v = color.value;
  if (color.saturation == 0) {
    std::fill_n(pixel, 3, v);
    return;
  }
  const double sixths = static_cast<float>(color.hue) * 6.0 / 255.0;
  const int sector = static_cast<int>(std::floor(sixths));
  const auto rest = static_cast<float>(sixths - static_cast<float>(sector));
  const auto saturation = static_cast<float>(color.saturation / 255.0);
  const auto value = static_cast<float>(v);
  const uint8_t low = rounded(value * (1.0 - saturation));
  const uint8_t falling = rounded(value * (1.0 - saturation * rest));
  const uint8_t rising = rounded(value * (1.0 - saturation * (1.0 - rest)));
  const std::array<std::array<uint8_t, 3>, 6> sectors = {
      {{v, rising, low}, {falling, v, low}, {low, v, rising}, {low, falling, v}, {rising, low, v}, {v, low, falling}}};
  std::copy_n(sectors[static_cast<size_t>(sector % 6)].begin(), 3, pixel);
}

}  // namespace

void adjust_brightness(RgbImage* image, double factor) {
  blend(image, factor, [](size_t) { return uint8_t{0}; });
}

void adjust_contrast(RgbImage* image, double factor) {
  if (image->data.empty()) return;
  const std::vector<uint8_t> gray = gray_of(*image);
  const double sum = std::accumulate(gray.begin(), gray.end(), 0.0);
  const auto mean = static_cast<uint8_t>(sum / static_cast<double>(gray.size()) + 0.5);
  blend(image, factor, [mean](size_t) { return mean; });
}

void adjust_saturation(RgbImage* image, double factor) {
  const auto share = static_cast<float>(factor);
  if (share == 1) return;
  uint8_t* const end = image->data.data() + image->data.size();
  for (uint8_t* pixel = image->data.data(); pixel < end; pixel += 3) {
    const uint8_t gray = gray_of(pixel);
    for (size_t c = 0; c < 3; ++c) pixel[c] = blended(gray, pixel[c], share);
  }
}

void adjust_hue(RgbImage* image, double turns) {
  const auto shift = static_cast<uint8_t>(static_cast<int32_t>(turns * 255));
  uint8_t* const end = image->data.data() + image->data.size();
  for (uint8_t* pixel = image->data.data(); pixel < end; pixel += 3) {
    Hsv color = hsv_of(pixel);
    color.hue = static_cast<uint8_t>(color.hue + shift);
    write_rgb(color, pixel);
  }
}

// Pillow's filter SMOOTH: 5 of 13 parts are the pixel's own, 1 each of its eight neighbours'; pixels of the border
// stay. It sums in float32, but no sum of 13ths is near enough to a half for that to matter.
void adjust_sharpness(RgbImage* image, double factor) {
  const int width = image->width;
  const int height = image->height;
  std::vector<uint8_t> smooth = image->data;
  const int line = 3 * width;
  for (int y = 1; y < height - 1; ++y) {
    const uint8_t* const middle = image->data.data() + static_cast<size_t>(y) * line;
    const uint8_t* const above = middle - line;
    const uint8_t* const below = middle + line;
    uint8_t* const out = smooth.data() + static_cast<size_t>(y) * line;
    for (int x = 3; x < line - 3; ++x) {
      const int sum = above[x - 3] + above[x] + above[x + 3] + middle[x - 3] + 5 * middle[x] + middle[x + 3] +
                      below[x - 3] + below[x] + below[x + 3];
      out[x] = static_cast<uint8_t>((2 * sum + 13) / 26);
    }
  }
  blend(image, factor, [&](size_t at) { return smooth[at]; });
}

void to_grayscale(RgbImage* image) {
  uint8_t* const end = image->data.data() + image->data.size();
  for (uint8_t* pixel = image->data.data(); pixel < end; pixel += 3) std::fill_n(pixel, 3, gray_of(pixel));
}

}  // namespace resnet_ft
