// The only part of the addon that Node opens by itself. It does not depend on LibTorch, so it always loads; LibTorch
// may lie anywhere, and its libraries are opened in order before the core that needs them.

#include <node_api.h>
#include <torch/headeronly/version.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "loader/dynamic_library.h"
#ifndef _WIN32
#include <unistd.h>
#endif

namespace resnet_ft {
namespace {

using RegisterModule = napi_value (*)(napi_env, napi_value);

#ifdef _WIN32

std::wstring widen(const std::string& text) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), wide.data(), length);
  return wide;
}

void* open_library(const std::string& path, bool /*global*/, std::string& error) {
  // The library's own folder is searched for what it needs.
  HMODULE handle =
      LoadLibraryExW(widen(path).c_str(), nullptr, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
  if (handle == nullptr) error = path + ": Windows error " + std::to_string(GetLastError());
  return reinterpret_cast<void*>(handle);
}

bool open_driver() { return LoadLibraryExW(L"nvcuda.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32) != nullptr; }

void* find_symbol(void* handle, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(handle), name));
}

#else

void* open_library(const std::string& path, bool global, std::string& error) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (handle == nullptr) {
    const char* reason = dlerror();
    error = reason != nullptr ? reason : path + ": cannot be opened";
  }
  return handle;
}

bool open_driver() { return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr; }

void* find_symbol(void* handle, const char* name) { return dlsym(handle, name); }

#endif

bool read_string(napi_env env, napi_value value, std::string& out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  out.resize(length + 1);
  if (napi_get_value_string_utf8(env, value, out.data(), out.size(), &length) != napi_ok) return false;
  out.resize(length);
  return true;
}

napi_value fail(napi_env env, const std::string& message) {
  napi_throw_error(env, nullptr, message.c_str());
  return nullptr;
}

bool read_strings(napi_env env, napi_value list, std::vector<std::string>& out) {
  uint32_t count = 0;
  if (napi_get_array_length(env, list, &count) != napi_ok) return false;
  out.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    napi_value element = nullptr;
    if (napi_get_element(env, list, i, &element) != napi_ok || !read_string(env, element, out[i])) return false;
  }
  return true;
}

bool open_libraries(const std::vector<std::string>& paths, std::string& error) {
  for (const std::string& path : paths) {
    // Global, so that the core's and each other's needs are met by what is already open.
    if (open_library(path, true, error) == nullptr) return false;
  }
  return true;
}

// Libraries that are opened on a thread of the pool: a tenth of a second in which JavaScript goes on.
struct Opening {
  std::vector<std::string> paths;
  std::string error;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
};

void open_on_thread(napi_env /*env*/, void* data) {
  auto* opening = static_cast<Opening*>(data);
  open_libraries(opening->paths, opening->error);
}

void end_opening(napi_env env, napi_status /*status*/, void* data) {
  const std::unique_ptr<Opening> opening(static_cast<Opening*>(data));
  napi_value error = nullptr;
  napi_create_string_utf8(env, opening->error.data(), opening->error.size(), &error);
  napi_resolve_deferred(env, opening->deferred, error);
  napi_delete_async_work(env, opening->work);
}

// open(libraryPaths: string[]): Promise<string>, why one can't be opened; empty where all are.
napi_value open(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value list = nullptr;
  auto opening = std::make_unique<Opening>();
  if (napi_get_cb_info(env, info, &argc, &list, nullptr, nullptr) != napi_ok || argc < 1 ||
      !read_strings(env, list, opening->paths)) {
    return fail(env, "open expects a list of libraries");
  }
  napi_value promise = nullptr;
  napi_value name = nullptr;
  if (napi_create_promise(env, &opening->deferred, &promise) != napi_ok ||
      napi_create_string_utf8(env, "resnet_ft.open", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, nullptr, name, open_on_thread, end_opening, opening.get(), &opening->work) !=
          napi_ok ||
      napi_queue_async_work(env, opening->work) != napi_ok) {
    return fail(env, "cannot open the libraries on another thread");
  }
  opening.release();  // NOLINT: end_opening deletes it
  return promise;
}

// load(libraryPaths: string[], corePath: string): the exports of the core.
// Handles are never closed: opening again in another worker thread only counts references, and every environment gets
// its own exports, because the core's registration function is called once for each.
napi_value load(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2] = {nullptr, nullptr};
  if (napi_get_cb_info(env, info, &argc, args, nullptr, nullptr) != napi_ok || argc < 2) {
    return fail(env, "load expects a list of libraries and the path of the core");
  }
  std::vector<std::string> paths;
  std::string core_path;
  if (!read_strings(env, args[0], paths) || !read_string(env, args[1], core_path)) {
    return fail(env, "load expects a list of libraries and the path of the core");
  }
  std::string error;
  if (!open_libraries(paths, error)) return fail(env, error);

  void* core = open_library(core_path, false, error);
  if (core == nullptr) return fail(env, error);
  auto register_module = reinterpret_cast<RegisterModule>(find_symbol(core, "napi_register_module_v1"));
  if (register_module == nullptr) return fail(env, core_path + ": has no napi_register_module_v1");

  napi_value exports = nullptr;
  if (napi_create_object(env, &exports) != napi_ok) return fail(env, "cannot create the exports object");
  napi_value registered = register_module(env, exports);
  return registered != nullptr ? registered : exports;
}

// hasNvidiaDriver(): boolean. Asks for the driver's library, which CUDA needs in any case, not for a GPU.
napi_value has_nvidia_driver(napi_env env, napi_callback_info /*info*/) {
  napi_value answer = nullptr;
  return napi_get_boolean(env, open_driver(), &answer) == napi_ok ? answer : nullptr;
}

#ifdef __GLIBC__
void end_at_once(int status, void* /*unused*/) {
  std::fflush(nullptr);
  _exit(status);
}
#endif

// skipDestructors(): at the end of the process those of LibTorch, which take most of a tenth of a second to give back
// what the kernel takes back anyway, are not run, nor whatever else was registered before this call.
napi_value skip_destructors(napi_env /*env*/, napi_callback_info /*info*/) {
#ifdef __GLIBC__
  on_exit(end_at_once, nullptr);
#endif
  return nullptr;
}

bool export_function(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

}  // namespace

napi_value set_up_loader(napi_env env, napi_value exports) {
  // Known before LibTorch is opened, so that one that does not fit never is.
  napi_value version = nullptr;
  if (napi_create_string_utf8(env, TORCH_VERSION, NAPI_AUTO_LENGTH, &version) != napi_ok ||
      napi_set_named_property(env, exports, "libtorchVersion", version) != napi_ok ||
      !export_function(env, exports, "hasNvidiaDriver", has_nvidia_driver) ||
      !export_function(env, exports, "open", open) || !export_function(env, exports, "load", load) ||
      !export_function(env, exports, "skipDestructors", skip_destructors)) {
    napi_throw_error(env, nullptr, "cannot set up the loader");
    return nullptr;
  }
  return exports;
}

}  // namespace resnet_ft

NAPI_MODULE_INIT() { return resnet_ft::set_up_loader(env, exports); }
