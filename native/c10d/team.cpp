// A team by c10d: TCPStore for meeting, gloo between CPUs, NCCL between GPUs, Reducer for gradients.
#include "core/team.h"

#include <c10/util/Logging.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/default_comm_hooks.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "c10d/cuda_backend.h"
#include "c10d/heartbeat.h"
#include "c10d/synchronised_norms.h"
#include "core/first_line.h"

namespace resnet_ft {
namespace {

using Store = c10::intrusive_ptr<c10d::Store>;
using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

// What c10d throws is about another process: everything else was right before.
template <class Call>
auto with_others(const Call& call) {
  try {
    return call();
  } catch (const ProcessLost&) {
    throw;
  } catch (const std::exception& error) {
    throw ProcessLost(first_line(error));
  }
}

class C10dSum final : public PendingSum {
 public:
  explicit C10dSum(c10::intrusive_ptr<c10d::Work> work) : work_(std::move(work)) {}
  void wait() override {
    with_others([&] { work_->wait(); });
  }

 private:
  c10::intrusive_ptr<c10d::Work> work_;
};

// Sums a bucket; c10d's own hook for that is not exported.
class SumHook final : public c10d::CppCommHookInterface<Group> {
 public:
  explicit SumHook(const Group& group) : CppCommHookInterface(group) {}
  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    std::vector<torch::Tensor> tensors{bucket.getBufferRef()};
    return state_->allreduce(tensors)->getFuture();
  }
};

constexpr int64_t kBucket = c10d::kDefaultBucketBytesCap;
constexpr int64_t kFirstBucket = c10d::kDefaultFirstBucketBytes;

class C10dReducer final : public GradientReducer {
 public:
  // Gradients come last weight first; the first bucket is small, so that summing begins early.
  C10dReducer(const std::vector<torch::Tensor>& weights, const Group& group)
      : reducer_(new c10d::Reducer(weights, buckets_of(weights), group, std::vector<bool>(weights.size(), false),
                                   kBucket, /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true, {},
                                   kFirstBucket, /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
                                   {})) {
    // Sums, not means: each process gives its share of the mean over all images.
    reducer_->register_comm_hook(std::make_unique<SumHook>(group));
  }

  void prepare(const torch::Tensor& loss) override {
    with_others([&] {
      // Once, after the first step: by the order in which the gradients came.
      reducer_->rebuild_buckets();
      reducer_->prepare_for_backward({loss});
    });
  }

 private:
  static std::vector<std::vector<size_t>> buckets_of(const std::vector<torch::Tensor>& weights) {
    auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(
        weights, {static_cast<size_t>(kFirstBucket), static_cast<size_t>(kBucket)});
    std::reverse(buckets.begin(), buckets.end());
    return buckets;
  }

  // Its destructor takes its hooks off the weights.
  std::unique_ptr<c10d::Reducer> reducer_;
};

// By the network interfaces that GLOO_SOCKET_IFNAME names, as in PyTorch; else by that of the host's name.
std::vector<std::shared_ptr<::gloo::transport::Device>> gloo_devices() {
  std::vector<std::shared_ptr<::gloo::transport::Device>> out;
  const char* names = std::getenv("GLOO_SOCKET_IFNAME");
  std::istringstream list(names == nullptr ? "" : names);
  for (std::string name; std::getline(list, name, ',');) {
    if (!name.empty()) out.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(name));
  }
  if (out.empty()) out.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  return out;
}

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

class C10dTeam final : public Team {
 public:
  explicit C10dTeam(const TeamOptions& options) : Team(options.rank, options.world), timeout_(options.timeout) {
    c10d::TCPStoreOptions how;
    how.port = options.port;
    how.isServer = options.serves;
    how.numWorkers = options.world;
    // Whoever is missing is to be named.
    how.waitWorkers = false;
    how.timeout = options.timeout;
    // Node.js exports the functions of its own libuv, which LibTorch's server by libuv would call.
    how.useLibUV = false;
    const auto tcp = c10::make_intrusive<c10d::TCPStore>(options.host, how);
    const auto of_prefix = [&](const Store& store) {
      const std::string prefix = options.prefix + "/" + std::to_string(options.attempt);
      return c10::make_intrusive<c10d::PrefixStore>(prefix, store);
    };
    served_ = tcp;
    store_ = of_prefix(tcp->clone());
    kept_ = c10::make_intrusive<c10d::PrefixStore>(options.prefix + "/kept", tcp->clone());
    heartbeat_ = std::make_unique<Heartbeat>(of_prefix(tcp->clone()), rank(), world());
    const Store groups = of_prefix(tcp->clone());
    require_all();
    const auto gloo_options = c10d::ProcessGroupGloo::Options::create(options.timeout);
    for (const auto& device : gloo_devices()) gloo_options->devices.push_back(device);
    group_ = c10::make_intrusive<c10d::ProcessGroup>(groups, rank(), world());
    with_others([&] {
      group_->setBackend(torch::kCPU, c10d::ProcessGroup::GLOO,
                         c10::make_intrusive<c10d::ProcessGroupGloo>(
                             c10::make_intrusive<c10d::PrefixStore>("gloo", groups), rank(), world(), gloo_options));
      if (options.cuda_library.empty()) return;
      group_->setBackend(torch::kCUDA, c10d::ProcessGroup::NCCL,
                         cuda_backend(options.cuda_library, c10::make_intrusive<c10d::PrefixStore>("nccl", groups),
                                      rank(), world(), options.timeout, torch::Device(options.device)));
    });
    group_->setDefaultBackend(options.cuda_library.empty() ? c10d::ProcessGroup::GLOO : c10d::ProcessGroup::NCCL);
  }

  void broadcast(torch::Tensor tensor) override {
    with_others([&] {
      std::vector<torch::Tensor> tensors{std::move(tensor)};
      group_->broadcast(tensors)->wait();
    });
  }

  std::unique_ptr<PendingSum> begin_all_reduce(torch::Tensor tensor) override {
    return with_others([&] {
      std::vector<torch::Tensor> tensors{std::move(tensor)};
      return std::make_unique<C10dSum>(group_->allreduce(tensors));
    });
  }

  torch::Tensor all_gather(const torch::Tensor& tensor) override {
    return with_others([&] {
      std::vector<std::vector<torch::Tensor>> parts(1);
      for (int i = 0; i < world(); ++i) parts[0].push_back(torch::empty_like(tensor));
      std::vector<torch::Tensor> own{tensor};
      group_->allgather(parts, own)->wait();
      return torch::stack(parts[0]);
    });
  }

  void meet() override {
    const std::string key = "meeting/" + std::to_string(meetings_++);
    if (add(key, 1) == world()) set(key + "/all", "1");
    while (!get(key + "/all", kLook)) require_living();
  }

  std::unique_ptr<GradientReducer> reducer(const std::vector<torch::Tensor>& weights) override {
    return std::make_unique<C10dReducer>(weights, group_);
  }

  const SynchronisedNorms& synchronised_norms() const override { return resnet_ft::synchronised_norms(); }

  void set(const std::string& key, const std::string& value) override {
    with_others([&] { store_->set(key, bytes_of(value)); });
  }

  std::optional<std::string> get(const std::string& key, std::chrono::milliseconds patience) override {
    const auto until = std::chrono::steady_clock::now() + patience;
    return with_others([&]() -> std::optional<std::string> {
      // Not by the store's own wait: another thread could not use this connection meanwhile.
      for (std::chrono::milliseconds nap{1}; !store_->check({key});
           nap = std::min(nap * 2, kNap * (1 + world() / 64))) {
        if (std::chrono::steady_clock::now() >= until) return std::nullopt;
        std::this_thread::sleep_for(nap);
      }
      const std::vector<uint8_t> value = store_->get(key);
      return std::string(value.begin(), value.end());
    });
  }

  int64_t add(const std::string& key, int64_t more) override {
    return with_others([&] { return store_->add(key, more); });
  }

  void keep(const std::string& key, const std::string& value) override {
    with_others([&] { kept_->set(key, bytes_of(value)); });
  }

  std::optional<std::string> kept(const std::string& key) override {
    return with_others([&]() -> std::optional<std::string> {
      if (!kept_->check({key})) return std::nullopt;
      const std::vector<uint8_t> value = kept_->get(key);
      return std::string(value.begin(), value.end());
    });
  }

  std::vector<Silence> silent() const override { return heartbeat_->silent(); }

 private:
  static constexpr std::chrono::milliseconds kNap{50};
  static constexpr std::chrono::milliseconds kLook{1000};

  // c10d waits for those who have not come without naming them. The first process looks for all, so that the store has
  // to answer each of them only a few times.
  void require_all() {
    const auto until = std::chrono::steady_clock::now() + timeout_;
    set("here/" + std::to_string(rank()), "1");
    if (rank() > 0) {
      // It gives up first, and says who is missing.
      const std::optional<std::string> all = get("here/all", timeout_ + kLook);
      if (!all) throw not_come(0);
      if (!all->empty()) throw not_come(std::stoi(*all));
      return;
    }
    for (int i = 0; i < world(); ++i) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (get("here/" + std::to_string(i), std::max(left, kNap))) continue;
      set("here/all", std::to_string(i));
      throw not_come(i);
    }
    set("here/all", "");
  }

  ProcessLost not_come(int other) const {
    return ProcessLost("process " + std::to_string(other) + " of " + std::to_string(world()) + " has not come within " +
                       std::to_string(timeout_.count() / 1000) + " s");
  }

  void require_living() {
    for (const auto& [rank, seconds] : silent()) {
      if (seconds * 1000 > static_cast<double>(timeout_.count()))
        throw ProcessLost("process " + std::to_string(rank) + " has given no sign of life for " +
                          std::to_string(static_cast<int>(seconds)) + " s");
    }
  }

  std::chrono::milliseconds timeout_;
  Store served_, store_, kept_;
  std::unique_ptr<Heartbeat> heartbeat_;
  Group group_;
  int64_t meetings_ = 0;
};

}  // namespace
}  // namespace resnet_ft

extern "C" __attribute__((visibility("default"))) std::shared_ptr<resnet_ft::Team> resnet_ft_connect_team(
    const resnet_ft::TeamOptions& options) {
  // What c10d would write about connections that are lost, with C++ stacks, our own errors say.
  setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);
  c10::initLogging();
  return std::make_shared<resnet_ft::C10dTeam>(options);
}
