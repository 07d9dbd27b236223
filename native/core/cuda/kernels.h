// Our kernels on one GPU: compiled when first asked for, and used only after they gave what LibTorch's operators give.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/cuda/batch.h"
#include "core/cuda/batch_norm.h"
#include "core/cuda/gpu.h"

namespace resnet_ft::cuda {

class Kernels {
 public:
  // `open` finds the libraries; it is called when the first kernel is asked for.
  Kernels(const torch::Device& device, std::function<const Driver*()> open) : device_(device), open_(std::move(open)) {}

  // Of a CUDA device, with the libraries of this process's LibTorch; null of any other device.
  static Kernels* of(const torch::Device& device);

  // Null where they can't be used: something failed, for good (see `reason`), or, where they have not been asked for
  // before, the current stream records a graph.
  const BatchNormKernels* batch_norm(torch::ScalarType type, bool wide);
  const BatchKernels* batch();

  // Why there are none; empty while nothing has failed.
  std::string reason() const;

 private:
  // `make` and what it throws, once; afterwards what it made.
  template <class Made>
  const Made* once(std::unique_ptr<Made>* held, const std::function<std::unique_ptr<Made>(const Gpu&)>& make);

  torch::Device device_;
  std::function<const Driver*()> open_;
  mutable std::mutex mutex_;
  std::unique_ptr<Gpu> gpu_;
  std::map<std::pair<torch::ScalarType, bool>, std::unique_ptr<BatchNormKernels>> batch_norm_;
  std::unique_ptr<BatchKernels> batch_;
  std::string reason_;
};

}  // namespace resnet_ft::cuda
