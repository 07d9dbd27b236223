import { oneLine } from '../errors';
import { codeOf, reasonOf } from '../files/reason';

/** Why one attempt failed, and whether another one may help. */
export class AttemptError extends Error {
  constructor(
    reason: string,
    readonly retryable: boolean,
    /** Milliseconds that the server asks to wait. */
    readonly retryAfter?: number,
    cause?: unknown,
  ) {
    super(reason, { cause });
  }
}

/** Codes of Node.js, OpenSSL and undici that another attempt does not change. */
const LASTING = new Set([
  'ENOTFOUND',
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EISDIR',
  'ENOTDIR',
  'EFBIG',
  'ERR_INVALID_URL',
  'UND_ERR_INVALID_ARG',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const isOfFile = (error: unknown): error is NodeJS.ErrnoException & { path: string } =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).path === 'string';

/** An exception of the network or the file system as the failure of an attempt. */
export function attemptError(error: unknown, stall: number): AttemptError {
  if (error instanceof AttemptError) return error;
  const code = (error instanceof Error ? codeOf(error) : undefined) ?? '';
  const retryable = !LASTING.has(code);
  let reason: string;
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    reason = `no byte came for ${stall / 1000} s`;
  } else if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    reason = 'no connection in time';
  } else if (code === 'ENOSPC' || code === 'EDQUOT') {
    reason = 'the disk is full';
  } else {
    // Where several addresses were tried, the message is that of the first.
    const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
    const text = isOfFile(first)
      ? `${first.path}: ${reasonOf(first)}`
      : first instanceof Error
        ? first.message
        : String(first);
    reason = text.startsWith('Redirect loop') ? 'it is redirected in a circle' : text || code || 'unknown error';
  }
  return new AttemptError(oneLine(reason), retryable, undefined, error);
}

/** Milliseconds of a Retry-After header (seconds or a date). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}

/** The failure of an attempt that was answered with a status that brings no file. */
export function statusError(status: number, header: (name: string) => string | undefined): AttemptError {
  const retryable = status >= 500 || status === 429 || status === 408;
  const reason = status >= 300 && status < 400 ? `too many redirections (${status})` : `the server answered ${status}`;
  return new AttemptError(reason, retryable, retryAfter(header('retry-after')));
}
