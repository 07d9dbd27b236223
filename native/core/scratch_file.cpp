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

ScratchFile::ScratchFile(const std::string& name, std::string what)
    : name_(name), what_(std::move(what)), file_(std::fopen(name.c_str(), "w+bx")) {
  if (file_ == nullptr) throw failure("made", std::strerror(errno));
}

ScratchFile::~ScratchFile() {
  std::fclose(file_);
  std::remove(name_.c_str());
}

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

ScratchFile::ScratchFile(const std::string& name, std::string what)
    : name_(name),
      what_(std::move(what)),
      descriptor_(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) throw failure("made", std::strerror(errno));
  ::unlink(name.c_str());
}

ScratchFile::~ScratchFile() { ::close(descriptor_); }

void ScratchFile::write(const uint8_t* bytes, size_t count, int64_t offset) {
  complete(count, "written", [&](size_t at) { return ::pwrite(descriptor_, bytes + at, count - at, offset + at); });
}

void ScratchFile::read(uint8_t* bytes, size_t count, int64_t offset) const {
  complete(count, "read", [&](size_t at) { return ::pread(descriptor_, bytes + at, count - at, offset + at); });
}

void ScratchFile::set_size(size_t bytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) throw failure("made", std::strerror(errno));
}

#endif

}  // namespace resnet_ft
