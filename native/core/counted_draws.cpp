#include "core/counted_draws.h"

#include <ATen/core/PhiloxRNGEngine.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace resnet_ft {
namespace {

// Samples come in the order of these keys, of 52 bits, which a double holds exactly: JavaScript sorts by the same.
uint64_t order_key(uint64_t seed, uint32_t epoch, uint64_t sample) {
  const auto words = counted_words(seed, epoch, sample, DrawPurpose::kOrder);
  return (uint64_t{words[0]} << 20) | (words[1] >> 12);
}

}  // namespace

std::array<uint32_t, 4> counted_words(uint64_t seed, uint32_t epoch, uint64_t sample, DrawPurpose purpose,
                                      uint32_t block) {
  const uint32_t low = static_cast<uint32_t>(purpose) + (block << 16);
  at::Philox4_32 engine(seed, sample, (uint64_t{epoch} << 32) | low);
  return {engine(), engine(), engine(), engine()};
}

uint32_t CountedNumbers::word() {
  const uint32_t at = used_ % words_.size();
  if (at == 0) words_ = counted_words(seed_, epoch_, sample_, purpose_, used_ / words_.size());
  ++used_;
  return words_[at];
}

std::vector<uint8_t> counted_flips(const Recipe& recipe, uint32_t epoch, const std::vector<int32_t>& numbers) {
  const std::optional<double> probability = flip_of(recipe);
  std::vector<uint8_t> flips;
  if (!probability) return flips;
  flips.reserve(numbers.size());
  for (const int32_t number : numbers) {
    CountedNumbers drawn(recipe.seed, epoch, number, DrawPurpose::kFlip);
    flips.push_back(drawn.happens(*probability) ? 1 : 0);
  }
  return flips;
}

CountedDraws::CountedDraws(const Recipe& recipe) : recipe_(recipe) {}

EpochDraws CountedDraws::of(int64_t epoch, int64_t count) const {
  const auto number = static_cast<uint32_t>(epoch);
  std::vector<uint64_t> keys(count);
  for (int64_t i = 0; i < count; ++i) keys[i] = order_key(recipe_.seed, number, i);
  EpochDraws draws;
  draws.order.resize(count);
  std::iota(draws.order.begin(), draws.order.end(), 0);
  std::stable_sort(draws.order.begin(), draws.order.end(), [&](int32_t a, int32_t b) { return keys[a] < keys[b]; });
  draws.flips = counted_flips(recipe_, recipe_.drawn_epoch(epoch), draws.order);
  return draws;
}

void CountedDraws::restore(int64_t /*epoch*/, const std::optional<TorchGenerator>& state) {
  if (state) throw std::invalid_argument("the state has random numbers of torch, but the recipe counts them");
}

}  // namespace resnet_ft
