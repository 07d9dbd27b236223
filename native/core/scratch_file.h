// A file for what memory has no room for, gone with the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>

namespace resnet_ft {

// Where the system allows it the file has no name while it is used, so that nothing is left of it however the process
// ends; on Windows it is removed at the end.
class ScratchFile {
 public:
  // Makes a new file; `what` it is stands in errors. Throws std::runtime_error where it can't be made.
  ScratchFile(const std::string& name, std::string what);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // Whole or std::runtime_error: a full disk is an error of the write, not a signal at a later access of a mapping.
  // Both may be called from several threads at once.
  void write(const uint8_t* bytes, size_t count, int64_t offset);
  void read(uint8_t* bytes, size_t count, int64_t offset) const;

#ifndef _WIN32
  // The first `count` bytes as memory, for reading, as long as the file lives; its pages are the system's to drop.
  const uint8_t* map(size_t count);
#endif

 private:
  std::runtime_error failure(const std::string& done) const;

  std::string what_;
#ifdef _WIN32
  std::string name_;
  std::FILE* file_ = nullptr;
  mutable std::mutex mutex_;  // a file has one position
#else
  template <class Transfer>
  void complete(size_t count, const char* done, const Transfer& transfer) const;

  int descriptor_ = -1;
  void* mapped_ = nullptr;
  size_t mapped_bytes_ = 0;
#endif
};

}  // namespace resnet_ft
