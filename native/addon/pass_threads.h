// Threads for long passes.
#pragma once

#include <atomic>
#include <functional>

namespace resnet_ft {

// Opened once. Neither std::promise nor std::condition_variable, which ask for a newer C++ runtime than LibTorch does.
class Gate {
 public:
  void open() {
    opened_ = true;
    opened_.notify_all();
  }
  void wait() const { opened_.wait(false); }

 private:
  std::atomic<bool> opened_{false};
};

// Returns what the heap has free to the system, which glibc keeps for the thread that freed it, and what is kept for
// passes to come unless one is running.
void give_back_memory();

// Runs `work` and then `finish` on a thread that is not libuv's. A thread that is done waits some seconds for more, and
// is taken first: OpenMP's team and oneDNN's primitives belong to a thread, and making them anew costs 8 ms, half of
// what a ResNet-50 takes for an image. It can be had again as soon as `work` is done.
void run_on_pass_thread(std::function<void()> work, std::function<void()> finish);

}  // namespace resnet_ft
