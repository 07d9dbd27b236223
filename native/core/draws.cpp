#include "core/draws.h"

#include <memory>
#include <optional>
#include <variant>

#include "core/counted_draws.h"
#include "core/torch_draws.h"

namespace resnet_ft {

std::optional<double> flip_of(const Recipe& recipe) {
  for (const Augmentation& one : recipe.augment) {
    if (const auto* flip = std::get_if<HorizontalFlip>(&one)) return flip->probability;
  }
  return std::nullopt;
}

std::unique_ptr<Draws> make_draws(const Recipe& recipe, const TorchGenerator& generator) {
  if (recipe.draws == DrawsKind::kCounter) return std::make_unique<CountedDraws>(recipe);
  return std::make_unique<TorchDraws>(recipe, generator);
}

}  // namespace resnet_ft
