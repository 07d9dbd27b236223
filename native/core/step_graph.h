// Work on a device that was recorded once and is repeated without asking for each operation again: at small batches,
// asking takes a GPU's step longer than computing it.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>

namespace resnet_ft {

class StepGraph {
 public:
  virtual ~StepGraph() = default;

  // Does again what `work` did, with the same tensors.
  virtual void replay() = 0;

  // Records what `work` asks of the device, without doing it. All of it must be asked for on this thread, and must not
  // wait for the device. On a CPU, which has no such graphs, a replay runs `work`: for what is around to be tested
  // where there is no GPU. Throws std::runtime_error where this LibTorch or system has no CUDA graphs, and whatever
  // `work` throws; nothing is being recorded any more then. Once a recording could not even be ended, no more are made
  // in this process.
  static std::unique_ptr<StepGraph> record(const torch::Device& device, const std::function<void()>& work);
};

}  // namespace resnet_ft
