// How blocks share a matrix of rows (batch x height x width) by channels, and add up its columns.
//
// A thread has kWidth neighbouring channels, threads of equal threadIdx.y neighbouring groups of these (up to 32, so
// that a warp reads 128 to 512 bytes in a row), and threadIdx.y is the row that it begins with. blockIdx.x counts the
// groups of channels that a block has, blockIdx.y chunks of rows. There are three blocks of 256 threads for each
// multiprocessor (core/cuda/launch_shape.h): all run at once, each keeps kAhead reads of 16 bytes a thread on their
// way, which is what an H100's memory needs to be busy, and the sums of chunks are few enough for one small kernel to
// add. Nothing depends on which block runs first, so that the same numbers give the same sums, to the bit.
#pragma once

#include "core/cuda/kernels/storage.cuh"

namespace resnet_ft {

constexpr int kThreads = 256;
constexpr int kBlocksEach = 3;       // of a multiprocessor: at most 85 registers a thread
constexpr int kMergeThreads = 1024;  // 32 channels by 32 rows

// The rows and the first channel of a thread.
struct Share {
  int64 begin, end;  // of the chunk
  int channel;

  __device__ Share(int64 rows, int64 rows_per_chunk, int width) {
    begin = blockIdx.y * rows_per_chunk;
    end = begin + rows_per_chunk < rows ? begin + rows_per_chunk : rows;
    channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * width;
  }
};

// Of each of the values the sum over the threads of a column, which the first of these has afterwards. blockDim.y is a
// power of two, and all threads of the block must come here, once in a kernel.
template <int kCount, int kBlock>
__device__ inline void add_up_columns(float (&values)[kCount]) {
  __shared__ float held[kCount * kBlock];
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
  for (int k = 0; k < kCount; ++k) held[k * kBlock + thread] = values[k];
  for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y >= half) continue;
#pragma unroll
    for (int k = 0; k < kCount; ++k) held[k * kBlock + thread] += held[k * kBlock + thread + half * blockDim.x];
  }
#pragma unroll
  for (int k = 0; k < kCount; ++k) values[k] = held[k * kBlock + thread];
}

}  // namespace resnet_ft
