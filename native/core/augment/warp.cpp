#include "core/augment/warp.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

constexpr double kPi = 3.14159265358979323846;

// As Python's math.radians.
double radians(double degrees) { return degrees * (kPi / 180.0); }

// Python's round(value, 15), which rounds the decimal digits.
double to_15_digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15f", value);
  return std::strtod(text.data(), nullptr);
}

// A result full of what stands where there is no image.
std::vector<uint8_t> filled(const RgbImage& image, const WarpStyle& style) {
  std::vector<uint8_t> out(image.data.size());
  for (size_t at = 0; at < out.size(); at += 3) std::copy_n(style.fill.begin(), 3, out.data() + at);
  return out;
}

// Pillow's nearest pixel without rotation: places are summed up from one pixel to the next, in double.
void scale_to_nearest(RgbImage* image, const AffineMatrix& m, std::vector<uint8_t>* out) {
  const int width = image->width;
  const int height = image->height;
  const auto pixel_of = [](double place) { return place < 0 ? -1 : static_cast<int>(std::min(place, 1e9)); };
  std::vector<int> columns(width);
  double x_place = m[2] + m[0] * 0.5;
  for (int x = 0; x < width; ++x, x_place += m[0]) columns[x] = pixel_of(x_place);
  double y_place = m[5] + m[4] * 0.5;
  for (int y = 0; y < height; ++y, y_place += m[4]) {
    const int line = pixel_of(y_place);
    if (line < 0 || line >= height) continue;
    const uint8_t* const from = image->data.data() + size_t{3} * line * width;
    uint8_t* const to = out->data() + size_t{3} * y * width;
    for (int x = 0; x < width; ++x) {
      if (columns[x] >= 0 && columns[x] < width) std::copy_n(from + size_t{3} * columns[x], 3, to + size_t{3} * x);
    }
  }
}

// Pillow's nearest pixel of a rotation: in whole numbers of 1/65536 pixel.
void turn_to_nearest(RgbImage* image, const AffineMatrix& m, std::vector<uint8_t>* out) {
  const int width = image->width;
  const int height = image->height;
  const auto fixed = [](double value) { return static_cast<int64_t>(std::floor(value * 65536.0 + 0.5)); };
  const std::array<int64_t, 4> step = {fixed(m[0]), fixed(m[1]), fixed(m[3]), fixed(m[4])};
  int64_t x_line = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5);
  int64_t y_line = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
  uint8_t* to = out->data();
  for (int y = 0; y < height; ++y, x_line += step[1], y_line += step[3]) {
    int64_t x_place = x_line;
    int64_t y_place = y_line;
    for (int x = 0; x < width; ++x, to += 3, x_place += step[0], y_place += step[2]) {
      const int64_t column = x_place >> 16;
      const int64_t line = y_place >> 16;
      if (column < 0 || column >= width || line < 0 || line >= height) continue;
      std::copy_n(image->data.data() + 3 * (line * width + column), 3, to);
    }
  }
}

void interpolate(RgbImage* image, const AffineMatrix& m, std::vector<uint8_t>* out) {
  const int width = image->width;
  const int height = image->height;
  uint8_t* to = out->data();
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column, to += 3) {
      double x = m[0] * (column + 0.5) + m[1] * (row + 0.5) + m[2];
      double y = m[3] * (column + 0.5) + m[4] * (row + 0.5) + m[5];
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      x -= 0.5;
      y -= 0.5;
      const int left = static_cast<int>(std::floor(x));
      const int top = static_cast<int>(std::floor(y));
      const double across = x - left;
      const double down = y - top;
      const auto line = [&](int at) { return image->data.data() + size_t{3} * std::clamp(at, 0, height - 1) * width; };
      const auto offset = [&](int at) { return size_t{3} * std::clamp(at, 0, width - 1); };
      const uint8_t* const upper = line(top);
      // Below the last line there is nothing else.
      const uint8_t* const lower = top + 1 < height ? line(top + 1) : nullptr;
      for (size_t c = 0; c < 3; ++c) {
        const size_t first = offset(left) + c;
        const size_t second = offset(left + 1) + c;
        const double above = upper[first] + (upper[second] - upper[first]) * across;
        const double below = lower == nullptr ? above : lower[first] + (lower[second] - lower[first]) * across;
        to[c] = static_cast<uint8_t>(above + (below - above) * down);
      }
    }
  }
}

void turn_by_a_half(RgbImage* image) {
  flip_horizontally(image);
  flip_vertically(image);
}

// A square turned counter-clockwise by a quarter.
void turn_by_a_quarter(RgbImage* image) {
  const int side = image->width;
  std::vector<uint8_t> out(image->data.size());
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x)
      std::copy_n(image->data.data() + size_t{3} * (x * side + side - 1 - y), 3,
                  out.data() + size_t{3} * (y * side + x));
  }
  image->data = std::move(out);
}

}  // namespace

void flip_horizontally(RgbImage* image) {
  const size_t line = static_cast<size_t>(image->width) * 3;
  for (int y = 0; y < image->height; ++y) {
    uint8_t* const begin = image->data.data() + y * line;
    // All bytes of the line turned around, and those of each pixel back again.
    std::reverse(begin, begin + line);
    for (uint8_t* pixel = begin; pixel < begin + line; pixel += 3) std::swap(pixel[0], pixel[2]);
  }
}

void flip_vertically(RgbImage* image) {
  const size_t line = static_cast<size_t>(image->width) * 3;
  uint8_t* const begin = image->data.data();
  for (int y = 0; y < image->height / 2; ++y) {
    uint8_t* const upper = begin + y * line;
    std::swap_ranges(upper, upper + line, begin + (image->height - 1 - y) * line);
  }
}

void warp(RgbImage* image, const AffineMatrix& matrix, const WarpStyle& style) {
  if (image->data.empty()) return;
  std::vector<uint8_t> out = filled(*image, style);
  if (style.bilinear) {
    interpolate(image, matrix, &out);
  } else if (matrix[1] == 0 && matrix[3] == 0) {
    scale_to_nearest(image, matrix, &out);
  } else {
    turn_to_nearest(image, matrix, &out);
  }
  image->data = std::move(out);
}

void rotate(RgbImage* image, double degrees, const WarpStyle& style) {
  // Python's modulo has the sign of 360.
  double angle = std::fmod(degrees, 360.0);
  if (angle < 0) angle += 360.0;
  if (angle == 0) return;
  if (angle == 180) return turn_by_a_half(image);
  if ((angle == 90 || angle == 270) && image->width == image->height) {
    if (angle == 270) turn_by_a_half(image);
    return turn_by_a_quarter(image);
  }
  const double x = image->width / 2.0;
  const double y = image->height / 2.0;
  const double a = -radians(angle);
  AffineMatrix m = {to_15_digits(std::cos(a)),  to_15_digits(std::sin(a)), 0,
                    to_15_digits(-std::sin(a)), to_15_digits(std::cos(a)), 0};
  m[2] = m[0] * -x + m[1] * -y + x;
  m[5] = m[3] * -x + m[4] * -y + y;
  warp(image, m, style);
}

void affine(RgbImage* image, const AffineParameters& parameters, double center_x, double center_y,
            const WarpStyle& style) {
  const double turn = radians(parameters.degrees);
  const double sx = radians(parameters.shear_x);
  const double sy = radians(parameters.shear_y);
  const double a = std::cos(turn - sy) / std::cos(sy);
  const double b = -std::cos(turn - sy) * std::tan(sx) / std::cos(sy) - std::sin(turn);
  const double c = std::sin(turn - sy) / std::cos(sy);
  const double d = -std::sin(turn - sy) * std::tan(sx) / std::cos(sy) + std::cos(turn);
  AffineMatrix m = {d, -b, 0, -c, a, 0};
  for (double& value : m) value /= parameters.scale;
  m[2] += m[0] * (-center_x - parameters.translate_x) + m[1] * (-center_y - parameters.translate_y);
  m[5] += m[3] * (-center_x - parameters.translate_x) + m[4] * (-center_y - parameters.translate_y);
  m[2] += center_x;
  m[5] += center_y;
  warp(image, m, style);
}

void affine(RgbImage* image, const AffineParameters& parameters, const WarpStyle& style) {
  affine(image, parameters, image->width * 0.5, image->height * 0.5, style);
}

}  // namespace resnet_ft
