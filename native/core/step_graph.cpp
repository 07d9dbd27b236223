#include "core/step_graph.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "loader/dynamic_library.h"

namespace resnet_ft {
namespace {

class RepeatedWork : public StepGraph {
 public:
  explicit RepeatedWork(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

#ifdef __linux__

// at::cuda::CUDAGraph of libtorch_cuda, by the names that it exports: its header asks for those of CUDA, which nobody
// needs to have for compiling this. They are the same from LibTorch 2.11 to 2.14; `nm -D` of each was looked at.
struct CudaGraphClass {
  using Pool = std::pair<unsigned long long, unsigned long long>;  // NOLINT(runtime/int): as c10::MempoolId_t

  void (*construct)(void* self, bool keep_graph);
  void (*destroy)(void* self);
  void (*capture_begin)(void* self, Pool pool, int mode);
  void (*capture_end)(void* self);
  void (*replay)(void* self);

  CudaGraphClass() {
    find("_ZN2at4cuda9CUDAGraphC1Eb", &construct);
    find("_ZN2at4cuda9CUDAGraphD1Ev", &destroy);
    find("_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode", &capture_begin);
    find("_ZN2at4cuda9CUDAGraph11capture_endEv", &capture_end);
    find("_ZN2at4cuda9CUDAGraph6replayEv", &replay);
  }

  static const CudaGraphClass& get() {
    static const CudaGraphClass found;
    return found;
  }

 private:
  template <class Function>
  static void find(const char* name, Function* out) {
    void* address = dlsym(RTLD_DEFAULT, name);
    if (address == nullptr) throw std::runtime_error(std::string("this LibTorch has no ") + name);
    *out = reinterpret_cast<Function>(address);
  }
};

// cudaStreamCaptureModeThreadLocal: other threads may ask for memory meanwhile.
constexpr int kThisThreadOnly = 1;

// Whether LibTorch's allocator still takes a recording that failed for one that is going on.
std::atomic<bool> left_open{false};

class CudaGraph : public StepGraph {
 public:
  // Records nothing yet.
  CudaGraph() : calls_(CudaGraphClass::get()) { calls_.construct(self(), /*keep_graph=*/false); }
  ~CudaGraph() override { calls_.destroy(self()); }

  // Whether it ended, well or not. Where it did not, LibTorch's allocator asks this object for whatever is allocated
  // from now on: it must stay as it is.
  bool ended() const { return ended_; }

  void record(const torch::Device& device, const std::function<void()>& work) {
    const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
    const c10::Device where = device.has_index() ? device : cuda.getDevice();
    cuda.synchronizeDevice(where.index());
    // The default stream can't be recorded.
    const c10::StreamGuard stream(cuda.getStreamFromGlobalPool(where));
    // The allocator is told before CUDA is asked to begin, and after it was asked to end.
    ended_ = false;
    calls_.capture_begin(self(), {0, 0}, kThisThreadOnly);
    try {
      work();
    } catch (...) {
      end_after_error();
      throw;
    }
    end();
  }

  void replay() override { calls_.replay(self()); }

 private:
  void* self() { return memory_.data(); }

  void end() {
    calls_.capture_end(self());
    ended_ = true;
  }

  // The error that broke the recording is the one to tell, not that it broke.
  void end_after_error() noexcept {
    try {
      end();
    } catch (...) {
    }
  }

  const CudaGraphClass& calls_;
  bool ended_ = true;
  // More than the class takes in any of those LibTorchs: about 300 bytes.
  alignas(64) std::array<std::byte, 8192> memory_{};
};

std::unique_ptr<StepGraph> recorded(const torch::Device& device, const std::function<void()>& work) {
  if (left_open) throw std::runtime_error("an earlier recording of this process failed and could not be ended");
  auto graph = std::make_unique<CudaGraph>();
  try {
    graph->record(device, work);
  } catch (...) {
    if (!graph->ended()) {
      left_open = true;
      graph.release();  // NOLINT: for ever, since the allocator points to it
    }
    throw;
  }
  return graph;
}

#endif

}  // namespace

std::unique_ptr<StepGraph> StepGraph::record(const torch::Device& device, const std::function<void()>& work) {
  if (device.is_cpu()) return std::make_unique<RepeatedWork>(work);
#ifdef __linux__
  if (device.is_cuda()) return recorded(device, work);
#endif
  throw std::runtime_error("steps are recorded on Linux only");
}

}  // namespace resnet_ft
