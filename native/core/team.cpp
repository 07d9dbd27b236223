#include "core/team.h"

#include <memory>
#include <string>

#include "loader/dynamic_library.h"

namespace resnet_ft {

#ifdef _WIN32

std::shared_ptr<Team> connect_team(const std::string& /*library*/, const TeamOptions& /*options*/) {
  throw std::runtime_error("several processes can't train together on Windows");
}

#else

std::shared_ptr<Team> connect_team(const std::string& library, const TeamOptions& options) {
  // Never closed: threads of c10d may outlive the team.
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw std::runtime_error(reason != nullptr ? reason : library + ": cannot be opened");
  }
  const auto connect = reinterpret_cast<ConnectTeam>(dlsym(handle, kConnectTeam));
  if (connect == nullptr) throw std::runtime_error(library + ": it is not of this version");
  return connect(options);
}

#endif

}  // namespace resnet_ft
