// Constructors of the addon's classes, one set for each JavaScript environment (worker threads have their own).
#pragma once

#include <napi.h>

#include <memory>

#include "core/crop_store.h"
#include "core/image_store.h"
#include "core/model.h"
#include "core/session.h"
#include "core/team.h"

namespace resnet_ft {

struct Classes {
  Napi::FunctionReference crop_store;
  Napi::FunctionReference image_store;
  Napi::FunctionReference model;
  Napi::FunctionReference session;
  Napi::FunctionReference team;
  // What the constructor that is called next wraps; null where JavaScript calls it by itself, or for a new store.
  std::shared_ptr<CropStore> new_crop_store;
  std::shared_ptr<ImageStore> new_image_store;
  std::shared_ptr<Model> new_model;
  std::shared_ptr<Session> new_session;
  std::shared_ptr<Team> new_team;
};

}  // namespace resnet_ft
