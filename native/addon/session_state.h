// The state of a session to and from JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "addon/tensors.h"
#include "core/session_state.h"

namespace resnet_ft {

Napi::Value state_to_js(Napi::Env env, const SessionState& state);

struct GivenState {
  SessionState state;
  std::vector<std::shared_ptr<const GivenTensors>> tensors;  // whose memory the state's may be
};
std::shared_ptr<const GivenState> state_from_js(const Napi::Value& value);

}  // namespace resnet_ft
