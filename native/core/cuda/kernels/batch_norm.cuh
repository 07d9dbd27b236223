// Batch normalisation and what follows it, forward. x is rows x channels, as channels_last has it; who does what is
// said in columns.cuh.
#pragma once

#include "core/cuda/kernels/columns.cuh"

namespace resnet_ft {

// What follows a batch norm: nothing, ReLU, or residual add and ReLU.
constexpr int kNothing = 0;
constexpr int kRelu = 1;
constexpr int kAddRelu = 2;

// Not fmaxf: a NaN is to stay one.
__device__ inline float relu(float value) { return value <= 0.0F ? 0.0F : value; }

// Of each chunk and channel the mean and the sum of squared distances from it, both chunks x channels.
//
// Distances from the chunk's first row are what is added, so that a mean far from 0 costs no digits.
template <class T, int kWidth>
__global__ void __launch_bounds__(kThreads, kBlocksEach)
    batch_norm_statistics(const T* x, float* means, float* squares, int64 rows, int channels, int64 rows_per_chunk) {
  constexpr int kAhead = 4;
  const Share share(rows, rows_per_chunk, kWidth);
  const bool mine = share.channel < channels;
  float origin[kWidth] = {};
  float sums[2 * kWidth] = {};
  if (mine) {
    Pack<T, kWidth> pack;
    pack.read(x + share.begin * channels + share.channel);
    pack.get(origin);
    for (int64 row = share.begin + threadIdx.y; row < share.end; row += kAhead * blockDim.y) {
      Pack<T, kWidth> ahead[kAhead];
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        // Beyond the end the first row once more, whose distance is 0.
        const int64 at = row + i * blockDim.y < share.end ? row + i * blockDim.y : share.begin;
        ahead[i].read(x + at * channels + share.channel);
      }
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        float values[kWidth];
        ahead[i].get(values);
#pragma unroll
        for (int k = 0; k < kWidth; ++k) {
          const float distance = values[k] - origin[k];
          sums[k] += distance;
          sums[kWidth + k] = fmaf(distance, distance, sums[kWidth + k]);
        }
      }
    }
  }
  add_up_columns<2 * kWidth, kThreads>(sums);
  if (!mine || threadIdx.y != 0) return;
  const float count = static_cast<float>(share.end - share.begin);
#pragma unroll
  for (int k = 0; k < kWidth; ++k) {
    const int64 to = static_cast<int64>(blockIdx.y) * channels + share.channel + k;
    const float mean = sums[k] / count;
    const float left = sums[kWidth + k] - sums[k] * mean;
    means[to] = origin[k] + mean;
    squares[to] = left < 0.0F ? 0.0F : left;
  }
}

// The chunks' figures to those of the whole batch, and to the running ones, as torch moves them: of the variance the
// unbiased one. Blocks of 32 channels by 32 threads, each of which adds up some of the chunks.
__global__ void __launch_bounds__(kMergeThreads)
    batch_norm_merge(const float* means, const float* squares, int chunks, int64 rows, int channels,
                     int64 rows_per_chunk, float momentum, float eps, float* running_mean, float* running_var,
                     float* mean, float* invstd) {
  const int channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const bool mine = channel < channels;
  const float origin = mine ? means[channel] : 0.0F;
  // The chunks' own squares; the distances of their means from the first one's; and the squares of these distances.
  float sums[3] = {};
  for (int chunk = static_cast<int>(threadIdx.y); mine && chunk < chunks; chunk += static_cast<int>(blockDim.y)) {
    const int64 at = static_cast<int64>(chunk) * channels + channel;
    const int64 left = rows - chunk * rows_per_chunk;
    const float count = static_cast<float>(left < rows_per_chunk ? left : rows_per_chunk);
    const float distance = means[at] - origin;
    sums[0] += squares[at];
    sums[1] = fmaf(count, distance, sums[1]);
    sums[2] = fmaf(count * distance, distance, sums[2]);
  }
  add_up_columns<3, kMergeThreads>(sums);
  if (!mine || threadIdx.y != 0) return;
  const float count = static_cast<float>(rows);
  const float distance = sums[1] / count;
  const float between = sums[2] - sums[1] * distance;
  const float square = sums[0] + (between < 0.0F ? 0.0F : between);
  const float batch_mean = origin + distance;
  mean[channel] = batch_mean;
  invstd[channel] = 1.0F / sqrtf(square / count + eps);
  running_mean[channel] = momentum * batch_mean + (1.0F - momentum) * running_mean[channel];
  running_var[channel] = momentum * (square / (count - 1.0F)) + (1.0F - momentum) * running_var[channel];
}

// y = what follows of (x - mean) * invstd * weight + bias (+ residual). Goes through the rows backwards: the last ones
// that batch_norm_statistics read are still in the L2 cache.
template <class T, int kWidth, int kThen>
__global__ void __launch_bounds__(kThreads, kBlocksEach)
    batch_norm_apply(const T* x, const T* residual, const float* mean, const float* invstd, const float* weight,
                     const float* bias, T* y, int64 rows, int channels, int64 rows_per_chunk) {
  constexpr int kAhead = kThen == kAddRelu ? 2 : 4;
  const Share share(rows, rows_per_chunk, kWidth);
  if (share.channel >= channels) return;
  float means[kWidth];
  float scales[kWidth];
  float biases[kWidth];
#pragma unroll
  for (int k = 0; k < kWidth; ++k) {
    means[k] = mean[share.channel + k];
    scales[k] = weight[share.channel + k] * invstd[share.channel + k];
    biases[k] = bias[share.channel + k];
  }
  for (int64 row = share.end - 1 - threadIdx.y; row >= share.begin; row -= kAhead * blockDim.y) {
    Pack<T, kWidth> ahead[kAhead];
    Pack<T, kWidth> added[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int64 at = row - i * blockDim.y;
      if (at < share.begin) continue;
      ahead[i].read(x + at * channels + share.channel);
      if (kThen == kAddRelu) added[i].read(residual + at * channels + share.channel);
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int64 at = row - i * blockDim.y;
      if (at < share.begin) continue;
      float values[kWidth];
      float more[kWidth] = {};
      ahead[i].get(values);
      if (kThen == kAddRelu) added[i].get(more);
#pragma unroll
      for (int k = 0; k < kWidth; ++k) {
        values[k] = fmaf(values[k] - means[k], scales[k], biases[k]);
        if (kThen == kAddRelu) values[k] += more[k];
        if (kThen != kNothing) values[k] = relu(values[k]);
      }
      ahead[i].set(values);
      ahead[i].write(y + at * channels + share.channel);
    }
  }
}

}  // namespace resnet_ft
