import os from 'node:os';
import { ResnetFtError, throwIfAborted } from '../errors';
import type { Sample } from './image-folder';
import { withoutName } from './reason';
import { UnreadableError, type UnreadableImage } from './unreadable';

/** The message of an abort while images are read. */
export const READING_STOPPED = 'The reading of the images was stopped';

/** Images that are worked on beyond one for each processor: a decoder that waits for its own thread leaves one idle. */
const SPARE_TASKS = 4;

/** The samples whose images could be read. */
export interface ReadSamples {
  kept: Sample[];
  /** The index that each of `kept` had among all samples. */
  indices: Int32Array;
  unreadable: UnreadableImage[];
}

export interface ReadOptions {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Calls `read` for every input, some at the same time, and goes on where an image can't be read.
 *
 * @returns why, by the index of the input
 * @throws ResnetFtError `ABORTED`, and whatever else than `IMAGE_UNREADABLE` a call threw first, once no call runs any more
 */
export async function readAll<T>(
  inputs: readonly T[],
  { signal, onProgress }: ReadOptions,
  read: (input: T, index: number) => Promise<void>,
): Promise<Map<number, ResnetFtError>> {
  const errors = new Map<number, ResnetFtError>();
  let next = 0;
  let done = 0;
  let failed = false;
  async function work(): Promise<void> {
    while (!failed && signal?.aborted !== true) {
      const index = next++;
      if (index >= inputs.length) return;
      try {
        // Whatever it is: nothing may be taken for read that was not.
        await read(inputs[index] as T, index);
      } catch (error) {
        if (!(error instanceof ResnetFtError && error.code === 'IMAGE_UNREADABLE')) {
          failed = true;
          throw error;
        }
        errors.set(index, error);
      }
      onProgress?.(++done, inputs.length);
    }
  }
  const tasks = Math.min(inputs.length, os.availableParallelism() + SPARE_TASKS);
  // All tasks are waited for, so that none writes to a store that was closed.
  const results = await Promise.allSettled(Array.from({ length: tasks }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  throwIfAborted(signal, READING_STOPPED);
  return errors;
}

/** The indices of `count` inputs that have no error. */
export function readableIndices(count: number, errors: ReadonlyMap<number, unknown>): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index).filter((index) => !errors.has(index));
}

/**
 * Divides samples into those that could be read and the others.
 *
 * @param skipUnreadable leave out what can't be read, instead of failing
 * @throws ResnetFtError {@link UnreadableError}, `DATA_INVALID` where skipping them leaves a class
 * without images
 */
export function readSamples(
  samples: readonly Sample[],
  errors: ReadonlyMap<number, ResnetFtError>,
  skipUnreadable: boolean,
): ReadSamples {
  const unreadable = samples.flatMap(({ file }, i) => {
    const error = errors.get(i);
    return error === undefined ? [] : [{ file, reason: withoutName(error.message, file) }];
  });
  if (unreadable.length > 0 && !skipUnreadable) throw new UnreadableError(unreadable);
  const kept = samples.filter((_, i) => !errors.has(i));
  if (unreadable.length > 0) requireEveryClass(samples, kept);
  return { kept, indices: readableIndices(samples.length, errors), unreadable };
}

function requireEveryClass(samples: readonly Sample[], kept: readonly Sample[]): void {
  const left = new Set(kept.map(({ target }) => target));
  const lost = samples.filter(({ target }) => !left.has(target));
  if (lost.length === 0) return;
  // The first part of a sample's name is its class.
  const names = [...new Set(lost.map(({ name }) => name.split(/[\\/]/)[0]))];
  throw new ResnetFtError('DATA_INVALID', `no image could be read of: ${names.join(', ')}`, {
    hint: 'Every class needs an image that can be read',
  });
}
