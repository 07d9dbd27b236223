// Reads the plain option objects that cross the border.
#pragma once

#include <napi.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace resnet_ft {

inline std::string text(const Napi::Object& options, const char* key) { return options.Get(key).ToString(); }
inline double number(const Napi::Object& options, const char* key) { return options.Get(key).ToNumber().DoubleValue(); }
inline int64_t integer(const Napi::Object& options, const char* key) {
  return options.Get(key).ToNumber().Int64Value();
}

inline std::array<float, 3> channels(const Napi::Object& options, const char* key) {
  const auto values = options.Get(key).As<Napi::Array>();
  std::array<float, 3> out{};
  for (uint32_t c = 0; c < 3; ++c) out[c] = values.Get(c).ToNumber().FloatValue();
  return out;
}

template <class Element, class Array>
std::vector<Element> elements(const Napi::Object& options, const char* key) {
  const auto values = options.Get(key).As<Array>();
  return std::vector<Element>(values.Data(), values.Data() + values.ElementLength());
}

inline Napi::Float32Array float_array(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array out = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), out.Data());
  return out;
}

}  // namespace resnet_ft
