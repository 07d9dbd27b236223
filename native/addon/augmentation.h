// Augmentations as JavaScript has them: lib/backend/augmentations.ts.
#pragma once

#include <napi.h>

#include <vector>

#include "addon/options.h"
#include "core/augment/recipe.h"

namespace resnet_ft {

// Throws a JavaScript error for one that is wrong, or that comes twice.
std::vector<Augmentation> read_augmentations(Napi::Env env, const std::vector<Options>& list);

// For tests: operations with given parameters on an image, and on batches.
Napi::Value augment_image(const Napi::CallbackInfo& info);
Napi::Value augment_batch(const Napi::CallbackInfo& info);
Napi::Value draw_augmentation(const Napi::CallbackInfo& info);

}  // namespace resnet_ft
