// Epochs in which every class comes equally often, however many samples it has.
#pragma once

#include <cstdint>
#include <vector>

namespace resnet_ft {

// Of each draw of an epoch, of which there are as many as samples, its sample: each class in turn, and of its samples
// one with replacement, counted by seed, epoch and draw. Draws that are left over after as many of each class go to
// other classes in each epoch. In what order the draws come is not decided here.
std::vector<int32_t> balanced_samples(uint64_t seed, int64_t epoch, const std::vector<int32_t>& targets);

}  // namespace resnet_ft
