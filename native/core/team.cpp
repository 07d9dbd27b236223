#include "core/team.h"

#include <memory>
#include <string>

#ifndef _WIN32
#include "core/open_library.h"
#endif

namespace resnet_ft {

#ifdef _WIN32

std::shared_ptr<Team> connect_team(const std::string& /*library*/, const TeamOptions& /*options*/) {
  throw std::runtime_error("several processes can't train together on Windows");
}

#else

std::shared_ptr<Team> connect_team(const std::string& library, const TeamOptions& options) {
  // Never closed: threads of c10d may outlive the team.
  const auto connect = function_of<ConnectTeam>(open_library(library), kConnectTeam);
  return connect(options);
}

#endif

}  // namespace resnet_ft
