#include "core/shared_state.h"

#include <array>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace resnet_ft {
namespace {

// Doubles travel as their bits.
int64_t bits_of(double value) {
  int64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

double value_of(int64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// What there is to come: words and numbers with blanks between them.
class Index {
 public:
  explicit Index(const std::string& text = {}) : text_(text) {}

  std::string str() const { return text_.str(); }
  void put(int64_t number) { text_ << number << ' '; }
  int64_t number() {
    int64_t out = 0;
    text_ >> out;
    return out;
  }

  void put(const std::vector<NamedTensor>& tensors) {
    put(static_cast<int64_t>(tensors.size()));
    for (const auto& [name, tensor] : tensors) {
      text_ << name << ' ';
      put(static_cast<int64_t>(tensor.scalar_type()));
      put(tensor.dim());
      for (const int64_t size : tensor.sizes()) put(size);
    }
  }
  // Without values yet.
  std::vector<NamedTensor> tensors() {
    std::vector<NamedTensor> out(number());
    for (auto& [name, tensor] : out) {
      text_ >> name;
      const auto type = static_cast<torch::ScalarType>(number());
      std::vector<int64_t> sizes(number());
      for (int64_t& size : sizes) size = number();
      tensor = torch::empty(sizes, type);
    }
    return out;
  }

 private:
  std::stringstream text_;
};

std::string write_index(const SessionState& state) {
  Index index;
  index.put(state.model);
  index.put(state.optimizer);
  index.put(state.ema);
  const Position& p = state.position;
  for (const int64_t number : {p.epoch, p.step, p.images, bits_of(p.loss), p.correct}) index.put(number);
  index.put(state.generator ? 1 : 0);
  if (state.generator) {
    index.put(state.generator->next);
    index.put(static_cast<int64_t>(state.generator->words.size()));
    for (const uint32_t word : state.generator->words) index.put(word);
  }
  index.put(state.kept ? 1 : 0);
  if (state.kept) {
    index.put(bits_of(state.kept->loss));
    index.put(state.kept->tensors);
  }
  return index.str();
}

SessionState read_index(const std::string& text) {
  Index index(text);
  SessionState state;
  state.model = index.tensors();
  state.optimizer = index.tensors();
  state.ema = index.tensors();
  Position& p = state.position;
  p.epoch = index.number();
  p.step = index.number();
  p.images = index.number();
  p.loss = value_of(index.number());
  p.correct = index.number();
  if (index.number() == 1) {
    state.generator.emplace();
    state.generator->next = static_cast<uint32_t>(index.number());
    state.generator->words.resize(index.number());
    for (uint32_t& word : state.generator->words) word = static_cast<uint32_t>(index.number());
  }
  if (index.number() == 1) {
    state.kept.emplace();
    state.kept->loss = value_of(index.number());
    state.kept->tensors = index.tensors();
  }
  return state;
}

std::string broadcast_text(Team* team, std::string text) {
  const torch::Tensor length = torch::tensor({static_cast<int64_t>(text.size())}, torch::kInt64);
  team->broadcast(length);
  text.resize(length.item<int64_t>());
  const torch::Tensor bytes = torch::from_blob(text.data(), {static_cast<int64_t>(text.size())}, torch::kUInt8);
  team->broadcast(bytes);
  return text;
}

}  // namespace

SessionState broadcast_state(Team* team, const SessionState& own) {
  const bool first = team->rank() == 0;
  const std::string index = broadcast_text(team, first ? write_index(own) : std::string());
  SessionState state = first ? own : read_index(index);
  std::vector<std::vector<NamedTensor>*> lists = {&state.model, &state.optimizer, &state.ema};
  if (state.kept) lists.push_back(&state.kept->tensors);
  for (std::vector<NamedTensor>* list : lists) {
    for (auto& [name, tensor] : *list) team->broadcast(tensor);
  }
  return state;
}

}  // namespace resnet_ft
