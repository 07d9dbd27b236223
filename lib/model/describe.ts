import { ResnetFtError } from '../errors';
import { ARCHITECTURES, PREPROCESSING, type Architecture, type Preprocessing } from '../options';
import type { StateDict } from '../weights/state-dict';
import { BLOCKS } from './architecture';

/** What is known of a model beside its weights. */
export interface ModelCard {
  arch: Architecture;
  /** Name of every output of `fc`, in order. */
  classes: string[];
  preprocessing: Preprocessing;
}

/** What a file's metadata say of the model, where this package wrote it. */
export type PartialCard = Partial<ModelCard>;

/** The architecture that has these names of tensors; undefined where none of ours has. */
export function architectureOf(tensors: StateDict): Architecture | undefined {
  if (!tensors.has('conv1.weight')) return undefined;
  const bottleneck = tensors.has('layer1.0.conv3.weight');
  let count = 0;
  while (tensors.has(`layer3.${count}.conv1.weight`)) count++;
  // With the kind of block, the number of those in layer3 tells all apart.
  return ARCHITECTURES.find((arch) => BLOCKS[arch].bottleneck === bottleneck && BLOCKS[arch].blocks[2] === count);
}

/** Outputs of the classifier `fc`; undefined where there is none. */
export function outputsOf(tensors: StateDict): number | undefined {
  const shape = tensors.get('fc.weight')?.shape;
  return shape?.length === 2 ? shape[0] : undefined;
}

const isNumbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every((one) => typeof one === 'number' && isFinite(one));

const isSide = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 16384;

function parsePreprocessing(value: unknown): Preprocessing | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { resize, crop, mean, std } = value as Record<string, unknown>;
  if (!isSide(resize) || !isSide(crop) || !isNumbers(mean, 3) || !isNumbers(std, 3)) return undefined;
  return std.every((one) => one > 0) ? { resize, crop, mean, std } : undefined;
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
  if (
    arch === undefined ||
    preprocessing === undefined ||
    !Array.isArray(classes) ||
    !classes.every((name) => typeof name === 'string')
  ) {
    throw new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: the metadata of resnet-ft are damaged`, {
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
