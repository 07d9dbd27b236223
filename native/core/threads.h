// How many threads an operation uses.
#pragma once

#include <ATen/Parallel.h>

namespace resnet_ft {

// What LibTorch chose for this process; first called before anything else was set.
inline int initial_threads() {
  static const int threads = at::get_num_threads();
  return threads;
}

// OpenMP keeps the number for each calling thread, and passes share threads: it is set at the beginning of each.
inline void use_threads(int threads) { at::set_num_threads(threads > 0 ? threads : initial_threads()); }

}  // namespace resnet_ft
