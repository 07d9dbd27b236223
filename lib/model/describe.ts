import { ResnetFtError } from '../errors';
import {
  ARCHITECTURES,
  FITS,
  INTERPOLATIONS,
  MEAN_RANGE,
  MOST_RESIZE,
  MOST_SIDE,
  PREPROCESSING,
  STD_RANGE,
  type Architecture,
  type Preprocessing,
} from '../options';
import type { StateDict } from '../weights/state-dict';
import { ARCHITECTURE_SHAPES, buildNetwork, classifierOf, IMAGENET_OUTPUTS, tensorsOf } from '../network/architecture';
import { unknownFromText, unknownToText, type UnknownRule } from './unknown';
import { sameShape } from '../weights/state-dict';

/** What is known of a model beside its weights. */
export interface ModelCard {
  arch: Architecture;
  /** Name of every output of `fc`, in order. */
  classes: string[];
  preprocessing: Preprocessing;
  /** What logits are divided by for probabilities that are calibrated; undefined where none was fitted. */
  temperature?: number | undefined;
  /** When it says "none of these"; undefined where that was not fitted. */
  unknown?: UnknownRule | undefined;
}

/** What a file's metadata say of the model, where this package wrote it. */
export type PartialCard = Partial<ModelCard>;

/** Of its weight, the shape tells width and groups. */
const TELLING = 'layer1.0.conv2.weight';

/**
 * The architecture that these tensors are of, by their names, and among those of the same names by a shape; undefined where none of
 * ours has such names. A guess: whether all tensors fit is for another to check.
 */
export function architectureOf(tensors: StateDict): Architecture | undefined {
  if (!tensors.has('conv1.weight')) return undefined;
  const bottleneck = tensors.has('layer1.0.conv3.weight');
  let count = 0;
  while (tensors.has(`layer3.${count}.conv1.weight`)) count++;
  // With the kind of block, the number of those in layer3 tells the depth.
  const alike = ARCHITECTURES.filter((arch) => {
    const { bottleneck: same, blocks } = ARCHITECTURE_SHAPES[arch];
    return same === bottleneck && blocks[2] === count;
  });
  const shape = tensors.get(TELLING)?.shape;
  const found = alike.find((arch) =>
    tensorsOf(buildNetwork(arch, IMAGENET_OUTPUTS)).some((own) => own.name === TELLING && sameShape(shape, own.shape)),
  );
  return found ?? alike[0];
}

/** Outputs of the classifier `fc`; undefined where there are none. */
export function outputsOf(tensors: StateDict): number | undefined {
  const shape = tensors.get('fc.weight')?.shape;
  return shape?.length === 2 && shape[0] !== 0 ? shape[0] : undefined;
}

/** Characters of a class's name at most: more than any folder's name has. */
export const MAX_CLASS_NAME = 1000;

const isChannels = (value: unknown, [min, max]: readonly [number, number]): value is number[] =>
  Array.isArray(value) &&
  value.length === 3 &&
  value.every((one) => typeof one === 'number' && one >= min && one <= max);

const isSide = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most;

/** Whether a field that is only there where it is not as in the tutorial is one of these values, or missing. */
const isAny = <T>(value: unknown, values: readonly T[]): value is T | undefined =>
  value === undefined || values.some((one) => one === value);

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_CLASS_NAME;

/** What an image goes through, out of a parsed JSON value; undefined where it is none. */
export function preprocessingFrom(value: unknown): Preprocessing | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { resize, crop, fit, interpolation, exifRotate, mean, std } = value as Record<string, unknown>;
  if (!isSide(resize, MOST_RESIZE) || !isSide(crop, MOST_SIDE)) return undefined;
  if (!isAny(fit, FITS) || !isAny(interpolation, INTERPOLATIONS) || !isAny(exifRotate, [true, false])) return undefined;
  if (!isChannels(mean, MEAN_RANGE) || !isChannels(std, STD_RANGE)) return undefined;
  return {
    resize,
    crop,
    ...(fit === undefined ? {} : { fit }),
    ...(interpolation === undefined ? {} : { interpolation }),
    ...(exifRotate === undefined ? {} : { exifRotate }),
    mean,
    std,
  };
}

/**
 * Reads what {@link cardMetadata} wrote. Metadata of other programs are ignored.
 *
 * @throws ResnetFtError WEIGHTS_INVALID where the file says that it is ours and the metadata are damaged.
 */
export function parseCard(file: string, metadata: Readonly<Record<string, string>>): PartialCard {
  if (metadata['format'] !== 'resnet-ft') return {};
  const json = (key: string): unknown => {
    try {
      return JSON.parse(metadata[key] ?? '');
    } catch {
      return undefined;
    }
  };
  const arch = ARCHITECTURES.find((name) => name === metadata['arch']);
  const classes = json('classes');
  const preprocessing = preprocessingFrom(json('preprocessing'));
  if (arch === undefined || preprocessing === undefined || !Array.isArray(classes) || !classes.every(isName)) {
    throw damaged(file);
  }
  const card: PartialCard = { arch, classes, preprocessing };
  if (metadata['temperature'] !== undefined) {
    card.temperature = temperatureIn(metadata);
    if (card.temperature === undefined) throw damaged(file);
  }
  const text = metadata['unknown'];
  if (text !== undefined) {
    card.unknown = unknownFromText(text, featuresOf(arch));
    if (card.unknown === undefined) throw damaged(file);
  }
  return card;
}

/** Beyond these a temperature would leave no probabilities but 0 and 1, or none that differ. */
const TEMPERATURE_RANGE = { least: 1e-3, greatest: 1e3 };

/** The temperature in the metadata of a model; undefined where there is none that can be one. */
export function temperatureIn(metadata: Readonly<Record<string, string>>): number | undefined {
  const text = metadata['temperature'] ?? '';
  // As JSON has numbers: no spaces, no hexadecimal ones.
  const value = /^[\d.e+-]+$/.test(text) ? Number(text) : NaN;
  return value >= TEMPERATURE_RANGE.least && value <= TEMPERATURE_RANGE.greatest ? value : undefined;
}

const featuresOf = (arch: Architecture): number => classifierOf(buildNetwork(arch, 1)).inputs;

const damaged = (file: string): ResnetFtError =>
  new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: its resnet-ft metadata is damaged`, {
    hint: 'Take another copy of the file',
  });

/** What travels with the weights, so that a model's file alone is enough to use it. */
export function cardMetadata(card: ModelCard): Record<string, string> {
  return {
    format: 'resnet-ft',
    arch: card.arch,
    classes: JSON.stringify(card.classes),
    preprocessing: JSON.stringify(card.preprocessing),
    ...(card.temperature === undefined ? {} : { temperature: String(card.temperature) }),
    ...(card.unknown === undefined ? {} : { unknown: unknownToText(card.unknown) }),
  };
}

/** Preprocessing of a model that does not tell its own. */
export const DEFAULT_PREPROCESSING: Preprocessing = PREPROCESSING;
