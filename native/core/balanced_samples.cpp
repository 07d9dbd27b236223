#include "core/balanced_samples.h"

#include <algorithm>
#include <vector>

#include "core/counted_draws.h"

namespace resnet_ft {

std::vector<int32_t> balanced_samples(uint64_t seed, int64_t epoch, const std::vector<int32_t>& targets) {
  std::vector<std::vector<int32_t>> classes;
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto target = static_cast<size_t>(targets[i]);
    if (target >= classes.size()) classes.resize(target + 1);
    classes[target].push_back(static_cast<int32_t>(i));
  }
  classes.erase(std::remove_if(classes.begin(), classes.end(), [](const auto& members) { return members.empty(); }),
                classes.end());
  std::vector<int32_t> out;
  out.reserve(targets.size());
  for (size_t draw = 0; draw < targets.size(); ++draw) {
    const auto& members = classes[(draw + static_cast<size_t>(epoch)) % classes.size()];
    const uint32_t word = counted_words(seed, static_cast<uint32_t>(epoch), draw, DrawPurpose::kBalanced)[0];
    // In doubles, as JavaScript has it.
    const double share = static_cast<double>(word) / 4294967296.0;
    out.push_back(members[static_cast<size_t>(share * static_cast<double>(members.size()))]);
  }
  return out;
}

}  // namespace resnet_ft
