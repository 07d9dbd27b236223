#include "core/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/resize_lines.h"

namespace resnet_ft {
namespace {

struct Coefficients {
  int window = 0;               // weights kept per output pixel
  std::vector<int> first;       // first input pixel of each output pixel
  std::vector<int> count;       // number of input pixels of each output pixel
  std::vector<int32_t> weight;  // output x window
};

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

Coefficients coefficients(int in_size, int out_size) {
  const double scale = static_cast<double>(in_size) / out_size;
  const double filter_scale = std::max(scale, 1.0);
  const double support = 1.0 * filter_scale;
  const double inverse = 1.0 / filter_scale;
  Coefficients c;
  c.window = static_cast<int>(std::ceil(support)) * 2 + 1;
  c.first.resize(out_size);
  c.count.resize(out_size);
  c.weight.assign(static_cast<size_t>(out_size) * c.window, 0);
  std::vector<double> k(c.window);
  for (int x = 0; x < out_size; ++x) {
    const double center = (x + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), in_size) - first;
    double total = 0.0;
    for (int i = 0; i < count; ++i) {
      k[i] = triangle((i + first - center + 0.5) * inverse);
      total += k[i];
    }
    for (int i = 0; i < count; ++i) {
      const double w = total != 0.0 ? k[i] / total : k[i];
      c.weight[static_cast<size_t>(x) * c.window + i] = static_cast<int32_t>(0.5 + w * (1 << kPrecisionBits));
    }
    c.first[x] = first;
    c.count[x] = count;
  }
  return c;
}

// Offset and length of the part of `size` that a centred crop keeps (Python's round, half to even).
struct Span {
  int offset;
  int length;
};

Span centre(int size, int crop) {
  if (crop <= 0 || crop >= size) return {0, size};
  return {static_cast<int>(std::nearbyint((size - crop) / 2.0)), crop};
}

// Columns `keep` of the horizontally resized rows [row0, row0 + rows).
std::vector<uint8_t> resize_rows(RgbView image, const Coefficients& c, Span keep, int row0, int rows) {
  const size_t stride = static_cast<size_t>(image.width) * 3;
  const size_t width = static_cast<size_t>(keep.length) * 3;
  const LineResizer resizer(c.first.data() + keep.offset, c.count.data() + keep.offset,
                            c.weight.data() + static_cast<size_t>(keep.offset) * c.window, c.window, keep.length);
  std::vector<uint8_t> out(rows * width + 1);  // one for the write behind the last pixel
  std::vector<uint8_t> padded;
  for (int y = 0; y < rows; ++y) {
    const uint8_t* line = image.data + (row0 + y) * stride;
    if ((image.height - row0 - y - 1) * stride < resizer.reads_beyond()) {
      padded.assign(line, line + stride);
      padded.resize(stride + resizer.reads_beyond());
      line = padded.data();
    }
    resizer.resize(line, out.data() + y * width);
  }
  out.pop_back();
  return out;
}

// Rows `keep` of the vertically resized image whose line 0 is input row `row0`; `stride` bytes a line.
std::vector<uint8_t> resize_columns(const std::vector<uint8_t>& lines, const Coefficients& c, Span keep, int row0,
                                    size_t stride) {
  std::vector<uint8_t> out(keep.length * stride);
  for (int y = 0; y < keep.length; ++y) {
    const int row = keep.offset + y;
    add_lines(lines.data() + (c.first[row] - row0) * stride, stride,
              c.weight.data() + static_cast<size_t>(row) * c.window, c.count[row], out.data() + y * stride);
  }
  return out;
}

std::vector<uint8_t> cut(RgbView image, Span columns, Span rows) {
  std::vector<uint8_t> out(static_cast<size_t>(rows.length) * columns.length * 3);
  for (int y = 0; y < rows.length; ++y) {
    const uint8_t* line = image.data + (static_cast<size_t>(rows.offset + y) * image.width + columns.offset) * 3;
    std::memcpy(out.data() + static_cast<size_t>(y) * columns.length * 3, line,
                static_cast<size_t>(columns.length) * 3);
  }
  return out;
}

// torchvision's CenterCrop pads a smaller image with zeros, the odd pixel on the right and at the bottom.
RgbImage pad(RgbImage image, int crop) {
  if (crop <= 0 || (image.width >= crop && image.height >= crop)) return image;
  RgbImage out{std::max(crop, image.width), std::max(crop, image.height), {}};
  out.data.assign(static_cast<size_t>(out.width) * out.height * 3, 0);
  const int left = (out.width - image.width) / 2;
  const int top = (out.height - image.height) / 2;
  for (int y = 0; y < image.height; ++y) {
    std::memcpy(out.data.data() + (static_cast<size_t>(top + y) * out.width + left) * 3,
                image.data.data() + static_cast<size_t>(y) * image.width * 3, static_cast<size_t>(image.width) * 3);
  }
  return out;
}

}  // namespace

RgbImage resize_and_crop(RgbView image, int resize, int crop) {
  if (image.width <= 0 || image.height <= 0) throw std::invalid_argument("an image must have at least one pixel");
  int width = image.width;
  int height = image.height;
  if (resize > 0) {
    // int(size * long / short), as torchvision computes the long side
    const bool upright = width <= height;
    const double shorter = upright ? width : height;
    const int longer = static_cast<int>(static_cast<double>(resize) * (upright ? height : width) / shorter);
    width = upright ? resize : longer;
    height = upright ? longer : resize;
  }
  const Span columns = centre(width, crop);
  const Span rows = centre(height, crop);
  const bool horizontal = width != image.width;
  const bool vertical = height != image.height;
  if (!horizontal && !vertical) return pad({columns.length, rows.length, cut(image, columns, rows)}, crop);

  // Only the input rows that the kept output rows are made of go through the horizontal pass.
  Coefficients down;
  int row0 = rows.offset;
  int row_count = rows.length;
  if (vertical) {
    down = coefficients(image.height, height);
    const int last = rows.offset + rows.length - 1;
    row0 = down.first[rows.offset];
    row_count = down.first[last] + down.count[last] - row0;
  }
  std::vector<uint8_t> lines = horizontal
                                   ? resize_rows(image, coefficients(image.width, width), columns, row0, row_count)
                                   : cut(image, columns, {row0, row_count});
  if (vertical) lines = resize_columns(lines, down, rows, row0, static_cast<size_t>(columns.length) * 3);
  return pad({columns.length, rows.length, std::move(lines)}, crop);
}

}  // namespace resnet_ft
