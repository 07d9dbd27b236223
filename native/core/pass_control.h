// One pass at a time over a model, which another thread may stop or wait for.
#pragma once

#include <atomic>
#include <mutex>

namespace resnet_ft {

class PassControl {
 public:
  // Clears an earlier cancel(); called before a pass is handed to its thread.
  void begin_pass() { cancelled_ = false; }
  void cancel() { cancelled_ = true; }
  // Returns when no pass is running.
  void wait() { const std::lock_guard<std::mutex> lock(mutex_); }

 protected:
  std::mutex mutex_;  // held by the pass
  std::atomic<bool> cancelled_{false};
};

}  // namespace resnet_ft
