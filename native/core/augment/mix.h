// What is done to whole batches of normalised images: parts erased, and images mixed with others.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>

#include "core/augment/recipe.h"
#include "core/counted_draws.h"
#include "core/resize.h"

namespace resnet_ft {

// The part of a side x side image that torchvision's RandomErasing (of areas of 2 to 33 %, shapes of 0.3 to 3.3) makes
// 0; of no pixels where it erases none.
Window draw_erased(const RandomErasing& erasing, int side, CountedNumbers* numbers);

// How a batch is mixed with itself rolled by one place.
struct BatchMix {
  // The share of each image's own label; the rest is that of the image before it.
  double own = 1;
  // CutMix: the part of each image that is the other's; none: all of it is mixed.
  std::optional<Window> part;
};

// Beta(alpha, alpha), by two variates of the gamma distribution (Marsaglia and Tsang, "A simple method for generating
// gamma variables", 2000).
double draw_beta(double alpha, CountedNumbers* numbers);
BatchMix draw_mixup(const Mixup& mixup, CountedNumbers* numbers);
BatchMix draw_cut_mix(const CutMix& cut_mix, int side, CountedNumbers* numbers);

// Of n x 3 x height x width.
torch::Tensor mixed(const torch::Tensor& images, const BatchMix& mix);
// n x classes shares of n class indices.
torch::Tensor mixed_targets(const torch::Tensor& targets, const BatchMix& mix, int64_t classes);

}  // namespace resnet_ft
