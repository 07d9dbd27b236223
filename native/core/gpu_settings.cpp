#include "core/gpu_settings.h"

#include <ATen/Context.h>

#include <mutex>

namespace resnet_ft {
namespace {

void set(const GpuSwitches& wanted) {
  at::Context& context = at::globalContext();
  context.setBenchmarkCuDNN(wanted.benchmark);
  context.setDeterministicCuDNN(wanted.deterministic_cudnn);
  context.setDeterministicAlgorithms(wanted.deterministic, wanted.warn_only);
  context.setAllowTF32CuDNN(wanted.tf32_cudnn);
  context.setAllowTF32CuBLAS(wanted.tf32_cublas);
}

// The passes that run, counted by what they ask for.
class Passes {
 public:
  void begin(const GpuWishes& wishes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (running_ == 0) before_ = gpu_switches();
    add(wishes, 1);
    apply();
  }

  void end(const GpuWishes& wishes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    add(wishes, -1);
    apply();
  }

  void search(int64_t more) {
    const std::lock_guard<std::mutex> lock(mutex_);
    searching_ += more;
    apply();
    if (more > 0 && gpu_switches().benchmark) ++searches_;
  }

  int64_t searches() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return searches_;
  }

 private:
  // The lock is held in these.
  void add(const GpuWishes& wishes, int64_t count) {
    running_ += count;
    if (wishes.deterministic) deterministic_ += count;
    if (!wishes.tf32) strict_ += count;
  }

  void apply() const {
    if (running_ == 0) return set(before_);
    GpuSwitches wanted;
    wanted.deterministic = wanted.deterministic_cudnn = deterministic_ > 0;
    // What has no such algorithm warns.
    wanted.warn_only = true;
    wanted.benchmark = !wanted.deterministic && searching_ == running_;
    wanted.tf32_cudnn = wanted.tf32_cublas = strict_ == 0;
    set(wanted);
  }

  std::mutex mutex_;
  GpuSwitches before_;
  int64_t running_ = 0, deterministic_ = 0, strict_ = 0, searching_ = 0, searches_ = 0;
};

// Never destroyed: a pass may outlive the environment that began it.
Passes& passes() {
  static auto* instance = new Passes;
  return *instance;
}

}  // namespace

GpuSwitches gpu_switches() {
  const at::Context& context = at::globalContext();
  GpuSwitches out;
  out.benchmark = context.benchmarkCuDNN();
  out.deterministic_cudnn = context.deterministicCuDNN();
  out.deterministic = context.deterministicAlgorithms();
  out.warn_only = context.deterministicAlgorithmsWarnOnly();
  out.tf32_cudnn = context.allowTF32CuDNN(at::Float32Op::CONV);
  out.tf32_cublas = context.allowTF32CuBLAS();
  return out;
}

int64_t algorithm_searches() { return passes().searches(); }

GpuSettings::GpuSettings(bool active, const GpuWishes& wishes) : active_(active), wishes_(wishes) {
  if (active_) passes().begin(wishes_);
}

GpuSettings::~GpuSettings() {
  if (active_) passes().end(wishes_);
}

AlgorithmSearch::AlgorithmSearch(const GpuSettings& of, bool wanted)
    : active_(of.active_ && wanted && !of.wishes_.deterministic) {
  if (active_) passes().search(1);
}

AlgorithmSearch::~AlgorithmSearch() {
  if (active_) passes().search(-1);
}

}  // namespace resnet_ft
