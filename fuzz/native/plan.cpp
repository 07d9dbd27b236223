// Gives a network and a recipe, of which an input changes some values, to the readers of native/addon. They take them
// or throw a Napi::Error.
#include <fuzzer/FuzzedDataProvider.h>
#include <napi.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "addon/network.h"
#include "addon/recipe.h"
#include "fake_value.h"

using fuzz::as_napi;
using fuzz::Kind;
using fuzz::make;
using fuzz::Value;

namespace {

Value* number(double value) {
  Value* out = make(Kind::kNumber);
  out->number = value;
  return out;
}
Value* text(const std::string& value) {
  Value* out = make(Kind::kText);
  out->text = value;
  return out;
}
Value* flag(bool value) {
  Value* out = make(Kind::kBoolean);
  out->number = value ? 1 : 0;
  return out;
}
Value* object(std::vector<std::pair<std::string, Value*>> fields) {
  Value* out = make(Kind::kObject);
  out->fields = std::move(fields);
  return out;
}
Value* array(std::vector<Value*> items) {
  Value* out = make(Kind::kArray);
  out->items = std::move(items);
  return out;
}
Value* doubles(size_t length, napi_typedarray_type type = napi_float64_array) {
  Value* out = make(Kind::kTypedArray);
  out->array_type = type;
  out->length = length;
  // Bytes of ones: as doubles they are above 0.
  out->bytes.assign(length * 8, 1);
  return out;
}

Value* plain(const char* type) { return object({{"type", text(type)}}); }
Value* norm(int channels) { return object({{"type", text("BatchNorm2d")}, {"channels", number(channels)}}); }
Value* conv(int inputs, int outputs, int kernel, int stride) {
  return object({{"type", text("Conv2d")},
                 {"inputs", number(inputs)},
                 {"outputs", number(outputs)},
                 {"kernel", number(kernel)},
                 {"stride", number(stride)},
                 {"padding", number(kernel / 2)},
                 {"groups", number(1)}});
}
Value* module(const char* type, std::vector<std::pair<std::string, Value*>> children) {
  return object({{"type", text(type)}, {"children", object(std::move(children))}});
}
Value* layer(int inputs, int outputs, int stride) {
  Value* downsample = module("Sequential", {{"0", conv(inputs, outputs, 1, stride)}, {"1", norm(outputs)}});
  Value* block = module("BasicBlock", {{"conv1", conv(inputs, outputs, 3, stride)},
                                       {"bn1", norm(outputs)},
                                       {"conv2", conv(outputs, outputs, 3, 1)},
                                       {"bn2", norm(outputs)},
                                       {"relu", plain("ReLU")},
                                       {"downsample", downsample}});
  return module("Sequential", {{"0", block}});
}
Value* network() {
  Value* pool =
      object({{"type", text("MaxPool2d")}, {"kernel", number(3)}, {"stride", number(2)}, {"padding", number(1)}});
  return module("ResNet", {{"conv1", conv(3, 8, 7, 2)},
                           {"bn1", norm(8)},
                           {"relu", plain("ReLU")},
                           {"maxpool", pool},
                           {"layer1", layer(8, 8, 2)},
                           {"layer2", layer(8, 16, 2)},
                           {"layer3", layer(16, 32, 2)},
                           {"layer4", layer(32, 64, 2)},
                           {"avgpool", plain("AdaptiveAvgPool2d")},
                           {"fc", object({{"type", text("Linear")}, {"inputs", number(64)}, {"outputs", number(2)}})}});
}

Value* style(const char* kind, std::vector<std::pair<std::string, Value*>> fields) {
  fields.insert(fields.begin(), {"kind", text(kind)});
  fields.emplace_back("interpolation", text("bilinear"));
  fields.emplace_back("fill", array({number(0), number(128), number(255)}));
  return object(std::move(fields));
}
Value* shares(const char* kind, std::vector<std::string> names) {
  Value* out = object({{"kind", text(kind)}});
  for (const std::string& name : names) out->set(name, number(0.5));
  return out;
}
Value* augmentations() {
  return array({shares("horizontal-flip", {"probability"}),
                shares("random-resized-crop", {"leastScale", "mostScale", "leastRatio", "mostRatio"}),
                style("rotation", {{"degrees", number(10)}}),
                style("affine", {{"degrees", number(10)},
                                 {"translateX", number(0.1)},
                                 {"translateY", number(0.1)},
                                 {"leastScale", number(0.5)},
                                 {"mostScale", number(2)},
                                 {"shear", number(5)}}),
                shares("color-jitter", {"brightness", "contrast", "saturation", "hue"}),
                style("rand-augment", {{"operations", number(2)}, {"magnitude", number(9)}}),
                style("trivial-augment", {}), shares("mixup", {"alpha"})});
}
Value* recipe(FuzzedDataProvider* data) {
  Value* sgd =
      object({{"kind", text("sgd")}, {"momentum", number(0.9)}, {"weightDecay", number(0)}, {"nesterov", flag(false)}});
  Value* adamw = object({{"kind", text("adamw")},
                         {"beta1", number(0.9)},
                         {"beta2", number(0.99)},
                         {"eps", number(1e-8)},
                         {"weightDecay", number(0.1)}});
  return object(
      {{"seed", number(1)},
       {"draws", text(data->ConsumeBool() ? "torch" : "counter")},
       {"parameterGroups", array({object({{"from", text("layer3")}}), object({{"from", text("fc")}})})},
       {"optimizer", data->ConsumeBool() ? sgd : adamw},
       {"decayNormBias", flag(true)},
       {"clipGrad", number(0)},
       {"ema", number(0)},
       {"loss",
        object({{"kind", text("cross-entropy")}, {"labelSmoothing", number(0.1)}, {"classWeights", doubles(2)}})},
       {"sampling", text("shuffle")},
       {"augment", data->ConsumeBool() ? augmentations() : array({})}});
}

// Every place of a tree where a value stands.
void places(Value* value, std::vector<Value**>* found) {
  for (auto& [key, inner] : value->fields) {
    found->push_back(&inner);
    places(inner, found);
  }
  for (Value*& inner : value->items) {
    found->push_back(&inner);
    places(inner, found);
  }
}

Value* odd(FuzzedDataProvider* data, const std::vector<Value**>& all) {
  constexpr double kNumbers[] = {0,    -0.0, -1, 1, 2, 0.5, 63, 64, 65536, 65537, 1e9, 2147483648.0, 9007199254740993.0,
                                 1e308};
  switch (data->ConsumeIntegralInRange(0, 9)) {
    case 0:
      return number(data->PickValueInArray(kNumbers));
    case 1:
      return number(data->ConsumeFloatingPoint<double>());
    case 2:
      return number(data->ConsumeBool() ? std::nan("") : std::numeric_limits<double>::infinity());
    case 3:
      return text(data->ConsumeRandomLengthString(200));
    case 4:
      return make(static_cast<Kind>(data->ConsumeIntegralInRange(0, static_cast<int>(Kind::kBigInt))));
    case 5:
      return flag(data->ConsumeBool());
    case 6:
      return doubles(data->ConsumeIntegralInRange(0, 9),
                     static_cast<napi_typedarray_type>(data->ConsumeIntegralInRange(0, 10)));
    case 7:
      return array({});
    case 8:
      return number(data->ConsumeIntegralInRange(-2, 70));
    default:
      return *all[data->ConsumeIntegralInRange<size_t>(0, all.size() - 1)];
  }
}

// Of one that stands elsewhere: no value may come to stand in itself.
Value* copy_of(const Value* value) {
  Value* out = make(value->kind);
  const Value& from = *value;
  out->number = from.number;
  out->text = from.text;
  out->array_type = from.array_type;
  out->length = from.length;
  out->bytes = from.bytes;
  for (const auto& [key, inner] : from.fields) out->fields.emplace_back(key, copy_of(inner));
  for (const Value* inner : from.items) out->items.push_back(copy_of(inner));
  return out;
}

void change(Value* root, FuzzedDataProvider* data) {
  for (int i = data->ConsumeIntegralInRange(0, 6); i > 0; --i) {
    std::vector<Value**> all;
    places(root, &all);
    if (all.empty() || all.size() > 5000) return;
    Value** place = all[data->ConsumeIntegralInRange<size_t>(0, all.size() - 1)];
    const int how = data->ConsumeIntegralInRange(0, 5);
    if (how == 0 && !(*place)->fields.empty())
      (*place)->fields.pop_back();
    else if (how == 1)
      (*place)->set(data->ConsumeRandomLengthString(20), number(1));
    else if (how == 2 && !(*place)->items.empty())
      (*place)->items.push_back((*place)->items[0]);
    else if (how == 3 && !(*place)->fields.empty())
      (*place)->fields.erase((*place)->fields.begin());
    else
      *place = copy_of(odd(data, all));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider data(bytes, size);
  const bool is_network = data.ConsumeBool();
  Value* root = is_network ? network() : recipe(&data);
  change(root, &data);
  const Napi::Value value(reinterpret_cast<napi_env>(1), as_napi(root));
  try {
    if (is_network) {
      const resnet_ft::Network read = resnet_ft::network_of(value);
      if (read.features <= 0 || read.classes <= 0 || read.stem.inputs != 3) __builtin_trap();
    } else {
      const resnet_ft::Recipe read = resnet_ft::read_recipe(resnet_ft::Options(value, "recipe", "recipe."));
      if (read.groups.empty() || !std::isfinite(read.clip_grad) || !(read.ema >= 0 && read.ema <= 1)) __builtin_trap();
    }
  } catch (const Napi::Error&) {
    // Refused, with a message.
  } catch (const std::invalid_argument&) {
    // Becomes one at the border (native/addon/errors.h).
  }
  fuzz::pool().clear();
  return 0;
}
