// Of what input pixels, and by what weights, Pillow makes the output pixels of one direction of a resize.
#pragma once

#include <cstdint>
#include <vector>

#include "core/resize.h"

namespace resnet_ft {

// Part of a side, in pixels.
struct Span {
  int offset = 0;
  int length = 0;
};

// The weights of some output pixels that stand side by side.
struct Weights {
  Span inputs;                  // the input pixels that they are made of
  int window = 0;               // weights kept per output pixel
  std::vector<int> first;       // first input pixel of each output pixel, counted from inputs.offset
  std::vector<int> count;       // number of input pixels of each output pixel
  std::vector<int32_t> weight;  // output x window, with kPrecisionBits bits after the point
};

// One direction of a resize with a filter of Pillow (Pillow 13.0.0, src/libImaging/Resample.c, precompute_coeffs).
class Axis {
 public:
  // `out` must be a size that `has_weights` accepts.
  Axis(int in, int out, Filter filter);
  // Whether Pillow can make this many pixels of `in`: its table of eight bytes a weight has at most INT_MAX bytes.
  static bool has_weights(int in, double out, Filter filter);

  bool resizes() const { return in_ != out_; }
  // Input and output pixels; how many fewer come out.
  int64_t shrinks_by() const { return int64_t{in_} - out_; }
  // What the output pixels `keep` are made of.
  Span inputs(Span keep) const;
  Weights weights(Span keep) const;

 private:
  double center(int x) const { return (x + 0.5) * scale_; }
  int first(int x) const;
  int end(int x) const;

  int in_;
  int out_;
  Filter filter_;
  double scale_;
  double stretch_;  // the filter's unit, in input pixels
  double support_;
};

}  // namespace resnet_ft
