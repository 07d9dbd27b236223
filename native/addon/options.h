// Strict readers of what crosses the border. Nothing is coerced: whatever is missing, of another type or out of range
// is an error that names it. Its caller has validated all of it, so that such an error is a mistake in the caller.
#pragma once

#include <napi.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace resnet_ft {

// The greatest whole number that a double holds without gaps below it.
constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;
// What the option of the command line allows; OpenMP ends the process where it can't start as many as it is told to.
constexpr int64_t kMaxThreads = 4096;

// Of a store.
constexpr const char* kSharedWithoutFile = "what processes share needs a file";

int64_t whole_number(const Napi::Value& value, const std::string& name, int64_t from = 0, int64_t to = kMaxSafeInteger);
double finite_number(const Napi::Value& value, const std::string& name);
bool boolean(const Napi::Value& value, const std::string& name);
std::string text(const Napi::Value& value, const std::string& name);
Napi::Object object(const Napi::Value& value, const std::string& name);
Napi::Array array(const Napi::Value& value, const std::string& name);
Napi::Function function_of(const Napi::Value& value, const std::string& name);
Napi::Uint8Array bytes(const Napi::Value& value, const std::string& name);
std::vector<double> float64s(const Napi::Value& value, const std::string& name);

// The named properties of an object.
class Options {
 public:
  // `name` is what errors call the object, and `path` what its keys are called by, before their own name.
  Options(const Napi::Value& value, const std::string& name, std::string path = {});

  // Undefined where there is none.
  Napi::Value value(const char* key);
  int64_t whole(const char* key, int64_t from = 0, int64_t to = kMaxSafeInteger);
  std::optional<int64_t> whole_or_none(const char* key, int64_t from = 0, int64_t to = kMaxSafeInteger);
  double not_negative(const char* key);
  // A number from 0 to 1.
  double share(const char* key);
  // Any number, also none (NaN) and infinities.
  double number(const char* key);
  bool flag(const char* key);
  std::optional<bool> flag_or_none(const char* key);
  std::string name(const char* key);
  std::string one_of(const char* key, std::initializer_list<std::string_view> names);
  // `cpu`, `cuda` or `cuda:N`.
  std::string device(const char* key);
  // Three finite numbers; above 0 where `positive` says so.
  std::array<float, 3> channels(const char* key, bool positive = false);
  // Copies: JavaScript may write into its arrays, or take them away, while a pass runs.
  std::vector<int32_t> int32s(const char* key);
  // Each from 0 to below `end`.
  std::vector<int32_t> int32s(const char* key, int64_t end);
  std::vector<uint8_t> uint8s(const char* key);
  std::vector<uint32_t> uint32s(const char* key);
  std::vector<double> float64s(const char* key);
  // Finite numbers above 0.
  std::vector<double> positive_float64s(const char* key);
  // Where in a store of `stored` images each of `count` is; empty where left out: the first ones.
  std::vector<int32_t> indices(const char* key, int64_t count, int64_t stored);

  // The object under a key, and the objects of the array under a key: `recipe.optimizer`, `recipe.augment[0]`.
  Options nested(const char* key);
  std::vector<Options> list(const char* key);

  // To be called after the last key was read: an unknown key is an error.
  void finish() const;

 private:
  std::string named(const char* key) const { return path_ + key; }

  Napi::Object object_;
  std::string name_, path_;
  std::vector<std::string> known_;
};

Napi::Float32Array float_array(Napi::Env env, const std::vector<float>& values);

}  // namespace resnet_ft
