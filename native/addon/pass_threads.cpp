#include "addon/pass_threads.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/cpu_memory.h"

namespace resnet_ft {
namespace {

constexpr std::chrono::seconds kIdle{5};

std::atomic<bool> ending{false};
thread_local bool on_pass_thread = false;

class PassThreads {
 public:
  void run(PassTask task) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ending) throw std::runtime_error("the process is about to end");
    join_ended();
    if (!idle_.empty()) {
      // The thread that worked last has the warmest caches.
      Seat* seat = idle_.back();
      idle_.pop_back();
      seat->task = std::move(task);
      seat->taken = true;
      seat->wake.notify_one();
      return;
    }
    idle_.reserve(seats_.size() + 1);  // so that a thread that is done needs no memory for it
    Seat& seat = seats_.emplace_back();
    seat.task = std::move(task);
    seat.taken = true;
    try {
      seat.thread = std::thread([this, &seat] { live(seat); });
    } catch (const std::system_error& error) {
      seats_.pop_back();
      throw std::runtime_error(std::string("no thread can be started (") + error.code().message() + ")");
    }
  }

  bool end(std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    // A library that gives up on such a thread calls exit() there.
    if (on_pass_thread) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    if (!ending) until_ = Clock::now() + patience;
    ending = true;
    for (Seat& seat : seats_) {
      if (seat.taken && seat.task.stop) seat.task.stop();
      seat.wake.notify_one();
    }
    const auto all_ended = [this] {
      return std::all_of(seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.ended; });
    };
    while (!all_ended() && Clock::now() < until_) {
      // By the system's clock, as below, and in steps because somebody may set it.
      ended_.wait_until(lock, std::chrono::system_clock::now() + std::chrono::milliseconds(20));
    }
    join_ended();
    return seats_.empty();
  }

 private:
  // A thread, and where it waits for its next task.
  struct Seat {
    std::thread thread;
    std::condition_variable wake;
    bool taken = false;
    bool ended = false;
    PassTask task;
  };

  void live(Seat& seat) {
    on_pass_thread = true;
    std::unique_lock<std::mutex> lock(mutex_);
    while (seat.taken) {
      lock.unlock();
      seat.task.work();
      lock.lock();
      PassTask done = std::exchange(seat.task, {});
      seat.taken = false;
      idle_.push_back(&seat);
      lock.unlock();
      // Only now, so that a pass that is begun in answer to the end of this one finds this thread.
      done.finish();
      done = {};
      lock.lock();
      // By the system's clock: waiting by the steady one asks for glibc 2.30.
      const auto until = std::chrono::system_clock::now() + kIdle;
      seat.wake.wait_until(lock, until, [&] { return seat.taken || ending; });
    }
    idle_.erase(std::find(idle_.begin(), idle_.end(), &seat));
    lock.unlock();
    if (!ending) give_back_memory();
    lock.lock();
    seat.ended = true;
    ended_.notify_all();
  }

  // The lock is held; a thread that has ended does not ask for it any more.
  void join_ended() {
    for (auto seat = seats_.begin(); seat != seats_.end();) {
      if (!seat->ended) {
        ++seat;
        continue;
      }
      seat->thread.join();
      seat = seats_.erase(seat);
    }
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  std::chrono::steady_clock::time_point until_;
  std::list<Seat> seats_;
  std::vector<Seat*> idle_;
};

// Lives as long as the process: it is never destroyed.
PassThreads& threads() {
  static auto* instance = new PassThreads;
  return *instance;
}

}  // namespace

void give_back_memory() {
  give_back_idle_cpu_memory();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void run_on_pass_thread(PassTask task) { threads().run(std::move(task)); }

bool end_pass_threads(std::chrono::milliseconds patience) { return threads().end(patience); }

bool pass_threads_end() { return ending; }

}  // namespace resnet_ft
