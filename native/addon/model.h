// The model in use, for JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/guarded_wrap.h"
#include "core/model.h"

namespace resnet_ft {

Napi::Value create_model(const Napi::CallbackInfo& info);

class ModelWrap : public GuardedWrap<ModelWrap> {
 public:
  static constexpr napi_type_tag kTypeTag = {0x7265736e65742d66, 0x742f6d6f64656c02};

  static Napi::Function define(Napi::Env env);
  // Wraps Classes::new_model; JavaScript gets one from create_model.
  explicit ModelWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value grad_cam(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Model> model_;
};

}  // namespace resnet_ft
