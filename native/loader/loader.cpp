// The only part of the addon that Node opens by itself. It does not depend on LibTorch, so it always loads; LibTorch
// may lie anywhere, and its libraries are opened in order before the core that needs them.

#include <node_api.h>

#include <cstdint>
#include <string>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

// glibc 2.34 gave these three new symbol versions without changing them. The old ones keep the addon working with glibc
// 2.28, which Node.js and LibTorch ask for.
#if defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dlerror, dlerror@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver dlopen, dlopen@GLIBC_2.17");
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
__asm__(".symver dlerror, dlerror@GLIBC_2.17");
#endif

namespace {

using RegisterModule = napi_value (*)(napi_env, napi_value);

#ifdef _WIN32

std::wstring widen(const std::string& text) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), wide.data(), length);
  return wide;
}

void* openLibrary(const std::string& path, bool /*global*/, std::string& error) {
  // The library's own folder is searched for what it needs.
  HMODULE handle =
      LoadLibraryExW(widen(path).c_str(), nullptr, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
  if (handle == nullptr) error = path + ": Windows error " + std::to_string(GetLastError());
  return reinterpret_cast<void*>(handle);
}

void* findSymbol(void* handle, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(handle), name));
}

#else

void* openLibrary(const std::string& path, bool global, std::string& error) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (handle == nullptr) {
    const char* reason = dlerror();
    error = reason != nullptr ? reason : path + ": cannot be opened";
  }
  return handle;
}

void* findSymbol(void* handle, const char* name) { return dlsym(handle, name); }

#endif

bool readString(napi_env env, napi_value value, std::string& out) {
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

/// load(libraryPaths: string[], corePath: string): the exports of the core.
/// Handles are never closed: opening again in another worker thread only counts references, and every environment gets
/// its own exports, because the core's registration function is called once for each.
napi_value load(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2] = {nullptr, nullptr};
  if (napi_get_cb_info(env, info, &argc, args, nullptr, nullptr) != napi_ok || argc < 2) {
    return fail(env, "load expects a list of libraries and the path of the core");
  }
  uint32_t count = 0;
  std::string corePath;
  if (napi_get_array_length(env, args[0], &count) != napi_ok || !readString(env, args[1], corePath)) {
    return fail(env, "load expects a list of libraries and the path of the core");
  }

  std::string error;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value element = nullptr;
    std::string path;
    if (napi_get_element(env, args[0], i, &element) != napi_ok || !readString(env, element, path)) {
      return fail(env, "load expects the libraries' paths as strings");
    }
    // Global, so that the core's and each other's needs are met by what is already open.
    if (openLibrary(path, true, error) == nullptr) return fail(env, error);
  }

  void* core = openLibrary(corePath, false, error);
  if (core == nullptr) return fail(env, error);
  auto registerModule = reinterpret_cast<RegisterModule>(findSymbol(core, "napi_register_module_v1"));
  if (registerModule == nullptr) return fail(env, corePath + ": has no napi_register_module_v1");

  napi_value exports = nullptr;
  if (napi_create_object(env, &exports) != napi_ok) return fail(env, "cannot create the exports object");
  napi_value registered = registerModule(env, exports);
  return registered != nullptr ? registered : exports;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function = nullptr;
  if (napi_create_function(env, "load", NAPI_AUTO_LENGTH, load, nullptr, &function) != napi_ok ||
      napi_set_named_property(env, exports, "load", function) != napi_ok) {
    napi_throw_error(env, nullptr, "cannot set up the loader");
    return nullptr;
  }
  return exports;
}
