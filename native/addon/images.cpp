#include "addon/images.h"

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "addon/classes.h"
#include "addon/options.h"
#include "addon/pass_threads.h"

namespace resnet_ft {
namespace {

// Sides of what an image is resized and cropped to; 0 leaves them as they are.
constexpr int64_t kMaxSide = 16384;

// More is read in place where it is lent: copying the pixels of a photograph costs a twentieth of decoding it.
constexpr size_t kAlwaysCopied = size_t{1} << 20;

// An RGB image that a worker thread reads; the promise ends it.
class ImageWorker : public Napi::AsyncWorker {
 public:
  ImageWorker(Napi::Env env, const Napi::Value& value)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {
    Options image(value, "an image");
    view_.width = static_cast<int>(image.whole("width", INT32_MIN, INT32_MAX));
    view_.height = static_cast<int>(image.whole("height", INT32_MIN, INT32_MAX));
    const bool lent = image.flag_or_none("lent").value_or(false);
    const Napi::Uint8Array pixels = bytes(image.value("data"), "data");
    // Asked for last: reading a property may run code of JavaScript, which may take the bytes away.
    const size_t length = pixels.ByteLength();
    if (view_.width <= 0 || view_.height <= 0 || length / 3 / view_.width != static_cast<size_t>(view_.height) ||
        length % (size_t{3} * view_.width) != 0) {
      throw native_error(env, "an RGB image needs height x width x 3 bytes");
    }
    if (lent && length > kAlwaysCopied) {
      lent_ = Napi::Persistent(pixels.As<Napi::Object>());
      view_.data = pixels.Data();
    } else {
      copy_.reset(new uint8_t[length]);
      std::memcpy(copy_.get(), pixels.Data(), length);
      view_.data = copy_.get();
    }
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  virtual void work() = 0;
  virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }

  void Execute() override {
    try {
      // libuv finishes what is queued before the process may end.
      if (pass_threads_end()) throw std::runtime_error("the process is about to end");
      work();
    } catch (...) {
      SetError(describe_caught());
    }
  }
  void OnOK() override {
    try {
      deferred_.Resolve(guarded(Env(), [&] { return result(Env()); }));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(native_error(Env(), error.Message()).Value()); }

  RgbView view_;

 private:
  Napi::Promise::Deferred deferred_;
  std::unique_ptr<uint8_t[]> copy_;
  Napi::ObjectReference lent_;  // the array, for its owner may put another one into the image
};

class ResizeWorker : public ImageWorker {
 public:
  ResizeWorker(Napi::Env env, const Napi::Value& image, int resize, int crop)
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
  PutWorker(Napi::Env env, const Napi::Value& image, std::shared_ptr<CropStore> store, int64_t index, int resize)
      : ImageWorker(env, image), store_(std::move(store)), index_(index), resize_(resize) {}

 protected:
  void work() override { store_->put(index_, view_, resize_); }

 private:
  std::shared_ptr<CropStore> store_;
  int64_t index_;
  int resize_;
};

Napi::Value queue(std::unique_ptr<ImageWorker> worker) {
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  worker.release();  // NOLINT: deletes itself when it is done
  return promise;
}

}  // namespace

Napi::Value resize_crop(const Napi::CallbackInfo& info) {
  Options options(info[1], "the options of a crop");
  const int resize = static_cast<int>(options.whole("resize", 0, kMaxSide));
  const int crop = static_cast<int>(options.whole("crop", 0, kMaxSide));
  options.finish();
  return queue(std::make_unique<ResizeWorker>(info.Env(), info[0], resize, crop));
}

Napi::Value create_crop_store(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->crop_store.New({info[0], info[1], info[2]});
}

Napi::Function CropStoreWrap::define(Napi::Env env) {
  return DefineClass(env, "CropStore",
                     {InstanceMethod("put", &CropStoreWrap::call<&CropStoreWrap::put>),
                      InstanceMethod("get", &CropStoreWrap::call<&CropStoreWrap::get>),
                      InstanceMethod("close", &CropStoreWrap::call<&CropStoreWrap::close>)});
}

CropStoreWrap::CropStoreWrap(const Napi::CallbackInfo& info) : GuardedWrap<CropStoreWrap>(info) {
  guarded(info.Env(), [&] {
    const int64_t count = whole_number(info[0], "count", -kMaxSafeInteger);
    const int64_t size = whole_number(info[1], "size", INT32_MIN, INT32_MAX);
    const std::string file = info[2].IsUndefined() ? std::string() : text(info[2], "file");
    try {
      store_ = std::make_shared<CropStore>(count, static_cast<int>(size), file);
    } catch (const std::bad_alloc&) {
      throw native_error(info.Env(), "no memory for the crops");
    }
    auto self = info.This().As<Napi::Object>();
    self.Set("count", static_cast<double>(store_->count()));
    self.Set("size", store_->size());
    self.Set("inFile", store_->in_file());
  });
}

std::shared_ptr<CropStore> CropStoreWrap::crops_of(const Napi::Value& store, const char* name) {
  return of(store, name, "a crop store of the same backend").store(store.Env());
}

std::shared_ptr<CropStore> CropStoreWrap::store(Napi::Env env) const {
  if (!store_) throw native_error(env, "the crop store is closed");
  return store_;
}

Napi::Value CropStoreWrap::put(const Napi::CallbackInfo& info) {
  const int64_t index = whole_number(info[0], "index", -kMaxSafeInteger);
  const int resize = static_cast<int>(whole_number(info[2], "resize", 0, kMaxSide));
  return queue(std::make_unique<PutWorker>(info.Env(), info[1], store(info.Env()), index, resize));
}

Napi::Value CropStoreWrap::get(const Napi::CallbackInfo& info) {
  const int64_t index = whole_number(info[0], "index", -kMaxSafeInteger);
  const auto crops = store(info.Env());
  const auto bytes = Napi::Buffer<uint8_t>::New(info.Env(), crops->bytes_per_crop());
  crops->read(index, bytes.Data());
  return bytes;
}

Napi::Value CropStoreWrap::close(const Napi::CallbackInfo& info) {
  store_.reset();
  return info.Env().Undefined();
}

}  // namespace resnet_ft
