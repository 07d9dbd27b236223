// Tells bytes from others that stand in their place by a mistake; no proof against those who choose bytes to deceive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace resnet_ft {

// Of so many bytes, going on from `seed`; never 0, which is left for what has none. Each word is mixed in by a
// bijection (a xor, a product with an odd number, and a shift, as in the finishing of MurmurHash3), so that one changed
// word always shows.
inline uint64_t checksum(const void* data, size_t count, uint64_t seed = 0) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 by the golden ratio
  const auto* bytes = static_cast<const uint8_t*>(data);
  uint64_t sum = (seed ^ count) * kOdd;
  for (size_t at = 0; at < count; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + at, count - at < sizeof word ? count - at : sizeof word);
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> 32;
  }
  return sum == 0 ? kOdd : sum;
}

}  // namespace resnet_ft
