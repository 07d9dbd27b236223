// Draws from torch's own stream, as the tutorial makes them.
#pragma once

#include <ATen/core/Generator.h>

#include <optional>

#include "core/draws.h"

namespace resnet_ft {

// Order and flips as DataLoader(shuffle=True) without workers and RandomHorizontalFlip draw them: one stream, in which
// every number depends on how many were drawn before.
class TorchDraws : public Draws {
 public:
  TorchDraws(const Recipe& recipe, const TorchGenerator& generator);

  EpochDraws of(int64_t epoch, int64_t count) const override;
  void pass_to(int64_t epoch, int64_t count) override;
  std::optional<TorchGenerator> state() const override;
  void restore(int64_t epoch, const std::optional<TorchGenerator>& state) override;

 private:
  EpochDraws draw(at::Generator& generator, int64_t count) const;

  std::optional<double> flip_;  // probability
  mutable std::mutex mutex_;
  at::Generator generator_;  // before the epoch `epoch_`
  int64_t epoch_ = 1;
};

// The words of a generator, and a generator of words.
TorchGenerator words_of(const at::Generator& generator);
at::Generator generator_of(const TorchGenerator& words);

}  // namespace resnet_ft
