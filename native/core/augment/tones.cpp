#include "core/augment/tones.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

namespace resnet_ft {
namespace {

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

constexpr int kValues = 256;

template <class Value>
Table table_of(const Value& value) {
  Table table{};
  for (int i = 0; i < kValues; ++i) table[i] = static_cast<uint8_t>(value(i));
  return table;
}

const Table kSame = table_of([](int i) { return i; });

void look_up(RgbImage* image, const std::array<Table, 3>& tables) {
  uint8_t* const end = image->data.data() + image->data.size();
  for (uint8_t* pixel = image->data.data(); pixel < end; pixel += 3) {
    for (size_t c = 0; c < 3; ++c) pixel[c] = tables[c][pixel[c]];
  }
}

std::array<Histogram, 3> histograms_of(const RgbImage& image) {
  std::array<Histogram, 3> out{};
  const uint8_t* const end = image.data.data() + image.data.size();
  for (const uint8_t* pixel = image.data.data(); pixel < end; pixel += 3) {
    for (size_t c = 0; c < 3; ++c) ++out[c][pixel[c]];
  }
  return out;
}

template <class TableOf>
void by_histogram(RgbImage* image, const TableOf& table_of_channel) {
  const std::array<Histogram, 3> histograms = histograms_of(*image);
  look_up(image, {table_of_channel(histograms[0]), table_of_channel(histograms[1]), table_of_channel(histograms[2])});
}

}  // namespace

void posterize(RgbImage* image, int bits) {
  const int mask = ~((1 << (8 - bits)) - 1);
  const Table table = table_of([mask](int i) { return i & mask; });
  look_up(image, {table, table, table});
}

void solarize(RgbImage* image, double threshold) {
  const Table table = table_of([threshold](int i) { return i < threshold ? i : kValues - 1 - i; });
  look_up(image, {table, table, table});
}

void autocontrast(RgbImage* image) {
  by_histogram(image, [](const Histogram& counts) {
    int low = 0;
    int high = kValues - 1;
    while (low < kValues - 1 && counts[low] == 0) ++low;
    while (high > 0 && counts[high] == 0) --high;
    if (high <= low) return kSame;
    const double scale = 255.0 / (high - low);
    const double offset = -low * scale;
    return table_of([&](int i) { return std::clamp(static_cast<int>(i * scale + offset), 0, kValues - 1); });
  });
}

void equalize(RgbImage* image) {
  by_histogram(image, [](const Histogram& counts) {
    const int64_t all = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    const auto last = std::find_if(counts.rbegin(), counts.rend(), [](int64_t count) { return count > 0; });
    // What one value has alone gives a step of 0 too.
    const int64_t step = last == counts.rend() ? 0 : (all - *last) / (kValues - 1);
    if (step == 0) return kSame;
    int64_t n = step / 2;
    return table_of([&](int i) {
      const int64_t value = n / step;
      n += counts[i];
      return std::min<int64_t>(value, kValues - 1);
    });
  });
}

}  // namespace resnet_ft
