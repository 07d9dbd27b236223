#include "addon/gpu_probes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "addon/errors.h"
#include "addon/options.h"
#include "core/cudnn_fusion.h"
#include "core/device_memory.h"
#include "core/fused_conv.h"
#include "core/gpu_settings.h"
#include "core/read_back.h"

namespace resnet_ft {
namespace {

Napi::Object switches_to_js(Napi::Env env) {
  const GpuSwitches now = gpu_switches();
  Napi::Object out = Napi::Object::New(env);
  out.Set("benchmark", now.benchmark);
  out.Set("deterministicCudnn", now.deterministic_cudnn);
  out.Set("deterministic", now.deterministic);
  out.Set("tf32Cudnn", now.tf32_cudnn);
  out.Set("tf32Cublas", now.tf32_cublas);
  return out;
}

Napi::Array findings_to_js(Napi::Env env, CudnnFusion* fusion) {
  Napi::Array out = Napi::Array::New(env);
  for (const auto& [device, type, grouped, reason] : fusion->findings()) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("device", device);
    one.Set("type", type);
    one.Set("grouped", grouped);
    one.Set("reason", reason);
    out.Set(out.Length(), one);
  }
  return out;
}

struct PassWish {
  GpuWishes wishes;
  bool searches = false;
};

// Begins one pass after the other, each within the one before, and writes down the switches in each.
void nest(const std::vector<PassWish>& passes, size_t depth, const std::function<void()>& note, bool fails) {
  if (depth == passes.size()) {
    if (fails) throw std::runtime_error("meant");
    return;
  }
  const GpuSettings settings(/*active=*/true, passes[depth].wishes);
  const AlgorithmSearch search(settings, passes[depth].searches);
  note();
  nest(passes, depth + 1, note, fails);
}

// Passes after a number of steps was sent.
class CountedMark : public DeviceMark {
 public:
  CountedMark(const int64_t* sent, int64_t when, int64_t* waits) : sent_(sent), when_(when), waits_(waits) {}
  bool passed() override {
    if (*sent_ >= when_) return true;
    // Looked at again in the same place: it is waited for, and comes then.
    if (std::exchange(seen_, *sent_) == *sent_) {
      ++*waits_;
      return true;
    }
    return false;
  }

 private:
  const int64_t* sent_;
  int64_t when_;
  int64_t* waits_;
  int64_t seen_ = -1;
};

FusedOperators operators_named(const std::string& name, int64_t* calls) {
  FusedOperators out;
  if (name == "none") return out;
  out.relu = [=](const torch::Tensor& input, const ConvolutionParts& p) {
    ++*calls;
    if (name == "throws" || (name == "throws-later" && *calls > 2)) throw std::runtime_error("no engine");
    if (name == "no-memory" && *calls > 2)
      throw c10::OutOfMemoryError({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, "out of memory");
    if (name == "no-memory-at-first" || (name == "no-memory-in-cudnn" && *calls > 2))
      throw std::runtime_error("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED");
    const torch::Tensor sum = plain_convolution(input, p);
    return name == "no-relu" ? sum : name == "no-number" ? sum.relu() * NAN : sum.relu();
  };
  out.add_relu = [=](const torch::Tensor& input, const ConvolutionParts& p, const torch::Tensor& residual) {
    ++*calls;
    if (name == "throws-later" && *calls > 2) throw std::runtime_error("no engine");
    const torch::Tensor sum = plain_convolution(input, p);
    return (name == "no-add" ? sum : sum + residual).relu();
  };
  return out;
}

}  // namespace

Napi::Value gpu_state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object out = switches_to_js(env);
  out.Set("searches", static_cast<double>(algorithm_searches()));
  out.Set("memoryGivenBack", static_cast<double>(times_device_memory_was_given_back()));
  out.Set("fusedConvolutions", findings_to_js(env, &CudnnFusion::of_process()));
  if (!info[0].IsUndefined()) {
    const auto [free, total] = device_memory(torch::Device(text(info[0], "device")));
    out.Set("freeMemory", static_cast<double>(free));
    out.Set("totalMemory", static_cast<double>(total));
  }
  return out;
}

Napi::Value gpu_settings_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a probe");
  std::vector<PassWish> passes;
  for (Options& pass : o.list("passes"))
    passes.push_back({{pass.flag("deterministic"), pass.flag("tf32")}, pass.flag("searches")});
  const bool fails = o.flag("fails");
  o.finish();
  Napi::Array out = Napi::Array::New(env);
  const auto note = [&] { out.Set(out.Length(), switches_to_js(env)); };
  try {
    nest(passes, 0, note, fails);
  } catch (const std::runtime_error&) {
    // As it was meant.
  }
  note();
  return out;
}

Napi::Value read_back_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a probe");
  const int64_t at_most = o.whole("atMost");
  // For each value, after how many were sent it arrives.
  const std::vector<int32_t> arrive = o.int32s("arrive");
  o.finish();
  int64_t sent = 0;
  int64_t waits = 0;
  ReadBack read_back([&] { return std::make_unique<CountedMark>(&sent, arrive[sent - 1], &waits); }, at_most);
  std::vector<double> read;
  Napi::Array out = Napi::Array::New(env);
  const auto note = [&] {
    Napi::Array values = Napi::Array::New(env);
    for (const double value : std::exchange(read, {})) values.Set(values.Length(), value);
    Napi::Object step = Napi::Object::New(env);
    step.Set("read", values);
    step.Set("waits", static_cast<double>(std::exchange(waits, 0)));
    out.Set(out.Length(), step);
  };
  torch::Tensor value = torch::zeros({}, torch::kFloat64);
  for (size_t i = 0; i < arrive.size(); ++i) {
    ++sent;
    value.fill_(static_cast<double>(sent));  // as a graph of CUDA writes its results into the same tensor each time
    read_back.send({value}, [&](const ReadBack::Values& values) { read.push_back(values[0].item<double>()); });
    note();
  }
  read_back.all();
  note();
  return out;
}

Napi::Value cudnn_convolutions(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  torch::Device device(text(info[0], "device"));
  if (device.is_cuda() && !device.has_index()) device.set_index(0);
  const std::string precision = text(info[1], "precision");
  if (precision != "fp32" && precision != "bf16")
    throw std::invalid_argument("precision must be fp32 or bf16, not " + precision);
  // In float32 they are used as training does by default, with TF32.
  const GpuSettings settings(device.is_cuda(), GpuWishes());
  const torch::Tensor input =
      torch::empty({1, 1, 1, 1}, torch::device(device).dtype(precision == "bf16" ? torch::kBFloat16 : torch::kFloat32));
  CudnnFusion& fusion = CudnnFusion::of_process();
  std::string reason;
  if (!fusion.serves(input, ConvolutionParts())) {
    reason = "cuDNN is switched off";
    for (const auto& [place, type, grouped, why] : fusion.findings()) {
      if (place == device.str() && type == torch::toString(input.scalar_type()) && !grouped) reason = why;
    }
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("available", reason.empty());
  out.Set("reason", reason);
  return out;
}

Napi::Value fused_convolution(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a probe");
  const std::string type = o.one_of("type", {"fp32", "fp64"});
  const bool tf32 = o.flag("tf32");
  const bool deterministic = o.flag("deterministic");
  const int64_t groups = o.whole("groups", 1, 8);
  int64_t calls = 0;
  CudnnFusion fusion(operators_named(o.name("operators"), &calls));
  o.finish();
  const torch::InferenceMode inference;
  const torch::TensorOptions options(type == "fp64" ? torch::kFloat64 : torch::kFloat32);
  const auto made = [&](torch::IntArrayRef shape) {
    return torch::linspace(-1, 1, c10::multiply_integers(shape), options).mul_(37).sin_().view(shape);
  };
  Convolution shape;
  shape.inputs = shape.outputs = 8;
  shape.kernel = 3;
  shape.stride = shape.padding = 1;
  shape.groups = groups;
  const torch::Tensor weight = made({8, 8 / groups, 3, 3});
  const torch::Tensor bias = made({8});
  const torch::Tensor input = made({2, 8, 5, 5});
  const torch::Tensor residual = made({2, 8, 5, 5}).flip({0});
  const GpuSettings settings(/*active=*/true, {deterministic, tf32});
  FusedConv conv(weight, bias, shape, &fusion);
  const torch::Tensor sum = torch::conv2d(input, weight, bias, 1, 1, 1, groups);
  double apart = 0;
  const auto compare = [&](const torch::Tensor& one, const torch::Tensor& other) {
    apart = std::max(apart, (one - other).abs().max().item<double>());
  };
  Napi::Object out = Napi::Object::New(env);
  try {
    for (int i = 0; i < 2; ++i) {
      compare(conv.apply(input, /*relu=*/true), sum.relu());
      compare(conv.apply(input, /*relu=*/false), sum);
      compare(conv.apply_add_relu(input, residual.clone()), (sum + residual).relu());
    }
  } catch (const std::exception& error) {
    out.Set("error", describe(error));
  }
  out.Set("apart", apart);
  out.Set("calls", static_cast<double>(calls));
  out.Set("findings", findings_to_js(env, &fusion));
  return out;
}

}  // namespace resnet_ft
