// How numbers are stored, and how a thread reads and writes several of them at once. NVRTC compiles this without any
// include; in the tests a C++ compiler does, with test/cuda/emulation.h before it.
#pragma once

namespace resnet_ft {

using int64 = long long;  // NOLINT(runtime/int): NVRTC has no <cstdint>

// The upper half of a float32.
struct Bf16 {
  unsigned short bits;  // NOLINT(runtime/int)
};

__device__ inline float widened(float value) { return value; }
__device__ inline float widened(Bf16 value) { return __uint_as_float(static_cast<unsigned>(value.bits) << 16); }

// Rounds to nearest, ties to even; in the lower half of what it returns.
__device__ inline unsigned bf16_bits(float value) {
  if (value != value) return 0x7FC0U;
  const unsigned bits = __float_as_uint(value);
  return (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
}

// kWidth neighbouring numbers as they are in memory, so that several can be on their way before the first is needed.
// Where kWidth is not 1, they are 16 bytes, and aligned to that.
template <class T, int kWidth>
struct Pack;

template <>
struct Pack<Bf16, 8> {
  uint4 words;

  __device__ void read(const Bf16* from) { words = *reinterpret_cast<const uint4*>(from); }
  __device__ void write(Bf16* to) const { *reinterpret_cast<uint4*>(to) = words; }
  __device__ void get(float (&values)[8]) const {
    const unsigned all[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      values[2 * i] = __uint_as_float(all[i] << 16);
      values[2 * i + 1] = __uint_as_float(all[i] & 0xFFFF0000U);
    }
  }
  __device__ void set(const float (&values)[8]) {
    unsigned all[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) all[i] = bf16_bits(values[2 * i]) | (bf16_bits(values[2 * i + 1]) << 16);
    words = uint4{all[0], all[1], all[2], all[3]};
  }
};

template <>
struct Pack<float, 4> {
  uint4 words;

  __device__ void read(const float* from) { words = *reinterpret_cast<const uint4*>(from); }
  __device__ void write(float* to) const { *reinterpret_cast<uint4*>(to) = words; }
  __device__ void get(float (&values)[4]) const {
    values[0] = __uint_as_float(words.x);
    values[1] = __uint_as_float(words.y);
    values[2] = __uint_as_float(words.z);
    values[3] = __uint_as_float(words.w);
  }
  __device__ void set(const float (&values)[4]) {
    words = uint4{__float_as_uint(values[0]), __float_as_uint(values[1]), __float_as_uint(values[2]),
                  __float_as_uint(values[3])};
  }
};

template <>
struct Pack<Bf16, 1> {
  Bf16 one;

  __device__ void read(const Bf16* from) { one = *from; }
  __device__ void write(Bf16* to) const { *to = one; }
  __device__ void get(float (&values)[1]) const { values[0] = widened(one); }
  // NOLINTNEXTLINE(runtime/int)
  __device__ void set(const float (&values)[1]) { one.bits = static_cast<unsigned short>(bf16_bits(values[0])); }
};

template <>
struct Pack<float, 1> {
  float one;

  __device__ void read(const float* from) { one = *from; }
  __device__ void write(float* to) const { *to = one; }
  __device__ void get(float (&values)[1]) const { values[0] = one; }
  __device__ void set(const float (&values)[1]) { one = values[0]; }
};

}  // namespace resnet_ft
