#include "core/cpu_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace resnet_ft {
namespace {

// Smaller tensors are glibc's job, which keeps them in its heap; sizes of blocks are multiples of it.
constexpr size_t kSmallest = size_t{64} << 10;

size_t rounded(size_t bytes) { return (bytes + kSmallest - 1) / kSmallest * kSmallest; }

// A block may be used for a tensor that fills at least half of it: a bound on what is wasted, which lets the smaller
// last batch of an epoch use the blocks of the others.
bool fits(size_t block, size_t wanted) { return block - wanted <= block / 2; }

// What may be held, idle blocks included, where at most `used` bytes were in use at the same time. A backward pass
// asks for larger blocks than the activations that it frees: with nothing to spare, a step would give back and take
// anew an eighth of its memory, a page fault at a time.
size_t bound(size_t used) { return used + used / 8; }

void* take_from_system(size_t bytes) {
#ifdef __linux__
  // Not in huge pages: where memory is fragmented the kernel compacts it at each fault, which cost a first step of 64
  // images between 1 s less and 6 s more, for 1 % in the steps after it.
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  return block;
#else
  void* block = c10::GetDefaultCPUAllocator()->raw_allocate(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
#endif
}

void return_to_system(void* block, size_t bytes) {
#ifdef __linux__
  munmap(block, bytes);
#else
  (void)bytes;
  c10::GetDefaultCPUAllocator()->raw_deallocate(block);
#endif
}

// How many passes are remembered: the memory that one of them used is kept for the next like it.
constexpr size_t kRemembered = 16;

}  // namespace

class ReusingAllocator final : public c10::Allocator {
 public:
  explicit ReusingAllocator(c10::Allocator* fallback) : fallback_(fallback) {}

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes >= kSmallest) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (users_ > 0) {
        void* block = take(rounded(bytes));
        return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
      }
    }
    return fallback_->allocate(bytes);
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

  void add_user() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++users_;
  }

  void remove_user() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--users_ == 0) forget();
  }

  void begin_pass(CpuMemoryPass* pass) {
    const std::lock_guard<std::mutex> lock(mutex_);
    pass->most_used_ = used_;
    running_.push_back(pass);
  }

  void end_pass(CpuMemoryPass* pass, bool failed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_.erase(std::find(running_.begin(), running_.end(), pass));
    if (failed && running_.empty()) return forget();
    ended_[next_ended_++ % kRemembered] = pass->most_used_;
    most_used_ = std::max(used_, *std::max_element(ended_.begin(), ended_.end()));
    for (const CpuMemoryPass* other : running_) most_used_ = std::max(most_used_, other->most_used_);
    shrink();
  }

  void give_back_idle() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (running_.empty()) forget();
  }

 private:
  struct Idle {
    void* block;
    uint64_t freed;  // counts up: the least is idle for longest
  };
  using IdleBlocks = std::multimap<size_t, Idle>;  // by size

  void* take(size_t bytes) {
    auto found = idle_.lower_bound(bytes);
    if (found != idle_.end() && fits(found->first, bytes)) {
      // Of equal blocks the one freed last, which may still be in the CPU's caches.
      found = std::prev(idle_.upper_bound(found->first));
      void* block = found->second.block;
      use(found->first);
      idle_.erase(found);
      return block;
    }
    make_room(bytes);
    void* block = take_or_make_room(bytes);
    try {
      sizes_.emplace(block, bytes);
    } catch (...) {
      return_to_system(block, bytes);
      throw;
    }
    held_ += bytes;
    use(bytes);
    return block;
  }

  // If the system has no more memory, idle blocks are given back first.
  void* take_or_make_room(size_t bytes) {
    try {
      return take_from_system(bytes);
    } catch (const std::bad_alloc&) {
      if (idle_.empty()) throw;
    }
    while (!idle_.empty()) drop(idle_.begin());
    return take_from_system(bytes);
  }

  void use(size_t bytes) {
    used_ += bytes;
    most_used_ = std::max(most_used_, used_);
    for (CpuMemoryPass* pass : running_) pass->most_used_ = std::max(pass->most_used_, used_);
  }

  // The idle blocks nearest below the wanted size go first: the fewest blocks and the fewest bytes.
  void make_room(size_t bytes) {
    const size_t most = bound(std::max(most_used_, used_ + bytes));
    while (!idle_.empty() && held_ + bytes > most) {
      const auto above = idle_.lower_bound(bytes);
      drop(above == idle_.begin() ? above : std::prev(above));
    }
  }

  void forget() {
    ended_.fill(0);
    most_used_ = used_;
    while (!idle_.empty()) drop(idle_.begin());
  }

  // The block that has been idle longest goes first: blocks of its size are probably not needed any more.
  void shrink() {
    while (!idle_.empty() && held_ > bound(most_used_)) {
      drop(std::min_element(idle_.begin(), idle_.end(),
                            [](const auto& a, const auto& b) { return a.second.freed < b.second.freed; }));
    }
  }

  void drop(IdleBlocks::iterator idle) {
    give_back(idle->second.block, idle->first);
    idle_.erase(idle);
  }

  // Freeing a tensor must not fail: if there is no memory to remember the block, it is given back.
  void put_back(void* block, size_t bytes) {
    used_ -= bytes;
    try {
      if (users_ > 0) {
        idle_.emplace(bytes, Idle{block, freed_++});
        return;
      }
    } catch (const std::bad_alloc&) {
    }
    give_back(block, bytes);
  }

  void give_back(void* block, size_t bytes) {
    return_to_system(block, bytes);
    held_ -= bytes;
    sizes_.erase(block);
  }

  static void release(void* block);
  void put_back(void* block) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = sizes_.find(block);
      if (found != sizes_.end()) return put_back(block, found->second);
    }
    fallback_->raw_deallocate(block);
  }

  c10::Allocator* fallback_;
  std::mutex mutex_;
  int users_ = 0;
  size_t used_ = 0;       // bytes of blocks in use
  size_t most_used_ = 0;  // the most that they were, in the passes that are running or remembered and since the last
  size_t held_ = 0;       // bytes of all blocks
  std::vector<CpuMemoryPass*> running_;
  std::array<size_t, kRemembered> ended_{};  // the most used in each of the last passes
  size_t next_ended_ = 0;
  uint64_t freed_ = 0;
  IdleBlocks idle_;
  std::unordered_map<void*, size_t> sizes_;  // of every block that came from here, in use or idle
};

namespace {

// Lives as long as the process: tensors may be freed at any time.
ReusingAllocator& allocator() {
  static auto* instance = [] {
    auto* made = new ReusingAllocator(c10::GetCPUAllocator());
    c10::SetCPUAllocator(made, /*priority=*/1);
    return made;
  }();
  return *instance;
}

}  // namespace

void ReusingAllocator::release(void* block) { allocator().put_back(block); }

CpuMemoryReuse::CpuMemoryReuse() { allocator().add_user(); }
CpuMemoryReuse::~CpuMemoryReuse() { allocator().remove_user(); }

CpuMemoryPass::CpuMemoryPass() : exceptions_(std::uncaught_exceptions()) { allocator().begin_pass(this); }
CpuMemoryPass::~CpuMemoryPass() { allocator().end_pass(this, std::uncaught_exceptions() > exceptions_); }

void prepare_cpu_memory_reuse() { allocator(); }

void give_back_idle_cpu_memory() { allocator().give_back_idle(); }

}  // namespace resnet_ft
