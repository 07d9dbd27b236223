// All that decides how weights are trained, as lib/backend/types.ts has it. It crosses the border whole, and is read
// once (addon/recipe.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

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

// torchvision's RandomHorizontalFlip.
struct HorizontalFlip {
  double probability = 0;
};
using Augmentation = std::variant<HorizontalFlip>;

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
};

}  // namespace resnet_ft
