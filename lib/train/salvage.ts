import path from 'node:path';
import { ResnetFtError, withHint } from '../errors';

/** One file of weights that a run leaves. */
export interface Part {
  file: string;
  save: () => Promise<void>;
}

/**
 * Saves what a failed run has so far, the first part first.
 *
 * @param saved files that were written before
 * @param ending how to go on, and what of the checkpoints could not be saved
 * @returns the error to throw: the same one, which says in its hint what was saved. A failure to save is reported there too, and never
 *   takes its place. What is no error of ours (an exception of the caller's own callback) is given back as it is.
 */
export async function salvage(
  error: unknown,
  saved: readonly string[],
  parts: readonly Part[],
  ending: { goOn?: string | undefined; failure?: string | undefined } = {},
): Promise<unknown> {
  const there = new Set(saved);
  const failures = ending.failure === undefined ? [] : [ending.failure];
  for (const { file, save } of parts) {
    try {
      await save();
      there.add(file);
    } catch (failure) {
      failures.push((failure as Error).message);
    }
  }
  const known = asOurs(error);
  if (known === undefined) return error;
  const [first = ''] = there;
  const names = [...there].map((file) => path.basename(file)).join(' and ');
  const hints = [
    ...(known.hint === undefined ? [] : [known.hint.replace(/\.$/, '')]),
    ...(there.size === 0 ? [] : [`The weights so far are saved in ${path.dirname(first)}: ${names}`]),
    ...(failures.length === 0 ? [] : [`Not saved: ${failures.join('; ')}`]),
    ...(ending.goOn === undefined ? [] : [ending.goOn]),
  ];
  if (hints.length === 0) return known;
  return withHint(known, hints.join('. '), error);
}

function asOurs(error: unknown): ResnetFtError | undefined {
  if (error instanceof ResnetFtError) return error;
  // Native code throws plain errors with this code.
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'NATIVE_ERROR') return undefined;
  return new ResnetFtError('NATIVE_ERROR', error.message);
}
