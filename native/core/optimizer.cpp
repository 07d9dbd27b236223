#include "core/optimizer.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "core/adamw.h"
#include "core/sgd.h"

namespace resnet_ft {
namespace {

// Each parameter group as one, or, where batch norms and biases (all weights of one dimension) don't decay, as two.
std::vector<UpdateGroup> update_groups(const std::vector<ParameterGroup>& groups, double weight_decay,
                                       bool decay_norm_bias) {
  std::vector<UpdateGroup> out;
  for (size_t rate = 0; rate < groups.size(); ++rate) {
    UpdateGroup decayed{rate, weight_decay, {}, {}};
    UpdateGroup others{rate, 0, {}, {}};
    for (const auto& [name, tensor] : groups[rate]) {
      UpdateGroup& group = decay_norm_bias || tensor.dim() > 1 ? decayed : others;
      group.names.push_back(name);
      group.parameters.push_back(tensor);
    }
    for (UpdateGroup* group : {&decayed, &others}) {
      if (!group->parameters.empty()) out.push_back(std::move(*group));
    }
  }
  return out;
}

struct Maker {
  const Recipe& recipe;
  const std::vector<ParameterGroup>& groups;

  std::unique_ptr<Optimizer> operator()(const SgdRecipe& sgd) const { return make<Sgd>(sgd); }
  std::unique_ptr<Optimizer> operator()(const AdamWRecipe& adamw) const { return make<AdamW>(adamw); }

  template <class Kind, class Own>
  std::unique_ptr<Optimizer> make(const Own& own) const {
    return std::make_unique<Kind>(update_groups(groups, own.weight_decay, recipe.decay_norm_bias), own);
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const Recipe& recipe, const std::vector<ParameterGroup>& groups) {
  return std::visit(Maker{recipe, groups}, recipe.optimizer);
}

}  // namespace resnet_ft
