#include "core/team_batch_norm.h"

#include <tuple>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

namespace autograd = torch::autograd;

const std::vector<int64_t> kAllButChannels = {0, 2, 3};

// One value for each channel, to go with a batch.
torch::Tensor of_channels(const torch::Tensor& values) { return values.view({1, -1, 1, 1}); }

// Mean and variance of all images, and how many values each is of.
struct Statistics {
  torch::Tensor mean, variance, count;
};

// Each process gives its own and how many values they are of; they are put together as in Chan, Golub and LeVeque,
// "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
Statistics over_all(const torch::Tensor& input, const BatchNormSync& sync) {
  auto [variance, mean] = at::var_mean(input, kAllButChannels, /*correction=*/0);
  const int64_t channels = mean.numel();
  const double own = sync.counted ? static_cast<double>(input.numel() / channels) : 0;
  const torch::Tensor all = sync.team->all_gather(torch::cat({mean, variance, torch::full({1}, own, mean.options())}));
  const torch::Tensor means = all.narrow(1, 0, channels);
  const torch::Tensor variances = all.narrow(1, channels, channels);
  const torch::Tensor counts = all.narrow(1, 2 * channels, 1);
  const torch::Tensor count = counts.sum();
  mean = (means * counts).sum(0) / count;
  variance = ((variances + (means - mean).square()) * counts).sum(0) / count;
  return {mean, variance, count};
}

// As torch.nn.SyncBatchNorm, which has no CPU: normalised by what all images have in common, in both directions.
class SyncBatchNorm : public autograd::Function<SyncBatchNorm> {
 public:
  static torch::Tensor forward(autograd::AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const torch::Tensor& bias, const Statistics& statistics,
                               double eps, const BatchNormSync* sync) {
    const torch::Tensor scale = (statistics.variance + eps).rsqrt();
    context->save_for_backward({input, weight, statistics.mean, scale, statistics.count});
    context->saved_data["team"] = reinterpret_cast<int64_t>(sync->team.get());
    context->saved_data["counted"] = sync->counted;
    return at::batch_norm(input, weight, bias, statistics.mean, statistics.variance, /*training=*/false, 0, eps,
                          /*cudnn_enabled=*/true);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context, autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &input = saved[0], weight = saved[1], mean = saved[2], scale = saved[3], count = saved[4];
    auto* team = reinterpret_cast<Team*>(context->saved_data["team"].toInt());
    const torch::Tensor& gradient = gradients[0];
    const torch::Tensor normed = (input - of_channels(mean)) * of_channels(scale);
    const torch::Tensor of_bias = gradient.sum(kAllButChannels);
    const torch::Tensor of_weight = (gradient * normed).sum(kAllButChannels);
    // Those of the weights are added up later, with all others.
    const torch::Tensor sums = torch::stack({of_bias, of_weight});
    team->all_reduce(sums);
    // What does not count has moved no statistic.
    if (!context->saved_data["counted"].toBool()) return {gradient, of_weight, of_bias, {}, {}, {}};
    const torch::Tensor means = sums / count;
    const torch::Tensor of_input =
        (gradient - of_channels(means[0]) - normed * of_channels(means[1])) * of_channels(weight * scale);
    return {of_input, of_weight, of_bias, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor TeamBatchNormImpl::forward(const torch::Tensor& input) {
  if (!sync_ || !is_training()) return torch::nn::BatchNorm2dImpl::forward(input);
  // The statistics of bfloat16 are those of float32.
  const torch::Tensor exact = input.to(weight.scalar_type());
  Statistics statistics;
  {
    const torch::NoGradGuard no_grad;
    statistics = over_all(exact, *sync_);
    const double share = options.momentum().value();
    running_mean.lerp_(statistics.mean, share);
    running_var.lerp_(statistics.variance * (statistics.count / (statistics.count - 1)), share);
    num_batches_tracked += 1;
  }
  return SyncBatchNorm::apply(exact, weight, bias, statistics, options.eps(), sync_.get()).to(input.scalar_type());
}

}  // namespace resnet_ft
