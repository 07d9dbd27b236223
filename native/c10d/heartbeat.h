// Signs of life of the processes of a team, by c10d's store.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <torch/csrc/distributed/c10d/Store.hpp>

#include "core/team.h"

namespace resnet_ft {

// Every process counts up a key of its own once a second; the first looks at those of all. A thread does it, which goes
// on whatever JavaScript and the network's batches do: who is silent has been stopped, is swapping, or is cut off.
class Heartbeat {
 public:
  // `store`: this object's alone.
  Heartbeat(c10::intrusive_ptr<c10d::Store> store, int rank, int world);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  std::vector<Team::Silence> silent() const;

 private:
  using Clock = std::chrono::steady_clock;  // somebody may set the system's

  // The thread's too, for whoever has the store may keep it waiting for ever.
  struct State {
    State(c10::intrusive_ptr<c10d::Store> store, int rank, int world);
    void work();
    void beat();
    void look();

    c10::intrusive_ptr<c10d::Store> store;
    const int rank, world;
    std::vector<std::string> keys;
    std::mutex mutex;  // for what follows
    std::vector<int64_t> beats;
    std::vector<Clock::time_point> changed;  // of each process; in others than the first, only of the first
    std::atomic<bool> stop{false}, ended{false};
  };

  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace resnet_ft
