import path from 'node:path';
import { shellPath } from '../text/shell';

/** What folders of training and of validation images are called, the usual names first; case does not count. */
const TRAINING = ['train', 'training'];
const VALIDATION = ['val', 'valid', 'validation', 'dev', 'test'];

/** Whether a folder has a name that splits of a data set have. */
export const isSplitName = (name: string): boolean => [...TRAINING, ...VALIDATION].includes(name.toLowerCase());

/** The folders that are named like splits; undefined where there is none. */
export interface NamedSplits {
  train: string | undefined;
  val: string | undefined;
}

/** Those of some folders that are named like splits. */
export function splitsAmong(folders: readonly string[]): NamedSplits {
  const first = (names: readonly string[]): string | undefined =>
    names.flatMap((name) => [
      ...folders.filter((one) => one === name),
      ...folders.filter((one) => one.toLowerCase() === name),
    ])[0];
  return { train: first(TRAINING), val: first(VALIDATION) };
}

/**
 * What to do where `train/` and `val/` are looked for, and are called otherwise.
 *
 * @param data the folder, as the caller named it
 * @returns undefined where there are no such folders
 */
export function hintOfSplits(data: string, { train, val }: NamedSplits): string | undefined {
  if (train === undefined || val === undefined) return undefined;
  if (train === 'train') {
    const aside = val.toLowerCase() === 'test' ? ', or set some of train/ aside with --val-split 0.2' : '';
    return `There is ${val}/: rename it to val, or name it with --val ${shellPath(path.join(data, val))}${aside}`;
  }
  return `There are ${train}/ and ${val}/: rename them to train and val, or name them: ${commandOf(data, train, val)}`;
}

/**
 * What to do where a folder was taken for that of the classes, but has its training images in a folder of their own.
 *
 * @param data the folder, as the caller named it
 * @param val that of the validation images, likewise
 * @returns undefined where there is no such folder
 */
export function hintOfTraining(data: string, { train }: NamedSplits, val: string): string | undefined {
  return train === undefined
    ? undefined
    : `There is ${train}/ in ${data}: name it: ${trainCommand(path.join(data, train), val)}`;
}

/** The command that trains with folders of these names. */
export function commandOf(data: string, train: string, val: string): string {
  return trainCommand(path.join(data, train), path.join(data, val));
}

const trainCommand = (train: string, val: string): string =>
  `npx resnet-ft train ${shellPath(train)} --val ${shellPath(val)}`;
