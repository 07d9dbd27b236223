// What LibTorch has one of for the whole process, and a pass on a GPU wants its own way.
#pragma once

#include <cstdint>

namespace resnet_ft {

// What a pass asks for.
struct GpuWishes {
  bool deterministic = false;  // algorithms that give the same bits each time
  bool tf32 = true;            // float32 may be multiplied in TF32, of 10 bits of mantissa
};

// Holds while it lives; what was before comes back with the end of the last one, also where that is an exception. Of
// passes that run at the same time the strictest decides.
class GpuSettings {
 public:
  // Without `active` (on a CPU) it changes nothing.
  GpuSettings(bool active, const GpuWishes& wishes);
  ~GpuSettings();
  GpuSettings(const GpuSettings&) = delete;
  GpuSettings& operator=(const GpuSettings&) = delete;

 private:
  friend class AlgorithmSearch;
  bool active_;
  GpuWishes wishes_;
};

// While it lives, cuDNN searches for the fastest algorithm of each shape, and remembers it. That pays for shapes that
// come again and again: it is not for the last batch of an epoch, nor for validation. What it finds depends on the
// clock, so that nothing is searched for a deterministic pass, nor while one runs that has none of these shapes.
class AlgorithmSearch {
 public:
  AlgorithmSearch(const GpuSettings& of, bool wanted);
  ~AlgorithmSearch();
  AlgorithmSearch(const AlgorithmSearch&) = delete;
  AlgorithmSearch& operator=(const AlgorithmSearch&) = delete;

 private:
  bool active_;
};

// The switches as they are, and how many searches have begun; for tests.
struct GpuSwitches {
  bool benchmark = false;
  bool deterministic_cudnn = false;
  bool deterministic = false;
  bool warn_only = false;
  bool tf32_cudnn = false;
  bool tf32_cublas = false;
};
GpuSwitches gpu_switches();
int64_t algorithm_searches();

}  // namespace resnet_ft
