#include "core/team.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

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

std::vector<double> time_sums(Team* team, const std::string& device, int64_t bytes, int64_t rounds) {
  using Clock = std::chrono::steady_clock;
  const torch::TensorOptions options = torch::TensorOptions(torch::kFloat32).device(device);
  const torch::Tensor values = torch::zeros({std::max<int64_t>(1, bytes / 4)}, options);
  const torch::Tensor one = torch::zeros({1}, options);
  std::vector<double> out;
  for (int64_t round = 0; round <= rounds; ++round) {
    // All begin at about the same time.
    team->all_reduce(one);
    one.item<float>();
    const auto begun = Clock::now();
    team->all_reduce(values);
    // A GPU's stream is waited for by whoever reads what it computes.
    values[0].item<float>();
    if (round > 0) out.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
  }
  return out;
}

}  // namespace resnet_ft
