#include "addon/network.h"

#include <string>
#include <utility>
#include <vector>

#include "addon/errors.h"
#include "addon/options.h"

namespace resnet_ft {
namespace {

// More than any network has; what fits into them and not into memory is an error of its own.
constexpr int64_t kMostChannels = 1 << 16;
constexpr int64_t kMostBlocks = 1000;
constexpr int64_t kLargestKernel = 63;

// A module of the tree, and where it stands in it.
class Module {
 public:
  Module(const Napi::Value& value, std::string path)
      : path_(std::move(path)), options_(value, path_), env_(value.Env()) {
    type_ = text(options_.value("type"), path_ + ".type");
  }

  const std::string& path() const { return path_; }
  const std::string& type() const { return type_; }
  Module& of_type(const std::string& wanted) {
    if (type_ != wanted) fail("must be a " + wanted);
    return *this;
  }
  int64_t whole(const char* key, int64_t from, int64_t to) {
    return whole_number(options_.value(key), path_ + "." + key, from, to);
  }
  void equal(const char* key, int64_t wanted, const char* because) {
    const int64_t given = whole(key, 0, kMaxSafeInteger);
    if (given == wanted) return;
    throw native_error(
        env_, path_ + "." + key + " must be " + std::to_string(wanted) + because + ", not " + std::to_string(given));
  }
  Options children() { return Options(options_.value("children"), path_ + ".children"); }
  [[noreturn]] void fail(const std::string& why) const { throw native_error(env_, path_ + " " + why); }
  // To be called after the last key was read, as that of Options.
  void finish() const { options_.finish(); }

 private:
  std::string path_;
  Options options_;
  Napi::Env env_;
  std::string type_;
};

// The children of a module by their names.
class Children {
 public:
  explicit Children(Module& parent) : path_(parent.path() + "."), options_(parent.children()) {}

  bool has(const char* key) { return !options_.value(key).IsUndefined(); }
  Module get(const char* key) { return Module(options_.value(key), path_ + key); }
  // Of a kind that has nothing to tell but itself.
  void plain(const char* key, const char* type) { get(key).of_type(type).finish(); }
  void finish() const { options_.finish(); }

 private:
  std::string path_;
  Options options_;
};

// A convolution of what has so many channels, and the batch norm after it. Its padding leaves the size as it is but for
// the stride, so that the two ways through a block end alike.
Convolution convolution(Children& children, const char* name, const char* norm_name, int64_t channels) {
  Module module = children.get(name);
  module.of_type("Conv2d");
  Convolution out;
  module.equal("inputs", channels, ", as many as come in");
  out.inputs = channels;
  out.outputs = module.whole("outputs", 1, kMostChannels);
  out.kernel = module.whole("kernel", 1, kLargestKernel);
  if (out.kernel % 2 == 0) module.fail("must have an odd kernel");
  out.stride = module.whole("stride", 1, kLargestKernel);
  out.padding = out.kernel / 2;
  module.equal("padding", out.padding, ", half of the kernel");
  out.groups = module.whole("groups", 1, kMostChannels);
  if (out.inputs % out.groups != 0 || out.outputs % out.groups != 0)
    module.fail("must have inputs and outputs that its groups divide");
  module.finish();
  Module norm = children.get(norm_name);
  norm.of_type("BatchNorm2d").equal("channels", out.outputs, ", as many as come in");
  norm.finish();
  return out;
}

ResidualBlock residual_block(Module module, int64_t channels) {
  const bool bottleneck = module.type() == "Bottleneck";
  if (!bottleneck) module.of_type("BasicBlock");
  Children children(module);
  ResidualBlock block;
  int64_t outputs = channels;
  int64_t stride = 1;
  const auto add = [&](const char* conv, const char* norm) {
    block.convolutions.push_back(convolution(children, conv, norm, outputs));
    outputs = block.convolutions.back().outputs;
    stride *= block.convolutions.back().stride;
  };
  add("conv1", "bn1");
  add("conv2", "bn2");
  if (bottleneck) add("conv3", "bn3");
  children.plain("relu", "ReLU");
  if (children.has("downsample")) {
    Module downsample = children.get("downsample");
    downsample.of_type("Sequential");
    Children inner(downsample);
    block.downsample = convolution(inner, "0", "1", channels);
    inner.finish();
    downsample.finish();
  }
  children.finish();
  module.finish();
  if (block.downsample ? block.downsample->outputs != outputs || block.downsample->stride != stride
                       : channels != outputs || stride != 1)
    module.fail("must have a downsample that gives what its convolutions give");
  return block;
}

std::vector<ResidualBlock> layer(Module module, int64_t channels) {
  module.of_type("Sequential");
  Children children(module);
  std::vector<ResidualBlock> blocks;
  for (std::string index = "0"; children.has(index.c_str()); index = std::to_string(blocks.size())) {
    if (blocks.size() == kMostBlocks) module.fail("has more than " + std::to_string(kMostBlocks) + " blocks");
    blocks.push_back(residual_block(children.get(index.c_str()), channels));
    channels = blocks.back().convolutions.back().outputs;
  }
  if (blocks.empty()) module.fail("has no blocks");
  children.finish();
  module.finish();
  return blocks;
}

}  // namespace

Network network_of(const Napi::Value& value) {
  Module root(value, "network");
  root.of_type("ResNet");
  Children children(root);
  Network out;
  out.stem = convolution(children, "conv1", "bn1", 3);
  children.plain("relu", "ReLU");
  Module pool = children.get("maxpool");
  pool.of_type("MaxPool2d");
  out.pool.kernel = pool.whole("kernel", 1, kLargestKernel);
  out.pool.stride = pool.whole("stride", 1, kLargestKernel);
  out.pool.padding = pool.whole("padding", 0, out.pool.kernel / 2);
  pool.finish();
  int64_t channels = out.stem.outputs;
  for (size_t i = 0; i < out.layers.size(); ++i) {
    out.layers[i] = layer(children.get(("layer" + std::to_string(i + 1)).c_str()), channels);
    channels = out.layers[i].back().convolutions.back().outputs;
  }
  children.plain("avgpool", "AdaptiveAvgPool2d");
  Module fc = children.get("fc");
  fc.of_type("Linear").equal("inputs", channels, ", as many as come in");
  out.features = channels;
  out.classes = fc.whole("outputs", 1, INT32_MAX);
  fc.finish();
  children.finish();
  root.finish();
  return out;
}

}  // namespace resnet_ft
