#include "c10d/cuda_backend.h"

#include <string>

#include "core/open_library.h"

namespace resnet_ft {

c10::intrusive_ptr<c10d::Backend> cuda_backend(const std::string& library, const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int world, std::chrono::milliseconds timeout,
                                               const at::Device& device) {
  const auto make = function_of<MakeNcclBackend>(open_library(library), kMakeNcclBackend);
  return make(store, rank, world, timeout, device);
}

}  // namespace resnet_ft
