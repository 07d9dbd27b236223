// Stores of images for JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/guarded_wrap.h"
#include "core/image_store.h"

namespace resnet_ft {

Napi::Value create_image_store(const Napi::CallbackInfo& info);
Napi::Value open_image_store(const Napi::CallbackInfo& info);

class ImageStoreWrap : public GuardedWrap<ImageStoreWrap> {
 public:
  static constexpr napi_type_tag kTypeTag = {0x7265736e65742d66, 0x742f696d61676501};

  static Napi::Function define(Napi::Env env);
  explicit ImageStoreWrap(const Napi::CallbackInfo& info);

  // The windows of this side of a store that came as the value `name`: in each pass the same object, by which a session
  // knows whose features it keeps. Throws a JavaScript error where it is no store, or was closed.
  static std::shared_ptr<const SampleSource> windows_of(const Napi::Value& store, const char* name, int side,
                                                        Filter filter = Filter::kBilinear);

 private:
  static std::shared_ptr<ImageStore> make(const Napi::CallbackInfo& info);
  std::shared_ptr<ImageStore> store(Napi::Env env) const;
  Napi::Value put(const Napi::CallbackInfo& info);
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value window(const Napi::CallbackInfo& info);
  Napi::Value table(const Napi::CallbackInfo& info);
  Napi::Value unlink(const Napi::CallbackInfo& info);
  Napi::Value usage(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<ImageStore> store_;
  std::shared_ptr<ImageWindows> windows_;  // those that were last asked for
};

}  // namespace resnet_ft
