// The inner loops of the resize: with AVX2 where the machine has it. Sums of integers are the same in any order, so
// that every kind gives the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace resnet_ft {

// Pillow, src/libImaging/Resample.c: 8-bit results of fixed point sums with this many fractional bits.
constexpr int kPrecisionBits = 32 - 8 - 2;

// Resizes lines of RGB pixels, all by the same weights.
class LineResizer {
 public:
  // Output pixel x is the sum of count[x] pixels from first[x] on, by weight[x * window + i], a share
  // of 2^kPrecisionBits; those of a filter that overshoots are below 0 too.
  // The arrays must outlive the resizer.
  LineResizer(const int* first, const int* count, const int32_t* weight, int window, int length);

  // Bytes behind a line that `resize` may read, without an effect.
  size_t reads_beyond() const { return static_cast<size_t>(groups_) * 12 + 16; }
  void resize(const uint8_t* line, uint8_t* out) const;

 private:
  void pack();

  const int* first_;
  const int* count_;
  const int32_t* weight_;
  int window_, length_, groups_;
  std::vector<int16_t> packed_;  // length x groups of four taps, as resize_avx2 reads them; empty where it does not run
};

// `bytes` of one line, the sum of those of `count` lines by weight, which begin `stride` bytes apart.
void add_lines(const uint8_t* lines, size_t stride, size_t bytes, const int32_t* weight, int count, uint8_t* out);

}  // namespace resnet_ft
