// The model in use, for JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "core/model.h"

namespace resnet_ft {

Napi::Value create_model(const Napi::CallbackInfo& info);

class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  // Takes an External<std::shared_ptr<Model>>; JavaScript gets one from create_model.
  explicit ModelWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Model> model_;
};

}  // namespace resnet_ft
