// Constructors of the addon's classes, one set for each JavaScript environment (worker threads have their own).
#pragma once

#include <napi.h>

namespace resnet_ft {

struct Classes {
  Napi::FunctionReference crop_store;
  Napi::FunctionReference model;
  Napi::FunctionReference session;
};

}  // namespace resnet_ft
