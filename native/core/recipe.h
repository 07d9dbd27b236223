// All that decides how weights are trained, as lib/backend/types.ts has it. It crosses the border whole, and is read
// once (addon/recipe.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/augment/recipe.h"

namespace resnet_ft {

// Where an epoch's order and the draws of its augmentations come from: torch's own stream of random numbers, as the
// tutorial has it, or a counter, whose numbers depend on seed, epoch and sample alone.
enum class DrawsKind { kTorch, kCounter };

struct SgdRecipe {
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};
struct AdamWRecipe {
  double beta1 = 0;
  double beta2 = 0;
  double eps = 0;
  double weight_decay = 0;
};
using OptimizerRecipe = std::variant<SgdRecipe, AdamWRecipe>;

// torch's cross_entropy.
struct LossRecipe {
  double label_smoothing = 0;
  std::vector<double> class_weights;  // of each class; empty: 1 each
};

// Which samples an epoch goes over: each once, or as many as there are, every class equally often, with replacement.
enum class Sampling { kShuffle, kBalanced };

// Weights that share a learning rate: those of the module `from` and of all after it, up to the next group's.
struct GroupRecipe {
  std::string from;
};

struct Recipe {
  uint64_t seed = 0;
  DrawsKind draws = DrawsKind::kTorch;
  std::vector<GroupRecipe> groups;  // from the input to the output; what stands before the first is frozen
  OptimizerRecipe optimizer;
  bool decay_norm_bias = true;  // whether weight decay is for batch norms and biases too
  double clip_grad = 0;         // the greatest norm of all gradients together; 0: any
  double ema = 0;               // decay of the average of the weights over the steps; 0: none is kept
  LossRecipe loss;
  Sampling sampling = Sampling::kShuffle;
  std::vector<Augmentation> augment;  // in the order in which they are applied
  // Not 0: each image is shown in so many ways only, which are drawn once; epoch e shows the way e mod views.
  uint32_t views = 0;

  // The number of the epoch by which its augmentations are drawn.
  uint32_t drawn_epoch(int64_t epoch) const {
    return views == 0 ? static_cast<uint32_t>(epoch) : static_cast<uint32_t>(epoch % views);
  }
};

}  // namespace resnet_ft
