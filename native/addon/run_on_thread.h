// Runs a long pass on a thread of its own and settles a promise, with events delivered to JavaScript in between.
#pragma once

#include <c10/util/Exception.h>
#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "addon/pass_threads.h"

namespace resnet_ft {

// One line without a C++ stack, whatever was thrown.
inline std::string describe(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
  const auto end = text.find('\n');
  return end == std::string::npos ? text : text.substr(0, end);
}

inline Napi::Error native_error(Napi::Env env, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, "NATIVE_ERROR"));
  return error;
}

struct NoEvent {};

template <class Result, class Event = NoEvent>
class ThreadTask {
 public:
  using Emit = std::function<void(Event)>;
  struct Spec {
    std::function<Result(const Emit&)> work;
    std::function<Napi::Value(Napi::Env, Result&)> to_js;
    std::function<Napi::Value(Napi::Env, const Event&)> event_to_js = nullptr;
    std::function<void()> cancel = nullptr;  // called where the environment goes away during the pass
    bool frees = false;                      // whether much memory is free afterwards, and given back
  };

  // `on_event` may be empty. The promise is settled after the last event was delivered.
  static Napi::Promise start(Napi::Env env, const char* name, Napi::Function on_event, Spec spec) {
    auto* task = new ThreadTask(env, std::move(spec));
    const Napi::Promise promise = task->deferred_.Promise();
    Napi::Function callback =
        on_event.IsEmpty() ? Napi::Function::New(env, [](const Napi::CallbackInfo&) {}) : on_event;
    task->channel_ = Napi::ThreadSafeFunction::New(env, callback, name, 0, 1, [task](Napi::Env) {
      if (task->spec_.cancel && !task->settled_) task->spec_.cancel();
      task->left_->wait();
      delete task;
    });
    run_on_pass_thread([task] { task->work(); }, [task] { task->finish(); });
    return promise;
  }

 private:
  ThreadTask(Napi::Env env, Spec spec) : deferred_(Napi::Promise::Deferred::New(env)), spec_(std::move(spec)) {}

  void work() {
    try {
      result_ = spec_.work([this](Event event) {
        auto convert = spec_.event_to_js;
        channel_.BlockingCall([convert, event](Napi::Env env, Napi::Function callback) {
          if (convert && env != nullptr) callback.Call({convert(env, event)});
        });
      });
    } catch (const std::exception& error) {
      error_ = describe(error);
    } catch (...) {
      error_ = "an unknown native error";
    }
    // What the pass holds on to goes with it, not with the promise.
    spec_.work = nullptr;
    if (spec_.frees) give_back_memory();
  }

  void finish() {
    const std::shared_ptr<Gate> left = left_;  // which outlives this
    const napi_status status = channel_.BlockingCall([this](Napi::Env env, Napi::Function) { settle(env); });
    if (status == napi_ok) channel_.Release();
    left->open();
  }

  void settle(Napi::Env env) {
    settled_ = true;
    if (env == nullptr) return;
    if (result_) {
      deferred_.Resolve(spec_.to_js(env, *result_));
    } else {
      deferred_.Reject(native_error(env, error_).Value());
    }
  }

  Napi::Promise::Deferred deferred_;
  Spec spec_;
  Napi::ThreadSafeFunction channel_;
  std::shared_ptr<Gate> left_ = std::make_shared<Gate>();  // by the thread, which touches nothing in here afterwards
  std::optional<Result> result_;
  std::string error_;
  bool settled_ = false;
};

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
