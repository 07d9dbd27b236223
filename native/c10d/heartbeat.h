// Signs of life of the processes of a team, by c10d's store.
#pragma once

#include <atomic>
#include <chrono>
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
  using Clock = std::chrono::system_clock;

  void work();
  void beat();
  void look();

  c10::intrusive_ptr<c10d::Store> store_;
  const int rank_, world_;
  std::vector<std::string> keys_;
  mutable std::mutex mutex_;  // for what follows
  std::vector<std::string> beats_;
  std::vector<Clock::time_point> changed_;  // of each process; without the store, of what the first said last
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace resnet_ft
