// Runs a long pass on its own thread and settles a promise, delivering events to JavaScript in between.
#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "addon/errors.h"
#include "addon/exit.h"
#include "addon/pass_threads.h"

namespace resnet_ft {

struct NoEvent {};

// Owned by its thread and by the channel to JavaScript: where the environment goes away first (a worker thread that is
// terminated), the thread is left to end by itself, for it has nothing of JavaScript's.
template <class Result, class Event = NoEvent>
class ThreadTask {
 public:
  using Emit = std::function<void(Event)>;
  struct Spec {
    std::function<Result(const Emit&)> work;
    std::function<Napi::Value(Napi::Env, Result&)> to_js;
    std::function<Napi::Value(Napi::Env, const Event&)> event_to_js = nullptr;
    std::function<void()> cancel = nullptr;      // makes `work` end early
    std::shared_ptr<const void> lent = nullptr;  // JavaScript's memory that `work` reads; freed on JavaScript's thread
    bool frees = false;                          // whether much memory is free afterwards, and given back
  };

  // `on_event` may be empty; an exception that it throws cancels the pass, and is what the promise rejects with. The
  // promise is settled after the last event was delivered.
  static Napi::Promise start(Napi::Env env, const char* name, Napi::Function on_event, Spec spec) {
    const Shared task(new ThreadTask(env, std::move(spec)));
    const Napi::Promise promise = task->deferred_.Promise();
    auto channel_owner = std::make_unique<Shared>(task);
    const napi_status status = napi_create_threadsafe_function(
        env, on_event, nullptr, Napi::String::New(env, name), /*max_queue_size=*/0, /*initial_thread_count=*/1,
        channel_owner.get(), &ThreadTask::on_closed, channel_owner.get(), &ThreadTask::on_call, &task->channel_);
    if (status != napi_ok) throw Napi::Error::New(env);
    channel_owner.release();  // NOLINT: on_closed deletes it
    try {
      run_on_pass_thread({[task] { task->work(); }, [task] { task->finish(); }, task->spec_.cancel});
    } catch (...) {
      task->error_ = describe_caught();
      task->spec_.work = nullptr;
      task->worked_ = true;
      task->finish();
    }
    return promise;
  }

 private:
  using Shared = std::shared_ptr<ThreadTask>;

  // How long an environment that is shut down waits for a batch to end.
  static constexpr std::chrono::seconds kPatience{1};

  ThreadTask(Napi::Env env, Spec spec) : deferred_(Napi::Promise::Deferred::New(env)), spec_(std::move(spec)) {}

  void work() {
    try {
      result_ = spec_.work([this](Event event) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (channel_ == nullptr) return;
        events_.push_back(std::move(event));
        call();
      });
    } catch (...) {
      error_ = describe_caught();
    }
    // What the pass holds on to goes with it, not with the promise.
    spec_.work = nullptr;
    if (spec_.frees) give_back_memory();
    worked_ = true;
  }

  void finish() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (channel_ == nullptr) return;
    call();
    if (channel_ != nullptr) napi_release_threadsafe_function(channel_, napi_tsfn_release);
    channel_ = nullptr;
  }

  // Makes JavaScript's thread look what there is. The lock is held.
  void call() {
    if (napi_call_threadsafe_function(channel_, nullptr, napi_tsfn_nonblocking) != napi_ok) channel_ = nullptr;
  }

  // On JavaScript's thread, once for each call(). Without an environment there is nobody left to tell.
  static void on_call(napi_env env, napi_value on_event, void* owner, void* /*unused*/) {
    if (env != nullptr) (*static_cast<Shared*>(owner))->next(env, on_event);
  }

  void next(Napi::Env env, napi_value on_event) {
    std::optional<Event> event;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!events_.empty()) {
        event = std::move(events_.front());
        events_.pop_front();
      }
    }
    try {
      if (!event) return settle(env);
      if (spec_.event_to_js && !thrown_) Napi::Function(env, on_event).Call({spec_.event_to_js(env, *event)});
    } catch (const Napi::Error& error) {
      thrown_ = error;
      if (spec_.cancel) spec_.cancel();
    } catch (...) {
      // There is no memory to tell what happened; the pass goes on.
    }
  }

  void settle(Napi::Env env) {
    if (!thrown_ && result_) {
      try {
        return deferred_.Resolve(guarded(env, [&] { return spec_.to_js(env, *result_); }));
      } catch (const Napi::Error& error) {
        thrown_ = error;
      }
    }
    deferred_.Reject(thrown_ ? thrown_->Value() : native_error(env, error_).Value());
  }

  // On JavaScript's thread: after the last call, or where the environment goes away, during the pass or not.
  static void on_closed(napi_env /*env*/, void* owner, void* /*unused*/) {
    const std::unique_ptr<Shared> task(static_cast<Shared*>(owner));
    (*task)->close();
  }

  void close() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      channel_ = nullptr;
    }
    if (!worked_ && spec_.cancel) spec_.cancel();
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!worked_ && (spec_.lent || std::chrono::steady_clock::now() < until))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!worked_) guard_exit_anew();
    spec_.lent.reset();
    thrown_.reset();
  }

  Napi::Promise::Deferred deferred_;
  Spec spec_;
  std::mutex mutex_;
  napi_threadsafe_function channel_ = nullptr;  // null once it may not be used any more
  std::deque<Event> events_;                    // that JavaScript was not told of
  std::atomic<bool> worked_{false};             // `work` has ended
  std::optional<Result> result_;
  std::string error_;
  std::optional<Napi::Error> thrown_;  // by JavaScript
};

// Cancels a pass of `owner`, without keeping it alive: a pass's memory is free when its promise is settled.
template <class Owned>
std::function<void()> cancels(const std::shared_ptr<Owned>& owner, int64_t pass) {
  return [weak = std::weak_ptr<Owned>(owner), pass] {
    if (const auto owned = weak.lock()) owned->cancel(pass);
  };
}

// Cancels what `owner` runs, waits for it on another thread, and lets go of it: the last owner frees it.
template <class Owned>
Napi::Promise close_when_idle(Napi::Env env, std::shared_ptr<Owned>& owner) {
  const std::shared_ptr<Owned> owned = std::move(owner);
  owner.reset();
  if (owned) owned->cancel();
  return ThreadTask<bool>::start(env, "close", Napi::Function(),
                                 {.work =
                                      [owned](const auto&) {
                                        if (owned) owned->wait();
                                        return true;
                                      },
                                  .to_js = [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); },
                                  .frees = true});
}

}  // namespace resnet_ft
