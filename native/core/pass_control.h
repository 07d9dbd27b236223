// One pass at a time over a model, in the order in which they were begun, which another thread may stop or wait for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "core/wait.h"

namespace resnet_ft {

// Those that wait for their turn and, first of them, the one whose turn it is.
struct PassQueue {
  std::mutex mutex;  // for what follows
  std::condition_variable moved;
  std::list<int64_t> numbers;
  int64_t begun = 0;
};

// A pass's place in the queue, from when it was begun until it has ended or was given up. Threads get a mutex in any
// order: an evaluation could run before the epoch that it was to come after.
class PassPlace {
 public:
  explicit PassPlace(std::shared_ptr<PassQueue> queue) : queue_(std::move(queue)) {
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    number_ = queue_->begun + 1;
    own_ = queue_->numbers.insert(queue_->numbers.end(), number_);
    queue_->begun = number_;
  }
  ~PassPlace() {
    {
      const std::lock_guard<std::mutex> lock(queue_->mutex);
      queue_->numbers.erase(own_);
    }
    queue_->moved.notify_all();
  }
  PassPlace(const PassPlace&) = delete;
  PassPlace& operator=(const PassPlace&) = delete;

  // From 1.
  int64_t number() const { return number_; }
  // Returns when all that were begun before have ended; no other's turn comes as long as this place is kept.
  void wait_for_turn() const {
    std::unique_lock<std::mutex> lock(queue_->mutex);
    wait_until_ready(queue_->moved, lock, [this] { return queue_->numbers.begin() == own_; });
  }

 private:
  std::shared_ptr<PassQueue> queue_;
  std::list<int64_t>::const_iterator own_;
  int64_t number_;
};

// Kept by whoever is to run the pass, until it has ended.
using Pass = std::shared_ptr<const PassPlace>;

class PassControl {
 public:
  // Called before the pass is handed to its thread: one that is begun takes back no cancel() of those before it.
  Pass begin_pass() { return std::make_shared<const PassPlace>(queue_); }
  // Stops all passes that were begun, the one that runs and those that wait for it.
  void cancel() {
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    cancelled_up_to_ = queue_->begun;
  }
  // Stops the pass of this number and those begun before it.
  void cancel(int64_t number) {
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    if (number > cancelled_up_to_) cancelled_up_to_ = number;
  }
  // Returns when no pass is running, nor any that was begun waits.
  void wait() { take_turn(); }

 protected:
  bool cancelled(const Pass& pass) const { return pass->number() <= cancelled_up_to_; }

  // For what must not meet a pass: waits for those that were begun, and lets none run until the place is let go of.
  Pass take_turn() {
    Pass place = begin_pass();
    place->wait_for_turn();
    return place;
  }

 private:
  const std::shared_ptr<PassQueue> queue_ = std::make_shared<PassQueue>();
  std::atomic<int64_t> cancelled_up_to_{0};
};

}  // namespace resnet_ft
