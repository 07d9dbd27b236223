#include "core/draws.h"

#include <memory>

#include "core/counted_draws.h"
#include "core/torch_draws.h"

namespace resnet_ft {

std::unique_ptr<Draws> make_draws(const Recipe& recipe, const TorchGenerator& generator) {
  if (recipe.draws == DrawsKind::kCounter) return std::make_unique<CountedDraws>(recipe);
  return std::make_unique<TorchDraws>(recipe, generator);
}

}  // namespace resnet_ft
