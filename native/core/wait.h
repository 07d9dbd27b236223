// Waiting for another thread, on systems of the packages' floor (docs/packaging.md).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace resnet_ft {

// Waits until `ready` says so. A wait without an end asks for the libstdc++ of GCC 12, one by the steady clock for
// glibc 2.30: so it has an end, by the system's clock, and begins again.
template <class Ready>
void wait_until_ready(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, const Ready& ready) {
  const auto soon = [] { return std::chrono::system_clock::now() + std::chrono::minutes(1); };
  while (!condition.wait_until(lock, soon(), ready)) continue;
}

}  // namespace resnet_ft
