#include "addon/images.h"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "addon/run_on_thread.h"

namespace resnet_ft {
namespace {

// An RGB image that a worker thread reads: the reference keeps its bytes alive, the promise ends it.
class ImageWorker : public Napi::AsyncWorker {
 public:
  ImageWorker(Napi::Env env, Napi::Object image)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), keep_(Napi::Persistent(image)) {
    const auto bytes = image.Get("data").As<Napi::Uint8Array>();
    view_.width = image.Get("width").ToNumber().Int32Value();
    view_.height = image.Get("height").ToNumber().Int32Value();
    view_.data = bytes.Data();
    if (view_.width <= 0 || view_.height <= 0 ||
        static_cast<int64_t>(bytes.ByteLength()) != int64_t{3} * view_.width * view_.height) {
      throw native_error(env, "an RGB image needs height x width x 3 bytes");
    }
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  virtual void work() = 0;
  virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }

  void Execute() override {
    try {
      work();
    } catch (const std::exception& error) {
      SetError(describe(error));
    }
  }
  void OnOK() override { deferred_.Resolve(result(Env())); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(native_error(Env(), error.Message()).Value()); }

  RgbView view_;

 private:
  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference keep_;
};

class ResizeWorker : public ImageWorker {
 public:
  ResizeWorker(Napi::Env env, Napi::Object image, int resize, int crop)
      : ImageWorker(env, image), resize_(resize), crop_(crop) {}

 protected:
  void work() override { out_ = resize_and_crop(view_, resize_, crop_); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("width", out_.width);
    out.Set("height", out_.height);
    out.Set("data", Napi::Buffer<uint8_t>::Copy(env, out_.data.data(), out_.data.size()));
    return out;
  }

 private:
  int resize_;
  int crop_;
  RgbImage out_;
};

class PutWorker : public ImageWorker {
 public:
  PutWorker(Napi::Env env, Napi::Object image, std::shared_ptr<CropStore> store, int64_t index, int resize)
      : ImageWorker(env, image), store_(std::move(store)), index_(index), resize_(resize) {}

 protected:
  void work() override { store_->put(index_, view_, resize_); }

 private:
  std::shared_ptr<CropStore> store_;
  int64_t index_;
  int resize_;
};

Napi::Value queue(ImageWorker* worker) {
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

Napi::Value resize_crop(const Napi::CallbackInfo& info) {
  const auto options = info[1].As<Napi::Object>();
  return queue(new ResizeWorker(info.Env(), info[0].As<Napi::Object>(), options.Get("resize").ToNumber().Int32Value(),
                                options.Get("crop").ToNumber().Int32Value()));
}

Napi::Function CropStoreWrap::define(Napi::Env env) {
  return DefineClass(env, "CropStore",
                     {InstanceMethod<&CropStoreWrap::put>("put"), InstanceMethod<&CropStoreWrap::get>("get"),
                      InstanceMethod<&CropStoreWrap::close>("close")});
}

CropStoreWrap::CropStoreWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CropStoreWrap>(info) {
  try {
    const std::string file = info[2].IsString() ? std::string(info[2].ToString()) : std::string();
    store_ = std::make_shared<CropStore>(info[0].ToNumber().Int64Value(), info[1].ToNumber().Int32Value(), file);
  } catch (const std::bad_alloc&) {
    throw native_error(info.Env(), "no memory for the crops");
  } catch (const std::exception& error) {
    throw native_error(info.Env(), describe(error));
  }
  info.This().As<Napi::Object>().Set("count", static_cast<double>(store_->count()));
  info.This().As<Napi::Object>().Set("size", store_->size());
  info.This().As<Napi::Object>().Set("inFile", store_->in_file());
}

std::shared_ptr<CropStore> CropStoreWrap::store(Napi::Env env) const {
  if (!store_) throw native_error(env, "the crop store is closed");
  return store_;
}

Napi::Value CropStoreWrap::put(const Napi::CallbackInfo& info) {
  return queue(new PutWorker(info.Env(), info[1].As<Napi::Object>(), store(info.Env()), info[0].ToNumber().Int64Value(),
                             info[2].ToNumber().Int32Value()));
}

Napi::Value CropStoreWrap::get(const Napi::CallbackInfo& info) {
  const auto crops = store(info.Env());
  try {
    const auto bytes = Napi::Buffer<uint8_t>::New(info.Env(), crops->bytes_per_crop());
    crops->read(info[0].ToNumber().Int64Value(), bytes.Data());
    return bytes;
  } catch (const std::exception& error) {
    throw native_error(info.Env(), describe(error));
  }
}

void CropStoreWrap::close(const Napi::CallbackInfo&) { store_.reset(); }

}  // namespace resnet_ft
