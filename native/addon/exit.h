// The end of the process while something computes.
#pragma once

#include <napi.h>

namespace resnet_ft {

// To be called whenever the addon is opened: however the process ends, passes are over before LibTorch's destructors
// run, or the destructors are skipped.
void guard_exit();

// To be called where a pass goes on after the environment that began it: what LibTorch has set up since the addon was
// opened is destroyed before the first guard is asked.
void guard_exit_anew();

// endPasses(status): stops every pass, also those of other JavaScript environments, and waits a moment for their
// threads. For the end of the process, which ends with `status`; passes that are begun afterwards fail.
Napi::Value end_passes(const Napi::CallbackInfo& info);

}  // namespace resnet_ft
