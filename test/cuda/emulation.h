// Enough of CUDA for native/core/cuda/kernels to be compiled and run by a C++ compiler for Linux: the blocks of a grid
// one after the other, the threads of a block as fibers that take turns between two __syncthreads.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

namespace emulation {

constexpr size_t kStack = 64 << 10;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[kStack]};
  dim3 thread;
  bool waits = false, ended = false;
};

// Threads run from the first to the last between two barriers, or the other way round: what a kernel computes must not
// depend on it.
enum class Order { kForwards, kBackwards };

struct Launch {
  dim3 grid, block, block_index;
  std::function<void()> kernel;
  std::vector<std::unique_ptr<Fiber>> fibers;
  Fiber* current = nullptr;
  ucontext_t scheduler;
};

inline Launch* running = nullptr;

inline void leave_fiber() {
  // The address of `running` may be the caller's, for all that the compiler knows; a fiber never changes threads.
  Fiber* const self = running->current;
  swapcontext(&self->context, &running->scheduler);
}

inline void run_fiber() {
  running->kernel();
  running->current->ended = true;
  leave_fiber();
}

inline void run_block(Launch* launch, Order order) {
  for (auto& fiber : launch->fibers) {
    fiber->ended = fiber->waits = false;
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack.get();
    fiber->context.uc_stack.ss_size = kStack;
    fiber->context.uc_link = nullptr;
    makecontext(&fiber->context, run_fiber, 0);
  }
  const size_t count = launch->fibers.size();
  for (size_t left = count; left > 0;) {
    size_t waiting = 0, ended = 0;
    for (size_t i = 0; i < count; ++i) {
      Fiber* const fiber = launch->fibers[order == Order::kForwards ? i : count - 1 - i].get();
      fiber->waits = false;
      launch->current = fiber;
      swapcontext(&launch->scheduler, &fiber->context);
      waiting += fiber->waits ? 1 : 0;
      ended += fiber->ended ? 1 : 0;
    }
    // A GPU would hang, or go on with what is not there yet.
    if (waiting > 0 && ended > 0) throw std::logic_error("not all threads of a block came to __syncthreads");
    left = waiting;
  }
}

inline void run(dim3 grid, dim3 block, Order order, std::function<void()> kernel) {
  Launch launch;
  launch.grid = grid;
  launch.block = block;
  launch.kernel = std::move(kernel);
  for (unsigned y = 0; y < block.y; ++y) {
    for (unsigned x = 0; x < block.x; ++x) {
      launch.fibers.push_back(std::make_unique<Fiber>());
      launch.fibers.back()->thread = {x, y, 0};
    }
  }
  running = &launch;
  const size_t blocks = size_t{grid.x} * grid.y;
  for (size_t i = 0; i < blocks; ++i) {
    const size_t at = order == Order::kForwards ? i : blocks - 1 - i;
    launch.block_index = {static_cast<unsigned>(at % grid.x), static_cast<unsigned>(at / grid.x), 0};
    run_block(&launch, order);
  }
  running = nullptr;
}

}  // namespace emulation

#define threadIdx (emulation::running->current->thread)
#define blockIdx (emulation::running->block_index)
#define blockDim (emulation::running->block)
#define gridDim (emulation::running->grid)

inline void __syncthreads() {
  emulation::running->current->waits = true;
  emulation::leave_fiber();
}

inline float __uint_as_float(unsigned bits) {
  float out;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}

inline unsigned __float_as_uint(float value) {
  unsigned out;
  std::memcpy(&out, &value, sizeof(out));
  return out;
}
