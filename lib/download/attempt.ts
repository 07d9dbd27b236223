import path from 'node:path';
import { shownBytes } from '../files/disk';
import type { Client, Reply } from './client';
import { AttemptError, statusError } from './failure';
import { Pace } from './pace';
import type { PartialFile } from './partial';
import type { Tuning } from './types';

/** One file to download. */
export interface Wanted {
  url: string;
  file: string;
  /** About how many bytes it has. */
  bytes: number | undefined;
  /** More bytes than this are refused. */
  maxBytes: number;
}

interface ContentRange {
  start: number | undefined;
  total: number | undefined;
}

/** `bytes 5-9/10` or, of an answer 416, `bytes *\/10` (RFC 9110, 14.4). */
function contentRange(reply: Reply): ContentRange | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(reply.header('content-range') ?? '');
  if (match === null) return undefined;
  const number = (text: string | undefined): number | undefined =>
    text === undefined || text === '*' ? undefined : Number(text);
  return { start: number(match[1]), total: number(match[2]) };
}

/** What may stand in If-Range: a weak ETag may not (RFC 9110, 13.1.5). */
function validator(reply: Reply): string | undefined {
  const etag = reply.header('etag');
  return etag !== undefined && etag.startsWith('"') ? etag : reply.header('last-modified');
}

function contentLength(reply: Reply): number | undefined {
  const text = reply.header('content-length');
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Brings the partial file and the answer together; false where the file is complete already. */
async function accept(reply: Reply, partial: PartialFile, wanted: Wanted): Promise<boolean> {
  const from = partial.length;
  if (reply.status === 200) {
    // All of it, whether asked for or because the server knows no ranges or has another file by now.
    await partial.begin({ url: wanted.url, validator: validator(reply), total: contentLength(reply) });
    return true;
  }
  const range = contentRange(reply);
  if (reply.status === 416 && from > 0 && range?.total === from) return false;
  if (reply.status === 206 && from > 0 && range?.start === from) {
    const known = partial.total;
    if (known === undefined || range.total === undefined || range.total === known) return true;
  }
  if (reply.status === 206 || (reply.status === 416 && from > 0)) {
    await partial.clear();
    throw new AttemptError('the server no longer has the rest of this file', true);
  }
  throw statusError(reply.status, (name) => reply.header(name));
}

async function checkSpace(wanted: Wanted, partial: PartialFile, freeBytes: Tuning['freeBytes']): Promise<void> {
  const total = partial.total ?? wanted.bytes;
  if (total === undefined) return;
  const folder = path.dirname(wanted.file);
  const free = await freeBytes(folder);
  const needed = total - partial.length;
  if (free !== undefined && needed > free) {
    throw new AttemptError(`it needs ${shownBytes(needed)} in ${folder}, where ${shownBytes(free)} are free`, false);
  }
}

/**
 * One request for what is missing; afterwards the partial file is complete.
 *
 * @throws AttemptError, or whatever the network and the file system throw.
 */
export async function attempt(
  client: Client,
  wanted: Wanted,
  partial: PartialFile,
  control: { signal: AbortSignal; onBytes: () => void; tuning: Tuning },
): Promise<void> {
  const headers: Record<string, string> = {};
  if (partial.length > 0) {
    headers['range'] = `bytes=${partial.length}-`;
    if (partial.validator !== undefined) headers['if-range'] = partial.validator;
  }
  const reply = await client.get(wanted.url, headers, control.signal);
  try {
    if (!(await accept(reply, partial, wanted))) return;
    const encoding = reply.header('content-encoding') ?? 'identity';
    if (encoding !== 'identity') throw new AttemptError(`the server sends it as ${encoding}`, false);
    await checkSpace(wanted, partial, control.tuning.freeBytes);
    const limit = Math.min(partial.total ?? Infinity, wanted.maxBytes);
    control.onBytes();
    for await (const bytes of new Pace(control.tuning).watch(reply.body)) {
      if (partial.length + bytes.length > limit) {
        await partial.clear();
        throw new AttemptError(`it is longer than ${limit} bytes`, false);
      }
      await partial.append(bytes);
      control.onBytes();
    }
    if (partial.length < (partial.total ?? 0)) {
      throw new AttemptError(`it ended after ${partial.length} of ${partial.total} bytes`, true);
    }
  } finally {
    reply.drop();
  }
}
