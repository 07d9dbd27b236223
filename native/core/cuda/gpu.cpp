#include "core/cuda/gpu.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace resnet_ft::cuda {
namespace {

// Of CUdevice_attribute.
constexpr int kMultiprocessors = 16;
constexpr int kMajor = 75;
constexpr int kMinor = 76;
// NVRTC_ERROR_INVALID_OPTION: this NVRTC is older than the GPU.
constexpr int kInvalidOption = 5;

// The thread of a pass may not have used CUDA yet.
class CurrentContext {
 public:
  CurrentContext(const Driver& driver, void* context) : driver_(driver) {
    check_cuda(driver_, driver_.cuCtxGetCurrent(&before_), "cuCtxGetCurrent");
    changed_ = before_ != context;
    if (changed_) check_cuda(driver_, driver_.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }
  ~CurrentContext() {
    if (changed_) driver_.cuCtxSetCurrent(before_);
  }
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

 private:
  const Driver& driver_;
  void* before_ = nullptr;
  bool changed_ = false;
};

class Program {
 public:
  Program(const Driver& driver, const std::string& file) : driver_(driver) {
    const std::string source = "#include \"core/cuda/kernels/" + file + "\"\n";
    std::vector<const char*> texts, names;
    for (int i = 0; i < kKernelSourceCount; ++i) {
      texts.push_back(kKernelSources[i].text);
      names.push_back(kKernelSources[i].name);
    }
    check_nvrtc(driver_,
                driver_.nvrtcCreateProgram(&program_, source.c_str(), file.c_str(), kKernelSourceCount, texts.data(),
                                           names.data()),
                "nvrtcCreateProgram");
  }
  ~Program() { driver_.nvrtcDestroyProgram(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void add(const std::string& name) {
    check_nvrtc(driver_, driver_.nvrtcAddNameExpression(program_, name.c_str()), "nvrtcAddNameExpression");
  }

  // False where the architecture isn't known.
  bool compile(const std::string& architecture) {
    const std::string target = "--gpu-architecture=" + architecture;
    // A product and a sum are one operation only where the source says so, so that the tests on a CPU compute the same.
    const char* const options[] = {target.c_str(), "--std=c++17", "--fmad=false"};
    const int result = driver_.nvrtcCompileProgram(program_, 3, options);
    if (result == kInvalidOption) return false;
    if (result != 0) throw std::runtime_error("a CUDA kernel does not compile: " + log());
    return true;
  }

  std::vector<char> image(bool binary) {
    size_t size = 0;
    check_nvrtc(driver_, binary ? driver_.nvrtcGetCUBINSize(program_, &size) : driver_.nvrtcGetPTXSize(program_, &size),
                "size of a compiled kernel");
    std::vector<char> out(size);
    check_nvrtc(driver_,
                binary ? driver_.nvrtcGetCUBIN(program_, out.data()) : driver_.nvrtcGetPTX(program_, out.data()),
                "a compiled kernel");
    return out;
  }

  const char* lowered(const std::string& name) {
    const char* out = nullptr;
    check_nvrtc(driver_, driver_.nvrtcGetLoweredName(program_, name.c_str(), &out), name.c_str());
    return out;
  }

 private:
  std::string log() {
    size_t size = 0;
    if (driver_.nvrtcGetProgramLogSize(program_, &size) != 0 || size == 0) return "no reason given";
    std::string text(size, '\0');
    driver_.nvrtcGetProgramLog(program_, text.data());
    return text.substr(0, text.find_first_of(std::string("\n\0", 2)));
  }

  const Driver& driver_;
  void* program_ = nullptr;
};

}  // namespace

Gpu::Gpu(const Driver* driver, c10::DeviceIndex index) : driver_(*driver), index_(index) {
  int device = 0;
  check_cuda(driver_, driver_.cuDeviceGet(&device, index), "cuDeviceGet");
  const auto attribute = [&](int which) {
    int value = 0;
    check_cuda(driver_, driver_.cuDeviceGetAttribute(&value, which, device), "cuDeviceGetAttribute");
    return value;
  };
  multiprocessors_ = attribute(kMultiprocessors);
  architecture_ = std::to_string(attribute(kMajor)) + std::to_string(attribute(kMinor));
  // The context that the CUDA runtime, and so LibTorch, uses.
  check_cuda(driver_, driver_.cuDevicePrimaryCtxRetain(&context_, device), "cuDevicePrimaryCtxRetain");
}

void* Gpu::stream() const {
  const c10::Stream current = driver_.current_stream(index_);
  return driver_.native_stream(&current);
}

bool Gpu::capturing() const {
  const CurrentContext context(driver_, context_);
  int status = 0;
  check_cuda(driver_, driver_.cuStreamIsCapturing(stream(), &status), "cuStreamIsCapturing");
  return status != 0;
}

std::vector<void*> Gpu::compile(const std::string& file, const std::vector<std::string>& names) const {
  Program program(driver_, file);
  for (const std::string& name : names) program.add(name);
  const bool native = program.compile("sm_" + architecture_);
  // The driver compiles the rest of the way.
  if (!native && !program.compile("compute_75")) throw std::runtime_error("NVRTC knows no architecture of ours");
  const std::vector<char> image = program.image(native);
  const CurrentContext context(driver_, context_);
  void* module = nullptr;
  check_cuda(driver_, driver_.cuModuleLoadData(&module, image.data()), "cuModuleLoadData");
  std::vector<void*> out;
  for (const std::string& name : names) {
    void* kernel = nullptr;
    check_cuda(driver_, driver_.cuModuleGetFunction(&kernel, module, program.lowered(name)), name.c_str());
    out.push_back(kernel);
  }
  return out;
}

void Gpu::launch(void* kernel, const LaunchShape& shape, void** arguments) const {
  const CurrentContext context(driver_, context_);
  check_cuda(driver_,
             driver_.cuLaunchKernel(kernel, shape.grid.x, shape.grid.y, 1, shape.block.x, shape.block.y, 1, 0, stream(),
                                    arguments, nullptr),
             "cuLaunchKernel");
}

}  // namespace resnet_ft::cuda
