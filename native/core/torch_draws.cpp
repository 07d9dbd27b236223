#include "core/torch_draws.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/DistributionsHelper.h>
#include <torch/torch.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace resnet_ft {
namespace {

int64_t draw_int64(at::Generator& generator) {
  return torch::empty({}, torch::kInt64).random_(generator).item<int64_t>();
}

}  // namespace

TorchGenerator words_of(const at::Generator& generator) {
  const at::mt19937_data_pod data = at::check_generator<at::CPUGeneratorImpl>(generator)->engine().data();
  // `left_` counts down to the next refill, also before the first one, when `next_` does not say so.
  const auto next = static_cast<uint32_t>(at::MERSENNE_STATE_N + 1 - data.left_);
  return {{data.state_.begin(), data.state_.end()}, next};
}

at::Generator generator_of(const TorchGenerator& words) {
  if (words.words.size() != at::MERSENNE_STATE_N || words.next > at::MERSENNE_STATE_N)
    throw std::invalid_argument("the state of the random numbers is not torch's");
  at::mt19937_data_pod data{};
  data.seeded_ = true;
  data.left_ = at::MERSENNE_STATE_N + 1 - static_cast<int>(words.next);
  data.next_ = words.next;
  std::copy(words.words.begin(), words.words.end(), data.state_.begin());
  at::mt19937 engine;
  engine.set_data(data);
  at::Generator generator = at::detail::createCPUGenerator();
  at::check_generator<at::CPUGeneratorImpl>(generator)->set_engine(engine);
  return generator;
}

TorchDraws::TorchDraws(const Recipe& recipe, const TorchGenerator& generator)
    : flip_(flip_of(recipe)), generator_(generator_of(generator)) {}

EpochDraws TorchDraws::draw(at::Generator& generator, int64_t count) const {
  draw_int64(generator);  // the loader's _base_seed, drawn though there are no workers to seed
  at::Generator sampler = at::detail::createCPUGenerator(static_cast<uint64_t>(draw_int64(generator)));
  const torch::Tensor order = torch::randperm(count, sampler, torch::kInt64);
  EpochDraws draws;
  draws.order.assign(order.data_ptr<int64_t>(), order.data_ptr<int64_t>() + count);
  if (!flip_) return draws;
  draws.flips.reserve(count);
  // What torch::rand({1}) draws, without a tensor for each, which took seconds for a million of them.
  auto* const numbers = at::check_generator<at::CPUGeneratorImpl>(generator);
  at::uniform_real_distribution<float> uniform(0.0F, 1.0F);
  const auto probability = static_cast<float>(*flip_);
  for (int64_t i = 0; i < count; ++i) draws.flips.push_back(uniform(numbers) < probability ? 1 : 0);
  return draws;
}

EpochDraws TorchDraws::of(int64_t epoch, int64_t count) const {
  at::Generator generator;
  int64_t next = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    generator = generator_.clone();
    next = epoch_;
  }
  if (epoch < next) throw std::invalid_argument("the numbers of epoch " + std::to_string(epoch) + " are drawn already");
  for (; next < epoch; ++next) draw(generator, count);
  return draw(generator, count);
}

void TorchDraws::pass_to(int64_t epoch, int64_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (; epoch_ < epoch; ++epoch_) draw(generator_, count);
}

std::optional<TorchGenerator> TorchDraws::state() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return words_of(generator_);
}

void TorchDraws::restore(int64_t epoch, const std::optional<TorchGenerator>& state) {
  if (!state) throw std::invalid_argument("the state has no random numbers of torch");
  at::Generator generator = generator_of(*state);
  const std::lock_guard<std::mutex> lock(mutex_);
  generator_ = std::move(generator);
  epoch_ = epoch;
}

}  // namespace resnet_ft
