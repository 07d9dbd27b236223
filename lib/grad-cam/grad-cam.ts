import type { RgbImage } from '../backend/types';
import type { ResnetFtError } from '../errors';
import type { Classifier, ImageInput } from '../model/classifier';
import { bestClasses, type ClassScore } from '../model/scores';
import { rejectOption } from '../options';
import { suggest } from '../text/suggest';
import { DEFAULT_LAYER, requireLayer } from './layers';
import type { GridMap } from './upsample';

/** What {@link gradCam} explains. */
export interface GradCamOptions {
  /** A module of the network whose output has height and width, such as `layer3` or `layer4.0`; default `layer4`. */
  layer?: string | undefined;
  /** Name of the class, or its number; that which is most probable where left out. */
  class?: string | number | undefined;
  /** Images a batch, default 4: for an early layer each takes a hundred megabytes or two while it is explained. */
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Where in the crop of an image the evidence for a class lies. */
export interface Explanation<T extends ImageInput = ImageInput> {
  input: T;
  layer: string;
  /** The class that the map is of, and how probable it is. */
  explained: ClassScore;
  /** All classes, best first. */
  scores: [ClassScore, ...ClassScore[]];
  /** Grad-CAM in the layer's own size: 0 to 1, all 0 where nothing speaks for the class. */
  map: GridMap;
  /** The square that the network saw. */
  crop: RgbImage;
  error?: undefined;
}

/** An {@link Explanation}, or why the image could not be read. */
export type ExplanationResult<T extends ImageInput = ImageInput> = Explanation<T> | { input: T; error: ResnetFtError };

const BATCH = 4;

/**
 * Grad-CAM of images, in order and as they come: only a few batches are in memory. The gradient of a class's logit with respect to the output
 * of a layer, averaged over height and width, weighs the channels of that output; what is above 0 of their sum is the map, the least of it
 * made 0 and the greatest 1 (Selvaraju et al., ICCV 2017, arXiv:1610.02391).
 *
 * @throws ResnetFtError INVALID_OPTION for a layer or a class that the model does not have; BACKEND_UNAVAILABLE by the js backend;
 *   WEIGHTS_INVALID where the outputs are no finite numbers; ABORTED, OUT_OF_MEMORY, MODEL_CLOSED
 */
export async function* gradCam<T extends ImageInput>(
  classifier: Classifier,
  inputs: Iterable<T> | AsyncIterable<T>,
  options: GradCamOptions = {},
): AsyncGenerator<ExplanationResult<T>> {
  const { layer = DEFAULT_LAYER, batchSize = BATCH, signal } = options;
  const { network, classes, file, temperature } = classifier.info;
  requireLayer(network, layer);
  const target = options.class === undefined ? undefined : classIndex(classes, options.class);
  for await (const result of classifier.maps(inputs, { layer, target, batchSize, signal })) {
    if (result.error !== undefined) {
      yield result;
      continue;
    }
    const { input, logits, map, width, height, crop } = result;
    const scores = bestClasses(logits, classes, classes.length, file, temperature);
    const explained = scores.find(({ index }) => index === result.target) ?? scores[0];
    yield { input, layer, explained, scores, map: { values: normalised(map), width, height }, crop };
  }
}

/** The least value becomes 0 and the greatest 1, as pytorch-grad-cam and the authors' own code have it; values that are all alike become 0. */
export function normalised(values: Float32Array): Float32Array {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return values.map((value) => (high > low ? (value - low) / (high - low) : 0));
}

/** Whether a map shows nothing: nothing speaks for the class, or all cells alike do, as where there is one. */
export const isEmpty = ({ values }: GridMap): boolean => values.every((value) => value === 0);

/**
 * The output of a class, by its name or its number.
 *
 * @throws ResnetFtError INVALID_OPTION where the model does not have it, or has several of that name
 */
export function classIndex(classes: readonly string[], wanted: string | number): number {
  if (typeof wanted === 'number') {
    if (Number.isInteger(wanted) && wanted >= 0 && wanted < classes.length) return wanted;
    rejectOption(`a number from 0 to ${classes.length - 1}`, '--class', wanted);
  }
  const first = classes.indexOf(wanted);
  if (first >= 0 && first === classes.lastIndexOf(wanted)) return first;
  if (first >= 0) {
    rejectOption('a name that one class has', '--class', wanted, `Name it by its number, such as ${first}`);
  }
  const number = /^\d{1,9}$/.test(wanted) ? Number(wanted) : NaN;
  if (number < classes.length) return number;
  const near = suggest(wanted, classes);
  const some = classes.length <= 10 ? `It has ${classes.join(', ')}` : undefined;
  rejectOption('a class of the model', '--class', wanted, near === undefined ? some : `Did you mean ${near}?`);
}
