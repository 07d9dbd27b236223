#include "c10d/cuda_backend.h"

#include <stdexcept>
#include <string>

#include "loader/dynamic_library.h"

namespace resnet_ft {

c10::intrusive_ptr<c10d::Backend> cuda_backend(const std::string& library, const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int world, std::chrono::milliseconds timeout,
                                               const at::Device& device) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw std::runtime_error(reason != nullptr ? reason : library + ": cannot be opened");
  }
  const auto make = reinterpret_cast<MakeNcclBackend>(dlsym(handle, kMakeNcclBackend));
  if (make == nullptr) throw std::runtime_error(library + ": it is not of this version");
  return make(store, rank, world, timeout, device);
}

}  // namespace resnet_ft
