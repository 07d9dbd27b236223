import { stat } from 'node:fs/promises';
import { sha256File } from '../download/hash';
import { shownBytes } from '../files/disk';
import type { NamedWeights } from './registry';

/** The registry rounds some sizes to 0.01 MiB; what differs by more is not the whole file. */
const SIZE_SLACK = 16_384;

/** As many digits of a hash as a person compares, or all of them where these are the same. */
const SHOWN_DIGITS = 8;

/** What a file must be to count as named weights. */
export type Expected = Pick<NamedWeights, 'sha256' | 'bytes'>;

/**
 * What is wrong with a file that should be named weights, to be put after its name; undefined where nothing is.
 *
 * @param hash whether its SHA-256 is compared too, which reads all of it
 * @throws what reading it throws, but for a file that is not there
 */
export async function faultOfWeights(
  expected: Expected,
  file: string,
  { hash, signal }: { hash: boolean; signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (stats === undefined) return 'is not there';
  // Before it is opened: a pipe would be waited for.
  if (!stats.isFile()) return 'is not a file';
  if (Math.abs(stats.size - expected.bytes) > SIZE_SLACK)
    return `has ${shownBytes(stats.size)} instead of ${shownBytes(expected.bytes)}`;
  if (!hash) return undefined;
  const found = (await sha256File(file, signal)) ?? '';
  const { sha256 } = expected;
  if (found.startsWith(sha256)) return undefined;
  const digits = found.startsWith(sha256.slice(0, SHOWN_DIGITS)) ? sha256.length : SHOWN_DIGITS;
  return `its SHA-256 begins with ${found.slice(0, digits)}, not ${sha256.slice(0, digits)}`;
}
