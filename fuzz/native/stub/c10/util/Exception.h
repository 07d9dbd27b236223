// In place of LibTorch's: none of its errors is thrown where options are read.
#pragma once

#include <exception>
#include <string>

namespace c10 {

class Error : public std::exception {
 public:
  const char* what_without_backtrace() const { return ""; }
};

}  // namespace c10
