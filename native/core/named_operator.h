// Operators that are no part of LibTorch's stable API, looked up by name.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include <optional>
#include <vector>

namespace resnet_ft {

// None where this LibTorch lacks it, or declares it with another number of arguments.
inline std::optional<c10::OperatorHandle> find_operator(const char* name, const char* overload, size_t arguments) {
  auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  return found && found->schema().arguments().size() == arguments ? found : std::nullopt;
}

inline torch::Tensor call_operator(const c10::OperatorHandle& operation, std::vector<c10::IValue> arguments) {
  operation.callBoxed(arguments);
  return arguments.at(0).toTensor();
}

}  // namespace resnet_ft
