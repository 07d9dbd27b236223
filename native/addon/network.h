// A network across the border: the module tree of lib/network/architecture.ts to the core's Network.
#pragma once

#include <napi.h>

#include "core/network.h"

namespace resnet_ft {

// Everything that the core relies on is checked: an error names the module that is missing, unknown, of another kind or
// that does not fit the one before it.
Network network_of(const Napi::Value& value);

}  // namespace resnet_ft
