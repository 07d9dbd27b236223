#include "core/augment/augmenter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "core/augment/color.h"
#include "core/augment/warp.h"
#include "core/random_resized_crop.h"

namespace resnet_ft {
namespace {

AffineParameters draw_affine(const Affine& affine, const RgbImage& image, CountedNumbers* numbers) {
  AffineParameters out;
  out.degrees = numbers->between(-affine.degrees, affine.degrees);
  const auto moved = [&](double share, int pixels) {
    const double most = share * pixels;
    return static_cast<int>(std::nearbyint(numbers->between(-most, most)));
  };
  out.translate_x = moved(affine.translate_x, image.width);
  out.translate_y = moved(affine.translate_y, image.height);
  out.scale = numbers->between(affine.least_scale, affine.most_scale);
  out.shear_x = numbers->between(-affine.shear, affine.shear);
  return out;
}

// The four changes come in an order that is drawn too.
void jitter(const ColorJitter& jitter, RgbImage* image, CountedNumbers* numbers) {
  std::array<int, 4> order{};
  std::iota(order.begin(), order.end(), 0);
  for (int last = 3; last > 0; --last) std::swap(order[last], order[numbers->below(last + 1)]);
  const auto factor = [&](double most) { return numbers->between(std::max(0.0, 1 - most), 1 + most); };
  const double brightness = factor(jitter.brightness);
  const double contrast = factor(jitter.contrast);
  const double saturation = factor(jitter.saturation);
  const double hue = numbers->between(-jitter.hue, jitter.hue);
  for (const int which : order) {
    if (which == 0 && jitter.brightness > 0) adjust_brightness(image, brightness);
    if (which == 1 && jitter.contrast > 0) adjust_contrast(image, contrast);
    if (which == 2 && jitter.saturation > 0) adjust_saturation(image, saturation);
    if (which == 3 && jitter.hue > 0) adjust_hue(image, hue);
  }
}

}  // namespace

Augmenter::Augmenter(const Recipe& recipe) : seed_(recipe.seed) {
  for (const Augmentation& one : recipe.augment) {
    if (const auto* crop = std::get_if<RandomResizedCropOptions>(&one)) {
      crop_ = *crop;
    } else if (const auto* erasing = std::get_if<RandomErasing>(&one)) {
      erasing_ = *erasing;
    } else if (const auto* mixup = std::get_if<Mixup>(&one)) {
      mixup_ = *mixup;
    } else if (const auto* cut_mix = std::get_if<CutMix>(&one)) {
      cut_mix_ = *cut_mix;
    } else {
      paints_.push_back(one);
    }
  }
  // Mirroring alone is done where the batch is made.
  if (paints_.size() == 1 && std::holds_alternative<HorizontalFlip>(paints_[0])) paints_.clear();
  if ((any() || recipe.views > 0) && recipe.draws != DrawsKind::kCounter)
    throw std::invalid_argument("of torch's random numbers only the order and horizontal flips are drawn");
}

Window Augmenter::window(uint32_t epoch, int64_t sample, int width, int height) const {
  CountedNumbers drawn = numbers(epoch, sample, DrawPurpose::kWindow);
  return random_resized_crop(width, height, crop_.value(), [&] { return drawn.uniform(); });
}

void Augmenter::repaint(uint32_t epoch, int64_t sample, int side, uint8_t* square) const {
  const size_t bytes = size_t{3} * side * side;
  RgbImage image{side, side, std::vector<uint8_t>(square, square + bytes)};
  const auto drawn = [&](DrawPurpose purpose) { return numbers(epoch, sample, purpose); };
  for (const Augmentation& one : paints_) {
    if (const auto* flip = std::get_if<HorizontalFlip>(&one)) {
      if (drawn(DrawPurpose::kFlip).happens(flip->probability)) flip_horizontally(&image);
    } else if (const auto* vertical = std::get_if<VerticalFlip>(&one)) {
      if (drawn(DrawPurpose::kVerticalFlip).happens(vertical->probability)) flip_vertically(&image);
    } else if (const auto* rotation = std::get_if<Rotation>(&one)) {
      rotate(&image, drawn(DrawPurpose::kRotation).between(-rotation->degrees, rotation->degrees), rotation->style);
    } else if (const auto* affine_of = std::get_if<Affine>(&one)) {
      CountedNumbers all = drawn(DrawPurpose::kAffine);
      affine(&image, draw_affine(*affine_of, image, &all), affine_of->style);
    } else if (const auto* colors = std::get_if<ColorJitter>(&one)) {
      CountedNumbers all = drawn(DrawPurpose::kColorJitter);
      jitter(*colors, &image, &all);
    } else if (const auto* gray = std::get_if<Grayscale>(&one)) {
      if (drawn(DrawPurpose::kGrayscale).happens(gray->probability)) to_grayscale(&image);
    } else if (const auto* rand = std::get_if<RandAugment>(&one)) {
      CountedNumbers all = drawn(DrawPurpose::kRandAugment);
      for (const OperationChoice& choice : draw(*rand, Magnitudes::rand_augment(side), &all))
        apply(choice, rand->style, &image);
    } else if (const auto* trivial = std::get_if<TrivialAugment>(&one)) {
      CountedNumbers all = drawn(DrawPurpose::kTrivialAugment);
      apply(draw(*trivial, trivial_, &all), trivial->style, &image);
    }
  }
  std::memcpy(square, image.data.data(), bytes);
}

torch::Tensor Augmenter::finish(torch::Tensor batch, uint32_t epoch, const int32_t* numbers_of, int64_t place) const {
  const auto side = static_cast<int>(batch.size(2));
  if (erasing_) {
    for (int64_t i = 0; i < batch.size(0); ++i) {
      CountedNumbers drawn = numbers(epoch, numbers_of[i], DrawPurpose::kErasing);
      const Window part = draw_erased(*erasing_, side, &drawn);
      if (part.width > 0) batch.select(0, i).narrow(1, part.top, part.height).narrow(2, part.left, part.width).zero_();
    }
  }
  const std::optional<BatchMix> mix_of = mix(epoch, place, side);
  return mix_of ? mixed(batch, *mix_of) : batch;
}

std::optional<BatchMix> Augmenter::mix(uint32_t epoch, int64_t place, int side) const {
  if (!mixes()) return std::nullopt;
  CountedNumbers drawn = numbers(epoch, place, DrawPurpose::kMix);
  const bool both = mixup_ && cut_mix_;
  const bool cuts_out = both ? drawn.happens(0.5) : cut_mix_.has_value();
  return cuts_out ? draw_cut_mix(*cut_mix_, side, &drawn) : draw_mixup(*mixup_, &drawn);
}

}  // namespace resnet_ft
