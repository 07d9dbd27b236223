// What batches are made of.
#pragma once

#include <cstdint>

#include "core/resize.h"

namespace resnet_ft {

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
};

// Some samples of a pass and what was drawn for each.
struct Samples {
  const SampleSource& source;
  const int32_t* indices;   // in the source
  const uint8_t* mirrored;  // not 0: from right to left; null: none is
  const Window* windows;    // null: the one part that the source has of each
  int64_t count;
};

}  // namespace resnet_ft
