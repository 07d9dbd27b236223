// What a session does for augmented passes.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/frozen_prefix.h"
#include "core/image_store.h"
#include "core/session.h"

namespace resnet_ft {
namespace {

constexpr int kMostThreads = 16;

// The network's threads are busy while a batch is computed, and the reading of one takes a small part of that time: a
// CPU reads with half of its threads. A GPU leaves the CPU alone.
int threads_for(const torch::Device& device) {
  const auto all = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::clamp(device.is_cpu() ? at::get_num_threads() / 2 : all, 1, kMostThreads);
}

}  // namespace

std::vector<Window> Session::windows(const PassSamples& samples, const std::vector<int32_t>& order,
                                     const std::vector<int32_t>& numbers, uint32_t epoch) const {
  std::vector<Window> out;
  if (!augmenter_.cuts()) return out;
  const auto images = std::dynamic_pointer_cast<const ImageWindows>(samples.source);
  if (!images) throw std::invalid_argument("a random resized crop needs a store of images");
  out.reserve(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const int32_t sample = order[i];
    const RgbView size = images->image_size(samples.indices.empty() ? sample : samples.indices.at(sample));
    out.push_back(augmenter_.window(epoch, numbers[i], size.width, size.height));
  }
  return out;
}

void Session::prefetch(Batches* batches, const Shares& shares, int64_t count) const {
  if (options_.prefetch == 0 || !augmenter_.prepares()) return;
  // Where features are kept, most batches need no image.
  if (cut_ > kStem && options_.recipe.views > 0) return;
  const int threads = options_.prefetch > 0 ? options_.prefetch : threads_for(device_);
  const int64_t first = shares.place(position_.images);
  const int64_t left = batches->count() - first;
  // A batch of more than all is one of all: there is memory for so many.
  const int64_t size = std::min(shares.made_size(), left);
  // A process without a part of any batch reads none.
  if (size <= 0) return;
  const int64_t end = count < (left + size - 1) / size ? first + count * size : batches->count();
  batches->prefetch(first, end, size, threads);
}

}  // namespace resnet_ft
