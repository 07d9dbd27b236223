import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResnetFtError, throwIfAborted } from '../errors';
import { freeBytes } from '../files/disk';
import { makeFolder } from '../files/make-folder';
import { codeOf } from '../files/reason';
import { attempt, type Wanted } from './attempt';
import type * as Client from './client';
import { AttemptError, attemptError } from './failure';
import { sha256File } from './hash';
import { withLock } from './lock';
import { leastBytes } from './pace';
import { PartialFile } from './partial';
import { shownUrl } from './shown-url';
import type { DownloadControl, Tuning } from './types';

/** A file to download. */
export interface DownloadRequest extends DownloadControl {
  url: string;
  /** Where it is put, under this name. */
  file: string;
  /** SHA-256 in lower-case hex, or its beginning; a file that is there is taken only if it has this hash. */
  sha256?: string | undefined;
  /** About how many bytes it has, for the check of disk space where the server does not say. */
  bytes?: number | undefined;
  /** Largest size in bytes that is accepted; default 4 GiB. */
  maxBytes?: number | undefined;
  /** What to do where the download fails: `Put the file at <file> by hand` and {@link otherwise} where left out. */
  hint?: string | undefined;
}

const MAX_BYTES = 4 * 1024 ** 3;
const SHA256_DIGITS = 64;

/** Patience of downloads. */
export const TUNING: Tuning = {
  retries: 4,
  backoff: 500,
  longestPause: 60_000,
  stall: 30_000,
  // As apt and git do where they are asked to give up slow servers.
  slowest: 1000,
  window: 30_000,
  connect: 15_000,
  staleLock: 15_000,
  freeBytes,
};

/** Whether the user has forbidden downloads, by the option or by RESNET_FT_OFFLINE. */
export function isOffline(control: DownloadControl): boolean {
  const variable = process.env['RESNET_FT_OFFLINE'] ?? '';
  return control.offline === true || !['', '0', 'false'].includes(variable);
}

function wrongHash(found: string, expected: string): string {
  return `its SHA-256 begins with ${found.slice(0, expected.length)} instead of ${expected}`;
}

/** Whether the file is there with the right hash; why not, where it is there with another. */
async function inspect(
  file: string,
  sha256: string | undefined,
  signal: AbortSignal,
): Promise<{ good: boolean; reason?: string }> {
  const found = await sha256File(file, signal);
  if (found === undefined) return { good: false };
  if (sha256 === undefined || found.startsWith(sha256)) return { good: true };
  return { good: false, reason: wrongHash(found, sha256) };
}

/** Pause before the next attempt: doubles each time, up to half of it by chance, and as long as the server asks. */
function pause(failures: number, error: AttemptError, tuning: Tuning): number {
  const spread = tuning.backoff * 2 ** (failures - 1) * (0.5 + Math.random() / 2);
  return Math.min(tuning.longestPause, Math.max(spread, error.retryAfter ?? 0));
}

/** Whether the disk has no more room, or the user's share of it. */
const isFull = ({ cause }: AttemptError): boolean =>
  cause instanceof Error && ['ENOSPC', 'EDQUOT'].includes(codeOf(cause) ?? '');

async function transfer(request: DownloadRequest, tuning: Tuning, signal: AbortSignal): Promise<void> {
  const { url, file, sha256, onProgress = () => {} } = request;
  const shown = shownUrl(url);
  const wanted: Wanted = { url, file, bytes: request.bytes, maxBytes: request.maxBytes ?? MAX_BYTES };
  // Only where something is downloaded: undici's parser is WebAssembly, for which V8 reserves gigabytes of addresses, and a training under `ulimit -v` would
  // end by it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- for that
  const { createClient } = require('./client') as typeof Client;
  const client = createClient(tuning);
  const partial = await PartialFile.open(file, url, sha256 !== undefined, signal);
  const onBytes = (): void =>
    void onProgress({ kind: 'bytes', url: shown, received: partial.length, total: partial.total });
  try {
    let resumed = partial.length > 0;
    for (let failures = 0, furthest = partial.length; ;) {
      try {
        await attempt(client, wanted, partial, { signal, onBytes, tuning });
        const digest = partial.digest();
        if (sha256 === undefined || digest.startsWith(sha256)) break;
        await partial.clear();
        // Pieces from before may be what is wrong; whole and wrong would be so again.
        if (!resumed) throw new AttemptError(wrongHash(digest, sha256), false);
        resumed = false;
      } catch (cause) {
        signal.throwIfAborted();
        const error = attemptError(cause, tuning.stall);
        // A disk that is full disturbs more than this download.
        if (isFull(error)) await partial.clear();
        // Only bytes that no attempt has brought yet are progress, and more than a few: a server may break off at the same
        // place each time, or after each byte.
        failures = partial.length - furthest >= leastBytes(tuning) ? 1 : failures + 1;
        furthest = Math.max(furthest, partial.length);
        if (!error.retryable || failures > tuning.retries) throw error;
        const wait = pause(failures, error, tuning);
        onProgress({ kind: 'retry', url: shown, reason: error.message, seconds: wait / 1000 });
        await sleep(wait, undefined, { signal });
        resumed = partial.length > 0;
      }
    }
    await partial.finish();
  } catch (error) {
    // What happened first is what is told.
    await partial.close().catch(() => {});
    throw error;
  } finally {
    await client.close();
  }
}

/**
 * Downloads a file, unless it is there already with the right hash. It gets its name only when it is complete and checked;
 * a download that breaks off is taken up again by the next one, in this process or another, and two at once download once.
 *
 * @returns the file.
 * @throws ResnetFtError DOWNLOAD_FAILED naming the URL, the reason and where to put the file by hand; ABORTED.
 */
export async function download(request: DownloadRequest): Promise<string> {
  const { url, file, sha256, onProgress = () => {} } = request;
  const otherwise = request.otherwise === undefined ? '.' : `, or ${request.otherwise}`;
  const hint = request.hint ?? `Put the file at ${file} by hand${otherwise}`;
  const tuning = { ...TUNING, ...request.tuning };
  const signal = request.signal ?? new AbortController().signal;
  try {
    signal.throwIfAborted();
    const present = await inspect(file, sha256, signal);
    if (present.good) return file;
    if (isOffline(request)) {
      const reason = present.reason === undefined ? '' : `, and ${file} is damaged: ${present.reason}`;
      throw new AttemptError(`downloads are off (--offline or RESNET_FT_OFFLINE)${reason}`, false);
    }
    await makeFolder(path.dirname(file));
    const onWait = (): void => void onProgress({ kind: 'waiting', file });
    await withLock(file, { signal, onWait, stale: tuning.staleLock }, async (held) => {
      // Whoever held the lock before may have brought it.
      const now = await inspect(file, sha256, held);
      if (now.good) return;
      if (now.reason !== undefined) onProgress({ kind: 'damaged', file, reason: now.reason });
      await transfer(request, tuning, held);
      if (sha256 !== undefined && sha256.length < SHA256_DIGITS)
        onProgress({ kind: 'partly-checked', file, digits: sha256 });
    });
    return file;
  } catch (error) {
    throwIfAborted(signal, `The download of ${shownUrl(url)} was stopped`);
    if (error instanceof ResnetFtError) throw error;
    const { message } = attemptError(error, tuning.stall);
    throw new ResnetFtError('DOWNLOAD_FAILED', `cannot download ${shownUrl(url)}: ${message}`, { hint, cause: error });
  }
}
