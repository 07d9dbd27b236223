// The base of the addon's classes.
#pragma once

#include <napi.h>

#include <string>

#include "addon/errors.h"

namespace resnet_ft {

// `Wrap` has a kTypeTag, by which its objects are told from those of every other class and addon: N-API itself unwraps
// any of them.
template <class Wrap>
class GuardedWrap : public Napi::ObjectWrap<Wrap> {
 public:
  explicit GuardedWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Wrap>(info) {
    info.This().As<Napi::Object>().TypeTag(&Wrap::kTypeTag);
  }

  // Throws a JavaScript error where `value` is no object of this class; `name` is what the caller calls it.
  static Wrap& of(const Napi::Value& value, const std::string& name, const char* expected) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&Wrap::kTypeTag))
      throw native_error(value.Env(), name + " must be " + expected);
    return *Wrap::Unwrap(value.As<Napi::Object>());
  }

 protected:
  template <Napi::Value (Wrap::*method)(const Napi::CallbackInfo&)>
  Napi::Value call(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return (static_cast<Wrap*>(this)->*method)(info); });
  }
};

}  // namespace resnet_ft
