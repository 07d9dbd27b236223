#include "addon/model.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "addon/classes.h"
#include "addon/images.h"
#include "addon/network.h"
#include "addon/options.h"
#include "addon/run_on_thread.h"
#include "addon/tensors.h"

namespace resnet_ft {

Napi::Value create_model(const Napi::CallbackInfo& info) {
  using Shared = std::shared_ptr<Model>;
  Options o(info[0], "the options of a model");
  ModelOptions options;
  options.network = network_of(o.value("network"));
  options.device = o.device("device");
  options.precision = precision_of(o.one_of("precision", kPrecisions));
  options.threads = static_cast<int>(o.whole("threads", 0, kMaxThreads));
  options.mean = o.channels("mean");
  options.std = o.channels("std", /*positive=*/true);
  o.finish();
  const auto given = tensors_from_js(info[1]);
  return ThreadTask<Shared>::start(
      info.Env(), "createModel", Napi::Function(),
      {.work = [options, given](const auto&) { return std::make_shared<Model>(options, given->tensors); },
       .to_js = [](Napi::Env env, Shared& model) -> Napi::Value {
         auto* classes = env.GetInstanceData<Classes>();
         classes->new_model = std::move(model);
         return classes->model.New({});
       },
       .lent = given->lent.empty() ? nullptr : given,
       .frees = true});
}

Napi::Function ModelWrap::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceMethod("run", &ModelWrap::call<&ModelWrap::run>),
                      InstanceMethod("gradCam", &ModelWrap::call<&ModelWrap::grad_cam>),
                      InstanceMethod("cancel", &ModelWrap::call<&ModelWrap::cancel>),
                      InstanceMethod("close", &ModelWrap::call<&ModelWrap::close>)});
}

ModelWrap::ModelWrap(const Napi::CallbackInfo& info) : GuardedWrap<ModelWrap>(info) {
  model_ = std::exchange(info.Env().GetInstanceData<Classes>()->new_model, nullptr);
  if (!model_) throw native_error(info.Env(), "models are made by createModel");
}

Napi::Value ModelWrap::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto model = model_;
  if (!model) throw native_error(env, "the model is closed");
  Options o(info[0], "the options of a pass");
  RunOptions options;
  options.store = CropStoreWrap::crops_of(o.value("store"), "store");
  options.count = o.whole("count");
  options.indices = o.indices("indices", options.count, options.store->count());
  options.batch_size = o.whole("batchSize", 1);
  options.features = o.flag("features");
  o.finish();
  const Napi::Function on_batch = function_of(info[1], "onBatch");
  options.pass = model->begin_pass();
  return ThreadTask<RunResult, int64_t>::start(
      env, "run", on_batch,
      {.work = [model, options](const auto& emit) { return model->run(options, emit); },
       .to_js = [](Napi::Env env, RunResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("images", static_cast<double>(result.images));
         out.Set("logits", float_array(env, result.logits));
         out.Set("features", float_array(env, result.features));
         out.Set("cancelled", result.cancelled);
         return out;
       },
       .event_to_js = [](Napi::Env env, const int64_t& images) -> Napi::Value {
         return Napi::Number::New(env, static_cast<double>(images));
       },
       .cancel = cancels(model, options.pass->number())});
}

Napi::Value ModelWrap::grad_cam(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto model = model_;
  if (!model) throw native_error(env, "the model is closed");
  Options o(info[0], "the options of Grad-CAM");
  GradCamOptions options;
  options.store = CropStoreWrap::crops_of(o.value("store"), "store");
  options.count = o.whole("count");
  options.indices = o.indices("indices", options.count, options.store->count());
  options.classes = o.int32s("classes");
  options.layer = o.name("layer");
  options.batch_size = o.whole("batchSize", 1);
  o.finish();
  if (static_cast<int64_t>(options.classes.size()) != options.count)
    throw native_error(env, "there must be a class for each image");
  const auto no_class = [&](int32_t index) { return index < -1 || index >= model->classes(); };
  if (std::any_of(options.classes.begin(), options.classes.end(), no_class))
    throw native_error(env, "classes must be those of the model, or -1");
  const Napi::Function on_batch = function_of(info[1], "onBatch");
  options.pass = model->begin_pass();
  return ThreadTask<GradCamResult, int64_t>::start(
      env, "gradCam", on_batch,
      {.work = [model, options](const auto& emit) { return model->grad_cam(options, emit); },
       .to_js = [](Napi::Env env, GradCamResult& result) -> Napi::Value {
         Napi::Object out = Napi::Object::New(env);
         out.Set("images", static_cast<double>(result.images));
         out.Set("height", static_cast<double>(result.height));
         out.Set("width", static_cast<double>(result.width));
         out.Set("maps", float_array(env, result.maps));
         Napi::Int32Array classes = Napi::Int32Array::New(env, result.classes.size());
         std::copy(result.classes.begin(), result.classes.end(), classes.Data());
         out.Set("classes", classes);
         out.Set("logits", float_array(env, result.logits));
         out.Set("cancelled", result.cancelled);
         return out;
       },
       .event_to_js = [](Napi::Env env, const int64_t& images) -> Napi::Value {
         return Napi::Number::New(env, static_cast<double>(images));
       },
       .cancel = cancels(model, options.pass->number())});
}

Napi::Value ModelWrap::cancel(const Napi::CallbackInfo& info) {
  if (model_) model_->cancel();
  return info.Env().Undefined();
}

// The promise settles after the running pass has ended; the last owner frees the model.
Napi::Value ModelWrap::close(const Napi::CallbackInfo& info) { return close_when_idle(info.Env(), model_); }

}  // namespace resnet_ft
