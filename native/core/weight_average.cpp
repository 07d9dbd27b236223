#include "core/weight_average.h"

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {

WeightAverage::WeightAverage(double decay, std::vector<NamedTensor> followed) : decay_(decay) {
  for (auto& [name, tensor] : followed) {
    names_.push_back(std::move(name));
    followed_.push_back(tensor.detach());
  }
}

void WeightAverage::update() {
  const torch::NoGradGuard no_grad;
  if (averages_.empty()) {
    for (const torch::Tensor& tensor : followed_) averages_.push_back(tensor.clone());
  } else {
    at::_foreach_lerp_(averages_, followed_, 1 - decay_);
  }
}

void WeightAverage::put_into(std::vector<NamedTensor>* tensors) const {
  std::map<std::string, torch::Tensor> own;
  for (auto& [name, tensor] : state()) own.emplace(name, tensor);
  for (auto& [name, tensor] : *tensors) {
    const auto found = own.find(name);
    if (found != own.end()) tensor = found->second;
  }
}

std::vector<NamedTensor> WeightAverage::state() const {
  std::vector<NamedTensor> out;
  for (size_t i = 0; i < averages_.size(); ++i) out.emplace_back(names_[i], averages_[i]);
  return out;
}

void WeightAverage::restore(const std::vector<NamedTensor>& state) {
  const torch::NoGradGuard no_grad;
  averages_.clear();
  if (state.empty()) return;
  std::map<std::string, torch::Tensor> given(state.begin(), state.end());
  for (size_t i = 0; i < names_.size(); ++i) {
    const auto found = given.find(names_[i]);
    if (found == given.end()) throw std::invalid_argument("the state of the average lacks " + names_[i]);
    if (found->second.sizes() != followed_[i].sizes())
      throw std::invalid_argument("the shape of " + names_[i] + " in the average does not match");
    averages_.push_back(followed_[i].clone());
    averages_.back().copy_(found->second);
    given.erase(found);
  }
  if (!given.empty()) throw std::invalid_argument("there is no average of " + given.begin()->first);
}

}  // namespace resnet_ft
