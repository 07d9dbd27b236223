#include "addon/kernel_probes.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "addon/errors.h"
#include "addon/options.h"
#include "core/cuda/kernels.h"
#include "core/fused_batch_norm.h"

namespace resnet_ft {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

// Kernels on the CPU, by a library that stands for NVRTC and the driver (test/cuda/fake_cuda.cpp).
cuda::Kernels& kernels_of(const std::string& library) {
  static auto* const all = new std::map<std::string, cuda::Kernels*>();
  cuda::Kernels*& found = (*all)[library];
  if (found == nullptr)
    found = new cuda::Kernels(torch::kCPU, [library] { return cuda::Driver::open(library, library); });
  return *found;
}

torch::ScalarType type_of(const std::string& name) {
  if (name == "fp64") return torch::kFloat64;
  return name == "bf16" ? torch::kBFloat16 : torch::kFloat32;
}

// In the order of its sizes.
Napi::Value to_js(Napi::Env env, const torch::Tensor& tensor) {
  if (!tensor.defined()) return env.Undefined();
  const torch::Tensor flat = tensor.detach().to(torch::kFloat64).contiguous();
  Napi::Float64Array out = Napi::Float64Array::New(env, flat.numel());
  std::copy_n(flat.data_ptr<double>(), flat.numel(), out.Data());
  return out;
}

struct Given {
  torch::Tensor x, residual, dy;
  BatchNorm norm;
  bool relu;
};

void by_autograd(Given given, BatchNormResult* result, BatchNormGradients* gradients) {
  BatchNorm& norm = given.norm;
  torch::Tensor x = given.x.detach().requires_grad_();
  torch::Tensor weight = norm.weight.detach().requires_grad_();
  torch::Tensor bias = norm.bias.detach().requires_grad_();
  torch::Tensor y = torch::batch_norm(x, weight, bias, norm.running_mean, norm.running_var, norm.training,
                                      norm.momentum, norm.eps, /*cudnn_enabled=*/false);
  torch::Tensor residual;
  if (given.residual.defined()) {
    residual = given.residual.detach().requires_grad_();
    y = y + residual;
  }
  if (given.relu) y = y.relu();
  y.backward(given.dy);
  result->y = y;
  *gradients = {x.grad(), weight.grad(), bias.grad(), residual.defined() ? residual.grad() : residual};
}

}  // namespace

// A batch norm, what follows it, and its gradients: by LibTorch's autograd, by what there is for every device, or by
// the kernels of a library. All figures are batch x channels x height x width.
Napi::Value batch_norm_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a batch norm");
  const std::string way = o.one_of("way", {"autograd", "operators", "kernels"});
  const std::string library = o.name("library");
  const torch::ScalarType type = type_of(o.one_of("type", {"fp64", "fp32", "bf16"}));
  const std::vector<int32_t> sizes = o.int32s("sizes");
  if (sizes.size() != 4) throw native_error(env, "a batch norm has four sizes");
  const std::vector<int64_t> shape(sizes.begin(), sizes.end());
  const auto tensor = [&](const char* key, const std::vector<int64_t>& of, torch::ScalarType as) {
    std::vector<double> values = o.float64s(key);
    if (values.empty()) return torch::Tensor();
    int64_t count = 1;
    for (const int64_t size : of) count *= size;
    if (static_cast<int64_t>(values.size()) != count) throw native_error(env, std::string(key) + " has another size");
    return torch::from_blob(values.data(), of, torch::kFloat64).to(as, /*non_blocking=*/false, /*copy=*/true);
  };
  const torch::ScalarType figures = type == torch::kFloat64 ? type : torch::kFloat32;
  const std::vector<int64_t> channels{shape[1]};
  Given given;
  given.x = tensor("x", shape, type).contiguous(kChannelsLast);
  // Left in another order, which both ways must take.
  given.residual = tensor("residual", shape, type);
  given.dy = tensor("dy", shape, type);
  given.norm.weight = tensor("weight", channels, figures);
  given.norm.bias = tensor("bias", channels, figures);
  given.norm.running_mean = tensor("runningMean", channels, figures);
  given.norm.running_var = tensor("runningVar", channels, figures);
  given.norm.training = o.flag("training");
  given.norm.momentum = o.not_negative("momentum");
  given.norm.eps = o.not_negative("eps");
  given.relu = o.flag("relu");
  o.finish();
  BatchNormResult result;
  BatchNormGradients gradients;
  const bool adds = given.residual.defined();
  if (way == "autograd") {
    by_autograd(given, &result, &gradients);
  } else if (way == "operators") {
    result = batch_norm_forward(given.x, given.norm, given.relu, given.residual);
    gradients = batch_norm_backward(given.dy, given.x, result, given.norm, given.relu, adds);
  } else {
    cuda::Kernels& all = kernels_of(library);
    if (!cuda::BatchNormKernels::take(given.x, given.norm)) throw native_error(env, "there are no kernels for these");
    const auto* const kernels = all.batch_norm(type, cuda::BatchNormKernels::wide(given.x, given.residual));
    if (kernels == nullptr) throw native_error(env, "there are no kernels now: " + all.reason());
    result = kernels->forward(given.x, given.norm, given.relu, given.residual);
    gradients = kernels->backward(given.dy, given.x, result, given.norm, given.relu, adds);
  }
  Napi::Object out = Napi::Object::New(env);
  for (const auto& [name, of] :
       std::vector<std::pair<const char*, torch::Tensor>>{{"y", result.y},
                                                          {"mean", result.mean},
                                                          {"invstd", result.invstd},
                                                          {"runningMean", given.norm.running_mean},
                                                          {"runningVar", given.norm.running_var},
                                                          {"dx", gradients.x},
                                                          {"dWeight", gradients.weight},
                                                          {"dBias", gradients.bias},
                                                          {"dResidual", gradients.residual}})
    out.Set(name, to_js(env, of));
  return out;
}

// A batch of crops by the kernels of a library: count x height x width x 3.
Napi::Value kernel_batch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Options o(info[0], "the options of a batch");
  const std::string library = o.name("library");
  const torch::ScalarType type = type_of(o.one_of("type", {"fp32", "bf16"}));
  const int64_t height = o.whole("height", 1, INT16_MAX);
  const int64_t width = o.whole("width", 1, INT16_MAX);
  std::vector<uint8_t> crops = o.uint8s("crops");
  const int64_t stored = static_cast<int64_t>(crops.size()) / (height * width * 3);
  const std::vector<int32_t> order = o.int32s("rows", stored);
  std::vector<uint8_t> mirrored = o.uint8s("mirrored");
  const cuda::Normalisation normalisation{o.channels("mean"), o.channels("std", true)};
  o.finish();
  std::vector<int64_t> rows(order.begin(), order.end());
  if (crops.size() != static_cast<size_t>(stored * height * width * 3))
    throw native_error(env, "the crops have another size");
  const auto* const kernels = kernels_of(library).batch();
  if (kernels == nullptr) throw native_error(env, "there are no kernels now: " + kernels_of(library).reason());
  const auto count = static_cast<int64_t>(rows.size());
  const auto bytes = [](std::vector<uint8_t>* of, const std::vector<int64_t>& shape) {
    return of->empty() ? torch::Tensor() : torch::from_blob(of->data(), shape, torch::kUInt8);
  };
  const torch::Tensor made =
      kernels->batch(bytes(&crops, {stored, height, width, 3}),
                     rows.empty() ? torch::Tensor() : torch::from_blob(rows.data(), {count}, torch::kInt64),
                     bytes(&mirrored, {static_cast<int64_t>(mirrored.size())}), normalisation, type);
  return to_js(env, made.permute({0, 2, 3, 1}));
}

// Compiles and checks all kernels that a device may need, which takes seconds; `reason` says why there are none.
Napi::Value cuda_kernels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  torch::Device device(text(info[0], "device"));
  if (device.is_cuda() && !device.has_index()) device.set_index(0);
  std::string reason;
  if (cuda::Kernels* const all = cuda::Kernels::of(device)) {
    if (all->batch() == nullptr || all->batch_norm(torch::kBFloat16, true) == nullptr ||
        all->batch_norm(torch::kFloat32, true) == nullptr)
      reason = all->reason();
  } else {
    reason = "they are for CUDA";
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("available", reason.empty());
  out.Set("reason", reason);
  return out;
}

}  // namespace resnet_ft
