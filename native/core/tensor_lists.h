// Several tensors at once, for checks: copies of them, and how far they are apart.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <vector>

namespace resnet_ft {

inline std::vector<torch::Tensor> copies(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> out;
  out.reserve(tensors.size());
  for (const torch::Tensor& tensor : tensors) out.push_back(tensor.clone());
  return out;
}

inline void copy_back(const std::vector<torch::Tensor>& tensors, const std::vector<torch::Tensor>& from) {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < tensors.size(); ++i) tensors[i].copy_(from[i]);
}

// The Euclidean norm of all of them together, in float64.
inline double norm(const std::vector<torch::Tensor>& tensors) {
  torch::Tensor sum = torch::zeros({}, torch::kFloat64);
  for (const torch::Tensor& tensor : tensors) sum = sum.to(tensor.device()) + tensor.to(torch::kFloat64).square().sum();
  return std::sqrt(sum.item<double>());
}

// The norm of their differences.
inline double distance(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  std::vector<torch::Tensor> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return norm(differences);
}

}  // namespace resnet_ft
