#include "addon/augmentation.h"

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "addon/errors.h"

namespace resnet_ft {
namespace {

constexpr int64_t kMostOperations = 14;
// Of less, places in the image would not fit into Pillow's fixed-point numbers.
constexpr double kLeastScale = 0.1;
constexpr int64_t kGreatestMagnitude = 30;

WarpStyle read_style(Options* o) {
  WarpStyle style;
  style.bilinear = o->one_of("interpolation", {"nearest", "bilinear"}) == "bilinear";
  const std::array<float, 3> fill = o->channels("fill");
  for (size_t c = 0; c < fill.size(); ++c) {
    if (!(fill[c] >= 0 && fill[c] <= UINT8_MAX)) throw std::invalid_argument("fill must have bytes");
    style.fill[c] = static_cast<uint8_t>(fill[c]);
  }
  return style;
}

Augmentation read_warp(const std::string& kind, Options* o) {
  if (kind == "rotation") {
    const double degrees = o->not_negative("degrees");
    return Rotation{degrees, read_style(o)};
  }
  Affine affine;
  affine.degrees = o->not_negative("degrees");
  affine.translate_x = o->share("translateX");
  affine.translate_y = o->share("translateY");
  affine.least_scale = o->not_negative("leastScale");
  affine.most_scale = o->not_negative("mostScale");
  if (affine.least_scale < kLeastScale) throw std::invalid_argument("leastScale must be at least 0.1");
  affine.shear = o->not_negative("shear");
  affine.style = read_style(o);
  return affine;
}

Augmentation read_policy(const std::string& kind, Options* o) {
  if (kind == "trivial-augment") return TrivialAugment{read_style(o)};
  RandAugment policy;
  policy.operations = static_cast<int>(o->whole("operations", 1, kMostOperations));
  policy.magnitude = static_cast<int>(o->whole("magnitude", 0, kGreatestMagnitude));
  policy.style = read_style(o);
  return policy;
}

Augmentation read_crop(Options* o) {
  RandomResizedCropOptions crop;
  crop.least_scale = o->share("leastScale");
  crop.most_scale = o->share("mostScale");
  crop.least_ratio = o->not_negative("leastRatio");
  crop.most_ratio = o->not_negative("mostRatio");
  return crop;
}

Augmentation read_jitter(Options* o) {
  ColorJitter jitter;
  jitter.brightness = o->not_negative("brightness");
  jitter.contrast = o->not_negative("contrast");
  jitter.saturation = o->not_negative("saturation");
  jitter.hue = o->share("hue");
  return jitter;
}

Augmentation read_augmentation(const std::string& kind, Options* o) {
  if (kind == "horizontal-flip") return HorizontalFlip{o->share("probability")};
  if (kind == "vertical-flip") return VerticalFlip{o->share("probability")};
  if (kind == "grayscale") return Grayscale{o->share("probability")};
  if (kind == "random-erasing") return RandomErasing{o->share("probability")};
  if (kind == "mixup") return Mixup{o->not_negative("alpha")};
  if (kind == "cutmix") return CutMix{o->not_negative("alpha")};
  if (kind == "random-resized-crop") return read_crop(o);
  if (kind == "color-jitter") return read_jitter(o);
  if (kind == "rand-augment" || kind == "trivial-augment") return read_policy(kind, o);
  return read_warp(kind, o);
}

}  // namespace

std::vector<Augmentation> read_augmentations(Napi::Env env, const std::vector<Options>& list) {
  std::vector<Augmentation> out;
  std::set<std::string> kinds;
  for (Options o : list) {
    const std::string kind = o.one_of(
        "kind", {"horizontal-flip", "vertical-flip", "random-resized-crop", "rotation", "affine", "color-jitter",
                 "grayscale", "rand-augment", "trivial-augment", "random-erasing", "mixup", "cutmix"});
    if (!kinds.insert(kind).second) throw native_error(env, "recipe.augment has " + kind + " twice");
    out.push_back(read_augmentation(kind, &o));
    o.finish();
  }
  return out;
}

}  // namespace resnet_ft
