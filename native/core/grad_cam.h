// Grad-CAM (Selvaraju et al., ICCV 2017, arXiv:1610.02391): where in an image the evidence for a class lies, by the
// gradient of its logit with respect to the output of a module.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/folded_resnet.h"
#include "core/pass_control.h"
#include "core/sample_source.h"

namespace resnet_ft {

struct GradCamOptions {
  Pass pass;  // of PassControl::begin_pass()
  std::shared_ptr<const SampleSource> store;
  int64_t count = 0;
  std::vector<int32_t> indices;  // as of RunOptions
  std::vector<int32_t> classes;  // of each image; -1: the most probable one
  std::string layer;             // a module as FoldedResNet::forward_through takes it
  int64_t batch_size = 0;
};

struct GradCamResult {
  int64_t images = 0;
  int64_t height = 0, width = 0;
  std::vector<float> maps;       // images x height x width, at least 0, not normalised
  std::vector<int32_t> classes;  // of which the maps are
  std::vector<float> logits;     // images x classes
  bool cancelled = false;
};

struct ClassMaps {
  torch::Tensor maps;     // batch x height x width
  torch::Tensor classes;  // batch, int64
  torch::Tensor logits;   // batch x classes
};

// Of a batch of normalised images. `classes` as of GradCamOptions, int64 on the images' device.
ClassMaps grad_cam(FoldedResNet* network, const torch::Tensor& images, const std::string& layer,
                   const torch::Tensor& classes);

}  // namespace resnet_ft
