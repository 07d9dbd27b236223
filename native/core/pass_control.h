// One pass at a time over a model, which another thread may stop or wait for.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace resnet_ft {

class PassControl {
 public:
  // The number of a pass; called before it is handed to its thread. Passes that wait for their turn have theirs
  // already: one that is begun takes back no cancel() of those before it.
  int64_t begin_pass() { return ++begun_; }
  // Stops all passes that were begun, the one that runs and those that wait for it.
  void cancel() { cancel(begun_); }
  // Stops that pass and those begun before it.
  void cancel(int64_t pass) {
    int64_t up_to = cancelled_up_to_;
    while (up_to < pass && !cancelled_up_to_.compare_exchange_weak(up_to, pass)) {
    }
  }
  // Returns when no pass is running.
  void wait() { const std::lock_guard<std::mutex> lock(mutex_); }

 protected:
  bool cancelled(int64_t pass) const { return pass <= cancelled_up_to_; }

  std::mutex mutex_;  // held by the pass

 private:
  std::atomic<int64_t> begun_{0};
  std::atomic<int64_t> cancelled_up_to_{0};
};

}  // namespace resnet_ft
