#include "core/read_back.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace resnet_ft {
namespace {

// A step takes milliseconds.
constexpr std::chrono::microseconds kBetweenLooks{20};

class StreamMark : public DeviceMark {
 public:
  explicit StreamMark(const torch::Device& device) : event_(device.type()) {
    event_.record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  }
  bool passed() override { return event_.query(); }

 private:
  c10::Event event_;
};

// Of a CPU that does as a GPU would: it passes only where it is waited for.
class LateMark : public DeviceMark {
 public:
  bool passed() override { return ++looks_ > kMissed; }

 private:
  static constexpr int kMissed = 20;
  int looks_ = 0;
};

}  // namespace

ReadBack::Mark mark_of(const torch::Device& device, bool as_on_gpu) {
  if (device.is_cuda()) return [device] { return std::make_unique<StreamMark>(device); };
  if (as_on_gpu) return [] { return std::make_unique<LateMark>(); };
  return nullptr;
}

void ReadBack::send(const Values& values, Use use) {
  if (!mark_) return use(values);
  Sent sent{{}, nullptr, std::move(use)};
  for (const torch::Tensor& value : values) {
    const bool pinned = value.is_cuda();
    torch::Tensor host = torch::empty_like(value, value.options().device(torch::kCPU).pinned_memory(pinned));
    sent.values.push_back(host.copy_(value, /*non_blocking=*/true));
  }
  sent.mark = mark_();
  sent_.push_back(std::move(sent));
  while (!sent_.empty() && (sent_.size() > at_most_ || sent_.front().mark->passed())) use_oldest();
}

void ReadBack::all() {
  while (!sent_.empty()) use_oldest();
}

void ReadBack::use_oldest() {
  // Not c10::Event::synchronize: it is called by its place in a table, which LibTorch 2.13 moved.
  while (!sent_.front().mark->passed()) std::this_thread::sleep_for(kBetweenLooks);
  const Sent sent = std::move(sent_.front());
  sent_.pop_front();
  sent.use(sent.values);
}

}  // namespace resnet_ft
