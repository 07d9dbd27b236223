#include "addon/session.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/classes.h"
#include "addon/images.h"
#include "addon/options.h"
#include "addon/run_on_thread.h"
#include "addon/tensors.h"

namespace resnet_ft {
namespace {

SessionOptions session_options(const Napi::Object& o) {
  SessionOptions out;
  out.arch = text(o, "arch");
  out.classes = integer(o, "classes");
  out.seed = static_cast<uint64_t>(integer(o, "seed"));
  out.device = text(o, "device");
  out.precision = precision_of(text(o, "precision"));
  out.threads = static_cast<int>(integer(o, "threads"));
  out.train_from = text(o, "trainFrom");
  out.sgd.momentum = number(o, "momentum");
  out.sgd.weight_decay = number(o, "weightDecay");
  out.sgd.nesterov = o.Get("nesterov").ToBoolean();
  out.mean = channels(o, "mean");
  out.std = channels(o, "std");
  out.cache.memory = integer(o, "cacheMemory");
  out.cache.disk = integer(o, "cacheDisk");
  out.cache.file = text(o, "cacheFile");
  out.cache_bf16 = o.Get("cacheBf16").ToBoolean();
  if (o.Has("deviceCrops")) out.device_crops = integer(o, "deviceCrops");
  return out;
}

std::shared_ptr<CropStore> store_of(const Napi::Object& options) {
  return CropStoreWrap::Unwrap(options.Get("store").As<Napi::Object>())->store(options.Env());
}

// Every index is looked at before a pass starts: one that points outside the store ends in an error, not in the heap.
void check_samples(Napi::Env env, const CropStore& store, const std::vector<int32_t>& targets,
                   const std::vector<int32_t>* order, int64_t batch_size) {
  if (batch_size < 1) throw native_error(env, "a batch has at least one image");
  if (static_cast<int64_t>(targets.size()) > store.count())
    throw native_error(env, "there are more targets than crops");
  if (order == nullptr) return;
  for (const int32_t i : *order) {
    if (i < 0 || static_cast<size_t>(i) >= targets.size()) throw native_error(env, "the order names an unknown sample");
  }
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
  const SessionOptions options = session_options(info[0].As<Napi::Object>());
  return ThreadTask<Shared>::start(
      info.Env(), "createSession", Napi::Function(),
      {.work = [options](const auto&) { return std::make_shared<Session>(options); },
       .to_js = [](Napi::Env env, Shared& session) -> Napi::Value {
         return env.GetInstanceData<Classes>()->session.New({Napi::External<Shared>::New(env, &session)});
       },
       .frees = true});
}

Napi::Function SessionWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Session",
      {InstanceMethod<&SessionWrap::plan>("plan"), InstanceMethod<&SessionWrap::train_epoch>("trainEpoch"),
       InstanceMethod<&SessionWrap::evaluate>("evaluate"), InstanceMethod<&SessionWrap::state_dict>("stateDict"),
       InstanceMethod<&SessionWrap::load_state_dict>("loadStateDict"), InstanceMethod<&SessionWrap::cancel>("cancel"),
       InstanceMethod<&SessionWrap::close>("close")});
}

SessionWrap::SessionWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SessionWrap>(info) {
  if (!info[0].IsExternal()) throw native_error(info.Env(), "sessions are made by createSession");
  session_ = *info[0].As<Napi::External<std::shared_ptr<Session>>>().Data();
}

std::shared_ptr<Session> SessionWrap::session(Napi::Env env) const {
  if (!session_) throw native_error(env, "the session is closed");
  return session_;
}

Napi::Value SessionWrap::plan(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  EpochPlan plan;
  try {
    plan = session(env)->plan(info[0].ToNumber().Int64Value());
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw native_error(env, describe(error));
  }
  Napi::Int32Array order = Napi::Int32Array::New(env, plan.order.size());
  Napi::Uint8Array flips = Napi::Uint8Array::New(env, plan.flips.size());
  std::copy(plan.order.begin(), plan.order.end(), order.Data());
  std::copy(plan.flips.begin(), plan.flips.end(), flips.Data());
  Napi::Object out = Napi::Object::New(env);
  out.Set("order", order);
  out.Set("flips", flips);
  return out;
}

Napi::Value SessionWrap::train_epoch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto session = this->session(env);
  const auto o = info[0].As<Napi::Object>();
  TrainOptions options;
  options.store = store_of(o);
  options.targets = elements<int32_t, Napi::Int32Array>(o, "targets");
  options.plan.order = elements<int32_t, Napi::Int32Array>(o, "order");
  options.plan.flips = elements<uint8_t, Napi::Uint8Array>(o, "flips");
  options.batch_size = integer(o, "batchSize");
  options.lr = number(o, "lr");
  options.max_steps = integer(o, "maxSteps");
  options.keep_from = integer(o, "keepFrom");
  check_samples(env, *options.store, options.targets, &options.plan.order, options.batch_size);
  if (options.plan.flips.size() != options.plan.order.size())
    throw native_error(env, "order and flips differ in length");
  session->begin_pass();
  return ThreadTask<EpochResult, StepEvent>::start(
      env, "trainEpoch", info[1].As<Napi::Function>(),
      {[session, options](const auto& emit) { return session->train_epoch(options, emit); },
       [](Napi::Env env, EpochResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("steps", static_cast<double>(result.steps));
         out.Set("keptStep", static_cast<double>(result.kept_step));
         out.Set("keptLoss", result.kept_loss);
         set_pass(out, result);
         return out;
       },
       [](Napi::Env env, const StepEvent& event) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("step", static_cast<double>(event.step));
         out.Set("loss", event.loss);
         out.Set("correct", static_cast<double>(event.correct));
         out.Set("images", static_cast<double>(event.images));
         return out;
       },
       [session] { session->cancel(); }});
}

Napi::Value SessionWrap::evaluate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto session = this->session(env);
  const auto o = info[0].As<Napi::Object>();
  EvaluateOptions options;
  options.store = store_of(o);
  options.targets = elements<int32_t, Napi::Int32Array>(o, "targets");
  options.batch_size = integer(o, "batchSize");
  check_samples(env, *options.store, options.targets, nullptr, options.batch_size);
  session->begin_pass();
  return ThreadTask<EvaluateResult, int64_t>::start(
      env, "evaluate", info[1].As<Napi::Function>(),
      {[session, options](const auto& emit) { return session->evaluate(options, emit); },
       [](Napi::Env env, EvaluateResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("logits", float_array(env, result.logits));
         set_pass(out, result);
         return out;
       },
       [](Napi::Env env, const int64_t& images) -> Napi::Value {
         return Napi::Number::New(env, static_cast<double>(images));
       },
       [session] { session->cancel(); }});
}

Napi::Value SessionWrap::state_dict(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  const bool kept = info[0].ToBoolean();
  using Tensors = std::vector<NamedTensor>;
  return ThreadTask<Tensors>::start(
      info.Env(), "stateDict", Napi::Function(),
      {[session, kept](const auto&) { return session->state_dict(kept); },
       [](Napi::Env env, Tensors& tensors) -> Napi::Value { return tensors_to_js(env, tensors); }});
}

Napi::Value SessionWrap::load_state_dict(const Napi::CallbackInfo& info) {
  const auto session = this->session(info.Env());
  const auto borrowed = tensors_from_js(info[0].As<Napi::Array>());
  return ThreadTask<bool>::start(info.Env(), "loadStateDict", Napi::Function(),
                                 {[session, tensors = borrowed->tensors](const auto&) {
                                    session->load_state_dict(tensors);
                                    return true;
                                  },
                                  [borrowed](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); }});
}

void SessionWrap::cancel(const Napi::CallbackInfo&) {
  if (session_) session_->cancel();
}

// The promise settles after the running pass has ended; the last owner frees the model.
Napi::Value SessionWrap::close(const Napi::CallbackInfo& info) { return close_when_idle(info.Env(), session_); }

}  // namespace resnet_ft
