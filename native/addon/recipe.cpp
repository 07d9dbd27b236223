#include "addon/recipe.h"

#include <string>
#include <vector>

#include "addon/augmentation.h"
#include "addon/errors.h"
#include "core/stages.h"

namespace resnet_ft {
namespace {

AdamWRecipe read_adamw(Options* o) {
  AdamWRecipe adamw;
  adamw.beta1 = o->share("beta1");
  adamw.beta2 = o->share("beta2");
  adamw.eps = o->not_negative("eps");
  adamw.weight_decay = o->not_negative("weightDecay");
  o->finish();
  return adamw;
}

OptimizerRecipe read_optimizer(Options o) {
  if (o.one_of("kind", {"sgd", "adamw"}) == "adamw") return read_adamw(&o);
  SgdRecipe sgd;
  sgd.momentum = o.not_negative("momentum");
  sgd.weight_decay = o.not_negative("weightDecay");
  sgd.nesterov = o.flag("nesterov");
  o.finish();
  return sgd;
}

// The class weights are held against the network's classes where both are known.
LossRecipe read_loss(Options o) {
  o.one_of("kind", {"cross-entropy"});
  LossRecipe loss;
  loss.label_smoothing = o.share("labelSmoothing");
  loss.class_weights = o.positive_float64s("classWeights");
  o.finish();
  return loss;
}

GroupRecipe read_group(Options o) {
  const GroupRecipe group{o.one_of("from", {"conv1", "layer1", "layer2", "layer3", "layer4", "fc"})};
  o.finish();
  return group;
}

}  // namespace

Recipe read_recipe(Options o) {
  Recipe recipe;
  recipe.seed = static_cast<uint64_t>(o.whole("seed"));
  recipe.draws = o.one_of("draws", {"torch", "counter"}) == "torch" ? DrawsKind::kTorch : DrawsKind::kCounter;
  const Napi::Env env = o.value("parameterGroups").Env();
  for (const Options& group : o.list("parameterGroups")) recipe.groups.push_back(read_group(group));
  if (recipe.groups.empty()) throw native_error(env, "recipe.parameterGroups must have one or more");
  for (size_t i = 1; i < recipe.groups.size(); ++i) {
    if (stage_of(recipe.groups[i - 1].from) >= stage_of(recipe.groups[i].from))
      throw native_error(
          env, "recipe.parameterGroups[" + std::to_string(i) + "].from must come after " + recipe.groups[i - 1].from);
  }
  recipe.optimizer = read_optimizer(o.nested("optimizer"));
  recipe.decay_norm_bias = o.flag("decayNormBias");
  recipe.clip_grad = o.not_negative("clipGrad");
  recipe.ema = o.share("ema");
  recipe.loss = read_loss(o.nested("loss"));
  recipe.sampling =
      o.one_of("sampling", {"shuffle", "balanced"}) == "balanced" ? Sampling::kBalanced : Sampling::kShuffle;
  recipe.augment = read_augmentations(env, o.list("augment"));
  recipe.views = static_cast<uint32_t>(o.whole_or_none("views", 1, INT32_MAX).value_or(0));
  o.finish();
  return recipe;
}

}  // namespace resnet_ft
