// A value of JavaScript, as far as the readers of native/addon look at one.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {

enum class Kind {
  kUndefined,
  kNull,
  kBoolean,
  kNumber,
  kText,
  kSymbol,
  kObject,
  kFunction,
  kArray,
  kTypedArray,
  kBigInt
};

struct Value {
  Kind kind = Kind::kUndefined;
  double number = 0;
  std::string text;
  std::vector<std::pair<std::string, Value*>> fields;  // of an object
  std::vector<Value*> items;                           // of an array
  napi_typedarray_type array_type = napi_uint8_array;
  size_t length = 0;  // of a typed array, in elements
  std::vector<uint8_t> bytes;

  Value* get(const std::string& key) const {
    for (const auto& [name, value] : fields)
      if (name == key) return value;
    return nullptr;
  }
  void set(const std::string& key, Value* value) {
    for (auto& [name, old] : fields) {
      if (name == key) {
        old = value;
        return;
      }
    }
    fields.emplace_back(key, value);
  }
};

// All values that were made since it was emptied.
std::vector<std::unique_ptr<Value>>& pool();
Value* make(Kind kind);
napi_value as_napi(Value* value);

}  // namespace fuzz
