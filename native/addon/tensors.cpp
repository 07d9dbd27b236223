#include "addon/tensors.h"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/run_on_thread.h"

namespace resnet_ft {
namespace {

// Names as safetensors spells them.
constexpr std::array<std::pair<const char*, at::ScalarType>, 10> kDtypes = {{{"F64", at::kDouble},
                                                                             {"F32", at::kFloat},
                                                                             {"F16", at::kHalf},
                                                                             {"BF16", at::kBFloat16},
                                                                             {"I64", at::kLong},
                                                                             {"I32", at::kInt},
                                                                             {"I16", at::kShort},
                                                                             {"I8", at::kChar},
                                                                             {"U8", at::kByte},
                                                                             {"BOOL", at::kBool}}};

const char* dtype_name(Napi::Env env, at::ScalarType type) {
  for (const auto& [name, known] : kDtypes) {
    if (known == type) return name;
  }
  throw native_error(env, "a tensor has an element type that cannot leave the addon");
}

at::ScalarType dtype_of(Napi::Env env, const std::string& name) {
  for (const auto& [known, type] : kDtypes) {
    if (name == known) return type;
  }
  throw native_error(env, "unknown element type " + name);
}

}  // namespace

Napi::Value tensors_to_js(Napi::Env env, const std::vector<NamedTensor>& tensors) {
  Napi::Array out = Napi::Array::New(env, tensors.size());
  uint32_t i = 0;
  for (const auto& [name, tensor] : tensors) {
    Napi::Array shape = Napi::Array::New(env, tensor.dim());
    for (int64_t d = 0; d < tensor.dim(); ++d) shape[static_cast<uint32_t>(d)] = static_cast<double>(tensor.size(d));
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", name);
    entry.Set("dtype", dtype_name(env, tensor.scalar_type()));
    entry.Set("shape", shape);
    entry.Set("data",
              Napi::Buffer<uint8_t>::Copy(env, static_cast<const uint8_t*>(tensor.data_ptr()), tensor.nbytes()));
    out[i++] = entry;
  }
  return out;
}

std::shared_ptr<BorrowedTensors> tensors_from_js(const Napi::Array& tensors) {
  const Napi::Env env = tensors.Env();
  auto out = std::make_shared<BorrowedTensors>();
  out->owner = Napi::Persistent(tensors.As<Napi::Object>());
  for (uint32_t i = 0; i < tensors.Length(); ++i) {
    const auto entry = tensors.Get(i).As<Napi::Object>();
    const std::string name = entry.Get("name").ToString();
    const auto dims = entry.Get("shape").As<Napi::Array>();
    std::vector<int64_t> shape;
    for (uint32_t d = 0; d < dims.Length(); ++d) shape.push_back(dims.Get(d).ToNumber().Int64Value());
    const auto bytes = entry.Get("data").As<Napi::Uint8Array>();
    const at::ScalarType type = dtype_of(env, entry.Get("dtype").ToString());
    if (c10::multiply_integers(shape) * static_cast<int64_t>(c10::elementSize(type)) !=
        static_cast<int64_t>(bytes.ByteLength()))
      throw native_error(env, "the bytes of " + name + " do not fit its shape");
    torch::Tensor tensor = torch::from_blob(const_cast<uint8_t*>(bytes.Data()), shape, type);
    // Rows of a file may begin anywhere; kernels read whole elements.
    if (reinterpret_cast<size_t>(bytes.Data()) % c10::elementSize(type) != 0) {
      tensor = torch::empty(shape, type);
      std::memcpy(tensor.data_ptr(), bytes.Data(), bytes.ByteLength());
    }
    out->tensors.emplace_back(name, tensor);
  }
  return out;
}

}  // namespace resnet_ft
