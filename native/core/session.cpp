#include "core/session.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/model.h"
#include "core/threads.h"
#include "core/torch_draws.h"

namespace resnet_ft {
namespace {

// torch.nn draws initial weights from the process-wide default generator: sessions take turns, and leave it as it was.
// `left`: what is left of the random numbers.
ResNet make_model(const SessionOptions& options, TorchGenerator& left) {
  static std::mutex default_generator;
  const std::lock_guard<std::mutex> turn(default_generator);
  const at::Generator& shared = at::detail::getDefaultCPUGenerator();
  // Also where there is no memory for the network.
  struct PutBack {
    at::Generator generator;
    torch::Tensor state;
    ~PutBack() { generator.set_state(state); }
  } const put_back{shared, shared.get_state()};
  torch::manual_seed(options.recipe.seed);
  ResNet model(options.network);
  left = words_of(shared);
  return model;
}

constexpr size_t kUnreadOnGpu = 8;

// Also of a pass that fails: the weights have done the steps whose figures are on their way, and whoever saves them is
// to be told so.
struct FiguresOfAll {
  ReadBack* figures;
  bool* failed;

  ~FiguresOfAll() {
    *failed = true;
    try {
      figures->all();
    } catch (const std::exception&) {
      // Of a device that failed nothing can be read, the weights neither.
    }
  }
};

// Reducer's buckets have the strides of the weights, and the gradients of a 1x1 convolution those of channels_last.
torch::Tensor with_strides_of_gradients(const torch::Tensor& weight) {
  const int64_t c = weight.size(1), h = weight.size(2), w = weight.size(3);
  const torch::TensorOptions type = weight.options().requires_grad(false);
  return torch::empty_strided(weight.sizes(), {c * h * w, 1, w * c, c}, type).copy_(weight.detach());
}

}  // namespace

Session::Session(const SessionOptions& options)
    : options_(options),
      device_(options.device),
      device_memory_(device_),
      normalizer_(options.mean, options.std, device_, /*as_on_gpu=*/options.device_crops >= 0),
      resident_(device_, options.device_crops),
      augmenter_(options.recipe),
      cut_(stage_of(options.recipe.groups.at(0).from)),
      loss_(options.recipe.loss, device_) {
  use_threads(options_.threads);
  TorchGenerator left;
  model_ = make_model(options_, left);
  draws_ = make_draws(options_.recipe, left);
  model_->to(device_);
  if (options_.precision == Precision::kFp64) {
    // Not model->to(kFloat64): that would turn the batch norms' counters into floating point too.
    for (auto& entry : model_->state_dict()) {
      if (entry.second.is_floating_point()) entry.second.set_data(entry.second.to(torch::kFloat64));
    }
  }
  for (auto& parameter : model_->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    if (options_.team && parameter.dim() == 4) parameter.set_data(with_strides_of_gradients(parameter));
  }
  model_->freeze_before(options_.recipe.groups[0].from);
  optimizer_ = make_optimizer(options_.recipe, trained_weights());
  if (options_.recipe.ema > 0) {
    std::vector<NamedTensor> followed;
    for (const auto& entry : model_->state_dict()) {
      if (stage_of_tensor(entry.first) >= cut_ && entry.second.is_floating_point()) followed.push_back(entry);
    }
    average_ = std::make_unique<WeightAverage>(options_.recipe.ema, std::move(followed));
  }
  choose_computation();
  if (options_.team) {
    std::vector<torch::Tensor> weights;
    for (const ParameterGroup& group : trained_weights()) {
      for (const auto& [name, tensor] : group) weights.push_back(tensor);
    }
    reducer_ = options_.team->reducer(weights);
    if (options_.sync_batch_norm) {
      sync_ = sync_over(options_.team, device_, scalar_type_of(options_.precision));
      model_->synchronise(sync_);
    }
  }
}

std::vector<ParameterGroup> Session::trained_weights() const {
  const std::vector<GroupRecipe>& groups = options_.recipe.groups;
  std::vector<ParameterGroup> out(groups.size());
  for (const auto& item : model_->named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const int stage = stage_of_tensor(item.key());
    size_t group = groups.size() - 1;
    while (stage < stage_of(groups[group].from)) --group;
    out[group].emplace_back(item.key(), item.value());
  }
  return out;
}

ReadBack Session::figures_on_their_way() const {
  return {mark_of(device_, normalizer_.computes_on_device()), kUnreadOnGpu};
}

FrozenPrefix& Session::prefix() {
  if (!prefix_) {
    const auto weights = model_->state_dict();
    FoldedResNet frozen(options_.network, TensorMap(weights.begin(), weights.end()), device_, inference_precision(),
                        kStem, cut_);
    CacheBudget budget = options_.cache;
    name_by_weights(&budget, weights, cut_);
    prefix_ = std::make_unique<FrozenPrefix>(std::move(frozen), normalizer_, device_, budget, options_.cache_bf16);
  }
  return *prefix_;
}

torch::Tensor Session::inputs(const Batches& batches, int64_t first, int64_t size) {
  if (cut_ > kStem) {
    const torch::NoGradGuard no_grad;
    return prefix().features(batches.source(), batches.samples(first, size));
  }
  // The first convolution would round them all the same.
  const bool rounded = options_.precision == Precision::kBf16 && normalizer_.computes_on_device();
  const torch::Tensor batch = batches.inputs(first, size, rounded ? torch::kBFloat16 : torch::kFloat32);
  return options_.precision == Precision::kFp64 ? batch.to(torch::kFloat64) : batch;
}

void Session::go_to(const TrainOptions& options) {
  const int64_t count = options.samples.count();
  if (options.epoch < position_.epoch)
    throw std::invalid_argument("epoch " + std::to_string(options.epoch) + " has passed");
  if (options.epoch > position_.epoch) {
    draws_->pass_to(options.epoch, count);
    position_ = {options.epoch};
  }
  const int64_t step = images_of_step(options);
  const int64_t left = (count - position_.images + step - 1) / step;
  const auto asked = static_cast<int64_t>(options.learning_rates.size() / options_.recipe.groups.size());
  if (asked > left)
    throw std::invalid_argument("there are learning rates for " + std::to_string(asked) + " steps, but the epoch has " +
                                std::to_string(left) + " more");
}

EpochResult Session::train_epoch(const TrainOptions& options, const std::function<void(const StepEvent&)>& on_step) {
  options.pass->wait_for_turn();
  const DeviceMemoryPass device_memory(device_);
  const CpuMemoryPass memory;
  const GpuSettings settings = this->settings();
  use_threads(options_.threads);
  go_to(options);
  model_->train_unfrozen();
  const int64_t count = options.samples.count();
  const EpochDraws draws = this->draws(options.epoch, count, options.samples.targets, options.samples.indices);
  const Team* team = options_.team.get();
  const Shares shares(team ? team->rank() : 0, team ? team->world() : 1, options.batch_size, augmenter_.mixes());
  const EpochPlan plan = this->plan(options.samples, options.epoch, draws, shares);
  Batches batches(normalizer_, resident(),
                  {options.samples, plan.order, plan.flips, plan.windows, augmenter_.any() ? &augmenter_ : nullptr,
                   plan.drawn, options_.recipe.views, &plan.numbers});
  prefetch(&batches, shares,
           options.accumulate * static_cast<int64_t>(options.learning_rates.size() / options_.recipe.groups.size()));
  const size_t groups = options_.recipe.groups.size();
  EpochResult result;
  ReadBack figures = figures_on_their_way();
  double last_loss = 0;
  bool failed = false;
  const torch::Tensor targets_of_all = team ? targets_of(options.samples, draws.order, device_) : torch::Tensor();
  // Of several batches or processes each gives its share of the mean over all images of a step.
  const auto divisor = [&](int64_t first, int64_t size) {
    if (team && !shares.keeps_all()) return loss_.divisor(targets_of_all.narrow(0, first, size));
    return team || size > options.batch_size ? loss_.divisor(batches.wanted(first, size, classes())) : torch::Tensor();
  };
  // Of each step whose figures have arrived: how many processes were told to stop by then.
  std::vector<int64_t> stopping;
  const size_t on_their_way = normalizer_.computes_on_device() ? kUnreadOnGpu + 1 : 1;
  // All processes must come to the same: each looks at the last step of which all have the figures.
  const auto is_to_stop = [&](size_t steps) {
    if (!team) return cancelled(options.pass);
    return steps >= on_their_way && stopping[steps - on_their_way] > 0;
  };
  const auto report = [&](const torch::Tensor& loss, const torch::Tensor& correct, int64_t images) {
    StepEvent event;
    event.step = ++position_.step;
    event.loss = last_loss = loss.item<double>();
    event.correct = correct.item<int64_t>();
    event.images = images;
    position_.images += event.images;
    position_.correct += event.correct;
    position_.loss += event.loss * static_cast<double>(images);
    if (!failed) on_step(event);
  };
  const FiguresOfAll figures_of_all{&figures, &failed};
  // A step of several batches, or of a momentum of its own, is not recorded.
  torch::Tensor rates;
  if (recorder_ && options.accumulate == 1 && options.momenta.empty()) {
    rates = torch::tensor(options.learning_rates, device_.is_cpu() ? torch::kFloat64 : torch::kFloat32)
                .view({-1, static_cast<int64_t>(groups)})
                .to(device_);
  }
  const int64_t before = position_.step;
  const int64_t step_size = images_of_step(options);
  int64_t first = position_.images;
  for (size_t rate = 0; rate < options.learning_rates.size(); rate += groups) {
    // Never within a step: the batch norms of its first batches have moved already.
    if (is_to_stop(static_cast<size_t>(result.steps))) {
      result.cancelled = true;
      break;
    }
    const int64_t size = std::min(step_size, count - first);
    torch::Tensor stops;  // of a team
    StepFigures step;
    if (rates.defined()) {
      StepInputs batch = batch_inputs(batches, first, size);
      batch.rates = rates[result.steps];
      const AlgorithmSearch search(settings, size == options.batch_size);
      step = recorder_->run(batch);
    } else {
      step = gradients(batches, shares, divisor(first, size), first, size, settings);
      if (team) std::tie(step, stops) = over_all(step, options.pass);
      std::optional<double> momentum;
      if (!options.momenta.empty()) momentum = options.momenta[result.steps];
      move_weights([&] { optimizer_->step(&options.learning_rates[rate], momentum); });
    }
    ++result.steps;
    first += size;
    ReadBack::Values values{step.loss, step.correct};
    if (team) values.push_back(stops);
    figures.send(values, [&, images = step.images](const ReadBack::Values& read) {
      if (team) stopping.push_back(read[2].item<int64_t>());
      report(read[0], read[1], images);
    });
    const bool keeps = options.keep_from > 0 && before + result.steps >= options.keep_from;
    if (keeps) figures.all();
    if (keeps && last_loss < (kept_ ? kept_->loss : std::numeric_limits<double>::infinity())) {
      keep_weights(last_loss);
      result.kept_loss = last_loss;
      result.kept_step = before + result.steps;
    }
  }
  figures.all();
  result.waited = batches.waited();
  result.images = position_.images;
  result.correct = position_.correct;
  if (position_.images > 0) result.loss = position_.loss / static_cast<double>(position_.images);
  if (position_.images == count) {
    draws_->pass_to(options.epoch + 1, count);
    position_ = {options.epoch + 1};
  }
  return result;
}

// Validation runs on the folded network: the same logits but for rounding, in less time.
EvaluateResult Session::evaluate(const EvaluateOptions& options, const std::function<void(int64_t)>& on_batch) {
  options.pass->wait_for_turn();
  const DeviceMemoryPass device_memory(device_);
  const CpuMemoryPass memory;
  const GpuSettings settings = this->settings();
  const c10::InferenceMode inference;
  use_threads(options_.threads);
  share_statistics();
  const auto weights = this->weights();
  FoldedResNet network(options_.network, TensorMap(weights.begin(), weights.end()), device_, inference_precision(),
                       cut_, kStages);
  const int64_t samples = options.samples.count();
  const Share part =
      options_.team ? share_of(samples, options_.team->rank(), options_.team->world()) : Share{0, samples};
  std::vector<int32_t> order(part.size);
  std::iota(order.begin(), order.end(), static_cast<int32_t>(part.first));
  const std::vector<uint8_t> flips;
  const std::vector<Window> windows;
  const Batches batches(normalizer_, resident(), {options.samples, order, flips, windows});
  EvaluateResult result;
  result.logits.reserve(batches.count() * options_.network.classes);
  ReadBack figures = figures_on_their_way();
  for (int64_t first = 0; first < batches.count(); first += options.batch_size) {
    if (cancelled(options.pass)) {
      result.cancelled = true;
      break;
    }
    const int64_t size = std::min(options.batch_size, batches.count() - first);
    const torch::Tensor out = network.forward(inputs(batches, first, size));
    const torch::Tensor target = batches.targets(first, size);
    const torch::Tensor loss = torch::nn::functional::cross_entropy(out, target);
    figures.send({loss, correct_of(out, target), out}, [&, size](const ReadBack::Values& read) {
      result.loss += read[0].item<double>() * static_cast<double>(size);
      result.correct += read[1].item<int64_t>();
      append_rows(result.logits, read[2]);
      result.images += size;
      on_batch(size);
    });
  }
  figures.all();
  if (options_.team) gather(&result, samples);
  if (result.images > 0) result.loss /= static_cast<double>(result.images);
  return result;
}

}  // namespace resnet_ft
