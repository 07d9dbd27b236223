#include "addon/session_state.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "addon/options.h"

namespace resnet_ft {
namespace {

Napi::Value position_to_js(Napi::Env env, const Position& position) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("epoch", static_cast<double>(position.epoch));
  out.Set("step", static_cast<double>(position.step));
  out.Set("images", static_cast<double>(position.images));
  out.Set("loss", position.loss);
  out.Set("correct", static_cast<double>(position.correct));
  return out;
}

Position read_position(Options o) {
  Position position;
  position.epoch = o.whole("epoch", 1, INT32_MAX);
  position.step = o.whole("step");
  position.images = o.whole("images");
  position.loss = o.number("loss");
  position.correct = o.whole("correct");
  o.finish();
  return position;
}

Napi::Value generator_to_js(Napi::Env env, const TorchGenerator& generator) {
  Napi::Uint32Array words = Napi::Uint32Array::New(env, generator.words.size());
  std::copy(generator.words.begin(), generator.words.end(), words.Data());
  Napi::Object out = Napi::Object::New(env);
  out.Set("words", words);
  out.Set("next", static_cast<double>(generator.next));
  return out;
}

TorchGenerator read_generator(Options o) {
  const TorchGenerator generator{o.uint32s("words"), static_cast<uint32_t>(o.whole("next", 0, 624))};
  o.finish();
  return generator;
}

}  // namespace

Napi::Value state_to_js(Napi::Env env, const SessionState& state) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("model", tensors_to_js(env, state.model));
  out.Set("optimizer", tensors_to_js(env, state.optimizer));
  out.Set("ema", tensors_to_js(env, state.ema));
  out.Set("generator", state.generator ? generator_to_js(env, *state.generator) : env.Null());
  out.Set("position", position_to_js(env, state.position));
  if (state.kept) {
    Napi::Object kept = Napi::Object::New(env);
    kept.Set("loss", state.kept->loss);
    kept.Set("tensors", tensors_to_js(env, state.kept->tensors));
    out.Set("kept", kept);
  } else {
    out.Set("kept", env.Null());
  }
  return out;
}

std::shared_ptr<const GivenState> state_from_js(const Napi::Value& value) {
  Options o(value, "state", "state.");
  auto out = std::make_shared<GivenState>();
  const auto read_tensors = [&](const Napi::Value& tensors) {
    out->tensors.push_back(tensors_from_js(tensors));
    return out->tensors.back()->tensors;
  };
  out->state.model = read_tensors(o.value("model"));
  out->state.optimizer = read_tensors(o.value("optimizer"));
  out->state.ema = read_tensors(o.value("ema"));
  if (!o.value("generator").IsNull()) out->state.generator = read_generator(o.nested("generator"));
  out->state.position = read_position(o.nested("position"));
  if (!o.value("kept").IsNull()) {
    Options kept = o.nested("kept");
    out->state.kept = KeptWeights{kept.number("loss"), read_tensors(kept.value("tensors"))};
    kept.finish();
  }
  o.finish();
  return out;
}

}  // namespace resnet_ft
