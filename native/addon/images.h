// Crops and crop stores for JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "core/crop_store.h"

namespace resnet_ft {

Napi::Value resize_crop(const Napi::CallbackInfo& info);

class CropStoreWrap : public Napi::ObjectWrap<CropStoreWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CropStoreWrap(const Napi::CallbackInfo& info);

  // Throws a JavaScript error where the store was closed.
  std::shared_ptr<CropStore> store(Napi::Env env) const;

 private:
  Napi::Value put(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<CropStore> store_;
};

}  // namespace resnet_ft
