// The state of a session for every process of a team.
#pragma once

#include "core/session_state.h"
#include "core/team.h"

namespace resnet_ft {

// That of the first process, whatever the others have.
SessionState broadcast_state(Team* team, const SessionState& own);

}  // namespace resnet_ft
