// All that a session in training is: what can be saved can be gone on from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/draws.h"
#include "core/named_tensor.h"

namespace resnet_ft {

// Where training stands: within `epoch`, from 1, after `step` of its steps. An epoch that is complete is the next one
// before its first step.
struct Position {
  int64_t epoch = 1;
  int64_t step = 0;
  // Of the epoch's steps so far.
  int64_t images = 0;
  double loss = 0;  // sum over the images
  int64_t correct = 0;
};

// The weights of the least batch loss.
struct KeptWeights {
  double loss = 0;
  std::vector<NamedTensor> tensors;
};

struct SessionState {
  std::vector<NamedTensor> model;      // weights and the batch norms' statistics
  std::vector<NamedTensor> optimizer;  // empty before the first step
  std::vector<NamedTensor> ema;  // the averages of the weights; empty where none are kept, and before the first step
  std::optional<TorchGenerator> generator;
  Position position;
  std::optional<KeptWeights> kept;
};

}  // namespace resnet_ft
