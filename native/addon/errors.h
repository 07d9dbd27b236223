// What native code throws becomes one JavaScript error with a code, here and nowhere else.
#pragma once

#include <napi.h>

#include <exception>
#include <new>
#include <string>

#include "core/first_line.h"

namespace resnet_ft {

// What was thrown, as one line without a C++ stack; never empty.
inline std::string describe(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory";
  return first_line(error);
}

// Only to be called where something was caught.
inline std::string describe_caught() {
  try {
    throw;
  } catch (const std::exception& error) {
    return describe(error);
  } catch (...) {
    return "an unknown native error";
  }
}

inline Napi::Error native_error(Napi::Env env, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, "NATIVE_ERROR"));
  return error;
}

// Calls what JavaScript asked for. An exception that is not JavaScript's already becomes an error of it; node-addon-api
// lets every other one through to Node.js, which ends the process.
template <class Call>
auto guarded(Napi::Env env, const Call& call) {
  try {
    return call();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw native_error(env, describe_caught());
  }
}

// A function of the addon as JavaScript may call it.
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value guarded_function(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return function(info); });
}

}  // namespace resnet_ft
