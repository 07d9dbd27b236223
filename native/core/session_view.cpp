// What an epoch goes over, and its batches as a person may see them.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/balanced_samples.h"
#include "core/counted_draws.h"
#include "core/session.h"

namespace resnet_ft {

EpochDraws Session::draws(int64_t epoch, int64_t count, const std::vector<int32_t>& targets,
                          const std::vector<int32_t>& indices) const {
  const Recipe& recipe = options_.recipe;
  EpochDraws draws = draws_->of(epoch, count);
  if (balanced()) {
    // The order is then that of draws, each with augmentations of its own, also where two are of one sample.
    const std::vector<int32_t> samples = balanced_samples(recipe.seed, epoch, targets);
    for (int32_t& place : draws.order) place = samples.at(place);
  }
  if (recipe.views > 0)
    draws.flips = counted_flips(recipe, recipe.drawn_epoch(epoch), numbers_of_views(draws.order, indices));
  return draws;
}

EpochPlan Session::plan(const PassSamples& samples, int64_t epoch, const EpochDraws& draws,
                        const Shares& shares) const {
  EpochPlan out;
  out.drawn = options_.recipe.drawn_epoch(epoch);
  out.order = shares.only(draws.order);
  const bool few_views = options_.recipe.views > 0;
  // Augmentations are counted by the places that were drawn: with balanced sampling an image may have several in an
  // epoch. Where images have few views, these are counted by image, by where it lies in its source: its features are
  // kept by that, for whatever samples of the source the next pass goes over.
  const bool by_place = balanced() && !few_views;
  out.numbers = by_place ? shares.only(draws_->of(epoch, samples.count()).order) : out.order;
  if (few_views) out.numbers = numbers_of_views(std::move(out.numbers), samples.indices);
  out.windows = windows(samples, out.order, out.numbers, out.drawn);
  if (!augmenter_.repaints()) out.flips = shares.only(draws.flips);
  return out;
}

std::vector<int32_t> Session::numbers_of_views(std::vector<int32_t> order, const std::vector<int32_t>& indices) {
  if (!indices.empty()) {
    for (int32_t& number : order) number = indices.at(number);
  }
  return order;
}

BatchView Session::view(const BatchViewOptions& options) {
  const Pass turn = take_turn();
  const PassSamples& samples = options.samples;
  if (options.first < 0 || options.first >= samples.count())
    throw std::invalid_argument("the epoch has " + std::to_string(samples.count()) + " images, and none at " +
                                std::to_string(options.first));
  const EpochDraws draws = this->draws(options.epoch, samples.count(), samples.targets, samples.indices);
  const EpochPlan plan = this->plan(samples, options.epoch, draws, Shares(0, 1, options.batch_size, true));
  // On the CPU whatever the device is: nothing of it is for the network.
  const Normalizer normalizer(options_.mean, options_.std, torch::kCPU);
  const Batches batches(normalizer, nullptr,
                        {samples, plan.order, plan.flips, plan.windows, augmenter_.any() ? &augmenter_ : nullptr,
                         plan.drawn, options_.recipe.views, &plan.numbers});
  // Whole, for its images may be mixed with one another.
  const int64_t size = std::min(options.batch_size, samples.count() - options.first);
  const int64_t count = std::min(options.count, size);
  const torch::NoGradGuard no_grad;
  const auto channels = [](const std::array<float, 3>& of) {
    return torch::tensor({of[0], of[1], of[2]}).view({1, 3, 1, 1});
  };
  const torch::Tensor shown = batches.inputs(options.first, size).narrow(0, 0, count);
  const torch::Tensor bytes = ((shown * channels(options_.std) + channels(options_.mean)) * 255)
                                  .round_()
                                  .clamp_(0, 255)
                                  .permute({0, 2, 3, 1})
                                  .to(torch::kUInt8)
                                  .contiguous();
  const torch::Tensor wanted = batches.wanted(options.first, size, classes()).narrow(0, 0, count);
  const torch::Tensor shares =
      (wanted.dim() == 1 ? torch::one_hot(wanted, classes()) : wanted).to(torch::kFloat32).contiguous();
  BatchView out;
  out.side = static_cast<int>(bytes.size(1));
  out.images.assign(bytes.data_ptr<uint8_t>(), bytes.data_ptr<uint8_t>() + bytes.numel());
  out.shares.assign(shares.data_ptr<float>(), shares.data_ptr<float>() + shares.numel());
  out.samples.assign(plan.order.begin() + options.first, plan.order.begin() + options.first + count);
  return out;
}

}  // namespace resnet_ft
