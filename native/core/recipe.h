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
using OptimizerRecipe = std::variant<SgdRecipe>;

// Weights that share a learning rate: those of the module `from` and of all after it, up to the next group's.
struct GroupRecipe {
  std::string from;
};

struct Recipe {
  uint64_t seed = 0;
  DrawsKind draws = DrawsKind::kTorch;
  std::vector<GroupRecipe> groups;  // from the input to the output; what stands before the first is frozen
  OptimizerRecipe optimizer;
  std::vector<Augmentation> augment;  // in the order in which they are applied
  // Not 0: each image is shown in so many ways only, which are drawn once; epoch e shows the way e mod views.
  uint32_t views = 0;

  // The number of the epoch by which its augmentations are drawn.
  uint32_t drawn_epoch(int64_t epoch) const {
    return views == 0 ? static_cast<uint32_t>(epoch) : static_cast<uint32_t>(epoch % views);
  }
};

}  // namespace resnet_ft
