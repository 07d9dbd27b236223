#include "addon/batch.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "addon/image_store.h"
#include "addon/images.h"
#include "addon/options.h"
#include "core/batches.h"
#include "core/random_resized_crop.h"

namespace resnet_ft {
namespace {

constexpr size_t kNumbersOfAWindow = 4;

std::vector<Window> windows_of(Napi::Env env, const std::vector<int32_t>& numbers) {
  if (numbers.size() % kNumbersOfAWindow != 0) throw native_error(env, "a window has four numbers");
  std::vector<Window> out;
  for (size_t at = 0; at < numbers.size(); at += kNumbersOfAWindow)
    out.push_back({numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]});
  return out;
}

}  // namespace

Napi::Value make_batch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a batch");
  const auto size = o.whole_or_none("size", 1, INT32_MAX);
  const Napi::Value store = o.value("store");
  std::shared_ptr<const SampleSource> source;
  if (size) {
    source = ImageStoreWrap::windows_of(store, "store", static_cast<int>(*size));
  } else {
    source = CropStoreWrap::crops_of(store, "store");
  }
  const std::vector<int32_t> order = o.int32s("order");
  const std::vector<uint8_t> mirrored = o.uint8s("mirrored");
  const std::vector<Window> windows = windows_of(env, o.int32s("windows"));
  PassSamples samples{source, o.indices("indices", source->count(), source->count()), {}};
  samples.targets.resize(source->count());
  const Normalizer normalizer(o.channels("mean"), o.channels("std", true), torch::kCPU, o.flag("asOnGpu"));
  ResidentCrops resident(torch::kCPU, int64_t{1} << 30);
  o.finish();
  for (const int32_t sample : order) {
    if (sample < 0 || sample >= source->count()) throw native_error(env, "the order names an unknown sample");
  }
  if ((!mirrored.empty() && mirrored.size() != order.size()) || (!windows.empty() && windows.size() != order.size()))
    throw native_error(env, "what is drawn and the order differ in length");
  const Batches batches(normalizer, &resident, {samples, order, mirrored, windows});
  const torch::Tensor batch = batches.inputs(0, batches.count()).permute({0, 2, 3, 1}).contiguous();
  const auto* const values = batch.data_ptr<float>();
  return float_array(env, std::vector<float>(values, values + batch.numel()));
}

Napi::Value random_resized_crop_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a random crop");
  const int width = static_cast<int>(o.whole("width", 1, INT32_MAX));
  const int height = static_cast<int>(o.whole("height", 1, INT32_MAX));
  RandomResizedCropOptions options;
  options.least_scale = o.not_negative("leastScale");
  const Napi::Array drawn = array(o.value("drawn"), "drawn");
  o.finish();
  uint32_t used = 0;
  const Window window = random_resized_crop(width, height, options, [&] {
    if (used >= drawn.Length()) throw native_error(env, "too few numbers were drawn");
    return static_cast<float>(finite_number(drawn.Get(used++), "drawn"));
  });
  Napi::Object out = Napi::Object::New(env);
  out.Set("left", window.left);
  out.Set("top", window.top);
  out.Set("width", window.width);
  out.Set("height", window.height);
  out.Set("used", used);
  return out;
}

}  // namespace resnet_ft
