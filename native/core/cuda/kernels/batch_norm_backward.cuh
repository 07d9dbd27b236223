// The gradients of batch_norm.cuh, by the formulae of torch's native_batch_norm_backward: with g what comes through the
// ReLU, n rows, and sums over these,
//   d bias = sum g    d weight = invstd * sum g (x - mean)    d residual = g
//   d x = weight * invstd * (g - d bias / n - (x - mean) * invstd * d weight / n)
// where the last two terms are of a batch whose own figures were used. Who does what is said in columns.cuh.
#pragma once

#include "core/cuda/kernels/batch_norm.cuh"

namespace resnet_ft {

// What of a gradient comes through a ReLU that gave, or would give, `value`.
__device__ inline float through_relu(float gradient, float value) { return value <= 0.0F ? 0.0F : gradient; }

// Of each chunk and channel the sums of g and of g * (x - mean), both chunks x channels.
//
// After ReLU alone its mask is computed from x again, with the very operations of batch_norm_apply, which costs less
// than to read y. After an add it comes from y, and g is written, for it is the residual's gradient, and the next
// kernel reads it in place of dy and y.
template <class T, int kWidth, int kThen>
__global__ void __launch_bounds__(kThreads, kBlocksEach)
    batch_norm_backward_sums(const T* dy, const T* x, const T* y, const float* mean, const float* invstd,
                             const float* weight, const float* bias, T* through, float* sums_of_g, float* sums_of_gx,
                             int64 rows, int channels, int64 rows_per_chunk) {
  constexpr int kAhead = 2;
  const Share share(rows, rows_per_chunk, kWidth);
  const bool mine = share.channel < channels;
  float means[kWidth] = {};
  float scales[kWidth] = {};
  float biases[kWidth] = {};
  float sums[2 * kWidth] = {};
  if (mine) {
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      means[k] = mean[share.channel + k];
      if (kThen != kRelu) continue;
      scales[k] = weight[share.channel + k] * invstd[share.channel + k];
      biases[k] = bias[share.channel + k];
    }
    for (int64 row = share.begin + threadIdx.y; row < share.end; row += kAhead * blockDim.y) {
      Pack<T, kWidth> of_dy[kAhead];
      Pack<T, kWidth> of_x[kAhead];
      Pack<T, kWidth> of_y[kAhead];
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const int64 at = row + i * blockDim.y;
        if (at >= share.end) continue;
        of_dy[i].read(dy + at * channels + share.channel);
        of_x[i].read(x + at * channels + share.channel);
        if (kThen == kAddRelu) of_y[i].read(y + at * channels + share.channel);
      }
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const int64 at = row + i * blockDim.y;
        if (at >= share.end) continue;
        float g[kWidth];
        float values[kWidth];
        float given[kWidth] = {};
        of_dy[i].get(g);
        of_x[i].get(values);
        if (kThen == kAddRelu) of_y[i].get(given);
#pragma unroll
        for (int k = 0; k < kWidth; ++k) {
          const float distance = values[k] - means[k];
          if (kThen == kRelu) g[k] = through_relu(g[k], fmaf(distance, scales[k], biases[k]));
          if (kThen == kAddRelu) g[k] = through_relu(g[k], given[k]);
          sums[k] += g[k];
          sums[kWidth + k] = fmaf(g[k], distance, sums[kWidth + k]);
        }
        if (kThen == kAddRelu) {
          of_dy[i].set(g);
          of_dy[i].write(through + at * channels + share.channel);
        }
      }
    }
  }
  add_up_columns<2 * kWidth, kThreads>(sums);
  if (!mine || threadIdx.y != 0) return;
#pragma unroll
  for (int k = 0; k < kWidth; ++k) {
    const int64 to = static_cast<int64>(blockIdx.y) * channels + share.channel + k;
    sums_of_g[to] = sums[k];
    sums_of_gx[to] = sums[kWidth + k];
  }
}

// The chunks' sums to the gradients of weight and bias, and to what the next kernel needs of each channel: `scale`,
// `offset` and `slope` of d x = scale * g - offset - slope * (x - mean). `frozen`: the batch's figures were not used.
// Blocks of 32 channels by 32 threads.
__global__ void __launch_bounds__(kMergeThreads)
    batch_norm_backward_merge(const float* sums_of_g, const float* sums_of_gx, int chunks, int64 rows, int channels,
                              int frozen, const float* invstd, const float* weight, float* d_weight, float* d_bias,
                              float* scale, float* offset, float* slope) {
  const int channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const bool mine = channel < channels;
  float sums[2] = {};
  for (int chunk = static_cast<int>(threadIdx.y); mine && chunk < chunks; chunk += static_cast<int>(blockDim.y)) {
    const int64 at = static_cast<int64>(chunk) * channels + channel;
    sums[0] += sums_of_g[at];
    sums[1] += sums_of_gx[at];
  }
  add_up_columns<2, kMergeThreads>(sums);
  if (!mine || threadIdx.y != 0) return;
  const float factor = weight[channel] * invstd[channel];
  const float count = static_cast<float>(rows);
  d_weight[channel] = sums[1] * invstd[channel];
  d_bias[channel] = sums[0];
  scale[channel] = factor;
  offset[channel] = frozen != 0 ? 0.0F : factor * (sums[0] / count);
  slope[channel] = frozen != 0 ? 0.0F : factor * invstd[channel] * invstd[channel] * (sums[1] / count);
}

// d x from g (kNothing) or, after ReLU alone, from dy (kRelu). Goes through the rows backwards, as batch_norm_apply.
template <class T, int kWidth, int kThen>
__global__ void __launch_bounds__(kThreads, kBlocksEach)
    batch_norm_backward_apply(const T* dy, const T* x, const float* mean, const float* bias, const float* scale,
                              const float* offset, const float* slope, T* dx, int64 rows, int channels,
                              int64 rows_per_chunk) {
  constexpr int kAhead = 2;
  const Share share(rows, rows_per_chunk, kWidth);
  if (share.channel >= channels) return;
  float means[kWidth];
  float scales[kWidth];
  float biases[kWidth] = {};
  float offsets[kWidth];
  float slopes[kWidth];
#pragma unroll
  for (int k = 0; k < kWidth; ++k) {
    means[k] = mean[share.channel + k];
    scales[k] = scale[share.channel + k];
    offsets[k] = offset[share.channel + k];
    slopes[k] = slope[share.channel + k];
    if (kThen == kRelu) biases[k] = bias[share.channel + k];
  }
  for (int64 row = share.end - 1 - threadIdx.y; row >= share.begin; row -= kAhead * blockDim.y) {
    Pack<T, kWidth> of_dy[kAhead];
    Pack<T, kWidth> of_x[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int64 at = row - i * blockDim.y;
      if (at < share.begin) continue;
      of_dy[i].read(dy + at * channels + share.channel);
      of_x[i].read(x + at * channels + share.channel);
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int64 at = row - i * blockDim.y;
      if (at < share.begin) continue;
      float g[kWidth];
      float values[kWidth];
      of_dy[i].get(g);
      of_x[i].get(values);
#pragma unroll
      for (int k = 0; k < kWidth; ++k) {
        const float distance = values[k] - means[k];
        if (kThen == kRelu) g[k] = through_relu(g[k], fmaf(distance, scales[k], biases[k]));
        values[k] = fmaf(scales[k], g[k], -fmaf(slopes[k], distance, offsets[k]));
      }
      of_x[i].set(values);
      of_x[i].write(dx + at * channels + share.channel);
    }
  }
}

}  // namespace resnet_ft
