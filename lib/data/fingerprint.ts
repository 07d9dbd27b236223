import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { ResnetFtError } from '../errors';
import { codeOf, reasonOf } from '../files/reason';
import type { Dataset } from './dataset';
import type { Sample } from './image-folder';

/** What tells the images of a class from others, without reading them: how many there are, and a hash of their names and sizes. */
export interface ClassPrint {
  images: number;
  hash: string;
}

/** {@link ClassPrint} of every class of both splits. */
export interface DataPrint {
  train: Record<string, ClassPrint>;
  val: Record<string, ClassPrint>;
}

/** A file that is there, and whose size can't be told. */
export interface UnseenFile {
  file: string;
  /** Of the image's class. */
  class: string;
  error: unknown;
}

/** A data set that was looked at. */
export interface LookedAt {
  print: DataPrint;
  /** Files that could not be looked at. */
  unseen: UnseenFile[];
}

/** Files whose sizes are asked for at the same time. */
const AT_ONCE = 64;

/**
 * What tells a data set from another: names below the folder of the split, and sizes in bytes. Where the folder lies does not count.
 *
 * @param onSize gets the size of each file; -1 where it can't be looked at
 */
export async function fingerprint(
  { classes, train, val }: Dataset,
  onSize: (sample: Sample, size: number) => void = () => {},
): Promise<LookedAt> {
  const unseen: UnseenFile[] = [];
  const printOf = (samples: readonly Sample[]): Promise<Record<string, ClassPrint>> =>
    printOfSplit(classes, samples, onSize, unseen);
  return { print: { train: await printOf(train), val: await printOf(val) }, unseen };
}

/**
 * Refuses a data set that is not the one whose fingerprint was taken.
 *
 * @param unseen files that could not be looked at now: they may be all that differs
 * @throws ResnetFtError DATA_INVALID that names a class that differs, or a file that can't be looked at
 */
export function requireSameData(then: DataPrint, now: DataPrint, unseen: readonly UnseenFile[] = []): void {
  const splits = [
    ['training', then.train, now.train],
    ['validation', then.val, now.val],
  ] as const;
  for (const [split, before, after] of splits) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const was = before[name];
      const is = after[name];
      if (was?.images === is?.images && was?.hash === is?.hash) continue;
      const hidden = unseen.find((one) => one.class === name);
      if (hidden !== undefined) throw notComparable(hidden);
      const what =
        was === undefined
          ? 'was not there'
          : is === undefined
            ? 'is gone'
            : was.images === is.images
              ? 'has files of other names or sizes'
              : `has ${is.images} images and had ${was.images}`;
      throw new ResnetFtError(
        'DATA_INVALID',
        `The data set is not the one that the run began with: class ${name} of the ${split} images ${what}`,
        {
          hint: 'Name the folder with the images of then, or begin a new run',
        },
      );
    }
  }
}

function notComparable({ file, error }: UnseenFile): ResnetFtError {
  const message = `Whether the data set is the one that the run began with can't be told: ${file} can't be looked at: ${reasonOf(error)}`;
  return new ResnetFtError('DATA_INVALID', message, { hint: 'Try again once it can be', cause: error });
}

async function printOfSplit(
  classes: readonly string[],
  samples: readonly Sample[],
  onSize: (sample: Sample, size: number) => void,
  unseen: UnseenFile[],
): Promise<Record<string, ClassPrint>> {
  const hashes = classes.map(() => createHash('sha256'));
  const counts = classes.map(() => 0);
  for (let first = 0; first < samples.length; first += AT_ONCE) {
    const some = samples.slice(first, first + AT_ONCE);
    const sizes = await Promise.all(
      some.map(({ file, target }) =>
        sizeOf(file, (error) => unseen.push({ file, class: classes[target] ?? '', error })),
      ),
    );
    for (const [i, sample] of some.entries()) {
      const { name, target } = sample;
      onSize(sample, sizes[i] ?? -1);
      hashes[target]?.update(`${name.replaceAll('\\', '/')}\0${sizes[i]}\n`);
      counts[target] = (counts[target] ?? 0) + 1;
    }
  }
  return Object.fromEntries(
    classes.map((name, i) => [name, { images: counts[i] ?? 0, hash: hashes[i]?.digest('hex').slice(0, 32) ?? '' }]),
  );
}

/** -1 where the file can't be looked at: whoever reads it says why. */
async function sizeOf(file: string, onError: (error: unknown) => void): Promise<number> {
  const ask = async (): Promise<number> => (await stat(file)).size;
  try {
    // Of what a network's disk says once the second time is often another answer; a run that took -1 down could not be gone on with later.
    return await ask().catch(ask);
  } catch (error) {
    // A link to nothing was none before either.
    if (codeOf(error) !== 'ENOENT') onError(error);
    return -1;
  }
}
