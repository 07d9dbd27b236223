#include "c10d/synchronised_norms.h"

#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

namespace autograd = torch::autograd;

const std::vector<int64_t> kAllButChannels = {0, 2, 3};

// One value for each channel, to go with a batch.
torch::Tensor of_channels(const torch::Tensor& values) { return values.view({1, -1, 1, 1}); }

// What the gradients with respect to a batch norm's output have in common over all processes.
torch::Tensor summed(autograd::AutogradContext* context, const torch::Tensor& first, const torch::Tensor& second) {
  const torch::Tensor sums = torch::stack({first, second});
  reinterpret_cast<const BatchNormSync*>(context->saved_data["sync"].toInt())->all_reduce(sums);
  return sums;
}

void remember(autograd::AutogradContext* context, const BatchNormSync* sync) {
  context->saved_data["sync"] = reinterpret_cast<int64_t>(sync);
  context->saved_data["counted"] = sync->counted();
}

bool was_counted(autograd::AutogradContext* context) { return context->saved_data["counted"].toBool(); }

// As torch.nn.SyncBatchNorm, which has no CPU: normalised by what all images have in common, in both directions.
class SyncBatchNorm : public autograd::Function<SyncBatchNorm> {
 public:
  static torch::Tensor forward(autograd::AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               const SynchronisedStatistics& statistics, const BatchNormSync* sync) {
    const torch::Tensor scale = (statistics.variance_or_scale + statistics.eps).rsqrt();
    context->save_for_backward({input, weight, statistics.mean, scale, statistics.counts});
    remember(context, sync);
    return at::batch_norm(input, weight, bias, statistics.mean, statistics.variance_or_scale, /*training=*/false, 0,
                          statistics.eps,
                          /*cudnn_enabled=*/true);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context, autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &input = saved[0], weight = saved[1], mean = saved[2], scale = saved[3], count = saved[4];
    const torch::Tensor& gradient = gradients[0];
    const torch::Tensor normed = (input - of_channels(mean)) * of_channels(scale);
    const torch::Tensor of_bias = gradient.sum(kAllButChannels);
    const torch::Tensor of_weight = (gradient * normed).sum(kAllButChannels);
    // Those of the weights are added up later, with all others.
    const torch::Tensor sums = summed(context, of_bias, of_weight);
    // What does not count has moved no statistic.
    if (!was_counted(context)) return {gradient, of_weight, of_bias, {}, {}};
    const torch::Tensor means = sums / count;
    const torch::Tensor of_input =
        (gradient - of_channels(means[0]) - normed * of_channels(means[1])) * of_channels(weight * scale);
    return {of_input, of_weight, of_bias, {}, {}};
  }
};

// The same by the kernels under torch.nn.SyncBatchNorm (torch/nn/modules/_functions.py), which read the values fewer
// times and take bfloat16 as it is. `scale` is 1 / sqrt(variance + eps).
class SyncByKernels : public autograd::Function<SyncByKernels> {
 public:
  static torch::Tensor forward(autograd::AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               const SynchronisedStatistics& statistics, const BatchNormSync* sync) {
    const auto& [mean, scale, counts, eps] = statistics;
    context->save_for_backward({input, weight, mean, scale, counts.to(torch::kInt32)});
    remember(context, sync);
    return at::batch_norm_elemt(input, weight, bias, mean, scale, eps);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context, autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &input = saved[0], weight = saved[1], mean = saved[2], scale = saved[3], counts = saved[4];
    const torch::Tensor gradient = gradients[0].contiguous(input.suggest_memory_format());
    const auto [sum, sum_of_deviations, of_weight, of_bias] = at::batch_norm_backward_reduce(
        gradient, input, mean, scale, weight, /*input_g=*/true, /*weight_g=*/true, /*bias_g=*/true);
    const torch::Tensor sums = summed(context, sum, sum_of_deviations);
    if (!was_counted(context)) return {gradient, of_weight, of_bias, {}, {}};
    const torch::Tensor of_input =
        at::batch_norm_backward_elemt(gradient, input, mean, scale, weight, sums[0], sums[1], counts);
    return {of_input, of_weight, of_bias, {}, {}};
  }
};

class Norms final : public SynchronisedNorms {
 public:
  torch::Tensor by_operators(const torch::Tensor& input, const torch::Tensor& weight, const torch::Tensor& bias,
                             const SynchronisedStatistics& statistics, const BatchNormSync* sync) const override {
    return SyncBatchNorm::apply(input, weight, bias, statistics, sync);
  }
  torch::Tensor by_kernels(const torch::Tensor& input, const torch::Tensor& weight, const torch::Tensor& bias,
                           const SynchronisedStatistics& statistics, const BatchNormSync* sync) const override {
    return SyncByKernels::apply(input, weight, bias, statistics, sync);
  }
};

}  // namespace

// Lives as long as the process, for a graph of autograd may outlive its team.
const SynchronisedNorms& synchronised_norms() {
  static const auto* instance = new Norms;
  return *instance;
}

}  // namespace resnet_ft
