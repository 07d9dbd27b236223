#include "c10d/heartbeat.h"

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

constexpr std::chrono::seconds kBeat{1};
constexpr std::chrono::milliseconds kNap{50};
constexpr int kNaps = 20;
constexpr double kSilent = 4;  // seconds

}  // namespace

Heartbeat::State::State(c10::intrusive_ptr<c10d::Store> of, int own, int all)
    : store(std::move(of)), rank(own), world(all), beats(all), changed(all, Clock::now()) {
  for (int i = 0; i < world; ++i) keys.push_back("beat/" + std::to_string(i));
}

Heartbeat::Heartbeat(c10::intrusive_ptr<c10d::Store> store, int rank, int world)
    : state_(std::make_shared<State>(std::move(store), rank, world)) {
  state_->beat();
  thread_ = std::thread([state = state_] { state->work(); });
}

Heartbeat::~Heartbeat() {
  state_->stop = true;
  for (int i = 0; i < kNaps && !state_->ended; ++i) std::this_thread::sleep_for(kNap);
  if (state_->ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void Heartbeat::State::work() {
  auto next = Clock::now();
  while (!stop) {
    const auto now = Clock::now();
    if (now < next) {
      std::this_thread::sleep_for(kNap);
      continue;
    }
    next = now + kBeat;
    try {
      beat();
      if (rank == 0) look();
    } catch (const std::exception&) {
      // Without the store nobody's sign of life comes any more: silent() says so in time.
    }
  }
  ended = true;
}

// The answer to it is the sign of life of whoever has the store.
void Heartbeat::State::beat() {
  store->add(keys[rank], 1);
  const std::lock_guard<std::mutex> lock(mutex);
  changed[0] = Clock::now();
}

void Heartbeat::State::look() {
  for (int i = 0; i < world; ++i) {
    const int64_t now = store->add(keys[i], 0);
    const std::lock_guard<std::mutex> lock(mutex);
    if (now != std::exchange(beats[i], now)) changed[i] = Clock::now();
  }
}

std::vector<Team::Silence> Heartbeat::silent() const {
  const auto now = Clock::now();
  const std::lock_guard<std::mutex> lock(state_->mutex);
  std::vector<Team::Silence> out;
  for (int i = 0; i < (state_->rank == 0 ? state_->world : 1); ++i) {
    const double seconds = std::chrono::duration<double>(now - state_->changed[i]).count();
    if (seconds > kSilent) out.push_back({i, seconds});
  }
  return out;
}

}  // namespace resnet_ft
