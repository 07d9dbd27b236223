#include "addon/team.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "addon/classes.h"
#include "addon/options.h"
#include "addon/run_on_thread.h"

namespace resnet_ft {
namespace {

constexpr int64_t kMaxProcesses = 1 << 20;
constexpr int64_t kMaxSeconds = 30 * 24 * 3600;

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
       InstanceMethod("add", &TeamWrap::call<&TeamWrap::add>),
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
  return ThreadTask<bool>::start(info.Env(), "set", Napi::Function(),
                                 {.work =
                                      [team, key, value](const auto&) {
                                        team->set(key, value);
                                        return true;
                                      },
                                  .to_js = [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); }});
}

Napi::Value TeamWrap::get(const Napi::CallbackInfo& info) {
  using Found = std::optional<std::string>;
  const auto team = this->team(info.Env());
  const std::string key = text(info[0], "key");
  const std::chrono::milliseconds patience(whole_number(info[1], "patience", 0, kMaxSeconds * 1000));
  return ThreadTask<Found>::start(info.Env(), "get", Napi::Function(),
                                  {.work = [team, key, patience](const auto&) { return team->get(key, patience); },
                                   .to_js = [](Napi::Env env, Found& found) -> Napi::Value {
                                     if (!found) return env.Undefined();
                                     return Napi::String::New(env, *found);
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
