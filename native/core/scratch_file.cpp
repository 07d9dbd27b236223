#include "core/scratch_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>
#endif

namespace resnet_ft {

namespace {

constexpr const char* kCut = "it ends too early: something cut it short";

}  // namespace

std::runtime_error ScratchFile::failure(const std::string& done, const std::string& reason) const {
  return std::runtime_error(name_ + ": " + what_ + " can't be " + done + " (" + reason + ")");
}

#ifdef _WIN32

ScratchFile::ScratchFile(const std::string& name, std::string what, Sharing sharing)
    : name_(name), what_(std::move(what)), sharing_(sharing) {
  if (sharing != Sharing::kNone) throw failure("shared", "Windows keeps it from having no name while it is open");
  file_ = std::fopen(name.c_str(), "w+bx");
  if (file_ == nullptr) throw failure("made", std::strerror(errno));
}

ScratchFile::~ScratchFile() {
  std::fclose(file_);
  std::remove(name_.c_str());
}

void ScratchFile::unlink() {}

void ScratchFile::set_size(size_t) { throw failure("made", "its length can't be set"); }

size_t ScratchFile::size() const { throw failure("read", "its length can't be told"); }

ScratchFile::Lock::Lock(const ScratchFile& file, int64_t offset, int64_t count)
    : file_(file), offset_(offset), count_(count), free_(true) {}

ScratchFile::Lock::~Lock() = default;

void ScratchFile::write(const uint8_t* bytes, size_t count, int64_t offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (_fseeki64(file_, offset, SEEK_SET) != 0 || std::fwrite(bytes, 1, count, file_) != count)
    throw failure("written", std::strerror(errno));
}

void ScratchFile::read(uint8_t* bytes, size_t count, int64_t offset) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (_fseeki64(file_, offset, SEEK_SET) != 0 || std::fread(bytes, 1, count, file_) != count)
    throw failure("read", std::feof(file_) != 0 ? kCut : std::strerror(errno));
}

#else

// Calls `transfer(so far)` until `count` bytes are done.
template <class Transfer>
void ScratchFile::complete(size_t count, const char* done, const Transfer& transfer) const {
  for (size_t so_far = 0; so_far < count;) {
    const ssize_t some = transfer(so_far);
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) throw failure(done, some < 0 ? std::strerror(errno) : kCut);
    so_far += static_cast<size_t>(some);
  }
}

ScratchFile::ScratchFile(const std::string& name, std::string what, Sharing sharing)
    : name_(name), what_(std::move(what)), sharing_(sharing) {
  const bool is_new = sharing == Sharing::kNone || sharing == Sharing::kMaker;
  int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  // What stands where the file should be may be a link or a pipe, which would keep the call waiting.
  if (!is_new)
    flags = (sharing == Sharing::kReader ? O_RDONLY : O_RDWR | O_CREAT) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  descriptor_ = ::open(name.c_str(), flags, 0600);
  if (descriptor_ < 0) throw failure(is_new ? "made" : "opened", std::strerror(errno));
  // Nor can a folder be read like this. (glibc's fstat is a symbol of 2.33, which is more than the addon may ask for.)
  uint8_t first = 0;
  if (!is_new && ::pread(descriptor_, &first, 1, 0) < 0) {
    const std::string reason = std::strerror(errno);
    ::close(descriptor_);
    throw failure("opened", "it is no file: " + reason);
  }
  if (sharing == Sharing::kNone) ::unlink(name.c_str());
  named_ = sharing == Sharing::kMaker;
}

ScratchFile::~ScratchFile() {
  if (named_) ::unlink(name_.c_str());
  ::close(descriptor_);
}

void ScratchFile::unlink() {
  if (!std::exchange(named_, false)) return;
  if (::unlink(name_.c_str()) != 0 && errno != ENOENT) throw failure("removed", std::strerror(errno));
}

void ScratchFile::write(const uint8_t* bytes, size_t count, int64_t offset) {
  // What the system says of a descriptor that is only for reading is hard to understand.
  if (sharing_ == Sharing::kReader) throw failure("written", "another process made it: here it is only read");
  complete(count, "written", [&](size_t at) { return ::pwrite(descriptor_, bytes + at, count - at, offset + at); });
}

void ScratchFile::read(uint8_t* bytes, size_t count, int64_t offset) const {
  complete(count, "read", [&](size_t at) { return ::pread(descriptor_, bytes + at, count - at, offset + at); });
}

void ScratchFile::set_size(size_t bytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) throw failure("made", std::strerror(errno));
}

bool ScratchFile::set_lock(int16_t type, int64_t offset, int64_t count) const {
  struct flock what{};
  what.l_type = type;
  what.l_whence = SEEK_SET;
  what.l_start = static_cast<off_t>(offset);
  what.l_len = static_cast<off_t>(count);
#ifdef F_OFD_SETLK  // of this object; else of the process
  constexpr int kSetLock = F_OFD_SETLK;
#else
  constexpr int kSetLock = F_SETLK;
#endif
  return ::fcntl(descriptor_, kSetLock, &what) == 0 || (errno != EAGAIN && errno != EACCES);
}

ScratchFile::Lock::Lock(const ScratchFile& file, int64_t offset, int64_t count)
    : file_(file), offset_(offset), count_(count), free_(file.set_lock(F_WRLCK, offset, count)) {}

ScratchFile::Lock::~Lock() {
  if (free_) file_.set_lock(F_UNLCK, offset_, count_);
}

size_t ScratchFile::size() const {
  const off_t end = ::lseek(descriptor_, 0, SEEK_END);
  if (end < 0) throw failure("read", std::strerror(errno));
  return static_cast<size_t>(end);
}

#endif

void ScratchFile::require_size(size_t bytes) const {
  const size_t found = size();
  if (found == bytes) return;
  const std::string lengths = std::to_string(found) + " bytes instead of " + std::to_string(bytes);
  throw failure("used", found < bytes ? "it has " + lengths + ": something cut it short, or it is of other data"
                                      : "it has " + lengths + ": it is of other data");
}

}  // namespace resnet_ft
