#include "core/optimizer.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "core/sgd.h"

namespace resnet_ft {
namespace {

struct Maker {
  std::vector<ParameterGroup> groups;

  std::unique_ptr<Optimizer> operator()(const SgdRecipe& recipe) {
    return std::make_unique<Sgd>(std::move(groups), recipe);
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerRecipe& recipe, std::vector<ParameterGroup> groups) {
  return std::visit(Maker{std::move(groups)}, recipe);
}

}  // namespace resnet_ft
