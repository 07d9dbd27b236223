#include "addon/pass_threads.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/cpu_memory.h"

namespace resnet_ft {
namespace {

constexpr std::chrono::seconds kPatience{5};

struct Task {
  std::function<void()> work, finish;
};

class PassThreads {
 public:
  void run(Task task) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        // The one that worked last has the warmest caches.
        Seat* seat = idle_.back();
        idle_.pop_back();
        seat->task = std::move(task);
        seat->taken = true;
        seat->wake.notify_one();
        return;
      }
    }
    std::thread([this, task = std::move(task)]() mutable { live(std::move(task)); }).detach();
  }

 private:
  // Where a thread waits for its next task.
  struct Seat {
    std::condition_variable wake;
    bool taken = false;
    Task task;
  };

  void live(Task task) {
    Seat seat;
    for (;;) {
      task.work();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        seat.taken = false;
        idle_.push_back(&seat);
      }
      // Only now, so that a pass that is begun in answer to the end of this one finds this thread.
      task.finish();
      task = {};
      std::unique_lock<std::mutex> lock(mutex_);
      // By the system's clock: waiting by the steady one asks for glibc 2.30.
      const auto until = std::chrono::system_clock::now() + kPatience;
      if (!seat.wake.wait_until(lock, until, [&] { return seat.taken; })) {
        idle_.erase(std::find(idle_.begin(), idle_.end(), &seat));
        break;
      }
      task = std::move(seat.task);
    }
    give_back_memory();
  }

  std::mutex mutex_;
  std::vector<Seat*> idle_;
};

}  // namespace

void give_back_memory() {
  give_back_idle_cpu_memory();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void run_on_pass_thread(std::function<void()> work, std::function<void()> finish) {
  // Lives as long as the process: its threads are never joined.
  static auto* threads = new PassThreads;
  threads->run({std::move(work), std::move(finish)});
}

}  // namespace resnet_ft
