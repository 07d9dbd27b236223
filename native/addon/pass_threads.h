// Threads for long passes.
#pragma once

#include <chrono>
#include <functional>

namespace resnet_ft {

// Returns what the heap has free to the system, which glibc keeps for the thread that freed it, and what is kept for
// passes to come unless one is running.
void give_back_memory();

// What runs on a thread that is not libuv's: `work`, and then `finish`. `stop` makes `work` end early; it is called on
// another thread, and may be empty.
struct PassTask {
  std::function<void()> work, finish, stop;
};

// A thread that is done waits some seconds for more, and is taken first: OpenMP's team and oneDNN's primitives belong
// to a thread, and making them anew costs 8 ms, half of what a ResNet-50 takes for an image. It can be had again as
// soon as `work` is done. Throws std::runtime_error where no thread can be started.
void run_on_pass_thread(PassTask task);

// For the end of the process: stops every pass and waits for the threads, this long from the first call on. Returns
// whether all of them have ended. No pass can be begun afterwards.
bool end_pass_threads(std::chrono::milliseconds patience);

// Whether end_pass_threads was called.
bool pass_threads_end();

}  // namespace resnet_ft
