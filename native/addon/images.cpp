#include "addon/images.h"

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "addon/classes.h"
#include "addon/image_worker.h"
#include "addon/options.h"

namespace resnet_ft {
namespace {

// How an image becomes a square; what is left out is as in the tutorial.
Fitting fitting(Options& options) {
  Fitting how;
  if (!options.value("fit").IsUndefined()) {
    const std::string fit = options.one_of("fit", {"crop", "pad", "stretch"});
    how.fit = fit == "pad" ? Fit::kPad : fit == "stretch" ? Fit::kStretch : Fit::kCrop;
  }
  if (!options.value("interpolation").IsUndefined()) {
    const bool bicubic = options.one_of("interpolation", {"bilinear", "bicubic"}) == "bicubic";
    how.filter = bicubic ? Filter::kBicubic : Filter::kBilinear;
  }
  return how;
}

Fitting fitting_or_default(const Napi::Value& value) {
  if (value.IsUndefined()) return {};
  Options options(value, "how an image is fitted");
  const Fitting how = fitting(options);
  options.finish();
  return how;
}

class ResizeWorker : public ImageWorker {
 public:
  ResizeWorker(Napi::Env env, const Napi::Value& image, int resize, int crop, Fitting how)
      : ImageWorker(env, image), resize_(resize), crop_(crop), how_(how) {}

 protected:
  void work() override { out_ = resize_and_fit(view_, resize_, crop_, how_); }
  Napi::Value result(Napi::Env env) override { return image_to_js(env, out_); }

 private:
  int resize_;
  int crop_;
  Fitting how_;
  RgbImage out_;
};

class PutWorker : public ImageWorker {
 public:
  PutWorker(Napi::Env env, const Napi::Value& image, std::shared_ptr<CropStore> store, int64_t index, int resize,
            Fitting how, bool gives)
      : ImageWorker(env, image), store_(std::move(store)), index_(index), resize_(resize), how_(how), gives_(gives) {}

 protected:
  void work() override { crop_ = store_->put(index_, view_, resize_, how_); }
  Napi::Value result(Napi::Env env) override { return gives_ ? buffer_of(env, crop_) : ImageWorker::result(env); }

 private:
  std::shared_ptr<CropStore> store_;
  int64_t index_;
  int resize_;
  Fitting how_;
  bool gives_;
  std::vector<uint8_t> crop_;
};

}  // namespace

Napi::Value resize_crop(const Napi::CallbackInfo& info) {
  Options options(info[1], "the options of a crop");
  const int resize = static_cast<int>(options.whole("resize", 0, kMaxSide));
  const int crop = static_cast<int>(options.whole("crop", 0, kMaxSide));
  const Fitting how = fitting(options);
  options.finish();
  return queue(std::make_unique<ResizeWorker>(info.Env(), info[0], resize, crop, how));
}

Napi::Value create_crop_store(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->crop_store.New({info[0], info[1], info[2], info[3]});
}

Napi::Value open_crop_store(const Napi::CallbackInfo& info) {
  const std::string file = text(info[0], "file");
  const int64_t count = whole_number(info[1], "count", -kMaxSafeInteger);
  const int64_t size = whole_number(info[2], "size", INT32_MIN, INT32_MAX);
  auto* classes = info.Env().GetInstanceData<Classes>();
  classes->new_crop_store = std::make_shared<CropStore>(count, static_cast<int>(size), file, Sharing::kReader);
  return classes->crop_store.New({});
}

Napi::Function CropStoreWrap::define(Napi::Env env) {
  return DefineClass(env, "CropStore",
                     {InstanceMethod("put", &CropStoreWrap::call<&CropStoreWrap::put>),
                      InstanceMethod("putAndGet", &CropStoreWrap::call<&CropStoreWrap::put_and_get>),
                      InstanceMethod("get", &CropStoreWrap::call<&CropStoreWrap::get>),
                      InstanceMethod("unlink", &CropStoreWrap::call<&CropStoreWrap::unlink>),
                      InstanceMethod("close", &CropStoreWrap::call<&CropStoreWrap::close>)});
}

CropStoreWrap::CropStoreWrap(const Napi::CallbackInfo& info) : GuardedWrap<CropStoreWrap>(info) {
  guarded(info.Env(), [&] {
    store_ = std::exchange(info.Env().GetInstanceData<Classes>()->new_crop_store, nullptr);
    if (!store_) store_ = make(info);
    auto self = info.This().As<Napi::Object>();
    self.Set("count", static_cast<double>(store_->count()));
    self.Set("size", store_->size());
    self.Set("inFile", store_->in_file());
  });
}

std::shared_ptr<CropStore> CropStoreWrap::make(const Napi::CallbackInfo& info) {
  const int64_t count = whole_number(info[0], "count", -kMaxSafeInteger);
  const int64_t size = whole_number(info[1], "size", INT32_MIN, INT32_MAX);
  const std::string file = info[2].IsUndefined() ? std::string() : text(info[2], "file");
  const bool shared = !info[3].IsUndefined() && boolean(info[3], "shared");
  if (shared && file.empty()) throw native_error(info.Env(), kSharedWithoutFile);
  try {
    return std::make_shared<CropStore>(count, static_cast<int>(size), file, shared ? Sharing::kMaker : Sharing::kNone);
  } catch (const std::bad_alloc&) {
    throw native_error(info.Env(), "no memory for the crops");
  }
}

std::shared_ptr<CropStore> CropStoreWrap::crops_of(const Napi::Value& store, const char* name) {
  return of(store, name, "a crop store of the same backend").store(store.Env());
}

std::shared_ptr<CropStore> CropStoreWrap::store(Napi::Env env) const {
  if (!store_) throw native_error(env, "the crop store is closed");
  return store_;
}

Napi::Value CropStoreWrap::put(const Napi::CallbackInfo& info) { return start_put(info, false); }

Napi::Value CropStoreWrap::put_and_get(const Napi::CallbackInfo& info) { return start_put(info, true); }

Napi::Value CropStoreWrap::start_put(const Napi::CallbackInfo& info, bool gives) {
  const int64_t index = whole_number(info[0], "index", -kMaxSafeInteger);
  const int resize = static_cast<int>(whole_number(info[2], "resize", 0, kMaxSide));
  const Fitting how = fitting_or_default(info[3]);
  return queue(std::make_unique<PutWorker>(info.Env(), info[1], store(info.Env()), index, resize, how, gives));
}

Napi::Value CropStoreWrap::unlink(const Napi::CallbackInfo& info) {
  store(info.Env())->unlink();
  return info.Env().Undefined();
}

Napi::Value CropStoreWrap::get(const Napi::CallbackInfo& info) {
  const int64_t index = whole_number(info[0], "index", -kMaxSafeInteger);
  const auto crops = store(info.Env());
  const auto bytes = Napi::Buffer<uint8_t>::New(info.Env(), crops->bytes_per_sample());
  crops->read(index, bytes.Data());
  return bytes;
}

Napi::Value CropStoreWrap::close(const Napi::CallbackInfo& info) {
  store_.reset();
  return info.Env().Undefined();
}

}  // namespace resnet_ft
