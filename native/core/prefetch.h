// Threads that read the squares of the next batches while the network computes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace resnet_ft {

struct PrefetchPlan {
  int64_t first = 0;  // place of the first sample that is wanted
  int64_t end = 0;    // and the one behind the last
  int64_t batch_size = 0;
  int64_t bytes_per_sample = 0;
  int threads = 1;
};

class Prefetch {
 public:
  // `read` writes the bytes of the sample at a place; it is called from several threads at once.
  Prefetch(const PrefetchPlan& plan, std::function<void(int64_t place, uint8_t* to)> read);
  // Stops the threads, each after the sample that it is at.
  ~Prefetch();
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  // The bytes of the batch that begins at `place`; batches are asked for in their order, and each one's bytes last
  // until the next is. Throws what `read` threw.
  const uint8_t* take(int64_t place);
  // Seconds that take() has waited.
  double waited() const { return waited_; }

 private:
  struct Slot {
    std::vector<uint8_t> bytes;
    int64_t left = 0;  // samples that are not read yet
  };

  int64_t size_of(int64_t batch) const;
  void work();

  const PrefetchPlan plan_;
  const std::function<void(int64_t, uint8_t*)> read_;
  const int64_t batches_;
  double waited_ = 0;

  std::mutex mutex_;  // for what follows
  std::condition_variable room_, ready_;
  std::vector<Slot> slots_;  // of batch b: b mod how many there are
  int64_t batch_ = 0;        // whose sample is read next
  int64_t sample_ = 0;       // of that batch
  int64_t released_ = 0;     // batches whose bytes nobody needs any more
  bool stop_ = false;
  std::exception_ptr failure_;

  std::vector<std::thread> threads_;
};

}  // namespace resnet_ft
