// As much of Node-API as the readers of native/addon need, over values of fake_value.h: they can be fuzzed without
// Node.js. What is made while an input is read belongs to a pool that the harness empties.
#include <napi.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fake_value.h"

namespace fuzz {

std::vector<std::unique_ptr<Value>>& pool() {
  static std::vector<std::unique_ptr<Value>> values;
  return values;
}

Value* make(Kind kind) {
  pool().push_back(std::make_unique<Value>());
  pool().back()->kind = kind;
  return pool().back().get();
}

Value* as_value(napi_value value) { return reinterpret_cast<Value*>(value); }
napi_value as_napi(Value* value) { return reinterpret_cast<napi_value>(value); }

}  // namespace fuzz

using fuzz::as_napi;
using fuzz::as_value;
using fuzz::Kind;
using fuzz::make;
using fuzz::Value;

namespace {

napi_status copy_text(const std::string& text, char* buffer, size_t size, size_t* result) {
  if (buffer == nullptr) {
    *result = text.size();
    return napi_ok;
  }
  const size_t length = std::min(text.size(), size - 1);
  std::memcpy(buffer, text.data(), length);
  buffer[length] = 0;
  if (result != nullptr) *result = length;
  return napi_ok;
}

Value* text_of(const std::string& text) {
  Value* value = make(Kind::kText);
  value->text = text;
  return value;
}

}  // namespace

extern "C" {

napi_status napi_typeof(napi_env, napi_value value, napi_valuetype* result) {
  constexpr napi_valuetype kTypes[] = {napi_undefined, napi_null,   napi_boolean, napi_number,
                                       napi_string,    napi_symbol, napi_object,  napi_function,
                                       napi_object,    napi_object, napi_bigint};
  *result = kTypes[static_cast<int>(as_value(value)->kind)];
  return napi_ok;
}
napi_status napi_get_value_double(napi_env, napi_value value, double* result) {
  if (as_value(value)->kind != Kind::kNumber) return napi_number_expected;
  *result = as_value(value)->number;
  return napi_ok;
}
napi_status napi_get_value_bool(napi_env, napi_value value, bool* result) {
  if (as_value(value)->kind != Kind::kBoolean) return napi_boolean_expected;
  *result = as_value(value)->number != 0;
  return napi_ok;
}
napi_status napi_get_value_string_utf8(napi_env, napi_value value, char* buffer, size_t size, size_t* result) {
  if (as_value(value)->kind != Kind::kText) return napi_string_expected;
  return copy_text(as_value(value)->text, buffer, size, result);
}
napi_status napi_coerce_to_string(napi_env, napi_value value, napi_value* result) {
  const Value& given = *as_value(value);
  *result = as_napi(
      text_of(given.kind == Kind::kBoolean ? (given.number != 0 ? "true" : "false") : std::to_string(given.number)));
  return napi_ok;
}
napi_status napi_create_string_utf8(napi_env, const char* text, size_t length, napi_value* result) {
  *result = as_napi(text_of(length == NAPI_AUTO_LENGTH ? std::string(text) : std::string(text, length)));
  return napi_ok;
}
napi_status napi_create_object(napi_env, napi_value* result) {
  *result = as_napi(make(Kind::kObject));
  return napi_ok;
}
napi_status napi_create_error(napi_env, napi_value, napi_value message, napi_value* result) {
  Value* error = make(Kind::kObject);
  error->set("message", as_value(message));
  *result = as_napi(error);
  return napi_ok;
}
napi_status napi_get_undefined(napi_env, napi_value* result) {
  *result = as_napi(make(Kind::kUndefined));
  return napi_ok;
}
napi_status napi_get_property(napi_env, napi_value object, napi_value key, napi_value* result) {
  Value* found = as_value(object)->get(as_value(key)->text);
  *result = as_napi(found != nullptr ? found : make(Kind::kUndefined));
  return napi_ok;
}
napi_status napi_get_named_property(napi_env, napi_value object, const char* key, napi_value* result) {
  Value* found = as_value(object)->get(key);
  *result = as_napi(found != nullptr ? found : make(Kind::kUndefined));
  return napi_ok;
}
napi_status napi_set_property(napi_env, napi_value object, napi_value key, napi_value value) {
  as_value(object)->set(as_value(key)->text, as_value(value));
  return napi_ok;
}
napi_status napi_set_named_property(napi_env, napi_value object, const char* key, napi_value value) {
  as_value(object)->set(key, as_value(value));
  return napi_ok;
}
napi_status napi_has_property(napi_env, napi_value object, napi_value key, bool* result) {
  *result = as_value(object)->get(as_value(key)->text) != nullptr;
  return napi_ok;
}
napi_status napi_has_named_property(napi_env, napi_value object, const char* key, bool* result) {
  *result = as_value(object)->get(key) != nullptr;
  return napi_ok;
}
napi_status napi_get_property_names(napi_env, napi_value object, napi_value* result) {
  Value* names = make(Kind::kArray);
  for (const auto& [key, value] : as_value(object)->fields) names->items.push_back(text_of(key));
  *result = as_napi(names);
  return napi_ok;
}
napi_status napi_is_array(napi_env, napi_value value, bool* result) {
  *result = as_value(value)->kind == Kind::kArray;
  return napi_ok;
}
napi_status napi_get_array_length(napi_env, napi_value value, uint32_t* result) {
  if (as_value(value)->kind != Kind::kArray) return napi_array_expected;
  *result = static_cast<uint32_t>(as_value(value)->items.size());
  return napi_ok;
}
napi_status napi_get_element(napi_env, napi_value value, uint32_t index, napi_value* result) {
  const auto& items = as_value(value)->items;
  *result = as_napi(index < items.size() ? items[index] : make(Kind::kUndefined));
  return napi_ok;
}
napi_status napi_is_typedarray(napi_env, napi_value value, bool* result) {
  *result = as_value(value)->kind == Kind::kTypedArray;
  return napi_ok;
}
napi_status napi_get_typedarray_info(napi_env, napi_value value, napi_typedarray_type* type, size_t* length,
                                     void** data, napi_value* buffer, size_t* offset) {
  Value& array = *as_value(value);
  if (array.kind != Kind::kTypedArray) return napi_invalid_arg;
  if (type != nullptr) *type = array.array_type;
  if (length != nullptr) *length = array.length;
  if (data != nullptr) *data = array.bytes.data();
  if (buffer != nullptr) *buffer = value;
  if (offset != nullptr) *offset = 0;
  return napi_ok;
}
napi_status napi_create_reference(napi_env, napi_value value, uint32_t, napi_ref* result) {
  *result = reinterpret_cast<napi_ref>(value);
  return napi_ok;
}
napi_status napi_get_reference_value(napi_env, napi_ref reference, napi_value* result) {
  *result = reinterpret_cast<napi_value>(reference);
  return napi_ok;
}
napi_status napi_delete_reference(napi_env, napi_ref) { return napi_ok; }
napi_status napi_reference_ref(napi_env, napi_ref, uint32_t* result) {
  if (result != nullptr) *result = 1;
  return napi_ok;
}
napi_status napi_open_handle_scope(napi_env, napi_handle_scope*) { return napi_ok; }
napi_status napi_close_handle_scope(napi_env, napi_handle_scope) { return napi_ok; }
napi_status napi_is_exception_pending(napi_env, bool* result) {
  *result = false;
  return napi_ok;
}
napi_status napi_get_and_clear_last_exception(napi_env, napi_value* result) {
  *result = as_napi(make(Kind::kObject));
  return napi_ok;
}
napi_status napi_get_last_error_info(napi_env, const napi_extended_error_info** result) {
  static napi_extended_error_info info{};
  *result = &info;
  return napi_ok;
}
napi_status napi_open_escapable_handle_scope(napi_env, napi_escapable_handle_scope*) { return napi_ok; }
napi_status napi_close_escapable_handle_scope(napi_env, napi_escapable_handle_scope) { return napi_ok; }
napi_status napi_escape_handle(napi_env, napi_escapable_handle_scope, napi_value value, napi_value* result) {
  *result = value;
  return napi_ok;
}
napi_status napi_create_type_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return napi_create_error(env, code, message, result);
}
// Errors of what is no object have one around it; no reader makes one, and none makes an array.
napi_status napi_define_properties(napi_env, napi_value, size_t, const napi_property_descriptor*) { __builtin_trap(); }
napi_status napi_create_arraybuffer(napi_env, size_t, void**, napi_value*) { __builtin_trap(); }
napi_status napi_create_typedarray(napi_env, napi_typedarray_type, size_t, napi_value, size_t, napi_value*) {
  __builtin_trap();
}
napi_status napi_get_arraybuffer_info(napi_env, napi_value, void**, size_t*) { __builtin_trap(); }
void napi_fatal_error(const char*, size_t, const char*, size_t) { __builtin_trap(); }
}
