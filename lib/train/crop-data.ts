import type { NativeAddon, NativeCropStore } from '../addon/types';
import type { Sample } from '../data/image-folder';
import { ResnetFtError } from '../errors';
import type { Preprocessing } from '../options';
import type { TrainEvent, UnreadableImage } from './events';
import type { Split } from './fit';

/** Both splits as crops, and the samples that they are of. */
export interface Cropped {
  train: Split & { kept: Sample[] };
  val: Split & { kept: Sample[] };
  unreadable: UnreadableImage[];
}

interface CropDataOptions {
  addon: NativeAddon;
  dataset: { train: Sample[]; val: Sample[] };
  preprocessing: Preprocessing;
  skipUnreadable: boolean;
  signal: AbortSignal;
  emit: (event: TrainEvent) => void;
  /** Every store that was made, also where the call fails: the caller closes them. */
  stores: NativeCropStore[];
}

/** Makes the crops of both splits, and names every unreadable image of both at once. */
export async function cropData(options: CropDataOptions): Promise<Cropped> {
  const { addon, dataset, preprocessing, skipUnreadable, signal, emit, stores } = options;
  const { makeCrops } = await import('../data/crops.js');
  const { resize, crop } = preprocessing;
  const total = dataset.train.length + dataset.val.length;
  let done = 0;
  const onProgress = (): void => emit({ kind: 'crops', done: ++done, total });
  const unreadable: UnreadableImage[] = [];
  const failures: ResnetFtError[] = [];
  const one = async (samples: Sample[]): Promise<(Split & { kept: Sample[] }) | undefined> => {
    try {
      const made = await makeCrops({ addon, samples, resize, crop, skipUnreadable, signal, onProgress });
      stores.push(made.store);
      unreadable.push(...made.unreadable);
      return { store: made.store, kept: made.kept, targets: Int32Array.from(made.kept, (sample) => sample.target) };
    } catch (error) {
      // Both splits are read before the run fails, so that all unreadable images are named at once.
      if (!(error instanceof ResnetFtError && error.code === 'IMAGE_UNREADABLE')) throw error;
      failures.push(error);
      return undefined;
    }
  };
  const train = await one(dataset.train);
  const val = await one(dataset.val);
  if (train === undefined || val === undefined) {
    const [first, second] = failures;
    if (first === undefined) throw new Error('a split without crops has an error');
    if (second === undefined) throw first;
    const hint = first.hint === undefined ? {} : { hint: first.hint };
    throw new ResnetFtError('IMAGE_UNREADABLE', `${first.message}; ${second.message}`, hint);
  }
  for (const { file, reason } of unreadable) emit({ kind: 'skipped', file, reason });
  return { train, val, unreadable };
}
