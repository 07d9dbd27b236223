// A library with what native/core/cuda/driver.cpp looks for (NVRTC, the CUDA driver, LibTorch's streams), whose device
// is the CPU: the kernels are compiled into it, and launching one runs it. So all of our own code is tested without a
// GPU, from the checks of tensors to the arguments of kernels.
//
// How its file is called changes what it does: `backwards` (order of threads and blocks), `no-compiler`, `wrong` (one
// number of what a kernel writes), `capturing` (a graph, at the first launches), `without-driver`, and `sm-90` is a GPU
// of compute capability 9.0. Compiled with REAL_NVRTC it lacks NVRTC, and is to be linked with the real one: kernels
// are then compiled as for a GPU, though those of the CPU run.
#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/cuda/kernels/batch.cuh"
#include "core/cuda/kernels/batch_norm_backward.cuh"

namespace {

using resnet_ft::Bf16;

// Its environment would be that of Node.js's start.
std::string library_path() {
  Dl_info here{};
  return dladdr(reinterpret_cast<const void*>(&library_path), &here) == 0 ? "" : here.dli_fname;
}

bool told(const std::string& what) {
  static const std::string path = library_path();
  return path.find("/" + what + ".so") != std::string::npos;
}

int compute_capability() {
  const std::string path = library_path();
  const size_t at = path.find("/sm-");
  return at == std::string::npos ? 80 : std::stoi(path.substr(at + 4));
}

using Arguments = void**;
using Run = void (*)(Arguments, dim3 grid, dim3 block);

// What the driver does with an array of pointers to arguments, which knows their types only from the kernel.
template <auto kernel, class... Parameters, size_t... Index>
void unpack(Arguments given, dim3 grid, dim3 block, void (*)(Parameters...), std::index_sequence<Index...>) {
  const auto order = told("backwards") ? emulation::Order::kBackwards : emulation::Order::kForwards;
  emulation::run(grid, block, order, [&] { kernel(*static_cast<Parameters*>(given[Index])...); });
}

template <auto kernel, class... Parameters>
void run_with(Arguments given, dim3 grid, dim3 block, void (*type)(Parameters...)) {
  unpack<kernel>(given, grid, block, type, std::index_sequence_for<Parameters...>());
}

template <auto kernel>
void run_kernel(Arguments given, dim3 grid, dim3 block) {
  run_with<kernel>(given, grid, block, kernel);
}

template <class T, int width>
void add(std::map<std::string, Run>* all, const std::string& type) {
  using namespace resnet_ft;  // NOLINT(build/namespaces)
  const std::string of = "<" + type + ", " + std::to_string(width);
  const auto put = [&](const std::string& name, Run run) { (*all)["resnet_ft::" + name] = run; };
  put("normalised_batch" + of + ">", run_kernel<normalised_batch<T, width>>);
  put("batch_norm_statistics" + of + ">", run_kernel<batch_norm_statistics<T, width>>);
  put("batch_norm_apply" + of + ", 0>", run_kernel<batch_norm_apply<T, width, 0>>);
  put("batch_norm_apply" + of + ", 1>", run_kernel<batch_norm_apply<T, width, 1>>);
  put("batch_norm_apply" + of + ", 2>", run_kernel<batch_norm_apply<T, width, 2>>);
  put("batch_norm_backward_sums" + of + ", 0>", run_kernel<batch_norm_backward_sums<T, width, 0>>);
  put("batch_norm_backward_sums" + of + ", 1>", run_kernel<batch_norm_backward_sums<T, width, 1>>);
  put("batch_norm_backward_sums" + of + ", 2>", run_kernel<batch_norm_backward_sums<T, width, 2>>);
  put("batch_norm_backward_apply" + of + ", 0>", run_kernel<batch_norm_backward_apply<T, width, 0>>);
  put("batch_norm_backward_apply" + of + ", 1>", run_kernel<batch_norm_backward_apply<T, width, 1>>);
  put("batch_norm_merge", run_kernel<batch_norm_merge>);
  put("batch_norm_backward_merge", run_kernel<batch_norm_backward_merge>);
}

const std::map<std::string, Run>& kernels() {
  static const std::map<std::string, Run> all = [] {
    std::map<std::string, Run> made;
    add<float, 1>(&made, "float");
    add<float, 4>(&made, "float");
    add<Bf16, 1>(&made, "resnet_ft::Bf16");
    add<Bf16, 8>(&made, "resnet_ft::Bf16");
    return made;
  }();
  return all;
}

// Of a name as compilers have it: "void resnet_ft::name<float, 4>(float const*, ...)".
std::string plain_name(const char* mangled) {
  int status = 0;
  char* const found = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string out = status == 0 ? found : mangled;
  std::free(found);
  out = out.substr(0, out.find('('));
  return out.rfind("void ", 0) == 0 ? out.substr(5) : out;
}

void* current_context = nullptr;
int a_context, a_module;
std::vector<char> binary;  // what the driver was given last
constexpr int kInvalidProgram = 4;
constexpr int kNotFound = 500;

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

#ifndef REAL_NVRTC
static int a_program;
EXPORT int nvrtcCreateProgram(void** program, const char*, const char*, int headers, const char* const*,
                              const char* const*) {
  *program = &a_program;
  return headers > 0 ? 0 : kInvalidProgram;
}
EXPORT int nvrtcDestroyProgram(void**) { return 0; }
EXPORT int nvrtcAddNameExpression(void*, const char* name) { return kernels().count(name) > 0 ? 0 : kInvalidProgram; }
EXPORT int nvrtcCompileProgram(void*, int, const char* const*) { return told("no-compiler") ? 6 : 0; }
EXPORT int nvrtcGetProgramLogSize(void*, size_t* size) {
  *size = 22;
  return 0;
}
EXPORT int nvrtcGetProgramLog(void*, char* log) {
  std::memcpy(log, "no kernels today\nmore", 22);
  return 0;
}
EXPORT int nvrtcGetLoweredName(void*, const char* name, const char** lowered) {
  *lowered = kernels().find(name)->first.c_str();
  return 0;
}
EXPORT int nvrtcGetCUBINSize(void*, size_t* size) {
  *size = 1;
  return 0;
}
EXPORT int nvrtcGetCUBIN(void*, char* binary) {
  *binary = 0;
  return 0;
}
EXPORT int nvrtcGetPTXSize(void*, size_t*) { return kInvalidProgram; }
EXPORT int nvrtcGetPTX(void*, char*) { return kInvalidProgram; }
EXPORT const char* nvrtcGetErrorString(int) { return "NVRTC_ERROR_OF_THE_FAKE"; }
#endif

EXPORT int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return told("without-driver") ? 100 : 0;
}
EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  // So few multiprocessors that chunks have several rows, and the compute capability.
  *value = attribute == 16 ? 3 : attribute == 75 ? compute_capability() / 10 : compute_capability() % 10;
  return 0;
}
EXPORT int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &a_context;
  return 0;
}
EXPORT int cuCtxGetCurrent(void** context) {
  *context = current_context;
  return 0;
}
EXPORT int cuCtxSetCurrent(void* context) {
  current_context = context;
  return 0;
}
EXPORT int cuModuleLoadData(void** module, const void* image) {
  *module = &a_module;
#ifdef REAL_NVRTC
  // An ELF file ends with its section headers, or with the program headers after them.
  const auto* const bytes = static_cast<const char*>(image);
  uint64_t program = 0, sections = 0;
  uint16_t counts[4] = {};  // sizes and numbers of both
  std::memcpy(&program, bytes + 32, sizeof(program));
  std::memcpy(&sections, bytes + 40, sizeof(sections));
  std::memcpy(counts, bytes + 54, sizeof(counts));
  if (std::memcmp(bytes, "\177ELF", 4) != 0) return kInvalidProgram;
  binary.assign(bytes, bytes + std::max(program + counts[0] * counts[1], sections + counts[2] * counts[3]));
#else
  binary.assign(1, *static_cast<const char*>(image));
#endif
  return current_context == &a_context ? 0 : kInvalidProgram;
}
EXPORT int cuModuleGetFunction(void** function, void*, const char* name) {
#ifdef REAL_NVRTC
  const std::string mangled = name;
  if (std::search(binary.begin(), binary.end(), mangled.begin(), mangled.end()) == binary.end()) return kNotFound;
#endif
  const auto found = kernels().find(plain_name(name));
  if (found == kernels().end()) return kNotFound;
  *function = const_cast<Run*>(&found->second);
  return 0;
}
EXPORT int cuStreamIsCapturing(void*, int* status) {
  static int asked = 0;
  *status = told("capturing") && ++asked <= 2 ? 1 : 0;
  return 0;
}
EXPORT int cuGetErrorString(int, const char** text) {
  *text = "an error of the fake";
  return 0;
}
EXPORT int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                          unsigned block_y, unsigned block_z, unsigned, void* stream, void** arguments, void**) {
  if (current_context != &a_context || stream != &a_context || grid_z != 1 || block_z != 1) return 1;
  if (grid_x == 0 || grid_y == 0 || grid_y > 65535 || block_x * block_y > 1024) return 1;
  (*static_cast<Run*>(function))(arguments, {grid_x, grid_y, 1}, {block_x, block_y, 1});
  if (told("wrong")) {
    // Of all kernels' arguments: batch_norm_merge's mean is what batch_norm_apply reads as well.
    if (function == &kernels().at("resnet_ft::batch_norm_merge")) **static_cast<float**>(arguments[10]) += 1;
    if (function == &kernels().at("resnet_ft::normalised_batch<float, 4>")) **static_cast<float**>(arguments[3]) += 1;
  }
  return 0;
}

// c10::cuda::getCurrentCUDAStream and c10::cuda::CUDAStream::stream.
struct FakeStream {
  int16_t device;
  int64_t id;
};
EXPORT FakeStream _ZN3c104cuda20getCurrentCUDAStreamEa(int8_t device) { return {device, 7}; }
EXPORT void* _ZNK3c104cuda10CUDAStream6streamEv(const FakeStream* stream) {
  return stream->id == 7 ? &a_context : nullptr;
}
