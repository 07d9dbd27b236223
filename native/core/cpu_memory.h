// Memory of big CPU tensors, reused from step to step.
#pragma once

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

}  // namespace resnet_ft
