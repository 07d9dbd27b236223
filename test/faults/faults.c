// Fails chosen calls of the C library, for tests: preloaded, it counts the calls of one kind on files below a folder, and at the chosen
// ones does what it is asked for instead. All by environment variables:
//   FAULT_FOLDER  files below it are meant, as the process names them or as links resolve; needed for all but threads and memory, which are counted only where they are to fail
//   FAULT_LOG     file to which each call that counts is appended: `kind<tab>symbol<tab>path`
//   FAULT_CALL    kinds of calls that fail, with a comma after each: `write,` or `write,create,`; FAULT_FILE: only on paths that hold this text
//   FAULT_FROM    the first call of that kind that fails, from 1; FAULT_TO: the last, default the same
//   FAULT_ERRNO   number of the error
//   FAULT_ACTION  fail (default); short: half of the bytes are read or written; cut: the file is cut to half its length before it is read;
//                 full: the first is short, the others fail, as where the disk has room for a part; kill: the process is killed by SIGKILL
//                 before the call
// It makes its own calls by number, so that it never meets itself, and asks for no memory.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

typedef enum { OTHER_ACTION, FAIL, SHORT, CUT, KILL, FULL } Action;

static char folder[PATH_MAX], calls[128], part[256];
static long from = 0, to = 0;
static int error = EIO, log_descriptor = -1;
static Action action = FAIL;
static atomic_long count;
static long (*real_syscall)(long, ...);

static long number(const char* name, long otherwise) {
  const char* text = getenv(name);
  return text == NULL ? otherwise : atol(text);
}

static void text(const char* name, char* to_here, size_t size) {
  const char* value = getenv(name);
  snprintf(to_here, size, "%s", value == NULL ? "" : value);
}

__attribute__((constructor)) static void begin(void) {
  real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  char name[PATH_MAX], what[16];
  text("FAULT_FOLDER", folder, sizeof folder);
  text("FAULT_CALL", calls, sizeof calls);
  text("FAULT_FILE", part, sizeof part);
  text("FAULT_LOG", name, sizeof name);
  text("FAULT_ACTION", what, sizeof what);
  from = number("FAULT_FROM", 0);
  to = number("FAULT_TO", from);
  error = (int)number("FAULT_ERRNO", EIO);
  if (strcmp(what, "short") == 0) action = SHORT;
  if (strcmp(what, "cut") == 0) action = CUT;
  if (strcmp(what, "kill") == 0) action = KILL;
  if (strcmp(what, "full") == 0) action = FULL;
  if (name[0] != 0)
    log_descriptor = (int)real_syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int is_meant(const char* kind) {
  const size_t length = strlen(kind);
  for (const char* at = calls; (at = strstr(at, kind)) != NULL; at += length)
    if ((at == calls || at[-1] == ',') && at[length] == ',') return 1;
  return 0;
}

static void note(const char* kind, const char* symbol, const char* path) {
  if (log_descriptor < 0) return;
  char line[PATH_MAX + 96];
  const int length = snprintf(line, sizeof line, "%s\t%s\t%s\n", kind, symbol, path);
  const int before = errno;
  real_syscall(SYS_write, log_descriptor, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
  errno = before;
}

// Whether this is a call to be spoilt; `fail` is the answer for those that are to fail with `errno` set.
static Action due(const char* kind, const char* symbol, const char* path) {
  note(kind, symbol, path);
  if (from == 0 || !is_meant(kind) || (part[0] != 0 && strstr(path, part) == NULL)) return OTHER_ACTION;
  const long n = atomic_fetch_add(&count, 1) + 1;
  if (n < from || n > to) return OTHER_ACTION;
  note("fault", symbol, path);
  if (action == KILL) real_syscall(SYS_kill, real_syscall(SYS_getpid), SIGKILL);
  const Action now = action != FULL ? action : n == from ? SHORT : FAIL;
  if (now == FAIL) errno = error;
  return now;
}

static int below(const char* path) {
  const size_t length = strlen(folder);
  return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static Action at_path(const char* kind, const char* symbol, const char* path) {
  if (path == NULL || !below(path)) return OTHER_ACTION;
  return due(kind, symbol, path);
}

// The path of a descriptor; false where it is no file below the folder.
static int path_of(int descriptor, char* path) {
  if (folder[0] == 0 || descriptor < 0) return 0;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  const int before = errno;
  const long length = real_syscall(SYS_readlinkat, AT_FDCWD, name, path, PATH_MAX - 1);
  errno = before;
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

static Action at_descriptor(const char* kind, const char* symbol, int descriptor) {
  char path[PATH_MAX];
  return path_of(descriptor, path) ? due(kind, symbol, path) : OTHER_ACTION;
}

static void cut(int descriptor) {
  struct stat found;
  char path[PATH_MAX];
  if (!path_of(descriptor, path) || real_syscall(SYS_fstat, descriptor, &found) != 0) return;
  real_syscall(SYS_truncate, path, found.st_size / 2);
}

#define REAL(result, name, ...)                                       \
  static result (*real)(__VA_ARGS__) = NULL;                          \
  if (real == NULL) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

// Calls that take a path, or two, and give -1 where they fail.
#define BY_PATH(kind, result, name, types, path, ...)                 \
  result name types {                                                 \
    static result(*real) types = NULL;                                \
    if (real == NULL) real = (result(*) types)dlsym(RTLD_NEXT, #name); \
    if (at_path(kind, #name, path) == FAIL) return -1;                \
    return real(__VA_ARGS__);                                         \
  }
#define BY_DESCRIPTOR(kind, result, name, types, descriptor, ...)     \
  result name types {                                                 \
    static result(*real) types = NULL;                                \
    if (real == NULL) real = (result(*) types)dlsym(RTLD_NEXT, #name); \
    if (at_descriptor(kind, #name, descriptor) == FAIL) return -1;    \
    return real(__VA_ARGS__);                                         \
  }

#define OPEN(name)                                                    \
  int name(const char* path, int flags, ...) {                        \
    REAL(int, name, const char*, int, ...);                           \
    va_list rest;                                                     \
    va_start(rest, flags);                                            \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                     \
    if (at_path((flags & O_CREAT) != 0 ? "create" : "open", #name, path) == FAIL) return -1; \
    return real(path, flags, mode);                                   \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                  \
  int name(int at, const char* path, int flags, ...) {                \
    REAL(int, name, int, const char*, int, ...);                      \
    va_list rest;                                                     \
    va_start(rest, flags);                                            \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                     \
    if (at_path((flags & O_CREAT) != 0 ? "create" : "open", #name, path) == FAIL) return -1; \
    return real(at, path, flags, mode);                               \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                   \
  FILE* name(const char* path, const char* mode) {                    \
    REAL(FILE*, name, const char*, const char*);                      \
    if (at_path(mode[0] == 'r' ? "open" : "create", #name, path) == FAIL) return NULL; \
    return real(path, mode);                                          \
  }
FOPEN(fopen)
FOPEN(fopen64)

// Half of the bytes, and at least one.
static size_t half(size_t bytes) { return bytes > 1 ? bytes / 2 : bytes; }

#define TRANSFER(kind, name, buffer, PARAMETERS, TYPES, ARGUMENTS)    \
  ssize_t name PARAMETERS {                                           \
    static ssize_t(*real) TYPES = NULL;                               \
    if (real == NULL) real = (ssize_t(*) TYPES)dlsym(RTLD_NEXT, #name); \
    switch (at_descriptor(kind, #name, descriptor)) {                 \
      case FAIL: return -1;                                           \
      case SHORT: bytes = half(bytes); break;                         \
      case CUT: cut(descriptor); break;                               \
      default: break;                                                 \
    }                                                                 \
    return real ARGUMENTS;                                            \
  }
TRANSFER("read", read, , (int descriptor, void* data, size_t bytes), (int, void*, size_t), (descriptor, data, bytes))
TRANSFER("write", write, , (int descriptor, const void* data, size_t bytes), (int, const void*, size_t), (descriptor, data, bytes))
#define AT_OFFSET(kind, name, CONST)                                  \
  TRANSFER(kind, name, , (int descriptor, CONST void* data, size_t bytes, off64_t offset), \
           (int, CONST void*, size_t, off64_t), (descriptor, data, bytes, offset))
AT_OFFSET("read", pread, )
AT_OFFSET("read", pread64, )
AT_OFFSET("write", pwrite, const)
AT_OFFSET("write", pwrite64, const)

// Of several buffers a short transfer does half of the first.
#define VECTOR(kind, name, PARAMETERS, TYPES, ARGUMENTS)              \
  ssize_t name PARAMETERS {                                           \
    static ssize_t(*real) TYPES = NULL;                               \
    if (real == NULL) real = (ssize_t(*) TYPES)dlsym(RTLD_NEXT, #name); \
    struct iovec first;                                               \
    switch (at_descriptor(kind, #name, descriptor)) {                 \
      case FAIL: return -1;                                           \
      case SHORT:                                                     \
        first = vector[0];                                            \
        first.iov_len = half(first.iov_len);                          \
        vector = &first;                                              \
        length = 1;                                                   \
        break;                                                        \
      case CUT: cut(descriptor); break;                               \
      default: break;                                                 \
    }                                                                 \
    return real ARGUMENTS;                                            \
  }
#define VECTOR_NOW(kind, name)                                        \
  VECTOR(kind, name, (int descriptor, const struct iovec* vector, int length), (int, const struct iovec*, int), \
         (descriptor, vector, length))
#define VECTOR_AT(kind, name)                                         \
  VECTOR(kind, name, (int descriptor, const struct iovec* vector, int length, off64_t offset), \
         (int, const struct iovec*, int, off64_t), (descriptor, vector, length, offset))
VECTOR_NOW("read", readv)
VECTOR_NOW("write", writev)
VECTOR_AT("read", preadv)
VECTOR_AT("read", preadv64)
VECTOR_AT("write", pwritev)
VECTOR_AT("write", pwritev64)

BY_DESCRIPTOR("fsync", int, fsync, (int descriptor), descriptor, descriptor)
BY_DESCRIPTOR("fsync", int, fdatasync, (int descriptor), descriptor, descriptor)
BY_DESCRIPTOR("truncate", int, ftruncate, (int descriptor, off_t length), descriptor, descriptor, length)
BY_DESCRIPTOR("truncate", int, ftruncate64, (int descriptor, off64_t length), descriptor, descriptor, length)
BY_DESCRIPTOR("fallocate", int, fallocate, (int descriptor, int mode, off_t at, off_t length), descriptor, descriptor, mode, at, length)
BY_DESCRIPTOR("fallocate", int, fallocate64, (int descriptor, int mode, off64_t at, off64_t length), descriptor, descriptor, mode, at, length)
BY_PATH("rename", int, rename, (const char* old, const char* new), new, old, new)
BY_PATH("rename", int, renameat, (int a, const char* old, int b, const char* new), new, a, old, b, new)
BY_PATH("mkdir", int, mkdir, (const char* path, mode_t mode), path, path, mode)
BY_PATH("unlink", int, unlink, (const char* path), path, path)
BY_PATH("unlink", int, unlinkat, (int at, const char* path, int flags), path, at, path, flags)
BY_PATH("rmdir", int, rmdir, (const char* path), path, path)
BY_PATH("link", int, link, (const char* old, const char* new), new, old, new)
BY_PATH("link", int, symlink, (const char* target, const char* path), path, target, path)
BY_PATH("access", int, access, (const char* path, int mode), path, path, mode)
BY_PATH("access", ssize_t, readlink, (const char* path, char* to_here, size_t size), path, path, to_here, size)
BY_PATH("statfs", int, statfs, (const char* path, struct statfs* found), path, path, found)
BY_PATH("statfs", int, statfs64, (const char* path, struct statfs64* found), path, path, found)
BY_PATH("times", int, utimensat, (int at, const char* path, const struct timespec times[2], int flags), path, at, path, times, flags)
BY_DESCRIPTOR("times", int, futimens, (int descriptor, const struct timespec times[2]), descriptor, descriptor, times)
BY_PATH("list", int, scandir64,
        (const char* path, struct dirent64*** list, int (*filter)(const struct dirent64*),
         int (*compare)(const struct dirent64**, const struct dirent64**)),
        path, path, list, filter, compare)
BY_PATH("list", int, scandir,
        (const char* path, struct dirent*** list, int (*filter)(const struct dirent*),
         int (*compare)(const struct dirent**, const struct dirent**)),
        path, path, list, filter, compare)
// What Node.js would call where the kernel has no statx.
BY_PATH("stat", int, __xstat64, (int version, const char* path, struct stat64* found), path, version, path, found)
BY_PATH("stat", int, __lxstat64, (int version, const char* path, struct stat64* found), path, version, path, found)
BY_DESCRIPTOR("stat", int, __fxstat64, (int version, int descriptor, struct stat64* found), descriptor, version, descriptor, found)

DIR* opendir(const char* path) {
  REAL(DIR*, opendir, const char*);
  return at_path("list", "opendir", path) == FAIL ? NULL : real(path);
}

char* realpath(const char* path, char* to_here) {
  REAL(char*, realpath, const char*, char*);
  return at_path("access", "realpath", path) == FAIL ? NULL : real(path, to_here);
}

char* mkdtemp(char* path) {
  REAL(char*, mkdtemp, char*);
  return at_path("mkdir", "mkdtemp", path) == FAIL ? NULL : real(path);
}

// Closes in any case: what fails is what a file system over a network tells only then.
int close(int descriptor) {
  REAL(int, close, int);
  const Action what = at_descriptor("close", "close", descriptor);
  const int result = real(descriptor);
  if (what != FAIL) return result;
  errno = error;
  return -1;
}

ssize_t sendfile64(int out, int in, off64_t* offset, size_t bytes) {
  REAL(ssize_t, sendfile64, int, int, off64_t*, size_t);
  return at_descriptor("copy", "sendfile64", out) == FAIL ? -1 : real(out, in, offset, bytes);
}

typedef struct {
  uintptr_t address;
  char name[256];
} Caller;

static int in_object(struct dl_phdr_info* object, size_t size, void* data) {
  (void)size;
  Caller* caller = data;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const uintptr_t start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
    if (object->dlpi_phdr[i].p_type != PT_LOAD || caller->address < start ||
        caller->address >= start + object->dlpi_phdr[i].p_memsz)
      continue;
    snprintf(caller->name, sizeof caller->name, "%s", object->dlpi_name);
    return 1;
  }
  return 0;
}

// The library that holds an address; dladdr would look through all of LibTorch's symbols each time.
static Caller caller_at(void* address) {
  Caller caller = {(uintptr_t)address, ""};
  dl_iterate_phdr(in_object, &caller);
  return caller;
}

// Of which kind a call for memory is: that of our own code and of tensors, or that of the libraries within LibTorch (oneDNN, MKL). Node.js
// itself ends where it gets none, and is left out, as small blocks are.
static Action for_memory(const char* symbol, void* address, size_t bytes) {
  if (bytes < 4096 || (!is_meant("memory") && !is_meant("library-memory"))) return OTHER_ACTION;
  const Caller caller = caller_at(address);
  if (strstr(caller.name, "resnet_ft") != NULL || strstr(caller.name, "libc10") != NULL)
    return due("memory", symbol, caller.name);
  return strstr(caller.name, "libtorch") != NULL ? due("library-memory", symbol, caller.name) : OTHER_ACTION;
}

#define MMAP(name)                                                    \
  void* name(void* wanted, size_t bytes, int protection, int flags, int descriptor, off64_t offset) { \
    REAL(void*, name, void*, size_t, int, int, int, off64_t);         \
    char path[PATH_MAX];                                              \
    if (descriptor >= 0 && path_of(descriptor, path)) {               \
      if (due("mmap", #name, path) == FAIL) return MAP_FAILED;        \
    } else if (descriptor < 0 && for_memory(#name, __builtin_return_address(0), bytes) == FAIL) { \
      return MAP_FAILED;                                              \
    }                                                                 \
    return real(wanted, bytes, protection, flags, descriptor, offset); \
  }
MMAP(mmap)
MMAP(mmap64)

int posix_memalign(void** block, size_t alignment, size_t bytes) {
  REAL(int, posix_memalign, void**, size_t, size_t);
  if (for_memory("posix_memalign", __builtin_return_address(0), bytes) == FAIL) return ENOMEM;
  return real(block, alignment, bytes);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  REAL(int, pthread_create, pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  // The main program's threads have no name: where Node.js can't start one, it ends with a message of its own.
  if (is_meant("thread") || is_meant("node-thread")) {
    const Caller caller = caller_at(__builtin_return_address(0));
    if (due(caller.name[0] == 0 ? "node-thread" : "thread", "pthread_create", caller.name) == FAIL) return error;
  }
  return real(thread, attributes, run, argument);
}

// libuv asks for statx, close and copy_file_range by number. Six arguments are handed on, whatever there are.
long syscall(long what, ...) {
  va_list rest;
  va_start(rest, what);
  const long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long),
             e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  if (real_syscall == NULL) real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  if (what == SYS_statx) {
    const char* path = (const char*)b;
    const Action found = path != NULL && path[0] != 0 ? at_path("stat", "statx", path) : at_descriptor("stat", "statx", (int)a);
    if (found == FAIL) return -1;
  }
  if (what == SYS_close) {
    const Action found = at_descriptor("close", "close", (int)a);
    const long result = real_syscall(what, a);
    if (found != FAIL) return result;
    errno = error;
    return -1;
  }
  if (what == SYS_copy_file_range && at_descriptor("copy", "copy_file_range", (int)c) == FAIL) return -1;
  return real_syscall(what, a, b, c, d, e, f);
}
