// Draws that are counted, not drawn one after the other: each depends on seed, epoch, sample and purpose alone, so that
// neither resuming nor the number of threads or processes can change it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "core/draws.h"

namespace resnet_ft {

// What a number is drawn for; a new purpose gets a new number and changes no other's draws.
enum class DrawPurpose : uint32_t { kOrder = 0, kFlip = 1, kBalanced = 16 };

// Four words of Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011; at::Philox4_32) of
// the key `seed` and the counter (purpose, epoch, sample).
std::array<uint32_t, 4> counted_words(uint64_t seed, uint32_t epoch, uint64_t sample, DrawPurpose purpose);

// Of 24 bits, 0 or more and below 1, as torch makes a float32 of a word.
inline double uniform_of(uint32_t word) { return static_cast<double>(word >> 8) / (1 << 24); }

class CountedDraws : public Draws {
 public:
  explicit CountedDraws(const Recipe& recipe);

  EpochDraws of(int64_t epoch, int64_t count) const override;
  void pass_to(int64_t /*epoch*/, int64_t /*count*/) override {}
  std::optional<TorchGenerator> state() const override { return std::nullopt; }
  void restore(int64_t epoch, const std::optional<TorchGenerator>& state) override;

 private:
  uint64_t seed_;
  std::optional<double> flip_;  // probability
};

}  // namespace resnet_ft
