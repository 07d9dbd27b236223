#include "addon/exit.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "addon/options.h"
#include "addon/pass_threads.h"

namespace resnet_ft {
namespace {

// Most batches are over by then, and nobody takes it for a program that hangs. A large batch takes many times as long.
constexpr std::chrono::seconds kPatience{1};

// Registered functions are called in the opposite order: one that is registered after another library's destructors
// were goes before them.
#ifdef __GLIBC__

// With what was printed, but without destructors, which would free what a pass uses.
void leave(int status, void* /*unused*/) {
  std::fflush(nullptr);
  _exit(status);
}

void end_or_leave(int status, void* unused) {
  if (!end_pass_threads(kPatience)) leave(status, unused);
}

void at_exit(void (*function)(int, void*)) { on_exit(function, nullptr); }

void remember(int /*status*/) {}

#else

// The status that exit() was called with is not told here.
std::atomic<int> asked_status{EXIT_FAILURE};

void leave() {
  std::fflush(nullptr);
  std::_Exit(asked_status);
}

void end_or_leave() {
  if (!end_pass_threads(kPatience)) leave();
}

void at_exit(void (*function)()) { std::atexit(function); }

void remember(int status) { asked_status = status; }

#endif

void end_or_leave_later() {
  if (!end_pass_threads(kPatience)) at_exit(leave);
}

// exit() destroys what belongs to the thread that called it before anything else. A program may get there past the
// listener of lib/backend/native/load.ts.
struct EndOfMainThread {
  ~EndOfMainThread() { end_or_leave_later(); }
};

bool on_main_thread() {
#ifdef __linux__
  return syscall(SYS_gettid) == getpid();
#else
  return false;
#endif
}

}  // namespace

void guard_exit() {
  // Not std::call_once, which asks for glibc 2.34.
  static const bool once = (guard_exit_anew(), true);
  (void)once;
  if (!on_main_thread()) return;
  static thread_local EndOfMainThread end;
  (void)end;
}

void guard_exit_anew() { at_exit(end_or_leave); }

Napi::Value end_passes(const Napi::CallbackInfo& info) {
  remember(static_cast<int>(whole_number(info[0], "status", INT32_MIN, INT32_MAX)));
  end_or_leave_later();
  return info.Env().Undefined();
}

}  // namespace resnet_ft
