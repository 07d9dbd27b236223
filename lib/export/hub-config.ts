import type { ModelCard } from '../model/describe';
import { ARCHITECTURE_SHAPES } from '../network/architecture';
import type { Preprocessing } from '../options';

/** Input of a graph for Hugging Face's libraries, which call it by this name. */
export const HUB_INPUT = 'pixel_values';

const STEM_CHANNELS = 64;

/**
 * `config.json` as Hugging Face's transformers has it for a ResNet (its ResNetConfig). `groups` and `width_per_group`, which that one does
 * not know, tell ResNeXt and Wide ResNet apart; transformers.js takes the network from the graph, and from here only the classes.
 */
export function hubConfig({ arch, classes, preprocessing }: ModelCard): Record<string, unknown> {
  const { bottleneck, blocks, groups, widthPerGroup } = ARCHITECTURE_SHAPES[arch];
  return {
    architectures: ['ResNetForImageClassification'],
    model_type: 'resnet',
    problem_type: 'single_label_classification',
    num_channels: 3,
    image_size: preprocessing.crop,
    embedding_size: STEM_CHANNELS,
    hidden_sizes: blocks.map((_, i) => STEM_CHANNELS * 2 ** i * (bottleneck ? 4 : 1)),
    depths: blocks,
    layer_type: bottleneck ? 'bottleneck' : 'basic',
    hidden_act: 'relu',
    downsample_in_first_stage: false,
    downsample_in_bottleneck: false,
    ...(groups === undefined ? {} : { groups }),
    ...(widthPerGroup === undefined ? {} : { width_per_group: widthPerGroup }),
    id2label: Object.fromEntries(classes.map((name, i) => [i, name])),
    label2id: Object.fromEntries(classes.map((name, i) => [name, i])),
    // In a browser it would else ask for quantised weights, which there are none of.
    'transformers.js_config': { dtype: 'fp32' },
  };
}

/** Pillow's numbers of its filters. */
const RESAMPLE = { bilinear: 2, bicubic: 3 } as const;

/**
 * `preprocessor_config.json`, by which transformers.js makes the network's input of an image. Black bars come of a square cut out that is
 * larger than the image, which it fills up so.
 */
export function hubPreprocessor(preprocessing: Preprocessing): Record<string, unknown> {
  const { resize, crop, fit = 'crop', interpolation = 'bilinear', mean, std } = preprocessing;
  const square = { height: crop, width: crop };
  const sizes = { crop: { shortest_edge: resize }, pad: { longest_edge: crop }, stretch: square };
  return {
    image_processor_type: 'BitImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: sizes[fit],
    resample: RESAMPLE[interpolation],
    do_center_crop: fit !== 'stretch',
    crop_size: square,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}
