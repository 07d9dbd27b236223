// Runs each kernel over arrays of exactly the size that it may touch, to be compiled with -fsanitize=address,undefined:
// what a GPU would read or write beside them is an error here, and so is a result that was not written. Prints how many
// launches there were.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/cuda/kernels/batch.cuh"
#include "core/cuda/kernels/batch_norm_backward.cuh"
#include "core/cuda/launch_shape.h"

namespace {

using resnet_ft::Bf16;
using resnet_ft::int64;
using resnet_ft::widened;
using resnet_ft::cuda::LaunchShape;

int launches = 0;

template <class Call>
void launch(const LaunchShape& shape, const Call& call) {
  if (shape.grid.x < 1 || shape.grid.y < 1 || shape.grid.y > 65535 || shape.block.x * shape.block.y > 1024) {
    std::fprintf(stderr, "no GPU takes this grid\n");
    std::exit(1);
  }
  emulation::run({shape.grid.x, shape.grid.y, 1}, {shape.block.x, shape.block.y, 1}, emulation::Order::kForwards, call);
  ++launches;
}

template <class T>
T number(float value);
template <>
float number<float>(float value) {
  return value;
}
template <>
Bf16 number<Bf16>(float value) {
  return {static_cast<unsigned short>(resnet_ft::bf16_bits(value))};  // NOLINT(runtime/int)
}

template <class T>
std::vector<T> numbers(int64 count) {
  std::vector<T> out;
  for (int64 i = 0; i < count; ++i) out.push_back(number<T>(std::sin(static_cast<float>(i))));
  out.shrink_to_fit();
  return out;
}

template <class T>
std::vector<T> unwritten(int64 count) {
  return std::vector<T>(count, number<T>(NAN));
}

template <class T>
void written(const char* what, const std::vector<T>& all) {
  for (const T& one : all) {
    if (widened(one) == widened(one)) continue;
    std::fprintf(stderr, "%s was not written as a whole\n", what);
    std::exit(1);
  }
}

template <class T, int width, int then>
void batch_norm(int64 rows, int channels, int multiprocessors) {
  using namespace resnet_ft;  // NOLINT(build/namespaces)
  const LaunchShape shape = cuda::shape_of_columns(rows, channels, width, multiprocessors);
  const LaunchShape merge = cuda::shape_of_merge(channels);
  const int chunks = static_cast<int>(shape.grid.y);
  const int64 each = shape.rows_per_chunk;
  const auto x = numbers<T>(rows * channels);
  const auto other = numbers<T>(then == kAddRelu ? rows * channels : 0);
  const auto weight = numbers<float>(channels), bias = numbers<float>(channels);
  auto running_mean = numbers<float>(channels), running_var = numbers<float>(channels);
  auto first = unwritten<float>(int64{chunks} * channels), second = first;
  auto mean = unwritten<float>(channels), invstd = mean;
  launch(shape, [&] { batch_norm_statistics<T, width>(x.data(), first.data(), second.data(), rows, channels, each); });
  written("means", first);
  written("squares", second);
  launch(merge, [&] {
    batch_norm_merge(first.data(), second.data(), chunks, rows, channels, each, 0.1F, 1e-5F, running_mean.data(),
                     running_var.data(), mean.data(), invstd.data());
  });
  written("mean", mean);
  written("invstd", invstd);
  auto y = unwritten<T>(rows * channels);
  launch(shape, [&] {
    batch_norm_apply<T, width, then>(x.data(), other.data(), mean.data(), invstd.data(), weight.data(), bias.data(),
                                     y.data(), rows, channels, each);
  });
  written("y", y);
  const auto dy = numbers<T>(rows * channels);
  auto through = unwritten<T>(then == kAddRelu ? rows * channels : 0);
  first = second = unwritten<float>(int64{chunks} * channels);
  launch(shape, [&] {
    batch_norm_backward_sums<T, width, then>(dy.data(), x.data(), y.data(), mean.data(), invstd.data(), weight.data(),
                                             bias.data(), through.data(), first.data(), second.data(), rows, channels,
                                             each);
  });
  written("sums of g", first);
  written("sums of gx", second);
  written("residual", through);
  auto d_weight = unwritten<float>(channels), d_bias = d_weight, scale = d_weight, offset = d_weight, slope = d_weight;
  launch(merge, [&] {
    batch_norm_backward_merge(first.data(), second.data(), chunks, rows, channels, 0, invstd.data(), weight.data(),
                              d_weight.data(), d_bias.data(), scale.data(), offset.data(), slope.data());
  });
  written("weight", d_weight);
  auto dx = unwritten<T>(rows * channels);
  constexpr int kApplied = then == kRelu ? kRelu : kNothing;
  launch(shape, [&] {
    batch_norm_backward_apply<T, width, kApplied>(then == kAddRelu ? through.data() : dy.data(), x.data(), mean.data(),
                                                  bias.data(), scale.data(), offset.data(), slope.data(), dx.data(),
                                                  rows, channels, each);
  });
  written("dx", dx);
}

template <class T, int width>
void batch(int count, int height, int columns) {
  using resnet_ft::normalised_batch;
  const int of_image = height * columns * 3;
  const std::vector<unsigned char> crops(2 * of_image, 7), mirrored(count, 1);
  const std::vector<int64> rows(count, 1);
  auto out = unwritten<T>(int64{count} * of_image);
  launch(resnet_ft::cuda::shape_of_images(count, of_image, width), [&] {
    normalised_batch<T, width>(crops.data(), rows.data(), mirrored.data(), out.data(), count, of_image, columns, 0.1F,
                               0.2F, 0.3F, 0.4F, 0.5F, 0.6F);
  });
  written("batch", out);
}

template <class T, int width>
void all() {
  // Of the greater widths only what they divide: 16 bytes at once are for these.
  for (const int channels : {1, 5, 24, 264}) {
    if (channels % width != 0 || (width == 1 && channels > 24)) continue;
    for (const int64 rows : {2, 33, 500}) {
      for (const int multiprocessors : {1, 20}) {
        batch_norm<T, width, 0>(rows, channels, multiprocessors);
        batch_norm<T, width, 1>(rows, channels, multiprocessors);
        batch_norm<T, width, 2>(rows, channels, multiprocessors);
      }
    }
  }
  batch<T, width>(3, 8, 8);
  batch<T, width>(2, 40, 8);
  if (width == 1) batch<T, width>(3, 5, 7);
}

}  // namespace

int main() {
  all<float, 1>();
  all<float, 4>();
  all<Bf16, 1>();
  all<Bf16, 8>();
  std::printf("%d\n", launches);
}
