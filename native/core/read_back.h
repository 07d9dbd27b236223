// Figures on their way from a GPU to the host. Asking for one would wait for all that the GPU has been given to do, and
// leave it idle until it is given more: instead copies are sent along, and read once they have arrived.
#pragma once

#include <torch/torch.h>

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace resnet_ft {

// Whether all that a device had been given to do, when this was made, is done.
class DeviceMark {
 public:
  virtual ~DeviceMark() = default;
  virtual bool passed() = 0;
};

class ReadBack {
 public:
  using Values = std::vector<torch::Tensor>;
  using Use = std::function<void(const Values&)>;
  // Gives a mark of the work until now; empty where no work is ever under way.
  using Mark = std::function<std::unique_ptr<DeviceMark>()>;

  // `at_most` may be on their way when send() returns.
  ReadBack(Mark mark, size_t at_most) : mark_(std::move(mark)), at_most_(at_most) {}

  // Sends some values, of which `use` gets copies on the host, in the order of the calls: from within this call or a
  // later one.
  void send(const Values& values, Use use);
  // Waits for all that are on their way.
  void all();

 private:
  struct Sent {
    Values values;
    std::unique_ptr<DeviceMark> mark;
    Use use;
  };

  void use_oldest();

  Mark mark_;
  size_t at_most_;
  std::deque<Sent> sent_;
};

// Marks of the stream that a pass on a GPU works on. On a CPU none, or, `as_on_gpu`, such as never pass until they
// must.
ReadBack::Mark mark_of(const torch::Device& device, bool as_on_gpu = false);

}  // namespace resnet_ft
