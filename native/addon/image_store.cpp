#include "addon/image_store.h"

#include <algorithm>
#include <cmath>
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

class PutImageWorker : public ImageWorker {
 public:
  PutImageWorker(Napi::Env env, const Napi::Value& image, std::shared_ptr<ImageStore> store, int64_t index,
                 int short_side)
      : ImageWorker(env, image), store_(std::move(store)), index_(index), short_side_(short_side) {}

 protected:
  void work() override { store_->put(index_, view_, short_side_); }

 private:
  std::shared_ptr<ImageStore> store_;
  int64_t index_;
  int short_side_;
};

class WindowWorker : public Worker {
 public:
  WindowWorker(Napi::Env env, std::shared_ptr<const ImageStore> store, int64_t index, Window window, int side,
               bool mirrored)
      : Worker(env), store_(std::move(store)), index_(index), window_(window), side_(side), mirrored_(mirrored) {}

 protected:
  void work() override {
    out_ = store_->window(index_, window_, side_);
    if (mirrored_) mirror(&out_);
  }
  Napi::Value result(Napi::Env env) override { return image_to_js(env, out_); }

 private:
  static void mirror(RgbImage* image) {
    const size_t line = static_cast<size_t>(image->width) * 3;
    for (int y = 0; y < image->height; ++y) {
      uint8_t* const begin = image->data.data() + y * line;
      // All bytes of the line turned around, and those of each pixel back again.
      std::reverse(begin, begin + line);
      for (uint8_t* pixel = begin; pixel < begin + line; pixel += 3) std::swap(pixel[0], pixel[2]);
    }
  }

  std::shared_ptr<const ImageStore> store_;
  int64_t index_;
  Window window_;
  int side_;
  bool mirrored_;
  RgbImage out_;
};

// Width, height and offset.
constexpr size_t kNumbersOfAPlace = 3;

int64_t whole(Napi::Env env, const std::vector<double>& table, size_t at) {
  const double number = table[at];
  if (number >= 0 && number <= static_cast<double>(kMaxSafeInteger) && number == std::trunc(number))
    return static_cast<int64_t>(number);
  throw native_error(env, "table[" + std::to_string(at) + "] must be a whole number of 0 or more");
}

int64_t index_of(const Napi::Value& value) { return whole_number(value, "index", -kMaxSafeInteger); }

Napi::Object size_to_js(Napi::Env env, int64_t width, int64_t height) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("width", static_cast<double>(width));
  out.Set("height", static_cast<double>(height));
  return out;
}

}  // namespace

Napi::Value create_image_store(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->image_store.New({info[0], info[1]});
}

Napi::Value open_image_store(const Napi::CallbackInfo& info) {
  const std::string file = text(info[0], "file");
  const std::vector<double> numbers = float64s(info[1], "table");
  if (numbers.size() % kNumbersOfAPlace != 0) throw native_error(info.Env(), "table must have three numbers an image");
  std::vector<ImageStore::Place> table;
  for (size_t at = 0; at < numbers.size(); at += kNumbersOfAPlace)
    table.push_back(
        {whole(info.Env(), numbers, at), whole(info.Env(), numbers, at + 1), whole(info.Env(), numbers, at + 2)});
  auto* classes = info.Env().GetInstanceData<Classes>();
  classes->new_image_store = std::make_shared<ImageStore>(file, table);
  return classes->image_store.New({});
}

Napi::Function ImageStoreWrap::define(Napi::Env env) {
  return DefineClass(env, "ImageStore",
                     {InstanceMethod("put", &ImageStoreWrap::call<&ImageStoreWrap::put>),
                      InstanceMethod("size", &ImageStoreWrap::call<&ImageStoreWrap::size>),
                      InstanceMethod("get", &ImageStoreWrap::call<&ImageStoreWrap::get>),
                      InstanceMethod("window", &ImageStoreWrap::call<&ImageStoreWrap::window>),
                      InstanceMethod("table", &ImageStoreWrap::call<&ImageStoreWrap::table>),
                      InstanceMethod("unlink", &ImageStoreWrap::call<&ImageStoreWrap::unlink>),
                      InstanceMethod("usage", &ImageStoreWrap::call<&ImageStoreWrap::usage>),
                      InstanceMethod("close", &ImageStoreWrap::call<&ImageStoreWrap::close>)});
}

ImageStoreWrap::ImageStoreWrap(const Napi::CallbackInfo& info) : GuardedWrap<ImageStoreWrap>(info) {
  guarded(info.Env(), [&] {
    store_ = std::exchange(info.Env().GetInstanceData<Classes>()->new_image_store, nullptr);
    if (!store_) store_ = make(info);
    info.This().As<Napi::Object>().Set("count", static_cast<double>(store_->count()));
  });
}

std::shared_ptr<ImageStore> ImageStoreWrap::make(const Napi::CallbackInfo& info) {
  const int64_t count = whole_number(info[0], "count", 0, INT32_MAX);
  Options options(info[1], "the options of a store of images");
  const int64_t memory = options.whole("memory");
  const Napi::Value file = options.value("file");
  const std::string name = file.IsUndefined() ? std::string() : text(file, "file");
  const bool shared = options.flag_or_none("shared").value_or(false);
  options.finish();
  if (shared && name.empty()) throw native_error(info.Env(), kSharedWithoutFile);
  try {
    return std::make_shared<ImageStore>(count, memory, name, shared);
  } catch (const std::bad_alloc&) {
    throw native_error(info.Env(), "no memory for the images");
  }
}

std::shared_ptr<const SampleSource> ImageStoreWrap::windows_of(const Napi::Value& store, const char* name, int side,
                                                               Filter filter) {
  ImageStoreWrap& self = of(store, name, "a store of images of the same backend");
  const std::shared_ptr<ImageStore> images = self.store(store.Env());
  if (!self.windows_ || self.windows_->size() != side || self.windows_->filter() != filter)
    self.windows_ = std::make_shared<ImageWindows>(images, side, filter);
  return self.windows_;
}

std::shared_ptr<ImageStore> ImageStoreWrap::store(Napi::Env env) const {
  if (!store_) throw native_error(env, "the store of images is closed");
  return store_;
}

Napi::Value ImageStoreWrap::put(const Napi::CallbackInfo& info) {
  const int64_t index = index_of(info[0]);
  const int short_side = static_cast<int>(whole_number(info[2], "shortSide", 0, kMaxSide));
  return queue(std::make_unique<PutImageWorker>(info.Env(), info[1], store(info.Env()), index, short_side));
}

Napi::Value ImageStoreWrap::size(const Napi::CallbackInfo& info) {
  const RgbView size = store(info.Env())->size(index_of(info[0]));
  return size_to_js(info.Env(), size.width, size.height);
}

Napi::Value ImageStoreWrap::get(const Napi::CallbackInfo& info) {
  return image_to_js(info.Env(), store(info.Env())->get(index_of(info[0])));
}

Napi::Value ImageStoreWrap::window(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int64_t index = index_of(info[0]);
  Options box(info[1], "a box");
  Window window;
  window.left = static_cast<int>(box.whole("left", 0, INT32_MAX));
  window.top = static_cast<int>(box.whole("top", 0, INT32_MAX));
  window.width = static_cast<int>(box.whole("width", 1, INT32_MAX));
  window.height = static_cast<int>(box.whole("height", 1, INT32_MAX));
  box.finish();
  const int side = static_cast<int>(whole_number(info[2], "side", 1, kMaxSide));
  const bool mirrored = !info[3].IsUndefined() && boolean(info[3], "mirrored");
  return queue(std::make_unique<WindowWorker>(env, store(env), index, window, side, mirrored));
}

Napi::Value ImageStoreWrap::table(const Napi::CallbackInfo& info) {
  const std::vector<ImageStore::Place> places = store(info.Env())->table();
  Napi::Float64Array out = Napi::Float64Array::New(info.Env(), places.size() * kNumbersOfAPlace);
  double* to = out.Data();
  for (const auto& [width, height, offset] : places) {
    *to++ = static_cast<double>(width);
    *to++ = static_cast<double>(height);
    *to++ = static_cast<double>(offset);
  }
  return out;
}

Napi::Value ImageStoreWrap::unlink(const Napi::CallbackInfo& info) {
  store(info.Env())->unlink();
  return info.Env().Undefined();
}

Napi::Value ImageStoreWrap::usage(const Napi::CallbackInfo& info) {
  const ImageStore::Usage usage = store(info.Env())->usage();
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("memory", static_cast<double>(usage.memory));
  out.Set("file", static_cast<double>(usage.file));
  return out;
}

Napi::Value ImageStoreWrap::close(const Napi::CallbackInfo& info) {
  store_.reset();
  windows_.reset();
  return info.Env().Undefined();
}

}  // namespace resnet_ft
