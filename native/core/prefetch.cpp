#include "core/prefetch.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <utility>

#include "core/wait.h"

namespace resnet_ft {
namespace {

// Batches that may be in memory: the one in use, and those ahead of it.
constexpr int64_t kBatches = 3;

}  // namespace

Prefetch::Prefetch(const PrefetchPlan& plan, std::function<void(int64_t, uint8_t*)> read)
    : plan_(plan),
      read_(std::move(read)),
      batches_((plan.end - plan.first + plan.batch_size - 1) / plan.batch_size),
      slots_(std::min(kBatches, std::max<int64_t>(batches_, 1))) {
  for (int64_t b = 0; b < std::min<int64_t>(batches_, slots_.size()); ++b) slots_[b].left = size_of(b);
  threads_.reserve(plan.threads);
  try {
    for (int i = 0; i < plan.threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    // Fewer threads than were asked for do as well; none are an error.
    if (threads_.empty()) throw;
  }
}

Prefetch::~Prefetch() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

int64_t Prefetch::size_of(int64_t batch) const {
  return std::min(plan_.batch_size, plan_.end - plan_.first - batch * plan_.batch_size);
}

void Prefetch::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto count = static_cast<int64_t>(slots_.size());
  for (;;) {
    wait_until_ready(room_, lock, [&] { return stop_ || batch_ == batches_ || batch_ < released_ + count; });
    if (stop_ || batch_ == batches_) return;
    const int64_t batch = batch_;
    const int64_t sample = sample_++;
    Slot& slot = slots_[batch % count];
    if (sample_ == size_of(batch)) {
      ++batch_;
      sample_ = 0;
    }
    try {
      if (sample == 0) slot.bytes.resize(plan_.batch_size * plan_.bytes_per_sample);
      uint8_t* const to = slot.bytes.data() + sample * plan_.bytes_per_sample;
      lock.unlock();
      read_(plan_.first + batch * plan_.batch_size + sample, to);
      lock.lock();
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      if (!failure_) failure_ = std::current_exception();
      stop_ = true;
      room_.notify_all();
      ready_.notify_all();
      return;
    }
    if (--slot.left == 0) ready_.notify_all();
  }
}

const uint8_t* Prefetch::take(int64_t place) {
  const int64_t batch = (place - plan_.first) / plan_.batch_size;
  const auto count = static_cast<int64_t>(slots_.size());
  std::unique_lock<std::mutex> lock(mutex_);
  for (; released_ < batch; ++released_) {
    const int64_t next = released_ + count;
    if (next < batches_) slots_[next % count].left = size_of(next);
  }
  room_.notify_all();
  const auto began = std::chrono::steady_clock::now();
  Slot& slot = slots_[batch % count];
  wait_until_ready(ready_, lock, [&] { return failure_ != nullptr || slot.left == 0; });
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (failure_) std::rethrow_exception(failure_);
  return slot.bytes.data();
}

}  // namespace resnet_ft
