#include "core/resize_lines.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define RESNET_FT_AVX2 1
#endif

namespace resnet_ft {
namespace {

constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);
constexpr int kLowBits = kPrecisionBits / 2;

uint8_t clip8(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }

void add_bytes(const uint8_t* lines, size_t stride, size_t bytes, const int32_t* weight, int count, uint8_t* out) {
  std::array<int32_t, 4096> sums;
  for (size_t begin = 0; begin < bytes; begin += sums.size()) {
    const size_t size = std::min(sums.size(), bytes - begin);
    std::fill_n(sums.begin(), size, kHalf);
    for (int i = 0; i < count; ++i) {
      const uint8_t* line = lines + i * stride + begin;
      for (size_t x = 0; x < size; ++x) sums[x] += line[x] * weight[i];
    }
    for (size_t x = 0; x < size; ++x) out[begin + x] = clip8(sums[x]);
  }
}

#ifdef RESNET_FT_AVX2

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}

// A product of 16 bits with 16 is exact in 32, and vpmaddwd adds two of them. A weight has 23 bits, so its halves are
// multiplied apart. One vector holds four taps: two in each half of it, red, green and blue side by side.
__attribute__((target("avx2"))) void resize_avx2(const uint8_t* line, const int* first, const int16_t* weight,
                                                 int groups, int length, uint8_t* out) {
  const __m256i spread = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                          6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  for (int x = 0; x < length; ++x, out += 3) {
    const uint8_t* pixel = line + static_cast<size_t>(first[x]) * 3;
    __m256i low = _mm256_setzero_si256();
    __m256i high = low;
    for (int g = 0; g < groups; ++g, pixel += 12, weight += 32) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixel));
      const __m256i taps = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), spread);
      const auto* w = reinterpret_cast<const __m256i*>(weight);
      low = _mm256_add_epi32(low, _mm256_madd_epi16(taps, _mm256_loadu_si256(w)));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(taps, _mm256_loadu_si256(w + 1)));
    }
    const __m256i both = _mm256_add_epi32(low, _mm256_slli_epi32(high, kLowBits));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)), kPrecisionBits);
    sum = _mm_packs_epi32(sum, sum);
    const int32_t rgbx = _mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
    std::memcpy(out, &rgbx, x + 1 < length ? sizeof rgbx : 3);  // the fourth byte is overwritten by the next pixel
  }
}

// As many bytes of add_bytes as fill vectors; returns how many.
__attribute__((target("avx2"))) size_t add_avx2(const uint8_t* lines, size_t stride, size_t bytes,
                                                const int32_t* weight, int count, uint8_t* out) {
  size_t x = 0;
  for (; x + 16 <= bytes; x += 16) {
    __m256i left = _mm256_set1_epi32(kHalf);
    __m256i right = left;
    for (int i = 0; i < count; ++i) {
      const __m128i line = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lines + i * stride + x));
      const __m256i w = _mm256_set1_epi32(weight[i]);
      left = _mm256_add_epi32(left, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(line), w));
      right = _mm256_add_epi32(right, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_srli_si128(line, 8)), w));
    }
    const __m256i words =
        _mm256_packs_epi32(_mm256_srai_epi32(left, kPrecisionBits), _mm256_srai_epi32(right, kPrecisionBits));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
    const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + x), packed);
  }
  return x;
}

#endif

}  // namespace

LineResizer::LineResizer(const int* first, const int* count, const int32_t* weight, int window, int length)
    : first_(first),
      count_(count),
      weight_(weight),
      window_(window),
      length_(length),
      groups_((*std::max_element(count, count + length) + 3) / 4) {
#ifdef RESNET_FT_AVX2
  if (has_avx2()) pack();
#endif
}

// The same number of taps for every pixel, some with a weight of 0, makes a loop without jumps.
// Of each group of four taps: the low halves of their weights, then the high ones, each in the order of `spread`.
void LineResizer::pack() {
  packed_.assign(static_cast<size_t>(length_) * groups_ * 32, 0);
  for (int x = 0; x < length_; ++x) {
    for (int i = 0; i < count_[x]; ++i) {
      const int32_t w = weight_[static_cast<size_t>(x) * window_ + i];
      int16_t* group = packed_.data() + (static_cast<size_t>(x) * groups_ + i / 4) * 32;
      for (int channel = 0; channel < 3; ++channel) {
        const int lane = (i % 4 / 2) * 8 + channel * 2 + i % 2;
        group[lane] = static_cast<int16_t>(w & ((1 << kLowBits) - 1));
        group[16 + lane] = static_cast<int16_t>(w >> kLowBits);
      }
    }
  }
}

void LineResizer::resize(const uint8_t* line, uint8_t* out) const {
#ifdef RESNET_FT_AVX2
  if (!packed_.empty()) return resize_avx2(line, first_, packed_.data(), groups_, length_, out);
#endif
  const int32_t* weight = weight_;
  for (int x = 0; x < length_; ++x, weight += window_, out += 3) {
    const uint8_t* pixel = line + static_cast<size_t>(first_[x]) * 3;
    int32_t r = kHalf, g = kHalf, b = kHalf;
    for (int i = 0; i < count_[x]; ++i, pixel += 3) {
      r += pixel[0] * weight[i];
      g += pixel[1] * weight[i];
      b += pixel[2] * weight[i];
    }
    out[0] = clip8(r);
    out[1] = clip8(g);
    out[2] = clip8(b);
  }
}

void add_lines(const uint8_t* lines, size_t stride, size_t bytes, const int32_t* weight, int count, uint8_t* out) {
  size_t done = 0;
#ifdef RESNET_FT_AVX2
  if (has_avx2()) done = add_avx2(lines, stride, bytes, weight, count, out);
#endif
  if (done < bytes) add_bytes(lines + done, stride, bytes - done, weight, count, out + done);
}

}  // namespace resnet_ft
