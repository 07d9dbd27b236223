// Several processes that train one model together. The core knows this much of it; native/c10d, a library of its own
// for each minor version of LibTorch, does it with c10d, the engine under PyTorch's DistributedDataParallel.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace resnet_ft {

class SynchronisedNorms;

// Another process has gone, or didn't answer in time. JavaScript, which gets no class of an exception, knows it by the
// first word of its message.
class ProcessLost : public std::runtime_error {
 public:
  explicit ProcessLost(const std::string& what) : std::runtime_error("lost: " + what) {}
};

// Sums the gradients of a backward pass over the processes while it is still going on.
class GradientReducer {
 public:
  virtual ~GradientReducer() = default;
  // Before the backward pass of `loss`, once for each step: the gradients that it adds to are the sums over all
  // processes when it has ended. Every trained weight must get one.
  virtual void prepare(const torch::Tensor& loss) = 0;
};

// A sum that is under way.
class PendingSum {
 public:
  virtual ~PendingSum() = default;
  // Returns when the tensor has the sum; on a GPU when the current stream will see it.
  virtual void wait() = 0;
};

// Every process calls the same of the following in the same order; they throw ProcessLost where one does not. Tensors
// are contiguous, and lie on the CPU or on the process's GPU.
class Team {
 public:
  virtual ~Team() = default;

  int rank() const { return rank_; }
  int world() const { return world_; }

  // Gives every process the tensor of the first.
  virtual void broadcast(torch::Tensor tensor) = 0;
  virtual std::unique_ptr<PendingSum> begin_all_reduce(torch::Tensor tensor) = 0;
  void all_reduce(const torch::Tensor& tensor) { begin_all_reduce(tensor)->wait(); }
  // The tensors of all, which have the same shape, one after the other along a new first dimension.
  virtual torch::Tensor all_gather(const torch::Tensor& tensor) = 0;
  // Waits for all, for as long as they live, however long that takes.
  virtual void meet() = 0;
  // For weights that autograd gives their gradients. In buckets of 25 MB, as DistributedDataParallel.
  virtual std::unique_ptr<GradientReducer> reducer(const std::vector<torch::Tensor>& weights) = 0;

  // What batch norms over the images of all are made of.
  virtual const SynchronisedNorms& synchronised_norms() const = 0;

  // What all processes can read; from any thread.
  virtual void set(const std::string& key, const std::string& value) = 0;
  // Waits so long for a value; none where there is none by then.
  virtual std::optional<std::string> get(const std::string& key, std::chrono::milliseconds patience) = 0;
  // Adds to a counter, 0 at first, and returns what it is then.
  virtual int64_t add(const std::string& key, int64_t more) = 0;
  // As set() and get(), of values that are still there when the processes have been started anew, where their store is.
  virtual void keep(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> kept(const std::string& key) = 0;

  struct Silence {
    int rank;
    double seconds;
  };
  // The processes that have given no sign of life for more than a few seconds, as far as this one knows: the first
  // knows of all, the others of the first.
  virtual std::vector<Silence> silent() const = 0;

 protected:
  Team(int rank, int world) : rank_(rank), world_(world) {}

 private:
  const int rank_, world_;
};

struct TeamOptions {
  int rank = 0;
  int world = 1;
  std::string host;  // of the store
  uint16_t port = 0;
  bool serves = false;                   // whether this process has the store; else another has
  std::string prefix;                    // of all keys
  int64_t attempt = 0;                   // how often the processes have been started anew
  std::string device;                    // `cpu`, or that of the process's GPU
  std::string cuda_library;              // what connects GPUs; empty for a CPU
  std::chrono::milliseconds timeout{0};  // for which another process may keep this one waiting
};

// What native/c10d exports under this name. Throws ProcessLost, or std::runtime_error where the store can't be had.
using ConnectTeam = std::shared_ptr<Team> (*)(const TeamOptions& options);
constexpr const char* kConnectTeam = "resnet_ft_connect_team";

// Connects by such a library. Throws std::runtime_error where it can't be opened.
std::shared_ptr<Team> connect_team(const std::string& library, const TeamOptions& options);

// Milliseconds of sums of so many bytes of float32, one after the other, after one that does not count.
std::vector<double> time_sums(Team* team, const std::string& device, int64_t bytes, int64_t rounds);

}  // namespace resnet_ft
