// Which samples of a pass fall to which process of a team.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace resnet_ft {

struct Share {
  int64_t first = 0;
  int64_t size = 0;
};

// Of `count` things in a row, those of a process: the first processes have one more where they can't be the same.
inline Share share_of(int64_t count, int rank, int world) {
  const int64_t each = count / world;
  const int64_t more = count % world;
  return {each * rank + std::min<int64_t>(rank, more), each + (rank < more ? 1 : 0)};
}

// The shares of a process in the batches of an epoch. The order of the epoch is the same for any number of processes;
// each takes its part of every batch, so that a step is of the same samples, too.
class Shares {
 public:
  // `keeps_all`: a process makes whole batches, of which it then takes its part: where images of a batch are mixed.
  Shares(int rank, int world, int64_t batch_size, bool keeps_all)
      : rank_(rank), world_(world), batch_size_(batch_size), keeps_all_(keeps_all) {}

  int world() const { return world_; }
  int64_t batch_size() const { return batch_size_; }
  // Of the batches that this process makes.
  int64_t made_size() const { return keeps_all() ? batch_size_ : of(batch_size_).size; }
  bool keeps_all() const { return keeps_all_ || world_ == 1; }
  // Of a batch of `size`, from its own first.
  Share of(int64_t size) const { return share_of(size, rank_, world_); }
  // Where in what is left of the order after only() the part of the batch stands that begins at `first` in the order.
  // A process alone may go on in an epoch with batches of another size.
  int64_t place(int64_t first) const { return keeps_all() ? first : first / batch_size_ * made_size(); }
  // What this process needs of an order.
  template <class Value>
  std::vector<Value> only(const std::vector<Value>& order) const {
    if (keeps_all()) return order;
    std::vector<Value> out;
    const auto count = static_cast<int64_t>(order.size());
    for (int64_t first = 0; first < count; first += batch_size_) {
      const Share part = of(std::min(batch_size_, count - first));
      const auto begin = order.begin() + first + part.first;
      out.insert(out.end(), begin, begin + part.size);
    }
    return out;
  }

 private:
  int rank_, world_;
  int64_t batch_size_;
  bool keeps_all_;
};

}  // namespace resnet_ft
