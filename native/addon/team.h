// Processes that train together, for JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "addon/guarded_wrap.h"
#include "core/team.h"

namespace resnet_ft {

Napi::Value connect_team_of(const Napi::CallbackInfo& info);

class TeamWrap : public GuardedWrap<TeamWrap> {
 public:
  static constexpr napi_type_tag kTypeTag = {0x7265736e65742d66, 0x742f7465616d2d01};

  static Napi::Function define(Napi::Env env);
  explicit TeamWrap(const Napi::CallbackInfo& info);

  // That of the value `name`. Throws a JavaScript error where it is none, or was closed.
  static std::shared_ptr<Team> team_of(const Napi::Value& value, const char* name);

 private:
  std::shared_ptr<Team> team(Napi::Env env) const;
  Napi::Value set(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value keep(const Napi::CallbackInfo& info);
  Napi::Value kept(const Napi::CallbackInfo& info);
  Napi::Value time_sums(const Napi::CallbackInfo& info);
  Napi::Value silent(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Team> team_;
};

}  // namespace resnet_ft
