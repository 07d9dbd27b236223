#include "addon/options.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "addon/errors.h"

namespace resnet_ft {
namespace {

// Numbers and strings as they are, of everything else the type: a symbol or an object may not be turned into text.
std::string shown(const Napi::Value& value) {
  if (value.IsEmpty() || value.IsUndefined()) return "undefined";
  if (value.IsNull()) return "null";
  if (value.IsNumber() || value.IsBoolean()) return value.ToString();
  if (value.IsString()) {
    const std::string text = value.As<Napi::String>();
    return text.size() <= 100 ? "'" + text + "'" : "a long text";
  }
  if (value.IsFunction()) return "a function";
  if (value.IsArray()) return "an array";
  if (value.IsTypedArray()) return "a typed array of another kind";
  return value.IsObject() ? "an object" : "a value of another type";
}

Napi::Error wrong(const Napi::Value& value, const std::string& name, const std::string& expected) {
  return native_error(value.Env(), name + " must be " + expected + ", not " + shown(value));
}

std::string range(int64_t from, int64_t to) {
  if (to == kMaxSafeInteger) return "a whole number of " + std::to_string(from) + " or more";
  return "a whole number from " + std::to_string(from) + " to " + std::to_string(to);
}

template <class Array>
Array typed_array(const Napi::Value& value, const std::string& name, napi_typedarray_type type, const char* expected) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type)
    throw wrong(value, name, expected);
  return value.As<Array>();
}

template <class Array>
auto elements(const Array& values) {
  using Element = std::remove_pointer_t<decltype(values.Data())>;
  return std::vector<std::remove_const_t<Element>>(values.Data(), values.Data() + values.ElementLength());
}

}  // namespace

int64_t whole_number(const Napi::Value& value, const std::string& name, int64_t from, int64_t to) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  // Written so that what is no number fails. Both bounds are whole numbers that a double holds.
  if (!(number >= static_cast<double>(from) && number <= static_cast<double>(to)) || number != std::trunc(number))
    throw wrong(value, name, range(from, to));
  return static_cast<int64_t>(number);
}

double finite_number(const Napi::Value& value, const std::string& name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!std::isfinite(number)) throw wrong(value, name, "a finite number");
  return number;
}

bool boolean(const Napi::Value& value, const std::string& name) {
  if (!value.IsBoolean()) throw wrong(value, name, "true or false");
  return value.As<Napi::Boolean>();
}

std::string text(const Napi::Value& value, const std::string& name) {
  if (!value.IsString()) throw wrong(value, name, "a text");
  return value.As<Napi::String>();
}

Napi::Object object(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject() || value.IsFunction() || value.IsArray()) throw wrong(value, name, "an object");
  return value.As<Napi::Object>();
}

Napi::Array array(const Napi::Value& value, const std::string& name) {
  if (!value.IsArray()) throw wrong(value, name, "an array");
  return value.As<Napi::Array>();
}

Napi::Function function_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsFunction()) throw wrong(value, name, "a function");
  return value.As<Napi::Function>();
}

Napi::Uint8Array bytes(const Napi::Value& value, const std::string& name) {
  return typed_array<Napi::Uint8Array>(value, name, napi_uint8_array, "a Uint8Array");
}

std::vector<double> float64s(const Napi::Value& value, const std::string& name) {
  return elements(typed_array<Napi::Float64Array>(value, name, napi_float64_array, "a Float64Array"));
}

Options::Options(const Napi::Value& value, const std::string& name, std::string path)
    : object_(object(value, name)), name_(name), path_(std::move(path)) {}

Napi::Value Options::value(const char* key) {
  known_.emplace_back(key);
  return object_.Get(key);
}

int64_t Options::whole(const char* key, int64_t from, int64_t to) {
  return whole_number(value(key), named(key), from, to);
}

std::optional<int64_t> Options::whole_or_none(const char* key, int64_t from, int64_t to) {
  const Napi::Value given = value(key);
  if (given.IsUndefined()) return std::nullopt;
  return whole_number(given, named(key), from, to);
}

double Options::not_negative(const char* key) {
  const Napi::Value given = value(key);
  const double number = finite_number(given, named(key));
  if (number < 0) throw wrong(given, named(key), "a number of 0 or more");
  return number;
}

double Options::share(const char* key) {
  const Napi::Value given = value(key);
  const double number = finite_number(given, named(key));
  if (number < 0 || number > 1) throw wrong(given, named(key), "a number from 0 to 1");
  return number;
}

double Options::number(const char* key) {
  const Napi::Value given = value(key);
  if (!given.IsNumber()) throw wrong(given, named(key), "a number");
  return given.As<Napi::Number>().DoubleValue();
}

bool Options::flag(const char* key) { return boolean(value(key), named(key)); }

std::optional<bool> Options::flag_or_none(const char* key) {
  const Napi::Value given = value(key);
  if (given.IsUndefined()) return std::nullopt;
  return boolean(given, named(key));
}

std::string Options::name(const char* key) { return text(value(key), named(key)); }

std::string Options::one_of(const char* key, std::initializer_list<std::string_view> names) {
  const Napi::Value given = value(key);
  const std::string name = given.IsString() ? std::string(given.As<Napi::String>()) : std::string();
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  std::string expected = "one of";
  for (const std::string_view known : names) expected.append(known == *names.begin() ? " " : ", ").append(known);
  throw wrong(given, named(key), expected);
}

std::string Options::device(const char* key) {
  const Napi::Value given = value(key);
  const std::string name = given.IsString() ? std::string(given.As<Napi::String>()) : std::string();
  const std::string index = name.rfind("cuda:", 0) == 0 ? name.substr(5) : std::string();
  const bool numbered = !index.empty() && index.size() <= 3 &&
                        std::all_of(index.begin(), index.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name != "cpu" && name != "cuda" && !numbered) throw wrong(given, named(key), "cpu, cuda or cuda:N");
  return name;
}

std::array<float, 3> Options::channels(const char* key, bool positive) {
  const Napi::Value given = value(key);
  const Napi::Array values = array(given, named(key));
  std::array<float, 3> out{};
  if (values.Length() != out.size()) throw native_error(object_.Env(), named(key) + " must have three numbers");
  for (uint32_t c = 0; c < out.size(); ++c) {
    const std::string name = named(key) + "[" + std::to_string(c) + "]";
    const Napi::Value one = values.Get(c);
    out[c] = static_cast<float>(finite_number(one, name));
    if (!std::isfinite(out[c]) || (positive && !(out[c] > 0)))
      throw wrong(one, name, positive ? "a float32 above 0" : "a float32");
  }
  return out;
}

std::vector<int32_t> Options::int32s(const char* key) {
  return elements(typed_array<Napi::Int32Array>(value(key), named(key), napi_int32_array, "an Int32Array"));
}

std::vector<int32_t> Options::int32s(const char* key, int64_t end) {
  std::vector<int32_t> numbers = int32s(key);
  const auto wrong = std::find_if(numbers.begin(), numbers.end(), [&](int32_t i) { return i < 0 || i >= end; });
  if (wrong == numbers.end()) return numbers;
  throw native_error(object_.Env(), named(key) + "[" + std::to_string(wrong - numbers.begin()) + "] must be " +
                                        range(0, end - 1) + ", not " + std::to_string(*wrong));
}

std::vector<uint32_t> Options::uint32s(const char* key) {
  return elements(typed_array<Napi::Uint32Array>(value(key), named(key), napi_uint32_array, "a Uint32Array"));
}

std::vector<double> Options::float64s(const char* key) { return resnet_ft::float64s(value(key), named(key)); }

std::vector<double> Options::positive_float64s(const char* key) {
  std::vector<double> numbers = float64s(key);
  const auto wrong =
      std::find_if(numbers.begin(), numbers.end(), [](double n) { return !(n > 0 && std::isfinite(n)); });
  if (wrong == numbers.end()) return numbers;
  throw native_error(object_.Env(),
                     named(key) + "[" + std::to_string(wrong - numbers.begin()) + "] must be a finite number above 0");
}

Options Options::nested(const char* key) { return Options(value(key), named(key), named(key) + "."); }

std::vector<Options> Options::list(const char* key) {
  const Napi::Array values = array(value(key), named(key));
  std::vector<Options> out;
  for (uint32_t i = 0; i < values.Length(); ++i) {
    const std::string name = named(key) + "[" + std::to_string(i) + "]";
    out.emplace_back(values.Get(i), name, name + ".");
  }
  return out;
}

std::vector<uint8_t> Options::uint8s(const char* key) { return elements(bytes(value(key), named(key))); }

std::vector<int32_t> Options::indices(const char* key, int64_t count, int64_t stored) {
  const Napi::Value given = value(key);
  const Napi::Env env = object_.Env();
  if (given.IsUndefined()) {
    if (count > stored) throw native_error(env, "there are fewer crops than asked for");
    return {};
  }
  std::vector<int32_t> out =
      elements(typed_array<Napi::Int32Array>(given, named(key), napi_int32_array, "an Int32Array"));
  if (static_cast<int64_t>(out.size()) != count) throw native_error(env, "there must be an index for each image");
  const auto beyond = std::find_if(out.begin(), out.end(), [&](int32_t i) { return i < 0 || i >= stored; });
  if (beyond == out.end()) return out;
  throw native_error(env, named(key) + "[" + std::to_string(beyond - out.begin()) +
                              "] is beyond the crops: " + std::to_string(*beyond) + " of " + std::to_string(stored));
}

void Options::finish() const {
  const Napi::Array keys = object_.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = keys.Get(i).ToString();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    if (object_.Get(key).IsUndefined()) continue;
    throw native_error(object_.Env(), name_ + (path_.empty() ? " have no " : " has no ") + key);
  }
}

Napi::Float32Array float_array(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array out = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), out.Data());
  return out;
}

}  // namespace resnet_ft
