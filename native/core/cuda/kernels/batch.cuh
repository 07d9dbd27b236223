// Crops that lie on the device to a normalised batch, in one go: gathered, mirrored, and in the type of the network.
#pragma once

#include "core/cuda/kernels/storage.cuh"

namespace resnet_ft {

// Image n of `out` is (byte / 255 - mean) / std of crop rows[n] (of crop n where `rows` is null), from right to left
// where mirrored[n] is not 0 (`mirrored` may be null); true divisions in float32, as ToTensor and Normalize do them.
// `numbers`: bytes of an image, width x height x 3, a multiple of kWidth.
//
// A thread makes kWidth neighbouring numbers of an image, so that a warp writes 512 bytes in a row; what it reads is a
// quarter to a half of that, is in a row too, and comes from the L1 cache after the first byte. Blocks of 256 threads:
// blockIdx.x goes along an image, blockIdx.y over images.
template <class T, int kWidth>
__global__ void __launch_bounds__(256)
    normalised_batch(const unsigned char* crops, const int64* rows, const unsigned char* mirrored, T* out, int count,
                     int numbers, int width, float mean0, float mean1, float mean2, float std0, float std1,
                     float std2) {
  const int first = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kWidth;
  if (first >= numbers) return;
  for (int n = static_cast<int>(blockIdx.y); n < count; n += static_cast<int>(gridDim.y)) {
    const unsigned char* const crop = crops + (rows == nullptr ? n : rows[n]) * numbers;
    const bool mirror = mirrored != nullptr && mirrored[n] != 0;
    const int pixel = first / 3;
    int channel = first - 3 * pixel;
    int line = pixel / width;
    int column = pixel - line * width;
    float values[kWidth];
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      const int from = (line * width + (mirror ? width - 1 - column : column)) * 3 + channel;
      const float mean = channel == 0 ? mean0 : channel == 1 ? mean1 : mean2;
      const float std = channel == 0 ? std0 : channel == 1 ? std1 : std2;
      values[k] = (static_cast<float>(crop[from]) / 255.0F - mean) / std;
      if (++channel == 3) {
        channel = 0;
        if (++column == width) {
          column = 0;
          ++line;
        }
      }
    }
    Pack<T, kWidth> pack;
    pack.set(values);
    pack.write(out + static_cast<int64>(n) * numbers + first);
  }
}

}  // namespace resnet_ft
