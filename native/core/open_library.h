// Libraries that are opened at run time, and what they export. Not on Windows, where nothing of the core does that.
#pragma once

#include <stdexcept>
#include <string>

#include "loader/dynamic_library.h"

namespace resnet_ft {

inline std::string last_library_error() {
  const char* const text = dlerror();
  return text == nullptr ? "no reason given" : text;
}

// Throws std::runtime_error where it can't be opened. It stays open until the process ends.
inline void* open_library(const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(last_library_error());
  return library;
}

// Throws std::runtime_error where neither the library nor what it depends on has it.
template <class Function>
Function function_of(void* library, const char* name) {
  void* const found = dlsym(library, name);
  if (found == nullptr) throw std::runtime_error(last_library_error());
  return reinterpret_cast<Function>(found);
}

}  // namespace resnet_ft
