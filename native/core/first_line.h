#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <exception>
#include <string>

namespace resnet_ft {

// What was thrown, as one line without a C++ stack; never empty.
inline std::string first_line(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
  text.resize(std::min(text.find('\n'), text.size()));
  return text.empty() ? "an unknown native error" : text;
}

}  // namespace resnet_ft
