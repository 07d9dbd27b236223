// Augmentations with given parameters, for tests.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "addon/augmentation.h"
#include "addon/errors.h"
#include "addon/image_worker.h"
#include "core/augment/color.h"
#include "core/augment/mix.h"
#include "core/augment/operations.h"
#include "core/augment/tones.h"
#include "core/augment/warp.h"
#include "core/counted_draws.h"

namespace resnet_ft {
namespace {

using Change = std::function<void(RgbImage*, const std::vector<double>&, const WarpStyle&)>;

// Each with the number of values that it takes.
const std::map<std::string, std::pair<size_t, Change>>& changes() {
  using Values = std::vector<double>;
  static const std::map<std::string, std::pair<size_t, Change>> all = {
      {"horizontal-flip", {0, [](RgbImage* i, const Values&, const WarpStyle&) { flip_horizontally(i); }}},
      {"vertical-flip", {0, [](RgbImage* i, const Values&, const WarpStyle&) { flip_vertically(i); }}},
      {"brightness", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { adjust_brightness(i, v[0]); }}},
      {"contrast", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { adjust_contrast(i, v[0]); }}},
      {"saturation", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { adjust_saturation(i, v[0]); }}},
      {"hue", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { adjust_hue(i, v[0]); }}},
      {"sharpness", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { adjust_sharpness(i, v[0]); }}},
      {"grayscale", {0, [](RgbImage* i, const Values&, const WarpStyle&) { to_grayscale(i); }}},
      {"posterize", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { posterize(i, static_cast<int>(v[0])); }}},
      {"solarize", {1, [](RgbImage* i, const Values& v, const WarpStyle&) { solarize(i, v[0]); }}},
      {"autocontrast", {0, [](RgbImage* i, const Values&, const WarpStyle&) { autocontrast(i); }}},
      {"equalize", {0, [](RgbImage* i, const Values&, const WarpStyle&) { equalize(i); }}},
      {"rotate", {1, [](RgbImage* i, const Values& v, const WarpStyle& s) { rotate(i, v[0], s); }}},
      {"affine",
       {6,
        [](RgbImage* i, const Values& v, const WarpStyle& s) {
          affine(i, {v[0], static_cast<int>(v[1]), static_cast<int>(v[2]), v[3], v[4], v[5]}, s);
        }}},
      // An operation of TrivialAugmentWide and RandAugment by its number, and its magnitude.
      {"operation",
       {2, [](RgbImage* i, const Values& v,
              const WarpStyle& s) { apply({static_cast<Operation>(static_cast<int>(v[0])), v[1]}, s, i); }}},
  };
  return all;
}

std::vector<double> numbers(const Napi::Value& value, const char* name) {
  const Napi::Array given = array(value, name);
  std::vector<double> out;
  for (uint32_t i = 0; i < given.Length(); ++i) out.push_back(finite_number(given.Get(i), name));
  return out;
}

}  // namespace

Napi::Value augment_image(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of an augmentation");
  const std::string name = o.name("name");
  const std::vector<double> values = numbers(o.value("values"), "values");
  WarpStyle style;
  style.bilinear = o.flag("bilinear");
  const std::vector<uint8_t> fill = o.uint8s("fill");
  RgbImage image;
  image.width = static_cast<int>(o.whole("width", 1, INT16_MAX));
  image.height = static_cast<int>(o.whole("height", 1, INT16_MAX));
  image.data = o.uint8s("data");
  o.finish();
  const auto found = changes().find(name);
  if (found == changes().end() || found->second.first != values.size())
    throw native_error(env, "there is no augmentation " + name + " of " + std::to_string(values.size()) + " values");
  if (fill.size() != style.fill.size() || image.data.size() != size_t{3} * image.width * image.height)
    throw native_error(env, "an image and its fill have three bytes a pixel");
  std::copy(fill.begin(), fill.end(), style.fill.begin());
  found->second.second(&image, values, style);
  return image_to_js(env, image);
}

// A batch of n x 3 x side x side floats mixed with itself: by the share `own` alone, or also with a part cut out.
Napi::Value augment_batch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a mixed batch");
  const int64_t count = o.whole("count", 1, INT32_MAX);
  const int64_t side = o.whole("side", 1, INT16_MAX);
  const int64_t classes = o.whole("classes", 1, INT32_MAX);
  std::vector<double> values = o.float64s("images");
  const std::vector<int32_t> targets = o.int32s("targets", classes);
  BatchMix mix;
  mix.own = o.share("own");
  const std::vector<int32_t> part = o.int32s("part");
  o.finish();
  if (values.size() != static_cast<size_t>(count * 3 * side * side) || targets.size() != static_cast<size_t>(count))
    throw native_error(env, "the batch has another size");
  if (part.size() == 4) mix.part = Window{part[0], part[1], part[2], part[3]};
  const torch::Tensor images =
      torch::from_blob(values.data(), {count, 3, side, side}, torch::kFloat64).to(torch::kFloat32);
  const torch::Tensor labels =
      torch::tensor(std::vector<int64_t>(targets.begin(), targets.end()), torch::TensorOptions(torch::kInt64));
  const auto floats = [&](const torch::Tensor& of) {
    const torch::Tensor flat = of.contiguous();
    const auto* const from = flat.data_ptr<float>();
    return float_array(env, std::vector<float>(from, from + flat.numel()));
  };
  Napi::Object out = Napi::Object::New(env);
  out.Set("images", floats(mixed(images, mix)));
  out.Set("targets", floats(mixed_targets(labels, mix, classes)));
  return out;
}

// What is drawn for one sample or batch: numbers, whose meaning depends on what was asked for.
Napi::Value draw_augmentation(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a draw");
  const std::string what = o.one_of("what", {"beta", "cutmix", "erased", "trivial-augment", "rand-augment",
                                             "rand-augment-magnitudes", "trivial-augment-magnitudes"});
  const auto seed = static_cast<uint64_t>(o.whole("seed"));
  const auto sample = static_cast<uint64_t>(o.whole("sample"));
  const int side = static_cast<int>(o.whole("side", 1, INT16_MAX));
  const double value = o.number("value");
  o.finish();
  CountedNumbers drawn(seed, 1, sample, DrawPurpose::kMix);
  std::vector<float> out;
  const auto add_window = [&](const Window& of) {
    for (const int number : {of.left, of.top, of.width, of.height}) out.push_back(static_cast<float>(number));
  };
  const auto add_choice = [&](const OperationChoice& choice) {
    out.push_back(static_cast<float>(choice.operation));
    out.push_back(static_cast<float>(choice.magnitude));
  };
  const bool rand = what.rfind("rand", 0) == 0;
  const Magnitudes magnitudes = rand ? Magnitudes::rand_augment(side) : Magnitudes::trivial_augment();
  if (what == "beta") {
    out.push_back(static_cast<float>(draw_beta(value, &drawn)));
  } else if (what == "cutmix") {
    const BatchMix mix = draw_cut_mix({value}, side, &drawn);
    out.push_back(static_cast<float>(mix.own));
    add_window(mix.part.value());
  } else if (what == "erased") {
    add_window(draw_erased({value}, side, &drawn));
  } else if (what == "trivial-augment") {
    add_choice(draw(TrivialAugment{}, magnitudes, &drawn));
  } else if (what == "rand-augment") {
    RandAugment policy;
    policy.magnitude = static_cast<int>(value);
    for (const OperationChoice& choice : draw(policy, magnitudes, &drawn)) add_choice(choice);
  } else {
    for (int operation = 0; operation < kOperations; ++operation) {
      for (int m = 0; m < kMagnitudes; ++m)
        out.push_back(static_cast<float>(magnitudes.of(static_cast<Operation>(operation), m)));
    }
  }
  return float_array(env, out);
}

}  // namespace resnet_ft
