// The stages of a ResNet, between which it may be cut into a frozen and a trained part.
#pragma once

#include <array>
#include <stdexcept>
#include <string>

namespace resnet_ft {

constexpr int kStem = 0;  // conv1, bn1, ReLU, max pooling; 1 to 4 are layer1 to layer4, and 4 ends with the pooling
constexpr int kHead = 5;  // fc
constexpr int kStages = 6;

// The stage that begins with the module `name`.
inline int stage_of(const std::string& name) {
  static const std::array<const char*, kStages> names = {"conv1", "layer1", "layer2", "layer3", "layer4", "fc"};
  for (int stage = 0; stage < kStages; ++stage) {
    if (name == names[stage]) return stage;
  }
  throw std::invalid_argument("no module " + name + " to start from");
}

// The stage that a tensor of the state dict belongs to, by its name.
inline int stage_of_tensor(const std::string& name) {
  const std::string module = name.substr(0, name.find('.'));
  return module == "bn1" ? kStem : stage_of(module);
}

}  // namespace resnet_ft
