// A file for what memory has no room for, gone with the process or with the last of those that share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>

namespace resnet_ft {

// How processes of a machine come to the same file.
enum class Sharing {
  kNone,    // a new one, which no other process opens
  kMaker,   // a new one, which has its name until unlink() or the end of the object, for others to open it
  kReader,  // one that is there, to be read only
  kPeer     // one that is there, or a new one, which keeps its name: whoever comes first makes it
};

#ifdef _WIN32
constexpr bool kFilesAreShared = false;
#else
constexpr bool kFilesAreShared = true;
#endif

// Where the system allows it a file that is not shared has no name while it is used, so that nothing is left of it
// however the process ends; on Windows it is removed at the end.
class ScratchFile {
 public:
  // Its name and `what` it is stand in errors. Throws std::runtime_error where it can't be made or opened, and on
  // systems that don't share files where it is to be.
  ScratchFile(const std::string& name, std::string what, Sharing sharing = Sharing::kNone);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // Whole or std::runtime_error: a full disk, a file that was cut, or a file system that fails is an error of the call
  // and not a signal, as it would be at an access of a mapping. Both may be called from several threads at once.
  void write(const uint8_t* bytes, size_t count, int64_t offset);
  void read(uint8_t* bytes, size_t count, int64_t offset) const;

  // Keeps other processes from locking these bytes of a peer's file, while the value lives; it is false where another
  // one has them. Reading and writing do not ask for it.
  class Lock {
   public:
    Lock(const ScratchFile& file, int64_t offset, int64_t count);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    explicit operator bool() const { return free_; }

   private:
    const ScratchFile& file_;
    int64_t offset_, count_;
    bool free_;
  };

  // Takes the name of a maker's file away, once whoever is to read it has it open.
  void unlink();

  // An error of the file: it can't be `done`, for the reason.
  std::runtime_error failure(const std::string& done, const std::string& reason) const;

  // Makes the file this long; bytes that were not written are zeros. Not on Windows, nor is what follows.
  void set_size(size_t bytes);
  size_t size() const;
  // Throws std::runtime_error where it is not this long: it is of something else, or something cut it.
  void require_size(size_t bytes) const;

 private:
  std::string name_;
  std::string what_;
  Sharing sharing_;
  bool named_ = false;  // a maker's, still
#ifdef _WIN32
  std::FILE* file_ = nullptr;
  mutable std::mutex mutex_;  // a file has one position
#else
  template <class Transfer>
  void complete(size_t count, const char* done, const Transfer& transfer) const;

  // Whether it was done, or can't be done by this file system.
  bool set_lock(int16_t type, int64_t offset, int64_t count) const;

  int descriptor_ = -1;
#endif
};

}  // namespace resnet_ft
