// What a session of several processes does together: figures, statistics, evaluations and states.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/session.h"
#include "core/shared_state.h"

namespace resnet_ft {
namespace {

bool is_statistic(const std::string& name) { return name.ends_with(".running_mean") || name.ends_with(".running_var"); }

}  // namespace

std::pair<StepFigures, torch::Tensor> Session::over_all(const StepFigures& step, const Pass& pass) {
  const torch::TensorOptions type = torch::TensorOptions(torch::kFloat64).device(device_);
  const torch::Tensor stops = torch::full({}, cancelled(pass) ? 1.0 : 0.0, type);
  const torch::Tensor figures = torch::stack({step.loss.to(torch::kFloat64), step.correct.to(torch::kFloat64), stops});
  options_.team->all_reduce(figures);
  StepFigures all = step;
  all.loss = figures[0];
  all.correct = figures[1].to(torch::kInt64);
  return {all, figures[2].to(torch::kInt64)};
}

void Session::share_statistics() {
  if (!options_.team) return;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> own, flat;
  for (const auto& [name, tensor] : weights()) {
    if (!is_statistic(name) || stage_of_tensor(name) < cut_) continue;
    own.push_back(tensor);
    flat.push_back(tensor.detach().to(torch::kCPU, torch::kFloat64).flatten());
  }
  if (own.empty()) return;
  const torch::Tensor all = torch::cat(flat);
  options_.team->broadcast(all);
  int64_t first = 0;
  for (torch::Tensor& tensor : own) {
    tensor.copy_(all.narrow(0, first, tensor.numel()).view(tensor.sizes()));
    first += tensor.numel();
  }
}

void Session::gather(EvaluateResult* result, int64_t samples) {
  Team& team = *options_.team;
  // One process may have taken much longer than another.
  team.meet();
  const torch::Tensor figures = torch::tensor({result->loss, static_cast<double>(result->correct),
                                               static_cast<double>(result->images), result->cancelled ? 1.0 : 0.0},
                                              torch::kFloat64);
  team.all_reduce(figures);
  result->loss = figures[0].item<double>();
  result->correct = static_cast<int64_t>(figures[1].item<double>());
  result->images = static_cast<int64_t>(figures[2].item<double>());
  result->cancelled = figures[3].item<double>() > 0;
  if (result->cancelled) {
    result->logits.clear();
    return;
  }
  // Parts of the same length travel; what the shorter ones lack is left out afterwards.
  const int64_t classes = this->classes();
  const int64_t most = share_of(samples, 0, team.world()).size * classes;
  torch::Tensor part = torch::zeros({most}, torch::kFloat32);
  std::copy(result->logits.begin(), result->logits.end(), part.data_ptr<float>());
  const torch::Tensor parts = team.all_gather(part);
  result->logits.clear();
  for (int rank = 0; rank < team.world(); ++rank) {
    const float* row = parts[rank].const_data_ptr<float>();
    result->logits.insert(result->logits.end(), row, row + share_of(samples, rank, team.world()).size * classes);
  }
}

void Session::share_state() {
  if (!options_.team) throw std::invalid_argument("the session has no team");
  const SessionState shared = broadcast_state(options_.team.get(), state());
  if (options_.team->rank() > 0) restore(shared);
}

}  // namespace resnet_ft
