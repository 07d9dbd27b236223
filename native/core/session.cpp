#include "core/session.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/DistributionsHelper.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/threads.h"

namespace resnet_ft {
namespace {

// torch.nn draws initial weights from the process-wide default generator: sessions take turns, and leave it as it was.
ResNet make_model(const SessionOptions& options, at::Generator& generator) {
  static std::mutex default_generator;
  const std::lock_guard<std::mutex> turn(default_generator);
  const at::Generator& shared = at::detail::getDefaultCPUGenerator();
  const torch::Tensor before = shared.get_state();
  torch::manual_seed(options.seed);
  ResNet model(options.arch, options.classes);
  generator.set_state(shared.get_state());
  at::Generator(shared).set_state(before);
  return model;
}

int64_t draw_int64(at::Generator& generator) {
  return torch::empty({}, torch::kInt64).random_(generator).item<int64_t>();
}

class AutocastGuard {
 public:
  AutocastGuard(c10::DeviceType device, bool enabled) : device_(device), enabled_(enabled) {
    if (!enabled_) return;
    at::autocast::increment_nesting();
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, true);
  }
  ~AutocastGuard() {
    if (!enabled_) return;
    at::autocast::set_autocast_enabled(device_, false);
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  }
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  c10::DeviceType device_;
  bool enabled_;
};

// A batch whose figures were not read yet; the logits only of validation.
struct PendingBatch {
  int64_t images;
  torch::Tensor loss, correct, logits;
};

torch::Tensor correct_of(const torch::Tensor& logits, const torch::Tensor& target) {
  return logits.argmax(1).eq(target).sum();
}

constexpr size_t kUnreadOnGpu = 8;

}  // namespace

Session::Session(const SessionOptions& options)
    : options_(options),
      device_(options.device),
      normalizer_(options.mean, options.std, device_, /*as_on_gpu=*/options.device_crops >= 0),
      resident_(device_, options.device_crops),
      generator_(at::detail::createCPUGenerator(options.seed)),
      cut_(stage_of(options.train_from)) {
  use_threads(options_.threads);
  allow_tf32(device_);
  // The shapes of a run are few: cuDNN's search for the fastest algorithm pays.
  if (device_.is_cuda()) at::globalContext().setBenchmarkCuDNN(true);
  model_ = make_model(options_, generator_);
  model_->to(device_);
  if (options_.precision == Precision::kFp64) {
    // Not model->to(kFloat64): that would turn the batch norms' counters into floating point too.
    for (auto& entry : model_->state_dict()) {
      if (entry.second.is_floating_point()) entry.second.set_data(entry.second.to(torch::kFloat64));
    }
  }
  for (auto& parameter : model_->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
  }
  model_->freeze_before(options_.train_from);
  std::vector<torch::Tensor> trained;
  for (const auto& parameter : model_->parameters()) {
    if (parameter.requires_grad()) trained.push_back(parameter);
  }
  optimizer_ = std::make_unique<Sgd>(std::move(trained), options_.sgd);
}

size_t Session::unread_at_most() const { return normalizer_.computes_on_device() ? kUnreadOnGpu : 1; }

EpochPlan Session::plan(int64_t count) {
  const std::lock_guard<std::mutex> lock(generator_mutex_);
  draw_int64(generator_);  // the loader's _base_seed, drawn though there are no workers to seed
  at::Generator sampler = at::detail::createCPUGenerator(static_cast<uint64_t>(draw_int64(generator_)));
  const torch::Tensor order = torch::randperm(count, sampler, torch::kInt64);
  EpochPlan plan;
  plan.order.assign(order.data_ptr<int64_t>(), order.data_ptr<int64_t>() + count);
  plan.flips.reserve(count);
  // What torch::rand({1}) draws, without a tensor for each, which took seconds for a million of them.
  auto* const draws = at::check_generator<at::CPUGeneratorImpl>(generator_);
  at::uniform_real_distribution<float> uniform(0.0F, 1.0F);
  for (int64_t i = 0; i < count; ++i) plan.flips.push_back(uniform(draws) < 0.5F ? 1 : 0);
  return plan;
}

torch::Tensor Session::inputs(const Batches& batches, int64_t first, int64_t size) {
  if (cut_ > kStem) {
    if (!prefix_) {
      const auto weights = model_->state_dict();
      FoldedResNet frozen(options_.arch, TensorMap(weights.begin(), weights.end()), device_, inference_precision(),
                          kStem, cut_);
      prefix_ =
          std::make_unique<FrozenPrefix>(std::move(frozen), normalizer_, device_, options_.cache, options_.cache_bf16);
    }
    const torch::NoGradGuard no_grad;
    return prefix_->features(batches.source(), batches.samples(first, size));
  }
  const torch::Tensor batch = batches.inputs(first, size);
  return options_.precision == Precision::kFp64 ? batch.to(torch::kFloat64) : batch;
}

torch::Tensor Session::logits(const torch::Tensor& inputs) {
  const bool bf16 = options_.precision == Precision::kBf16;
  const AutocastGuard autocast(device_.type(), bf16);
  const torch::Tensor out = model_->forward(inputs, cut_);
  return bf16 ? out.to(torch::kFloat32) : out;
}

EpochResult Session::train_epoch(const TrainOptions& options, const std::function<void(const StepEvent&)>& on_step) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const CpuMemoryPass memory;
  use_threads(options_.threads);
  model_->train_unfrozen();
  const std::vector<Window> windows;
  const Batches batches(
      normalizer_, resident(),
      {options.store, options.indices, options.targets, options.plan.order, options.plan.flips, windows});
  const int64_t count = batches.count();
  EpochResult result;
  std::vector<PendingBatch> pending;
  int64_t reported = 0;
  double last_loss = 0;
  // Reads what the steps since the last time came to; on a GPU this waits for them.
  const auto report = [&] {
    for (const PendingBatch& step : pending) {
      StepEvent event;
      event.step = ++reported;
      event.loss = last_loss = step.loss.item<double>();
      event.correct = step.correct.item<int64_t>();
      event.images = step.images;
      result.correct += event.correct;
      result.loss += event.loss * static_cast<double>(step.images);
      on_step(event);
    }
    pending.clear();
  };
  for (int64_t first = 0; first < count; first += options.batch_size) {
    if (cancelled_) {
      result.cancelled = true;
      break;
    }
    if (options.max_steps > 0 && result.steps >= options.max_steps) break;
    const int64_t size = std::min(options.batch_size, count - first);
    const torch::Tensor x = inputs(batches, first, size);
    const torch::Tensor target = batches.targets(first, size);
    optimizer_->zero_grad();
    const torch::Tensor out = logits(x);
    const torch::Tensor loss = torch::nn::functional::cross_entropy(out, target);
    loss.backward();
    optimizer_->step(options.lr);
    ++result.steps;
    result.images += size;
    pending.push_back({size, loss.detach(), correct_of(out.detach(), target), {}});
    const bool keeps = options.keep_from > 0 && result.steps >= options.keep_from;
    if (keeps || pending.size() == unread_at_most()) report();
    if (keeps && last_loss < kept_loss_) {
      kept_ = copy_weights();
      kept_loss_ = result.kept_loss = last_loss;
      result.kept_step = result.steps;
    }
  }
  report();
  if (result.images > 0) result.loss /= static_cast<double>(result.images);
  return result;
}

// Validation runs on the folded network: the same logits but for rounding, in less time.
EvaluateResult Session::evaluate(const EvaluateOptions& options, const std::function<void(int64_t)>& on_batch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const CpuMemoryPass memory;
  const c10::InferenceMode inference;
  use_threads(options_.threads);
  const auto weights = model_->state_dict();
  FoldedResNet network(options_.arch, TensorMap(weights.begin(), weights.end()), device_, inference_precision(), cut_,
                       kStages);
  std::vector<int32_t> order(options.targets.size());
  std::iota(order.begin(), order.end(), 0);
  const std::vector<uint8_t> flips;
  const std::vector<Window> windows;
  const Batches batches(normalizer_, resident(),
                        {options.store, options.indices, options.targets, order, flips, windows});
  EvaluateResult result;
  result.logits.reserve(batches.count() * options_.classes);
  std::vector<PendingBatch> pending;
  const auto report = [&] {
    for (const PendingBatch& batch : pending) {
      result.loss += batch.loss.item<double>() * static_cast<double>(batch.images);
      result.correct += batch.correct.item<int64_t>();
      append_rows(result.logits, batch.logits);
      result.images += batch.images;
      on_batch(batch.images);
    }
    pending.clear();
  };
  for (int64_t first = 0; first < batches.count(); first += options.batch_size) {
    if (cancelled_) {
      result.cancelled = true;
      break;
    }
    const int64_t size = std::min(options.batch_size, batches.count() - first);
    const torch::Tensor out = network.forward(inputs(batches, first, size));
    const torch::Tensor target = batches.targets(first, size);
    pending.push_back({size, torch::nn::functional::cross_entropy(out, target), correct_of(out, target), out});
    if (pending.size() == unread_at_most()) report();
  }
  report();
  if (result.images > 0) result.loss /= static_cast<double>(result.images);
  return result;
}

std::vector<NamedTensor> Session::state_dict(bool kept) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!kept) return copy_weights();
  if (kept_.empty()) throw std::invalid_argument("no weights were kept");
  return kept_;
}

std::vector<NamedTensor> Session::copy_weights() const {
  const torch::NoGradGuard no_grad;
  std::vector<NamedTensor> out;
  for (const auto& [name, tensor] : model_->state_dict()) {
    // Contiguous first: a copy of channels_last weights keeps their order in memory.
    const torch::Tensor row_major = tensor.detach().to(torch::kCPU).contiguous();
    out.emplace_back(name, row_major.is_alias_of(tensor) ? row_major.clone() : row_major);
  }
  return out;
}

void Session::load_state_dict(const std::vector<NamedTensor>& tensors) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const torch::NoGradGuard no_grad;
  const auto own = model_->state_dict();
  for (const auto& [name, tensor] : tensors) {
    const auto found = std::find_if(own.begin(), own.end(), [&name = name](const auto& e) { return e.first == name; });
    if (found == own.end()) throw std::invalid_argument("the model has no tensor " + name);
    if (found->second.sizes() != tensor.sizes())
      throw std::invalid_argument("the shape of " + name + " does not match");
    torch::Tensor target = found->second;
    if (prefix_ && stage_of_tensor(name) < cut_ && !torch::equal(target.cpu(), tensor.to(target.scalar_type())))
      prefix_.reset();  // its features are those of the weights before
    target.copy_(tensor);
  }
}

}  // namespace resnet_ft
