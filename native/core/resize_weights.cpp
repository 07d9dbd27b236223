#include "core/resize_weights.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <vector>

#include "core/resize_lines.h"

namespace resnet_ft {
namespace {

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// Keys's cubic of a = -0.5, in Pillow's order of operations.
double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * kA : 0.0;
}

// Half the width of a filter, in its own unit.
double reach(Filter filter) { return filter == Filter::kBicubic ? 2.0 : 1.0; }

// Pillow hands the size over as a float, which counts every pixel of up to 16 million.
double scale_of(int in, double out) { return static_cast<double>(static_cast<float>(in)) / out; }

// Pixels that one is made of; where an image grows, as if it kept its size.
double support_of(double scale, Filter filter) { return reach(filter) * std::max(scale, 1.0); }

double window_of(double support) { return std::ceil(support) * 2 + 1; }

}  // namespace

Axis::Axis(int in, int out, Filter filter)
    : in_(in),
      out_(out),
      filter_(filter),
      scale_(scale_of(in, out)),
      stretch_(std::max(scale_, 1.0)),
      support_(support_of(scale_, filter)) {}

bool Axis::has_weights(int in, double out, Filter filter) {
  constexpr double kBytesPerWeight = 8;
  return out * window_of(support_of(scale_of(in, out), filter)) * kBytesPerWeight <= INT_MAX;
}

int Axis::first(int x) const { return std::max(static_cast<int>(center(x) - support_ + 0.5), 0); }
int Axis::end(int x) const { return std::min(static_cast<int>(center(x) + support_ + 0.5), in_); }

Span Axis::inputs(Span keep) const {
  if (!resizes()) return keep;
  const int begin = first(keep.offset);
  return {begin, end(keep.offset + keep.length - 1) - begin};
}

Weights Axis::weights(Span keep) const {
  const double inverse = 1.0 / stretch_;
  const auto filter = filter_ == Filter::kBicubic ? cubic : triangle;
  Weights w;
  w.inputs = inputs(keep);
  w.window = static_cast<int>(window_of(support_));
  w.first.resize(keep.length);
  w.count.resize(keep.length);
  w.weight.assign(static_cast<size_t>(keep.length) * w.window, 0);
  std::vector<double> k(w.window);
  for (int i = 0; i < keep.length; ++i) {
    const int x = keep.offset + i;
    const int begin = first(x);
    const int count = end(x) - begin;
    double total = 0.0;
    for (int j = 0; j < count; ++j) total += k[j] = filter((j + begin - center(x) + 0.5) * inverse);
    int32_t* weight = w.weight.data() + static_cast<size_t>(i) * w.window;
    for (int j = 0; j < count; ++j) {
      const double share = total != 0.0 ? k[j] / total : k[j];
      weight[j] = static_cast<int32_t>((share < 0 ? -0.5 : 0.5) + share * (1 << kPrecisionBits));
    }
    w.first[i] = begin - w.inputs.offset;
    w.count[i] = count;
  }
  return w;
}

}  // namespace resnet_ft
