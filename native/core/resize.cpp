#include "core/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/resize_lines.h"
#include "core/resize_weights.h"

namespace resnet_ft {
namespace {

// Output pixels whose weights are in memory at the same time: all of a usual crop, and not all of a line of millions.
constexpr int kWeightsAtOnce = 1024;

// Pixels of the largest result, as many as the largest crop has: 805 MB.
constexpr double kMostPixels = 16384.0 * 16384.0;

struct Size {
  int width;
  int height;
};

// The part of a side that a centred crop keeps (Python's round, half to even).
Span centre(int size, int crop) {
  if (crop <= 0 || crop >= size) return {0, size};
  return {static_cast<int>(std::nearbyint((size - crop) / 2.0)), crop};
}

// torchvision's Resize: the short side becomes `resize`, the long one int(resize * long / short). Throws where there is
// no such image: Pillow has none of these sizes either, or the caller wants all of more pixels than memory should hold.
Size resized_size(RgbView image, int resize, int crop, Filter filter) {
  if (resize <= 0) return {image.width, image.height};
  const bool upright = image.width <= image.height;
  const int shorter = std::min(image.width, image.height);
  const int longer = std::max(image.width, image.height);
  const double becomes = std::floor(static_cast<double>(resize) * longer / shorter);
  const bool fits = Axis::has_weights(shorter, resize, filter) && Axis::has_weights(longer, becomes, filter);
  if (!fits || (crop <= 0 && becomes * resize > kMostPixels)) {
    const std::string sides[] = {std::to_string(resize), std::to_string(static_cast<int64_t>(becomes))};
    throw std::invalid_argument("the image is " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                                ": resized to " + sides[upright ? 0 : 1] + " x " + sides[upright ? 1 : 0] +
                                " it is too large");
  }
  const int side = static_cast<int>(becomes);
  return {upright ? resize : side, upright ? side : resize};
}

// Calls `work` with the weights of `keep`, and where they begin in it, part by part.
template <class Work>
void with_weights(const Axis& axis, Span keep, const Work& work) {
  for (int done = 0; done < keep.length; done += kWeightsAtOnce)
    work(axis.weights({keep.offset + done, std::min(kWeightsAtOnce, keep.length - done)}), static_cast<size_t>(done));
}

// Columns `keep` of the horizontally resized rows `rows`, of an image whose column 0 is the axis's pixel `column0`.
std::vector<uint8_t> resize_rows(RgbView image, int column0, const Axis& axis, Span keep, Span rows) {
  const size_t stride = image.line_bytes();
  const uint8_t* end = image.data + (image.height - 1) * stride + static_cast<size_t>(image.width) * 3;
  const size_t width = static_cast<size_t>(keep.length) * 3;
  std::vector<uint8_t> out(rows.length * width);
  std::vector<uint8_t> padded;
  with_weights(axis, keep, [&](const Weights& w, size_t done) {
    const LineResizer resizer(w.first.data(), w.count.data(), w.weight.data(), w.window,
                              static_cast<int>(w.first.size()));
    const size_t begin = static_cast<size_t>(w.inputs.offset - column0) * 3;
    const size_t bytes = static_cast<size_t>(w.inputs.length) * 3;
    for (int y = 0; y < rows.length; ++y) {
      const uint8_t* line = image.data + (rows.offset + y) * stride + begin;
      if (static_cast<size_t>(end - line) < bytes + resizer.reads_beyond()) {
        padded.assign(line, line + bytes);
        padded.resize(bytes + resizer.reads_beyond());
        line = padded.data();
      }
      resizer.resize(line, out.data() + y * width + done * 3);
    }
  });
  return out;
}

// Rows `keep` of the vertically resized lines: `bytes` of each, which begin `stride` apart, the first at the axis's
// pixel `row0`.
std::vector<uint8_t> resize_columns(const uint8_t* lines, size_t stride, size_t bytes, int row0, const Axis& axis,
                                    Span keep) {
  std::vector<uint8_t> out(keep.length * bytes);
  with_weights(axis, keep, [&](const Weights& w, size_t done) {
    for (size_t y = 0; y < w.first.size(); ++y) {
      add_lines(lines + (w.inputs.offset - row0 + w.first[y]) * stride, stride, bytes, w.weight.data() + y * w.window,
                w.count[y], out.data() + (done + y) * bytes);
    }
  });
  return out;
}

std::vector<uint8_t> cut(RgbView image, Span columns, Span rows) {
  std::vector<uint8_t> out(static_cast<size_t>(rows.length) * columns.length * 3);
  for (int y = 0; y < rows.length; ++y) {
    const uint8_t* line = image.data + (rows.offset + y) * image.line_bytes() + static_cast<size_t>(columns.offset) * 3;
    std::memcpy(out.data() + static_cast<size_t>(y) * columns.length * 3, line,
                static_cast<size_t>(columns.length) * 3);
  }
  return out;
}

// The image on a black one of another size.
RgbImage on_black(const RgbImage& image, Size size, int left, int top) {
  RgbImage out{size.width, size.height, {}};
  out.data.assign(static_cast<size_t>(out.width) * out.height * 3, 0);
  for (int y = 0; y < image.height; ++y) {
    std::memcpy(out.data.data() + (static_cast<size_t>(top + y) * out.width + left) * 3,
                image.data.data() + static_cast<size_t>(y) * image.width * 3, static_cast<size_t>(image.width) * 3);
  }
  return out;
}

// torchvision's CenterCrop pads a smaller image with zeros, the odd pixel on the right and at the bottom.
RgbImage pad(RgbImage image, int crop) {
  if (crop <= 0 || (image.width >= crop && image.height >= crop)) return image;
  const Size size{std::max(crop, image.width), std::max(crop, image.height)};
  return on_black(image, size, (size.width - image.width) / 2, (size.height - image.height) / 2);
}

// Pillow 13.0.0 (Resample.c, ImagingResampleInner) goes vertically first where the height falls by more than twice what
// the width does; before that it never did.
bool vertically_first(const Axis& across, const Axis& down) {
  return down.shrinks_by() > 0 && down.shrinks_by() > 2 * across.shrinks_by();
}

// `columns` and `rows` of the image in another size.
RgbImage resized(RgbView image, Size size, Span columns, Span rows, Filter filter) {
  const Axis across(image.width, size.width, filter);
  const Axis down(image.height, size.height, filter);
  // Each pass makes only what the next one reads, so that what is between them is no larger than the image or the crop.
  const Span columns_read = across.inputs(columns);
  const Span rows_read = down.inputs(rows);
  const size_t bytes = static_cast<size_t>(columns.length) * 3;

  std::vector<uint8_t> out;
  if (vertically_first(across, down)) {
    out = resize_columns(image.data + static_cast<size_t>(columns_read.offset) * 3, image.line_bytes(),
                         static_cast<size_t>(columns_read.length) * 3, 0, down, rows);
    const RgbView lines{out.data(), columns_read.length, rows.length};
    if (across.resizes()) out = resize_rows(lines, columns_read.offset, across, columns, {0, rows.length});
  } else {
    out = across.resizes() ? resize_rows(image, 0, across, columns, rows_read) : cut(image, columns, rows_read);
    if (down.resizes()) out = resize_columns(out.data(), bytes, bytes, rows_read.offset, down, rows);
  }
  return {columns.length, rows.length, std::move(out)};
}

void require_pixels(RgbView image) {
  if (image.width <= 0 || image.height <= 0) throw std::invalid_argument("an image must have at least one pixel");
}

void require_square(RgbView image, int side, Filter filter) {
  require_pixels(image);
  if (side <= 0 || !Axis::has_weights(image.width, side, filter) || !Axis::has_weights(image.height, side, filter))
    throw std::invalid_argument("there is no square of " + std::to_string(side) + " pixels of such an image");
}

// Python's round, half to even.
int rounded(double value) { return static_cast<int>(std::nearbyint(value)); }

}  // namespace

RgbImage resize_and_crop(RgbView image, int resize, int crop, Filter filter) {
  require_pixels(image);
  const Size size = resized_size(image, resize, crop, filter);
  return pad(resized(image, size, centre(size.width, crop), centre(size.height, crop), filter), crop);
}

RgbImage resize_to_square(RgbView image, int side, Filter filter) {
  require_square(image, side, filter);
  return resized(image, {side, side}, {0, side}, {0, side}, filter);
}

RgbImage resize_and_pad(RgbView image, int side, Filter filter) {
  require_square(image, side, filter);
  Size size{side, side};
  if (image.width > image.height) size.height = rounded(static_cast<double>(image.height) / image.width * side);
  if (image.width < image.height) size.width = rounded(static_cast<double>(image.width) / image.height * side);
  // Of a strip so thin that no line of it is left, Pillow makes a black image.
  if (size.width == 0 || size.height == 0) return on_black({0, 0, {}}, {side, side}, 0, 0);
  RgbImage whole = resized(image, size, {0, size.width}, {0, size.height}, filter);
  if (size.width == size.height) return whole;
  return on_black(whole, {side, side}, rounded((side - size.width) / 2.0), rounded((side - size.height) / 2.0));
}

RgbImage resize_and_fit(RgbView image, int resize, int crop, Fitting how) {
  if (how.fit == Fit::kPad) return resize_and_pad(image, crop, how.filter);
  if (how.fit == Fit::kStretch) return resize_to_square(image, crop, how.filter);
  return resize_and_crop(image, resize, crop, how.filter);
}

}  // namespace resnet_ft
