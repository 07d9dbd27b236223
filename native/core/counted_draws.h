// Draws that are counted, not drawn one after the other: each depends on seed, epoch, sample and purpose alone, so that
// neither resuming nor the number of threads or processes can change it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/draws.h"

namespace resnet_ft {

// What a number is drawn for; a new purpose gets a new number and changes no other's draws.
// Numbers are below 65536.
enum class DrawPurpose : uint32_t {
  kOrder = 0,
  kFlip = 1,
  kVerticalFlip = 2,
  kWindow = 3,
  kRotation = 4,
  kAffine = 5,
  kColorJitter = 6,
  kGrayscale = 7,
  kRandAugment = 8,
  kTrivialAugment = 9,
  kErasing = 10,
  kMix = 11,
  kBalanced = 16,
};

// Four words of Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011; at::Philox4_32) of
// the key `seed` and the counter (purpose + 65536 * block, epoch, sample).
std::array<uint32_t, 4> counted_words(uint64_t seed, uint32_t epoch, uint64_t sample, DrawPurpose purpose,
                                      uint32_t block = 0);

// Of 24 bits, 0 or more and below 1, as torch makes a float32 of a word.
inline double uniform_of(uint32_t word) { return static_cast<double>(word >> 8) / (1 << 24); }

// As many numbers as are needed for one purpose of one sample, one after the other.
class CountedNumbers {
 public:
  CountedNumbers(uint64_t seed, uint32_t epoch, uint64_t sample, DrawPurpose purpose)
      : seed_(seed), sample_(sample), epoch_(epoch), purpose_(purpose) {}

  // The following is of 24 bits, as torch makes a float32 of a word. From 0 to below 1.
  float uniform() { return static_cast<float>(uniform_of(word())); }
  // torch.empty(1).uniform_(from, to).
  float between(double from, double to) {
    const auto least = static_cast<float>(from);
    return uniform() * (static_cast<float>(to) - least) + least;
  }
  // A whole number below `end`.
  int below(int end) { return static_cast<int>(uniform_of(word()) * end); }
  bool happens(double probability) { return uniform_of(word()) < probability; }

 private:
  uint32_t word();

  uint64_t seed_, sample_;
  uint32_t epoch_;
  DrawPurpose purpose_;
  uint32_t used_ = 0;
  std::array<uint32_t, 4> words_{};
};

// Whether each of the samples of these numbers is mirrored in the epoch of Recipe::drawn_epoch; empty where none ever
// is.
std::vector<uint8_t> counted_flips(const Recipe& recipe, uint32_t epoch, const std::vector<int32_t>& numbers);

class CountedDraws : public Draws {
 public:
  explicit CountedDraws(const Recipe& recipe);

  EpochDraws of(int64_t epoch, int64_t count) const override;
  void pass_to(int64_t /*epoch*/, int64_t /*count*/) override {}
  std::optional<TorchGenerator> state() const override { return std::nullopt; }
  void restore(int64_t epoch, const std::optional<TorchGenerator>& state) override;

 private:
  const Recipe recipe_;
};

}  // namespace resnet_ft
