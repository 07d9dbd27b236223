// The training session for JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/guarded_wrap.h"
#include "core/session.h"

namespace resnet_ft {

Napi::Value create_session(const Napi::CallbackInfo& info);

class SessionWrap : public GuardedWrap<SessionWrap> {
 public:
  static constexpr napi_type_tag kTypeTag = {0x7265736e65742d66, 0x742f736573736903};

  static Napi::Function define(Napi::Env env);
  // Wraps Classes::new_session; JavaScript gets one from create_session.
  explicit SessionWrap(const Napi::CallbackInfo& info);

 private:
  std::shared_ptr<Session> session(Napi::Env env) const;
  Napi::Value draws(const Napi::CallbackInfo& info);
  Napi::Value training_batch(const Napi::CallbackInfo& info);
  Napi::Value train_epoch(const Napi::CallbackInfo& info);
  Napi::Value steps_computed(const Napi::CallbackInfo& info);
  Napi::Value features_kept(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value state_dict(const Napi::CallbackInfo& info);
  Napi::Value load_state_dict(const Napi::CallbackInfo& info);
  Napi::Value use_kept(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value restore(const Napi::CallbackInfo& info);
  Napi::Value share_state(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Session> session_;
};

}  // namespace resnet_ft
