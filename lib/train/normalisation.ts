import { setImmediate } from 'node:timers/promises';
import type { TrainSamples } from '../backend/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { STD_RANGE, toMeasure, type Preprocessing, type ResolvedTrainOptions } from '../options';

/** Images whose pixels are counted before the event loop gets a turn: some milliseconds. */
const IMAGES_AT_ONCE = 8;

/** Mean and standard deviation of red, green and blue, of values in 0..1. */
interface Channels {
  mean: number[];
  std: number[];
}

/**
 * The preprocessing with what the options want measured (`--mean auto`, `--std auto`) measured on the crops of the training images,
 * black bars among them; on whole images where windows are cut out of those.
 *
 * @throws ResnetFtError DATA_INVALID where a channel is the same all over, so that there is nothing to divide by; ABORTED
 */
export async function measuredPreprocessing(
  options: ResolvedTrainOptions,
  preprocessing: Preprocessing,
  crops: TrainSamples,
  signal: AbortSignal,
): Promise<Preprocessing> {
  const wanted = toMeasure(options);
  if (wanted.length === 0) return preprocessing;
  const measured = await channelsOf(crops, signal);
  const [least] = STD_RANGE;
  const flat = ['red', 'green', 'blue'].filter((_, channel) => !((measured.std[channel] ?? 0) >= least));
  if (wanted.includes('std') && flat.length > 0) {
    const same = new Intl.ListFormat('en').format(flat);
    const message = `${options.data}: all pixels of the training images have the same ${same}, so that there is no standard deviation`;
    throw new ResnetFtError('DATA_INVALID', message, { hint: 'Give three numbers for --std' });
  }
  return { ...preprocessing, ...Object.fromEntries(wanted.map((name) => [name, measured[name]])) };
}

/** Of all pixels together; the deviation is that of the population. */
async function channelsOf({ store, targets, indices }: TrainSamples, signal: AbortSignal): Promise<Channels> {
  // A byte has 256 values: counting them is exact, whatever the number of pixels.
  const counts = [0, 1, 2].map(() => new Float64Array(256));
  const [red, green, blue] = counts as [Float64Array, Float64Array, Float64Array];
  for (let i = 0; i < targets.length; i++) {
    if (i % IMAGES_AT_ONCE === 0) await setImmediate();
    throwIfAborted(signal, 'The training was stopped');
    const image = store.get(indices?.[i] ?? i);
    const pixels = image instanceof Uint8Array ? image : image.data;
    for (let at = 0; at < pixels.length; at += 3) {
      red[pixels[at] as number]! += 1;
      green[pixels[at + 1] as number]! += 1;
      blue[pixels[at + 2] as number]! += 1;
    }
  }
  const pixels = red.reduce((sum, count) => sum + count, 0);
  const averageOf = (count: Float64Array, of: (value: number) => number): number =>
    count.reduce((sum, times, byte) => sum + times * of(byte / 255), 0) / pixels;
  const mean = counts.map((count) => averageOf(count, (value) => value));
  const std = counts.map((count, channel) =>
    Math.sqrt(averageOf(count, (value) => (value - (mean[channel] as number)) ** 2)),
  );
  return { mean, std };
}
