#include "c10d/heartbeat.h"

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

constexpr std::chrono::seconds kBeat{1};
constexpr std::chrono::milliseconds kNap{50};
constexpr double kSilent = 4;  // seconds

std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

Heartbeat::Heartbeat(c10::intrusive_ptr<c10d::Store> store, int rank, int world)
    : store_(std::move(store)), rank_(rank), world_(world), beats_(world), changed_(world, Clock::now()) {
  for (int i = 0; i < world; ++i) keys_.push_back("beat/" + std::to_string(i));
  beat();
  thread_ = std::thread([this] { work(); });
}

Heartbeat::~Heartbeat() {
  stop_ = true;
  thread_.join();
}

void Heartbeat::work() {
  auto next = Clock::now();
  while (!stop_) {
    const auto now = Clock::now();
    if (now < next) {
      std::this_thread::sleep_for(kNap);
      continue;
    }
    next = now + kBeat;
    try {
      beat();
      if (rank_ == 0) look();
    } catch (const std::exception&) {
      // Without the store nobody's sign of life comes any more: silent() says so in time.
    }
  }
}

// The answer to it is the sign of life of whoever has the store.
void Heartbeat::beat() {
  store_->add(keys_[rank_], 1);
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_[rank_ == 0 ? rank_ : 0] = Clock::now();
}

void Heartbeat::look() {
  std::vector<std::string> known;
  for (const std::string& key : keys_) {
    if (store_->check({key})) known.push_back(key);
  }
  const std::vector<std::vector<uint8_t>> values = store_->multiGet(known);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < known.size(); ++i) {
    const int rank = std::stoi(known[i].substr(known[i].find('/') + 1));
    std::string beats = text_of(values[i]);
    if (beats == beats_[rank]) continue;
    beats_[rank] = std::move(beats);
    changed_[rank] = Clock::now();
  }
}

std::vector<Team::Silence> Heartbeat::silent() const {
  const auto now = Clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Team::Silence> out;
  for (int i = 0; i < (rank_ == 0 ? world_ : 1); ++i) {
    const double seconds = std::chrono::duration<double>(now - changed_[i]).count();
    if (seconds > kSilent) out.push_back({i, seconds});
  }
  return out;
}

}  // namespace resnet_ft
