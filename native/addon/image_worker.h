// What reads or makes images on libuv's threads.
#pragma once

#include <napi.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "addon/errors.h"
#include "addon/options.h"
#include "addon/pass_threads.h"
#include "core/resize.h"

namespace resnet_ft {

// Sides of what an image is resized and cropped to; 0 leaves them as they are.
constexpr int64_t kMaxSide = 16384;

// Work on another thread that a promise tells the end of.
class Worker : public Napi::AsyncWorker {
 public:
  explicit Worker(Napi::Env env) : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}

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

 private:
  Napi::Promise::Deferred deferred_;
};

// Work that reads an RGB image of JavaScript.
class ImageWorker : public Worker {
 public:
  ImageWorker(Napi::Env env, const Napi::Value& value) : Worker(env) {
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

 protected:
  RgbView view_;

 private:
  // More is read in place where it is lent: copying the pixels of a photograph costs a twentieth of decoding it.
  static constexpr size_t kAlwaysCopied = size_t{1} << 20;

  std::unique_ptr<uint8_t[]> copy_;
  Napi::ObjectReference lent_;  // the array, for its owner may put another one into the image
};

// Starts the work; it frees itself when it is done.
inline Napi::Value queue(std::unique_ptr<Worker> worker) {
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  worker.release();  // NOLINT: deletes itself when it is done
  return promise;
}

// A copy, for a buffer whose memory is not JavaScript's own can't be transferred to another thread.
inline Napi::Buffer<uint8_t> buffer_of(Napi::Env env, const std::vector<uint8_t>& bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

inline Napi::Object image_to_js(Napi::Env env, const RgbImage& image) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("width", image.width);
  out.Set("height", image.height);
  out.Set("data", buffer_of(env, image.data));
  return out;
}

}  // namespace resnet_ft
