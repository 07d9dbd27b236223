// A model in training: weights, optimizer, random numbers. One call runs one whole epoch or one evaluation pass.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/augment/augmenter.h"
#include "core/batch.h"
#include "core/batches.h"
#include "core/cpu_memory.h"
#include "core/device_memory.h"
#include "core/draws.h"
#include "core/explicit_resnet.h"
#include "core/frozen_prefix.h"
#include "core/gpu_settings.h"
#include "core/loss.h"
#include "core/named_tensor.h"
#include "core/optimizer.h"
#include "core/pass_control.h"
#include "core/precision.h"
#include "core/read_back.h"
#include "core/recipe.h"
#include "core/resident_crops.h"
#include "core/resnet.h"
#include "core/sample_source.h"
#include "core/session_state.h"
#include "core/shares.h"
#include "core/step_recorder.h"
#include "core/team.h"
#include "core/team_batch_norm.h"
#include "core/weight_average.h"

namespace resnet_ft {

struct SessionOptions {
  Network network;
  std::string device;
  Precision precision = Precision::kFp32;
  int threads = 0;
  Recipe recipe;
  std::array<float, 3> mean{};
  std::array<float, 3> std{};
  // For the features of the frozen stages.
  CacheBudget cache;
  bool cache_bf16 = false;
  // Bytes of crops that may lie on the device; below 0, a quarter of what is free there. With 0 or more a CPU, too,
  // makes its batches as a GPU does.
  int64_t device_crops = -1;
  // A GPU computes by algorithms that give the same bits each time; a CPU always does.
  bool deterministic = false;
  // Threads that read the next batches where images are augmented; below 0: as many as suit the device; 0: none.
  int prefetch = -1;
  // Whether steps are computed by ExplicitResNet instead of autograd, and whether they are recorded and repeated (which
  // asks for the former); where left out, on a GPU. Either way it is checked first, and left where it is wrong.
  std::optional<bool> explicit_pass, record_steps;
  // The processes that train the model together: all make the same calls. Null: this one alone.
  std::shared_ptr<Team> team;
  // Whether batch norms go over the images of all processes; else each has those of its own.
  bool sync_batch_norm = false;
};

struct TrainOptions {
  Pass pass;  // of begin_pass()
  PassSamples samples;
  int64_t batch_size = 0;
  int64_t accumulate = 1;  // batches of a step, at most 2^31
  // The epoch that is next or, where it was stopped, goes on; or a later one.
  int64_t epoch = 0;
  // Of each step of this pass, the rate of each parameter group.
  std::vector<double> learning_rates;
  // Of each step, what takes the place of the optimizer's momentum; empty: nothing does.
  std::vector<double> momenta;
  // From this step of the epoch on (the first is 1), the weights of the least batch loss so far are kept; 0: none.
  int64_t keep_from = 0;
};

// A step of an epoch, from 1.
struct StepEvent {
  int64_t step = 0;
  double loss = 0;
  int64_t correct = 0;
  int64_t images = 0;
};

struct EpochResult {
  int64_t steps = 0;  // of this pass
  // Of the epoch so far.
  int64_t images = 0;
  double loss = 0;
  int64_t correct = 0;
  int64_t kept_step = 0;  // of this pass, whose weights are kept; 0 where an earlier pass's still are, or none
  double kept_loss = 0;
  bool cancelled = false;
  // Seconds of this pass in which the next batch was waited for.
  double waited = 0;
};

struct EvaluateOptions {
  Pass pass;  // of begin_pass()
  PassSamples samples;
  int64_t batch_size = 0;
};

struct EvaluateResult {
  int64_t images = 0;
  double loss = 0;
  int64_t correct = 0;
  std::vector<float> logits;
  bool cancelled = false;
};

// How the steps of a session are computed.
struct StepsComputed {
  bool explicitly = false;  // by ExplicitResNet
  bool recorded = false;    // and the last one was a repetition
  std::string reason;       // why not all that was asked for; empty where it is, or has not been tried
};

// What an epoch goes over, in its order.
struct EpochPlan {
  std::vector<int32_t> order;  // samples
  // The number by which augmentations of each are drawn, its window (empty: none are cut), and whether it is mirrored
  // (empty: that is one of the changes of its bytes, or none is).
  std::vector<int32_t> numbers;
  std::vector<Window> windows;
  std::vector<uint8_t> flips;
  uint32_t drawn = 0;  // Recipe::drawn_epoch's
};

// A batch of an epoch, of which the first images are to be seen.
struct BatchViewOptions {
  PassSamples samples;
  int64_t batch_size = 0;
  int64_t epoch = 0;
  int64_t first = 0;  // place of the batch in the order of the epoch
  int64_t count = 0;  // images of it, at most
};

// Images as the network gets them, but for the normalisation.
struct BatchView {
  int side = 0;
  std::vector<uint8_t> images;   // count x side x side x 3
  std::vector<float> shares;     // count x classes: 1 for its class, or shares where images are mixed
  std::vector<int32_t> samples;  // of each image; where images are mixed, of its own part
};

class Session : public PassControl {
 public:
  explicit Session(const SessionOptions& options);

  int64_t classes() const { return options_.network.classes; }
  size_t parameter_groups() const { return options_.recipe.groups.size(); }

  // What train_epoch draws for that epoch of `count` samples; it may be asked for while a pass runs. `targets`, of the
  // samples, decide where every class is to come equally often, and `indices` (empty: the first ones), where they lie
  // in their source, how images of few views are mirrored.
  EpochDraws draws(int64_t epoch, int64_t count, const std::vector<int32_t>& targets,
                   const std::vector<int32_t>& indices) const;
  bool balanced() const { return options_.recipe.sampling == Sampling::kBalanced; }
  // The images of a batch as train_epoch makes it of the epoch that is next, or a later one. Changes nothing.
  BatchView view(const BatchViewOptions& options);
  EpochResult train_epoch(const TrainOptions& options, const std::function<void(const StepEvent&)>& on_step);
  // Not while a pass runs.
  StepsComputed steps_computed() const;
  FeatureFigures feature_figures() const { return prefix_ ? prefix_->figures() : FeatureFigures(); }
  EvaluateResult evaluate(const EvaluateOptions& options, const std::function<void(int64_t)>& on_batch);

  // Copies on the CPU, contiguous; of the weights that train_epoch kept where `kept` says so. Where weights are
  // averaged, it is their average, with which evaluate() works too.
  std::vector<NamedTensor> state_dict(bool kept = false);
  // Copies the given tensors over the model's own, converting element types. An average begins anew.
  void load_state_dict(const std::vector<NamedTensor>& tensors);
  // The weights that were kept become the model's.
  void use_kept();

  // All that decides what the next steps do; copies on the CPU.
  SessionState state();
  // Goes on from a state() of a session of the same options: the next steps are those that it would have done, to the
  // bit. Throws std::invalid_argument for one that does not fit; the session is then to be closed.
  void restore(const SessionState& state);
  // Gives every process of a team the state of the first.
  void share_state();

 private:
  // Of validation and of frozen stages. On a CPU float32 even where training is in bfloat16, so that validation gives
  // what the saved model gives afterwards.
  Precision inference_precision() const {
    return options_.precision == Precision::kBf16 && device_.is_cpu() ? Precision::kFp32 : options_.precision;
  }
  // Where stages are frozen, their features are kept instead.
  ResidentCrops* resident() { return cut_ > kStem ? nullptr : &resident_; }
  // For all of the process, while a pass runs.
  GpuSettings settings() const {
    return {normalizer_.computes_on_device(), {options_.deterministic, allows_tf32(options_.precision)}};
  }
  // Batches whose figures are on their way: a GPU runs ahead of the CPU.
  ReadBack figures_on_their_way() const;
  // The weights that are trained, by parameter group.
  std::vector<ParameterGroup> trained_weights() const;
  // Of every step but an epoch's last.
  static int64_t images_of_step(const TrainOptions& options) {
    // A batch of more than all is one of all: the product is within 64 bits.
    return std::min(options.batch_size, std::max<int64_t>(options.samples.count(), 1)) * options.accumulate;
  }
  // Goes to where in its epoch a pass begins.
  void go_to(const TrainOptions& options);
  // The model as it is used and saved: the averages where there are any. Not copies.
  std::vector<NamedTensor> weights() const;
  void keep_weights(double loss);
  void copy_into_model(const std::vector<NamedTensor>& tensors);
  FrozenPrefix& prefix();
  // What the trained stages take: crops, or their features where stages before are frozen.
  torch::Tensor inputs(const Batches& batches, int64_t first, int64_t size);
  torch::Tensor logits(const torch::Tensor& inputs);
  // A batch as a step takes it, without rates.
  StepInputs batch_inputs(const Batches& batches, int64_t first, int64_t size);
  // That part of the batch of `size` from `first` on, in the order of the epoch, which is this process's.
  StepInputs part_inputs(const Batches& batches, const Shares& shares, int64_t first, int64_t size);
  // What stands for a part without images: it takes part in everything, and adds nothing.
  StepInputs stand_in(const Batches& batches);
  // Adds the gradients of a batch to those that the weights have. `divisor`: that of the step's loss; undefined where
  // the batch is the whole step.
  // `sums`: whether the gradients are complete with it, and are added up over the processes of a team.
  StepFigures add_gradients(const StepInputs& batch, const torch::Tensor& divisor, bool sums);
  // Leaves the gradients of a step of `size` samples from `first` on.
  StepFigures gradients(const Batches& batches, const Shares& shares, const torch::Tensor& divisor, int64_t first,
                        int64_t size, const GpuSettings& settings);
  // The figures of a step of a pass over all processes, and how many of these were told to stop.
  std::pair<StepFigures, torch::Tensor> over_all(const StepFigures& step, const Pass& pass);
  // Gives every process the running statistics of the first's batch norms: each has those of its own images.
  void share_statistics();
  // What all processes together come to, of this one's part of an evaluation.
  void gather(EvaluateResult* result, int64_t samples);
  // A step of one batch, from its gradients to the average of the weights: what can be recorded.
  StepFigures step_on(const StepInputs& batch);
  // What follows the gradients; `move` lets the optimizer do its step.
  void move_weights(const std::function<void()>& move);
  // Sets up what computes steps otherwise than autograd, where that is wanted and right.
  void choose_computation();
  // The tensors that a step changes.
  std::vector<torch::Tensor> changed_by_steps() const;
  EpochPlan plan(const PassSamples& samples, int64_t epoch, const EpochDraws& draws, const Shares& shares) const;
  // By which the augmentations of images of few views are drawn: where in its source each sample of the order lies.
  static std::vector<int32_t> numbers_of_views(std::vector<int32_t> order, const std::vector<int32_t>& indices);
  // The windows of the samples of an epoch; none where none are cut.
  std::vector<Window> windows(const PassSamples& samples, const std::vector<int32_t>& order,
                              const std::vector<int32_t>& numbers, uint32_t epoch) const;
  // Lets threads read the next batches where making them is work, from where the epoch stands, and for `count` of them.
  void prefetch(Batches* batches, const Shares& shares, int64_t count) const;

  CpuMemoryReuse memory_;
  SessionOptions options_;
  torch::Device device_;
  DeviceMemoryUse device_memory_;
  Normalizer normalizer_;
  ResidentCrops resident_;
  std::unique_ptr<Draws> draws_;
  Augmenter augmenter_;
  ResNet model_{nullptr};
  int cut_ = kStem;  // the first stage that is trained
  std::unique_ptr<FrozenPrefix> prefix_;
  std::unique_ptr<Optimizer> optimizer_;
  Loss loss_;
  std::unique_ptr<WeightAverage> average_;
  std::unique_ptr<ExplicitResNet> explicit_;
  std::unique_ptr<StepRecorder> recorder_;
  // Of a team.
  std::unique_ptr<GradientReducer> reducer_;
  std::shared_ptr<BatchNormSync> sync_;  // null: batch norms are not synchronised
  std::string why_autograd_;             // where explicit_ was wanted
  Position position_;
  std::optional<KeptWeights> kept_;
};

}  // namespace resnet_ft
