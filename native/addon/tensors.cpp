#include "addon/tensors.h"

#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/errors.h"
#include "addon/options.h"

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

// Far more than any weight has.
constexpr uint32_t kMostDimensions = 16;

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

std::vector<int64_t> shape_of(const Napi::Value& value, const std::string& name) {
  const Napi::Array dims = array(value, name + ".shape");
  if (dims.Length() > kMostDimensions) throw native_error(value.Env(), name + ".shape has too many dimensions");
  std::vector<int64_t> shape;
  for (uint32_t d = 0; d < dims.Length(); ++d) {
    shape.push_back(whole_number(dims.Get(d), name + ".shape[" + std::to_string(d) + "]"));
  }
  return shape;
}

// Of the tensor; below 0 where a number can't say how many.
int64_t byte_count(const std::vector<int64_t>& shape, at::ScalarType type) {
  int64_t count = static_cast<int64_t>(c10::elementSize(type));
  bool too_many = false;
  for (const int64_t size : shape) {
    if (size == 0) return 0;
    if (count > std::numeric_limits<int64_t>::max() / size) too_many = true;
    if (!too_many) count *= size;
  }
  return too_many ? -1 : count;
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

std::shared_ptr<const GivenTensors> tensors_from_js(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  const Napi::Array entries = array(value, "tensors");
  auto out = std::make_shared<GivenTensors>();
  for (uint32_t i = 0; i < entries.Length(); ++i) {
    Options entry(entries.Get(i), "tensors[" + std::to_string(i) + "]");
    const std::string name = entry.name("name");
    const at::ScalarType type = dtype_of(env, entry.name("dtype"));
    const std::vector<int64_t> shape = shape_of(entry.value("shape"), name);
    const bool lent = entry.flag_or_none("lent").value_or(false);
    // Last: reading a property may run code of JavaScript, which may take the bytes away.
    const Napi::Uint8Array data = bytes(entry.value("data"), name + ".data");
    if (byte_count(shape, type) != static_cast<int64_t>(data.ByteLength()))
      throw native_error(env, "the bytes of " + name + " do not fit its shape");
    torch::Tensor tensor;
    // Rows of a file may begin anywhere; kernels read whole elements.
    if (lent && reinterpret_cast<size_t>(data.Data()) % c10::elementSize(type) == 0) {
      out->lent.push_back(Napi::Persistent(data.As<Napi::Object>()));
      tensor = torch::from_blob(const_cast<uint8_t*>(data.Data()), shape, type);
    } else {
      tensor = torch::empty(shape, type);
      if (data.ByteLength() > 0) std::memcpy(tensor.data_ptr(), data.Data(), data.ByteLength());
    }
    out->tensors.emplace_back(name, tensor);
  }
  return out;
}

}  // namespace resnet_ft
