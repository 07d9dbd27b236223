// Memory of big CPU tensors, reused from step to step.
#pragma once

#include <cstddef>

namespace resnet_ft {

// While one lives, blocks of big CPU tensors are kept when they are freed and used again for tensors of about the same
// size; when the last one goes, they are given back. A training step allocates and frees the same gigabytes each time:
// glibc returns them to the system, and faulting fresh pages in costs up to half of the step.
class CpuMemoryReuse {
 public:
  CpuMemoryReuse();
  ~CpuMemoryReuse();
  CpuMemoryReuse(const CpuMemoryReuse&) = delete;
  CpuMemoryReuse& operator=(const CpuMemoryReuse&) = delete;
};

// Lives as long as a pass does, an epoch or a batch of predictions. How much is kept follows from what the passes that
// are running and the last sixteen that ended had in use at most: a service that has had one large batch does not hold
// its gigabytes for ever, and nothing is given back between the steps of a pass, or between an epoch and its
// validation. Where an exception ends a pass, most often for want of memory, and no other is running, all that is kept
// is given back: what asks for memory beside LibTorch, as oneDNN does, finds none between blocks that nobody uses.
class CpuMemoryPass {
 public:
  CpuMemoryPass();
  ~CpuMemoryPass();
  CpuMemoryPass(const CpuMemoryPass&) = delete;
  CpuMemoryPass& operator=(const CpuMemoryPass&) = delete;

 private:
  size_t most_used_ = 0;
  int exceptions_;
  friend class ReusingAllocator;
};

// To be called before there are threads: from then on big CPU tensors come from here. LibTorch has the allocator in a
// plain variable, which threads that allocate (as those of c10d do from their beginning) read without a lock.
void prepare_cpu_memory_reuse();

// Gives back what is kept for passes to come, unless one is running: for a process that has had none for a while.
void give_back_idle_cpu_memory();

}  // namespace resnet_ft
