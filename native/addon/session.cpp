#include "addon/session.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/classes.h"
#include "addon/image_store.h"
#include "addon/image_worker.h"
#include "addon/images.h"
#include "addon/network.h"
#include "addon/options.h"
#include "addon/recipe.h"
#include "addon/run_on_thread.h"
#include "addon/session_state.h"
#include "addon/team.h"
#include "addon/tensors.h"

namespace resnet_ft {
namespace {

SessionOptions session_options(const Napi::Value& value) {
  Options o(value, "the options of a session");
  SessionOptions out;
  out.network = network_of(o.value("network"));
  out.device = o.device("device");
  out.precision = precision_of(o.one_of("precision", kPrecisions));
  out.threads = static_cast<int>(o.whole("threads", 0, kMaxThreads));
  out.recipe = read_recipe(o.nested("recipe"));
  const size_t weights = out.recipe.loss.class_weights.size();
  if (weights != 0 && weights != static_cast<size_t>(out.network.classes))
    throw native_error(value.Env(), "recipe.loss.classWeights must have none or " +
                                        std::to_string(out.network.classes) + ", not " + std::to_string(weights));
  out.mean = o.channels("mean");
  out.std = o.channels("std", /*positive=*/true);
  out.cache.memory = o.whole("cacheMemory");
  out.cache.disk = o.whole("cacheDisk");
  out.cache.file = o.name("cacheFile");
  if (!o.value("cacheShared").IsUndefined()) {
    if (!kFilesAreShared) throw native_error(value.Env(), "cacheShared: processes can't share such files on Windows");
    out.cache.shared = o.name("cacheShared") + "/features";
  }
  out.cache_bf16 = o.flag("cacheBf16");
  out.deterministic = o.flag_or_none("deterministic").value_or(false);
  out.device_crops = o.whole_or_none("deviceCrops").value_or(-1);
  out.prefetch = static_cast<int>(o.whole_or_none("prefetchThreads", 0, kMaxThreads).value_or(-1));
  out.explicit_pass = o.flag_or_none("explicitPass");
  out.record_steps = o.flag_or_none("recordSteps");
  const Napi::Value team = o.value("team");
  if (!team.IsUndefined()) out.team = TeamWrap::team_of(team, "team");
  out.sync_batch_norm = o.flag_or_none("syncBatchNorm").value_or(false);
  o.finish();
  return out;
}

// Every index is checked before a pass starts: one that points outside the store ends in an error, not in the heap,
// and a class that there is not would end a GPU's process.
PassSamples read_samples(Options* o, int64_t classes) {
  PassSamples samples;
  // Windows of this side are cut out of whole images.
  const auto side = o->whole_or_none("size", 1, kMaxSide);
  if (side) {
    const bool bicubic =
        !o->value("interpolation").IsUndefined() && o->one_of("interpolation", {"bilinear", "bicubic"}) == "bicubic";
    samples.source = ImageStoreWrap::windows_of(o->value("store"), "store", static_cast<int>(*side),
                                                bicubic ? Filter::kBicubic : Filter::kBilinear);
  } else {
    samples.source = CropStoreWrap::crops_of(o->value("store"), "store");
  }
  samples.targets = o->int32s("targets", classes);
  samples.indices = o->indices("indices", samples.count(), samples.source->count());
  return samples;
}

// A rate of each parameter group for each step.
std::vector<double> learning_rates(Napi::Env env, Options* o, size_t groups) {
  std::vector<double> rates = o->float64s("learningRates");
  if (rates.empty() || rates.size() % groups != 0)
    throw native_error(env, "learningRates must have " + std::to_string(groups) + " for each step, not " +
                                std::to_string(rates.size()) + " in all");
  const auto wrong =
      std::find_if(rates.begin(), rates.end(), [](double rate) { return !(rate >= 0 && std::isfinite(rate)); });
  if (wrong != rates.end())
    throw native_error(
        env, "learningRates[" + std::to_string(wrong - rates.begin()) + "] must be a finite number of 0 or more");
  return rates;
}

// What takes the place of the optimizer's momentum in each of so many steps; none where it is left out.
std::vector<double> momenta(Napi::Env env, Options* o, size_t steps) {
  if (o->value("momenta").IsUndefined()) return {};
  std::vector<double> momenta = o->float64s("momenta");
  if (momenta.size() != steps)
    throw native_error(env, "momenta must have one for each of " + std::to_string(steps) + " steps, not " +
                                std::to_string(momenta.size()));
  const auto wrong = std::find_if(momenta.begin(), momenta.end(), [](double m) { return !(m >= 0 && m < 1); });
  if (wrong != momenta.end())
    throw native_error(env,
                       "momenta[" + std::to_string(wrong - momenta.begin()) + "] must be a number from 0 to below 1");
  return momenta;
}

// Runs `work`, which gives nothing back, on a thread of its own; `lent` is JavaScript's memory that it reads.
Napi::Value start_change(Napi::Env env, const char* name, const std::function<void()>& work,
                         std::shared_ptr<const void> lent = nullptr) {
  return ThreadTask<bool>::start(env, name, Napi::Function(),
                                 {.work =
                                      [work](const auto&) {
                                        work();
                                        return true;
                                      },
                                  .to_js = [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); },
                                  .lent = std::move(lent)});
}

template <class Result>
void set_pass(Napi::Object& out, const Result& result) {
  out.Set("images", static_cast<double>(result.images));
  out.Set("loss", result.loss);
  out.Set("correct", static_cast<double>(result.correct));
  out.Set("cancelled", result.cancelled);
}

}  // namespace

Napi::Value create_session(const Napi::CallbackInfo& info) {
  using Shared = std::shared_ptr<Session>;
  const SessionOptions options = session_options(info[0]);
  return ThreadTask<Shared>::start(info.Env(), "createSession", Napi::Function(),
                                   {.work = [options](const auto&) { return std::make_shared<Session>(options); },
                                    .to_js = [](Napi::Env env, Shared& session) -> Napi::Value {
                                      auto* classes = env.GetInstanceData<Classes>();
                                      classes->new_session = std::move(session);
                                      return classes->session.New({});
                                    },
                                    .frees = true});
}

Napi::Function SessionWrap::define(Napi::Env env) {
  return DefineClass(env, "Session",
                     {InstanceMethod("draws", &SessionWrap::call<&SessionWrap::draws>),
                      InstanceMethod("trainingBatch", &SessionWrap::call<&SessionWrap::training_batch>),
                      InstanceMethod("trainEpoch", &SessionWrap::call<&SessionWrap::train_epoch>),
                      InstanceMethod("stepsComputed", &SessionWrap::call<&SessionWrap::steps_computed>),
                      InstanceMethod("featuresKept", &SessionWrap::call<&SessionWrap::features_kept>),
                      InstanceMethod("evaluate", &SessionWrap::call<&SessionWrap::evaluate>),
                      InstanceMethod("stateDict", &SessionWrap::call<&SessionWrap::state_dict>),
                      InstanceMethod("loadStateDict", &SessionWrap::call<&SessionWrap::load_state_dict>),
                      InstanceMethod("useKept", &SessionWrap::call<&SessionWrap::use_kept>),
                      InstanceMethod("state", &SessionWrap::call<&SessionWrap::state>),
                      InstanceMethod("restore", &SessionWrap::call<&SessionWrap::restore>),
                      InstanceMethod("shareState", &SessionWrap::call<&SessionWrap::share_state>),
                      InstanceMethod("cancel", &SessionWrap::call<&SessionWrap::cancel>),
                      InstanceMethod("close", &SessionWrap::call<&SessionWrap::close>)});
}

SessionWrap::SessionWrap(const Napi::CallbackInfo& info) : GuardedWrap<SessionWrap>(info) {
  session_ = std::exchange(info.Env().GetInstanceData<Classes>()->new_session, nullptr);
  if (!session_) throw native_error(info.Env(), "sessions are made by createSession");
}

std::shared_ptr<Session> SessionWrap::session(Napi::Env env) const {
  if (!session_) throw native_error(env, "the session is closed");
  return session_;
}

Napi::Value SessionWrap::draws(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto session = this->session(env);
  const int64_t epoch = whole_number(info[0], "epoch", 1, INT32_MAX);
  const int64_t count = whole_number(info[1], "count", 0, INT32_MAX);
  std::vector<int32_t> targets;
  if (session->balanced()) {
    Napi::Object given = Napi::Object::New(env);
    given.Set("targets", info[2]);
    targets = Options(given, "draws").int32s("targets", session->classes());
    if (static_cast<int64_t>(targets.size()) != count)
      throw native_error(env, "there must be a target for each sample");
  }
  std::vector<int32_t> indices;
  if (!info[3].IsUndefined()) {
    Napi::Object given = Napi::Object::New(env);
    given.Set("indices", info[3]);
    indices = Options(given, "draws").indices("indices", count, INT32_MAX);
  }
  const EpochDraws draws = session->draws(epoch, count, targets, indices);
  Napi::Int32Array order = Napi::Int32Array::New(env, draws.order.size());
  std::copy(draws.order.begin(), draws.order.end(), order.Data());
  Napi::Uint8Array flips = Napi::Uint8Array::New(env, draws.order.size());
  std::copy(draws.flips.begin(), draws.flips.end(), flips.Data());
  Napi::Object out = Napi::Object::New(env);
  out.Set("order", order);
  out.Set("flips", flips);
  return out;
}

Napi::Value SessionWrap::training_batch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto session = this->session(env);
  Options o(info[0], "the options of a batch");
  BatchViewOptions options;
  options.samples = read_samples(&o, session->classes());
  options.batch_size = o.whole("batchSize", 1);
  options.epoch = o.whole("epoch", 1, INT32_MAX);
  options.first = o.whole("first");
  options.count = o.whole("count", 1);
  o.finish();
  return ThreadTask<BatchView>::start(env, "trainingBatch", Napi::Function(),
                                      {.work = [session, options](const auto&) { return session->view(options); },
                                       .to_js = [](Napi::Env env, BatchView& view) -> Napi::Value {
                                         Napi::Uint8Array images = Napi::Uint8Array::New(env, view.images.size());
                                         std::copy(view.images.begin(), view.images.end(), images.Data());
                                         Napi::Int32Array samples = Napi::Int32Array::New(env, view.samples.size());
                                         std::copy(view.samples.begin(), view.samples.end(), samples.Data());
                                         Napi::Object out = Napi::Object::New(env);
                                         out.Set("side", view.side);
                                         out.Set("images", images);
                                         out.Set("shares", float_array(env, view.shares));
                                         out.Set("samples", samples);
                                         return out;
                                       }});
}

Napi::Value SessionWrap::train_epoch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto session = this->session(env);
  Options o(info[0], "the options of an epoch");
  TrainOptions options;
  options.samples = read_samples(&o, session->classes());
  options.batch_size = o.whole("batchSize", 1);
  options.accumulate = o.whole_or_none("accumulate", 1, INT32_MAX).value_or(1);
  options.epoch = o.whole("epoch", 1, INT32_MAX);
  options.learning_rates = learning_rates(env, &o, session->parameter_groups());
  options.momenta = momenta(env, &o, options.learning_rates.size() / session->parameter_groups());
  options.keep_from = o.whole("keepFrom");
  o.finish();
  const Napi::Function on_step = function_of(info[1], "onStep");
  options.pass = session->begin_pass();
  return ThreadTask<EpochResult, StepEvent>::start(
      env, "trainEpoch", on_step,
      {.work = [session, options](const auto& emit) { return session->train_epoch(options, emit); },
       .to_js = [](Napi::Env env, EpochResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("steps", static_cast<double>(result.steps));
         out.Set("keptStep", static_cast<double>(result.kept_step));
         out.Set("keptLoss", result.kept_loss);
         out.Set("waitedSeconds", result.waited);
         set_pass(out, result);
         return out;
       },
       .event_to_js = [](Napi::Env env, const StepEvent& event) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("step", static_cast<double>(event.step));
         out.Set("loss", event.loss);
         out.Set("correct", static_cast<double>(event.correct));
         out.Set("images", static_cast<double>(event.images));
         return out;
       },
       .cancel = cancels(session, options.pass->number())});
}

Napi::Value SessionWrap::steps_computed(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const StepsComputed how = session(env)->steps_computed();
  Napi::Object out = Napi::Object::New(env);
  out.Set("explicitly", how.explicitly);
  out.Set("recorded", how.recorded);
  out.Set("reason", how.reason);
  return out;
}

Napi::Value SessionWrap::features_kept(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const FeatureFigures figures = session(env)->feature_figures();
  Napi::Object out = Napi::Object::New(env);
  out.Set("computed", static_cast<double>(figures.computed));
  out.Set("shared", figures.shared);
  out.Set("reason", figures.why_not_shared);
  return out;
}

Napi::Value SessionWrap::evaluate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto session = this->session(env);
  Options o(info[0], "the options of an evaluation");
  EvaluateOptions options;
  options.samples = read_samples(&o, session->classes());
  options.batch_size = o.whole("batchSize", 1);
  o.finish();
  const Napi::Function on_batch = function_of(info[1], "onBatch");
  options.pass = session->begin_pass();
  return ThreadTask<EvaluateResult, int64_t>::start(
      env, "evaluate", on_batch,
      {.work = [session, options](const auto& emit) { return session->evaluate(options, emit); },
       .to_js = [](Napi::Env env, EvaluateResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("logits", float_array(env, result.logits));
         set_pass(out, result);
         return out;
       },
       .event_to_js = [](Napi::Env env, const int64_t& images) -> Napi::Value {
         return Napi::Number::New(env, static_cast<double>(images));
       },
       .cancel = cancels(session, options.pass->number())});
}

Napi::Value SessionWrap::state_dict(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  const bool kept = !info[0].IsUndefined() && boolean(info[0], "kept");
  using Tensors = std::vector<NamedTensor>;
  return ThreadTask<Tensors>::start(
      info.Env(), "stateDict", Napi::Function(),
      {.work = [session, kept](const auto&) { return session->state_dict(kept); },
       .to_js = [](Napi::Env env, Tensors& tensors) -> Napi::Value { return tensors_to_js(env, tensors); }});
}

Napi::Value SessionWrap::load_state_dict(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  const auto given = tensors_from_js(info[0]);
  const auto work = [session, given] { session->load_state_dict(given->tensors); };
  return start_change(info.Env(), "loadStateDict", work, given->lent.empty() ? nullptr : given);
}

Napi::Value SessionWrap::use_kept(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  return start_change(info.Env(), "useKept", [session] { session->use_kept(); });
}

Napi::Value SessionWrap::state(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  return ThreadTask<SessionState>::start(
      info.Env(), "state", Napi::Function(),
      {.work = [session](const auto&) { return session->state(); },
       .to_js = [](Napi::Env env, SessionState& state) -> Napi::Value { return state_to_js(env, state); }});
}

Napi::Value SessionWrap::restore(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  const auto given = state_from_js(info[0]);
  return start_change(info.Env(), "restore", [session, given] { session->restore(given->state); }, given);
}

Napi::Value SessionWrap::share_state(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  return start_change(info.Env(), "shareState", [session] { session->share_state(); });
}

Napi::Value SessionWrap::cancel(const Napi::CallbackInfo& info) {
  if (session_) session_->cancel();
  return info.Env().Undefined();
}

// The promise settles after the running pass has ended; the last owner frees the model.
Napi::Value SessionWrap::close(const Napi::CallbackInfo& info) { return close_when_idle(info.Env(), session_); }

}  // namespace resnet_ft
