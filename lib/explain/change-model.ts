import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResnetFtError, throwIfAborted } from '../errors';
import { FolderInUse, FolderLock } from '../files/folder-lock';
import { reasonOf } from '../files/reason';
import { rewriteCard } from '../model/rewrite-card';
import { cardNote } from './card-note';

/** Milliseconds for which another process that has the run's folder is waited for, in case it adds to the model too; a training takes longer. */
const PATIENCE = 15_000;
const LOOK = 100;

/**
 * Adds something to the model of a run, or takes it out, and writes the run's card again. Nobody else has the run's folder meanwhile: of two who
 * add at once, the second would else write the model as it was before the first.
 *
 * @param of the weights that the addition was fitted to; a training may have written others since
 * @param stopped what to say where the signal ends it
 * @returns what to know of the model card; null where it was written
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also where another process has the folder, or the model other weights; WEIGHTS_INVALID; ABORTED
 */
export async function changeModel(
  file: string,
  change: Parameters<typeof rewriteCard>[1],
  of: Parameters<typeof rewriteCard>[2],
  signal: AbortSignal,
  stopped: string,
): Promise<string | null> {
  const lock = await hold(file, signal, stopped);
  try {
    await rewriteCard(file, change, of);
    return await cardNote(file);
  } finally {
    await lock.release();
  }
}

async function hold(file: string, signal: AbortSignal, stopped: string): Promise<FolderLock> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    throwIfAborted(signal, stopped);
    try {
      return await FolderLock.take(path.dirname(file), { signal });
    } catch (error) {
      throwIfAborted(signal, stopped);
      const inUse = error instanceof FolderInUse;
      if (inUse && performance.now() < until) {
        await sleep(LOOK);
        continue;
      }
      const why = inUse ? `its folder is ${error.message}` : reasonOf(error);
      throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${file} can't be written: ${why}`, {
        ...(inUse ? { hint: 'Wait for it to finish, and try again' } : {}),
        cause: error,
      });
    }
  }
}
