#include "core/team_batch_norm.h"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

const std::vector<int64_t> kAllButChannels = {0, 2, 3};

// torch.nn.SyncBatchNorm's: of one value there is no variance. Each process finds it by itself, without waiting for a
// GPU: where only one of several counts, its batch is of one image, and the others have a stand-in.
void require_values(const torch::Tensor& input, const BatchNormSync& sync) {
  const bool one_image = !sync.counted() || input.size(0) == 1;
  if (sync.counting > 1 || input.size(2) * input.size(3) > 1 || !one_image) return;
  throw std::invalid_argument("Expected more than 1 value per channel when training, got input size [1, " +
                              std::to_string(input.size(1)) + ", 1, 1]");
}

// What each process that counts has found, and of how many values: a row of `figures` each.
struct Gathered {
  torch::Tensor first, second, counts;
};

Gathered gather(const torch::Tensor& input, const torch::Tensor& first, const torch::Tensor& second,
                const BatchNormSync& sync) {
  const int64_t channels = first.numel();
  const auto own = static_cast<double>(input.numel() / channels);
  const torch::Tensor all =
      sync.all_gather(torch::cat({first, second, torch::full({1}, own, first.options())})).narrow(0, 0, sync.counting);
  return {all.narrow(1, 0, channels), all.narrow(1, channels, channels), all.narrow(1, 2 * channels, 1)};
}

// Mean and variance of all images, and how many values each is of.
struct Statistics {
  torch::Tensor mean, variance, count;
};

// Put together as in Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances" (1979).
Statistics over_all(const torch::Tensor& input, const BatchNormSync& sync) {
  const auto [own_variance, own_mean] = at::var_mean(input, kAllButChannels, /*correction=*/0);
  const auto [means, variances, counts] = gather(input, own_mean, own_variance, sync);
  const torch::Tensor count = counts.sum();
  const torch::Tensor mean = (means * counts).sum(0) / count;
  const torch::Tensor variance = ((variances + (means - mean).square()) * counts).sum(0) / count;
  return {mean, variance, count};
}

// Output, statistics and gradients of a batch norm on one small batch.
std::vector<torch::Tensor> tried(TeamBatchNormImpl* norm, const torch::Tensor& batch) {
  const torch::Tensor input = batch.clone().requires_grad_();
  const torch::Tensor output = norm->forward(input);
  output.mul(batch).sum().backward();
  return {output.detach(), input.grad(), norm->weight.grad(), norm->bias.grad(), norm->running_mean, norm->running_var};
}

// Whether the kernels compute on this device what the operators do: in this process alone, which can't keep others
// waiting.
bool kernels_serve(const SynchronisedNorms& norms, torch::Device device, torch::ScalarType type) {
  const torch::ScalarType of_weights = type == torch::kFloat64 ? type : torch::kFloat32;
  const torch::Tensor batch = torch::linspace(-2, 3, 4 * 8 * 5 * 5, torch::TensorOptions(torch::kFloat64))
                                  .sin()
                                  .view({4, 8, 5, 5})
                                  .to(device, type)
                                  .contiguous(torch::MemoryFormat::ChannelsLast);
  const double tolerance = type == torch::kBFloat16 ? 0.05 : 1e-4;
  try {
    std::vector<std::vector<torch::Tensor>> made;
    for (const bool by_kernels : {false, true}) {
      auto alone = std::make_shared<BatchNormSync>();
      alone->all_gather = [](const torch::Tensor& tensor) { return tensor.unsqueeze(0); };
      alone->all_reduce = [](const torch::Tensor&) {};
      alone->by_kernels = by_kernels;
      alone->norms = &norms;
      TeamBatchNormImpl norm(8);
      norm.to(device, of_weights);
      norm.synchronise(alone);
      made.push_back(tried(&norm, batch));
    }
    for (size_t i = 0; i < made[0].size(); ++i) {
      if (!torch::allclose(made[0][i].to(torch::kFloat64), made[1][i].to(torch::kFloat64), tolerance, tolerance))
        return false;
    }
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

std::shared_ptr<BatchNormSync> sync_over(const std::shared_ptr<Team>& team, torch::Device device,
                                         torch::ScalarType type) {
  auto sync = std::make_shared<BatchNormSync>();
  sync->rank = team->rank();
  sync->all_gather = [team](const torch::Tensor& tensor) { return team->all_gather(tensor); };
  sync->all_reduce = [team](const torch::Tensor& tensor) { team->all_reduce(tensor); };
  sync->counting = team->world();
  sync->norms = &team->synchronised_norms();
  if (!device.is_cuda()) return sync;
  const torch::Tensor votes = torch::full({}, kernels_serve(*sync->norms, device, type) ? 1.0 : 0.0,
                                          torch::TensorOptions(torch::kFloat64).device(device));
  team->all_reduce(votes);
  sync->by_kernels = votes.item<double>() == team->world();
  return sync;
}

torch::Tensor TeamBatchNormImpl::forward(const torch::Tensor& input) {
  if (!sync_ || !is_training()) return torch::nn::BatchNorm2dImpl::forward(input);
  require_values(input, *sync_);
  num_batches_tracked += 1;
  return sync_->by_kernels ? by_kernels(input) : by_operators(input);
}

torch::Tensor TeamBatchNormImpl::by_operators(const torch::Tensor& input) {
  // The statistics of bfloat16 are those of float32.
  const torch::Tensor exact = input.to(weight.scalar_type());
  Statistics statistics;
  {
    const torch::NoGradGuard no_grad;
    statistics = over_all(exact, *sync_);
    const double share = options.momentum().value();
    running_mean.lerp_(statistics.mean, share);
    running_var.lerp_(statistics.variance * (statistics.count / (statistics.count - 1)), share);
  }
  const SynchronisedStatistics given{statistics.mean, statistics.variance, statistics.count, options.eps()};
  return sync_->norms->by_operators(exact, weight, bias, given, sync_.get()).to(input.scalar_type());
}

torch::Tensor TeamBatchNormImpl::by_kernels(const torch::Tensor& input) {
  torch::Tensor mean, scale, counts;
  {
    const torch::NoGradGuard no_grad;
    const auto [own_mean, own_scale] = at::batch_norm_stats(input, options.eps());
    const Gathered all = gather(input, own_mean, own_scale, *sync_);
    counts = all.counts.reshape({-1});
    std::tie(mean, scale) = at::batch_norm_gather_stats_with_counts(
        input, all.first, all.second, running_mean, running_var, options.momentum().value(), options.eps(), counts);
  }
  return sync_->norms->by_kernels(input, weight, bias, {mean, scale, counts, options.eps()}, sync_.get());
}

}  // namespace resnet_ft
