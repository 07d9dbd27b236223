// What batches are made of.
#pragma once

#include <cstdint>
#include <string>

#include "core/resize.h"

namespace resnet_ft {

class Augmenter;

// Samples as squares of RGB bytes, all of the same side.
class SampleSource {
 public:
  SampleSource() = default;
  virtual ~SampleSource() = default;
  SampleSource(const SampleSource&) = delete;
  SampleSource& operator=(const SampleSource&) = delete;

  virtual int64_t count() const = 0;
  // Pixels of a side.
  virtual int size() const = 0;
  int64_t bytes_per_sample() const { return int64_t{3} * size() * size(); }

  // The size x size x 3 bytes of a sample: of the part `window` of its image, or, where that is null, of the one part
  // that the source has of each. Not mirrored: whoever makes a batch does that on the way. Throws std::invalid_argument
  // where the source has one part only and is asked for another, or has none by itself and is not told which. May be
  // called from several threads at once.
  virtual void read(int64_t index, const Window* window, uint8_t* to) const = 0;

  // What it is called in every process of the machine that reads the same samples; empty where no other one does.
  virtual std::string shared_name() const { return {}; }
};

// Some samples of a pass and what was drawn for each.
struct Samples {
  const SampleSource& source;
  const int32_t* indices;   // in the source
  const uint8_t* mirrored;  // not 0: from right to left; null: none is
  const Window* windows;    // null: the one part that the source has of each
  int64_t count;
  // What else is done to them; null: nothing. It draws by these.
  const Augmenter* augmenter = nullptr;
  const int32_t* numbers = nullptr;  // the samples'
  uint32_t epoch = 0;                // Recipe::drawn_epoch's
  int64_t place = 0;                 // of the first, in the order of the epoch
  // Not 0: each image is shown in so many ways only, this epoch's.
  uint32_t views = 0;
  // Their bytes, where these were read before.
  const uint8_t* squares = nullptr;
};

// The bytes of the i-th, as they come into a batch but for mirroring.
void read_square(const Samples& samples, int64_t i, uint8_t* to);

}  // namespace resnet_ft
