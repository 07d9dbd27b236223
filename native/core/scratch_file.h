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
  // Makes a new file; its name and `what` it is stand in errors. Throws std::runtime_error where it can't be made.
  ScratchFile(const std::string& name, std::string what);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // Whole or std::runtime_error: a full disk, a file that was cut, or a file system that fails is an error of the call
  // and not a signal, as it would be at an access of a mapping. Both may be called from several threads at once.
  void write(const uint8_t* bytes, size_t count, int64_t offset);
  void read(uint8_t* bytes, size_t count, int64_t offset) const;

#ifndef _WIN32
  // Makes the file this long; bytes that were not written are zeros.
  void set_size(size_t bytes);
#endif

 private:
  std::runtime_error failure(const std::string& done, const std::string& reason) const;

  std::string name_;
  std::string what_;
#ifdef _WIN32
  std::FILE* file_ = nullptr;
  mutable std::mutex mutex_;  // a file has one position
#else
  template <class Transfer>
  void complete(size_t count, const char* done, const Transfer& transfer) const;

  int descriptor_ = -1;
#endif
};

}  // namespace resnet_ft
