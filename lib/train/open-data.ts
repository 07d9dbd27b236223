import type { Dataset } from '../data/dataset';
import { ResnetFtError, withHint } from '../errors';
import { passedOverEvent } from '../data/passed-over';
import { foldOf, type ResolvedTrainOptions } from '../options';
import { firstOf } from '../text/first-of';
import type { RunControl } from './run';

/**
 * Finds the images of both splits, by their names alone; downloads the tutorial's data set where that is meant.
 *
 * @throws ResnetFtError DATA_NOT_FOUND, DATA_INVALID, or what a download throws
 */
export async function openData(
  options: ResolvedTrainOptions,
  { emit, download }: Pick<RunControl, 'emit' | 'download'>,
): Promise<Dataset> {
  const { resolveDataFolder, trainingAtHand } = await import('../data/hymenoptera.js');
  const { openDataset } = await import('../data/dataset.js');
  const { val, valSplit, seed } = options;
  const fold = options.fold === undefined ? undefined : foldOf(options.fold);
  const dataset = await openDataset({
    data: await resolveDataFolder(options.data, { ...download, otherwise: trainingAtHand() }),
    seed,
    ...(val === undefined ? {} : { val }),
    ...(valSplit === undefined ? {} : { valSplit }),
    ...(fold === undefined ? {} : { fold }),
  });
  if (dataset.leftOut !== undefined) {
    const what =
      fold === undefined
        ? '--val-split sets some of the training images aside'
        : 'the folds are of the training images alone';
    emit({ kind: 'note', note: `${what}: those in ${dataset.leftOut} are not used` });
  }
  if (dataset.beside !== undefined) {
    const names = firstOf(dataset.beside.map((name) => `${name}/`));
    emit({ kind: 'note', note: `the classes are those in train/: what stands beside it is not used: ${names}` });
  }
  emit({ kind: 'data', classes: dataset.classes, train: dataset.train.length, val: dataset.val.length });
  const passedOver = passedOverEvent(dataset.passedOver);
  if (passedOver !== undefined) emit(passedOver);
  return dataset;
}

/**
 * What to throw where the data set of an earlier run could not be opened: where it is not there any more, how to say where it is now.
 *
 * @param how a command or option that names it
 */
export function whereMoved(error: unknown, how: string): unknown {
  if (!(error instanceof ResnetFtError) || error.code !== 'DATA_NOT_FOUND') return error;
  const hint = `If the data set was moved, name its folder: ${how}`;
  return withHint(error, hint);
}
