import { ResnetFtError } from '../errors';
import { reasonOf } from '../files/reason';
import { readIfThere } from '../files/regular-file';

/**
 * The content of a file by which a run, or several trainings, go on. One that can't be read at the moment is not one that is missing: what it
 * stands for would be begun anew.
 *
 * @returns undefined where there is none
 * @throws ResnetFtError CHECKPOINT_INVALID where it can't be read
 */
export async function readOfRun(file: string): Promise<Buffer | undefined> {
  return readIfThere(file).catch((cause: unknown) => {
    throw new ResnetFtError('CHECKPOINT_INVALID', `${file} can't be read: ${reasonOf(cause)}`, {
      hint: 'Try again once its disk can be read',
      cause,
    });
  });
}
