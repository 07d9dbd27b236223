#include "addon/model.h"

#include <memory>
#include <utility>
#include <vector>

#include "addon/classes.h"
#include "addon/images.h"
#include "addon/options.h"
#include "addon/run_on_thread.h"
#include "addon/tensors.h"

namespace resnet_ft {

Napi::Value create_model(const Napi::CallbackInfo& info) {
  using Shared = std::shared_ptr<Model>;
  const auto o = info[0].As<Napi::Object>();
  ModelOptions options;
  options.arch = text(o, "arch");
  options.device = text(o, "device");
  options.precision = precision_of(text(o, "precision"));
  options.threads = static_cast<int>(integer(o, "threads"));
  options.mean = channels(o, "mean");
  options.std = channels(o, "std");
  const auto borrowed = tensors_from_js(info[1].As<Napi::Array>());
  return ThreadTask<Shared>::start(
      info.Env(), "createModel", Napi::Function(),
      {.work = [options,
                tensors = borrowed->tensors](const auto&) { return std::make_shared<Model>(options, tensors); },
       .to_js = [borrowed](Napi::Env env, Shared& model) -> Napi::Value {
         return env.GetInstanceData<Classes>()->model.New({Napi::External<Shared>::New(env, &model)});
       },
       .frees = true});
}

Napi::Function ModelWrap::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceMethod<&ModelWrap::run>("run"), InstanceMethod<&ModelWrap::cancel>("cancel"),
                      InstanceMethod<&ModelWrap::close>("close")});
}

ModelWrap::ModelWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ModelWrap>(info) {
  if (!info[0].IsExternal()) throw native_error(info.Env(), "models are made by createModel");
  model_ = *info[0].As<Napi::External<std::shared_ptr<Model>>>().Data();
}

Napi::Value ModelWrap::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto model = model_;
  if (!model) throw native_error(env, "the model is closed");
  const auto o = info[0].As<Napi::Object>();
  RunOptions options;
  options.store = CropStoreWrap::Unwrap(o.Get("store").As<Napi::Object>())->store(env);
  options.count = integer(o, "count");
  options.batch_size = integer(o, "batchSize");
  options.features = o.Get("features").ToBoolean();
  if (options.batch_size < 1) throw native_error(env, "a batch has at least one image");
  if (options.count < 0 || options.count > options.store->count())
    throw native_error(env, "there are fewer crops than asked for");
  model->begin_pass();
  return ThreadTask<RunResult, int64_t>::start(
      env, "run", info[1].As<Napi::Function>(),
      {[model, options](const auto& emit) { return model->run(options, emit); },
       [](Napi::Env env, RunResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("images", static_cast<double>(result.images));
         out.Set("logits", float_array(env, result.logits));
         out.Set("features", float_array(env, result.features));
         out.Set("cancelled", result.cancelled);
         return out;
       },
       [](Napi::Env env, const int64_t& images) -> Napi::Value {
         return Napi::Number::New(env, static_cast<double>(images));
       },
       [model] { model->cancel(); }});
}

void ModelWrap::cancel(const Napi::CallbackInfo&) {
  if (model_) model_->cancel();
}

// The promise settles after the running pass has ended; the last owner frees the model.
Napi::Value ModelWrap::close(const Napi::CallbackInfo& info) { return close_when_idle(info.Env(), model_); }

}  // namespace resnet_ft
