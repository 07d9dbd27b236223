import { ResnetFtError } from '../errors';
import { ARCHITECTURES, PREPROCESSING, type Architecture, type Preprocessing } from '../options';
import type { StateDict } from '../weights/state-dict';
import { BLOCKS } from '../network/architecture';

/** What is known of a model beside its weights. */
export interface ModelCard {
  arch: Architecture;
  /** Name of every output of `fc`, in order. */
  classes: string[];
  preprocessing: Preprocessing;
}

/** What a file's metadata say of the model, where this package wrote it. */
export type PartialCard = Partial<ModelCard>;

/** The architecture whose tensors have these names; undefined if it is none of ours. */
export function architectureOf(tensors: StateDict): Architecture | undefined {
  if (!tensors.has('conv1.weight')) return undefined;
  const bottleneck = tensors.has('layer1.0.conv3.weight');
  let count = 0;
  while (tensors.has(`layer3.${count}.conv1.weight`)) count++;
  // With the kind of block, the number of those in layer3 tells all apart.
  return ARCHITECTURES.find((arch) => BLOCKS[arch].bottleneck === bottleneck && BLOCKS[arch].blocks[2] === count);
}

/** Outputs of the classifier `fc`; undefined where there are none. */
export function outputsOf(tensors: StateDict): number | undefined {
  const shape = tensors.get('fc.weight')?.shape;
  return shape?.length === 2 && shape[0] !== 0 ? shape[0] : undefined;
}

/** Sides of images that a file may ask for: more than any ResNet is used with, and a batch fits into memory. */
const MAX_SIDE = 1024;

/** What is subtracted from values between 0 and 1, and what they are divided by: 1 changes nothing. */
const MEAN_RANGE = [0, 1] as const;
const STD_RANGE = [1e-3, 1] as const;

/** Longer than any folder's name. */
const MAX_NAME = 1000;

const isChannels = (value: unknown, [min, max]: readonly [number, number]): value is number[] =>
  Array.isArray(value) &&
  value.length === 3 &&
  value.every((one) => typeof one === 'number' && one >= min && one <= max);

const isSide = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_SIDE;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_NAME;

function parsePreprocessing(value: unknown): Preprocessing | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { resize, crop, mean, std } = value as Record<string, unknown>;
  if (!isSide(resize) || !isSide(crop)) return undefined;
  return isChannels(mean, MEAN_RANGE) && isChannels(std, STD_RANGE) ? { resize, crop, mean, std } : undefined;
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
  const preprocessing = parsePreprocessing(json('preprocessing'));
  if (arch === undefined || preprocessing === undefined || !Array.isArray(classes) || !classes.every(isName)) {
    throw new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: its resnet-ft metadata is damaged`, {
      hint: 'Take another copy of the file',
    });
  }
  return { arch, classes, preprocessing };
}

/** What travels with the weights, so that a model's file alone is enough to use it. */
export function cardMetadata(card: ModelCard): Record<string, string> {
  return {
    format: 'resnet-ft',
    arch: card.arch,
    classes: JSON.stringify(card.classes),
    preprocessing: JSON.stringify(card.preprocessing),
  };
}

/** Preprocessing of a model that does not tell its own. */
export const DEFAULT_PREPROCESSING: Preprocessing = PREPROCESSING;
