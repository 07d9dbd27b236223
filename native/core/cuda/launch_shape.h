// How many blocks and threads a kernel gets. Plain C++, so that it can be tested without a GPU.
#pragma once

#include <algorithm>
#include <cstdint>

namespace resnet_ft::cuda {

struct Extent {
  unsigned x = 1, y = 1;
};

struct LaunchShape {
  Extent grid, block;
  int64_t rows_per_chunk = 0;  // blocks along y share rows
};

constexpr int64_t kThreadsOfBlock = 256;

// Of a matrix of rows by channels, of which a thread takes `width` neighbouring channels; see kernels/columns.cuh.
inline LaunchShape shape_of_columns(int64_t rows, int64_t channels, int64_t width, int64_t multiprocessors) {
  constexpr int64_t kBlocksEach = 3;  // as in kernels/columns.cuh
  const int64_t groups = (channels + width - 1) / width;
  int64_t across = 1;
  while (across < groups && across < 32) across *= 2;
  const int64_t down = kThreadsOfBlock / across;
  const int64_t blocks_across = (groups + across - 1) / across;
  const int64_t at_most = std::max<int64_t>(1, kBlocksEach * multiprocessors / blocks_across);
  const int64_t each = (rows + down - 1) / down;  // rows of a thread, were there one chunk
  const int64_t per_thread = (each + at_most - 1) / at_most;
  LaunchShape out;
  out.rows_per_chunk = per_thread * down;
  out.grid = {static_cast<unsigned>(blocks_across),
              static_cast<unsigned>((rows + out.rows_per_chunk - 1) / out.rows_per_chunk)};
  out.block = {static_cast<unsigned>(across), static_cast<unsigned>(down)};
  return out;
}

// Of the kernels that add up the chunks of each channel.
inline LaunchShape shape_of_merge(int64_t channels) {
  LaunchShape out;
  out.grid = {static_cast<unsigned>((channels + 31) / 32), 1};
  out.block = {32, 32};
  return out;
}

// Of `count` images of so many numbers, of which a thread makes `width`.
inline LaunchShape shape_of_images(int64_t count, int64_t numbers, int64_t width) {
  const int64_t of_block = kThreadsOfBlock * width;
  LaunchShape out;
  out.grid = {static_cast<unsigned>((numbers + of_block - 1) / of_block),
              static_cast<unsigned>(std::min<int64_t>(count, 65535))};
  out.block = {static_cast<unsigned>(kThreadsOfBlock), 1};
  return out;
}

}  // namespace resnet_ft::cuda
