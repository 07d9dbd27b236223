#include "addon/team.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "addon/classes.h"
#include "addon/options.h"
#include "addon/run_on_thread.h"

namespace resnet_ft {
namespace {

constexpr int64_t kMaxProcesses = 1 << 20;
constexpr int64_t kMaxSeconds = 30 * 24 * 3600;
constexpr int64_t kMaxSumBytes = int64_t{1} << 34;
constexpr int64_t kMaxRounds = 1'000'000;

// Does something on a thread; a promise of nothing.
template <class Work>
Napi::Value say(Napi::Env env, const char* name, const Work& work) {
  return ThreadTask<bool>::start(env, name, Napi::Function(),
                                 {.work =
                                      [work](const auto&) {
                                        work();
                                        return true;
                                      },
                                  .to_js = [](Napi::Env of, bool&) -> Napi::Value { return of.Undefined(); }});
}

// Asks for a text on a thread; a promise of it, or of undefined.
template <class Work>
Napi::Value ask(Napi::Env env, const char* name, const Work& work) {
  using Found = std::optional<std::string>;
  return ThreadTask<Found>::start(env, name, Napi::Function(),
                                  {.work = [work](const auto&) { return work(); },
                                   .to_js = [](Napi::Env of, Found& found) -> Napi::Value {
                                     if (!found) return of.Undefined();
                                     return Napi::String::New(of, *found);
                                   }});
}

}  // namespace

Napi::Value connect_team_of(const Napi::CallbackInfo& info) {
  using Shared = std::shared_ptr<Team>;
  Options o(info[0], "the options of a team");
  const std::string library = o.name("library");
  TeamOptions options;
  options.world = static_cast<int>(o.whole("world", 1, kMaxProcesses));
  options.rank = static_cast<int>(o.whole("rank", 0, options.world - 1));
  options.host = o.name("host");
  options.port = static_cast<uint16_t>(o.whole("port", 1, UINT16_MAX));
  options.serves = o.flag("serves");
  options.prefix = o.name("prefix");
  options.attempt = o.whole("attempt", 0, kMaxProcesses);
  options.device = o.device("device");
  options.cuda_library = o.name("cudaLibrary");
  options.timeout = std::chrono::seconds(o.whole("timeout", 1, kMaxSeconds));
  o.finish();
  return ThreadTask<Shared>::start(info.Env(), "connectTeam", Napi::Function(),
                                   {.work = [library, options](const auto&) { return connect_team(library, options); },
                                    .to_js = [](Napi::Env env, Shared& team) -> Napi::Value {
                                      auto* classes = env.GetInstanceData<Classes>();
                                      classes->new_team = std::move(team);
                                      return classes->team.New({});
                                    }});
}

Napi::Function TeamWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Team",
      {InstanceMethod("set", &TeamWrap::call<&TeamWrap::set>), InstanceMethod("get", &TeamWrap::call<&TeamWrap::get>),
       InstanceMethod("add", &TeamWrap::call<&TeamWrap::add>), InstanceMethod("keep", &TeamWrap::call<&TeamWrap::keep>),
       InstanceMethod("kept", &TeamWrap::call<&TeamWrap::kept>),
       InstanceMethod("timeSums", &TeamWrap::call<&TeamWrap::time_sums>),
       InstanceMethod("silent", &TeamWrap::call<&TeamWrap::silent>),
       InstanceMethod("close", &TeamWrap::call<&TeamWrap::close>)});
}

TeamWrap::TeamWrap(const Napi::CallbackInfo& info) : GuardedWrap<TeamWrap>(info) {
  team_ = std::exchange(info.Env().GetInstanceData<Classes>()->new_team, nullptr);
  if (!team_) throw native_error(info.Env(), "teams are made by connectTeam");
}

std::shared_ptr<Team> TeamWrap::team_of(const Napi::Value& value, const char* name) {
  return of(value, name, "a team").team(value.Env());
}

std::shared_ptr<Team> TeamWrap::team(Napi::Env env) const {
  if (!team_) throw native_error(env, "the team is closed");
  return team_;
}

Napi::Value TeamWrap::set(const Napi::CallbackInfo& info) {
  const auto team = this->team(info.Env());
  const std::string key = text(info[0], "key");
  const std::string value = text(info[1], "value");
  return say(info.Env(), "set", [team, key, value] { team->set(key, value); });
}

Napi::Value TeamWrap::get(const Napi::CallbackInfo& info) {
  const auto team = this->team(info.Env());
  const std::string key = text(info[0], "key");
  const std::chrono::milliseconds patience(whole_number(info[1], "patience", 0, kMaxSeconds * 1000));
  return ask(info.Env(), "get", [team, key, patience] { return team->get(key, patience); });
}

Napi::Value TeamWrap::keep(const Napi::CallbackInfo& info) {
  const auto team = this->team(info.Env());
  const std::string key = text(info[0], "key");
  const std::string value = text(info[1], "value");
  return say(info.Env(), "keep", [team, key, value] { team->keep(key, value); });
}

Napi::Value TeamWrap::kept(const Napi::CallbackInfo& info) {
  const auto team = this->team(info.Env());
  const std::string key = text(info[0], "key");
  return ask(info.Env(), "kept", [team, key] { return team->kept(key); });
}

Napi::Value TeamWrap::time_sums(const Napi::CallbackInfo& info) {
  using Times = std::vector<double>;
  const auto team = this->team(info.Env());
  const std::string device = text(info[0], "device");
  const int64_t bytes = whole_number(info[1], "bytes", 4, kMaxSumBytes);
  const int64_t rounds = whole_number(info[2], "rounds", 1, kMaxRounds);
  return ThreadTask<Times>::start(
      info.Env(), "timeSums", Napi::Function(),
      {.work = [team, device, bytes,
                rounds](const auto&) { return resnet_ft::time_sums(team.get(), device, bytes, rounds); },
       .to_js = [](Napi::Env env, Times& times) -> Napi::Value {
         Napi::Float64Array out = Napi::Float64Array::New(env, times.size());
         std::copy(times.begin(), times.end(), out.Data());
         return out;
       }});
}

Napi::Value TeamWrap::add(const Napi::CallbackInfo& info) {
  const auto team = this->team(info.Env());
  const std::string key = text(info[0], "key");
  const int64_t more = whole_number(info[1], "more");
  return ThreadTask<int64_t>::start(info.Env(), "add", Napi::Function(),
                                    {.work = [team, key, more](const auto&) { return team->add(key, more); },
                                     .to_js = [](Napi::Env env, int64_t& sum) -> Napi::Value {
                                       return Napi::Number::New(env, static_cast<double>(sum));
                                     }});
}

Napi::Value TeamWrap::silent(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto silent = team(env)->silent();
  Napi::Array out = Napi::Array::New(env, silent.size());
  for (size_t i = 0; i < silent.size(); ++i) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("rank", silent[i].rank);
    one.Set("seconds", silent[i].seconds);
    out.Set(static_cast<uint32_t>(i), one);
  }
  return out;
}

// A session that has the team keeps it until it is closed itself.
Napi::Value TeamWrap::close(const Napi::CallbackInfo& info) {
  const auto team = std::exchange(team_, nullptr);
  return ThreadTask<bool>::start(info.Env(), "close", Napi::Function(),
                                 {.work = [team](const auto&) { return true; },
                                  .to_js = [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); }});
}

}  // namespace resnet_ft
