// The random numbers of an epoch: in which order its samples come, and what their augmentations do.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/recipe.h"

namespace resnet_ft {

struct EpochDraws {
  std::vector<int32_t> order;
  std::vector<uint8_t> flips;  // of each place in the order, whether its sample is mirrored; empty where none ever is
};

// A Mersenne twister as torch.Generator has it: its words, and which of them comes next (624: all are used up).
struct TorchGenerator {
  std::vector<uint32_t> words;
  uint32_t next = 0;
};

class Draws {
 public:
  virtual ~Draws() = default;

  // Of `count` samples in an epoch, from 1: the one that is next or running, or a later one. Changes nothing, and may
  // be called from any thread at any time. Throws std::invalid_argument for an epoch that has passed.
  virtual EpochDraws of(int64_t epoch, int64_t count) const = 0;
  // The epochs of `count` samples before `epoch` have passed.
  virtual void pass_to(int64_t epoch, int64_t count) = 0;

  // What is to be kept to go on from here: the stream of random numbers before the epoch that is next or running; none
  // where numbers are counted.
  virtual std::optional<TorchGenerator> state() const = 0;
  // Goes on before `epoch`. Throws std::invalid_argument for a state of another kind.
  virtual void restore(int64_t epoch, const std::optional<TorchGenerator>& state) = 0;
};

// The probability that a sample is mirrored; none where no sample ever is.
std::optional<double> flip_of(const Recipe& recipe);

// `generator`: what the drawing of the initial weights has left.
std::unique_ptr<Draws> make_draws(const Recipe& recipe, const TorchGenerator& generator);

}  // namespace resnet_ft
