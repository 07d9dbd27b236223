// Crops and crop stores for JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/guarded_wrap.h"
#include "core/crop_store.h"

namespace resnet_ft {

Napi::Value resize_crop(const Napi::CallbackInfo& info);
Napi::Value create_crop_store(const Napi::CallbackInfo& info);
Napi::Value open_crop_store(const Napi::CallbackInfo& info);

class CropStoreWrap : public GuardedWrap<CropStoreWrap> {
 public:
  static constexpr napi_type_tag kTypeTag = {0x7265736e65742d66, 0x742f63726f707301};

  static Napi::Function define(Napi::Env env);
  explicit CropStoreWrap(const Napi::CallbackInfo& info);

  // The crops of a store that came as the value `name`. Throws a JavaScript error where it is none, or was closed.
  static std::shared_ptr<CropStore> crops_of(const Napi::Value& store, const char* name);

 private:
  static std::shared_ptr<CropStore> make(const Napi::CallbackInfo& info);
  std::shared_ptr<CropStore> store(Napi::Env env) const;
  Napi::Value put(const Napi::CallbackInfo& info);
  Napi::Value put_and_get(const Napi::CallbackInfo& info);
  Napi::Value start_put(const Napi::CallbackInfo& info, bool gives);
  Napi::Value unlink(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<CropStore> store_;
};

}  // namespace resnet_ft
