// The recipe of a training, as it comes from JavaScript.
#pragma once

#include "addon/options.h"
#include "core/recipe.h"

namespace resnet_ft {

// Throws a JavaScript error that names what is missing, unknown, of another type or out of range.
Recipe read_recipe(Options recipe);

}  // namespace resnet_ft
