import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ByteBudget } from './budget';
import { Refusal } from './refusal';

/** How much a request may send, and how long that may take. */
export interface BodyLimits {
  /** Bytes. */
  maxBody: number;
  /** Milliseconds until the body must have come. */
  timeout: number;
  /** Of all requests together. */
  budget: ByteBudget;
}

const UNITS = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const;

/** A limit as a person sets it, whole where it is: `32 MB`, `2.5 kB`, `500 bytes`. */
function shownLimit(bytes: number): string {
  const [size, unit] = UNITS.find(([least]) => bytes >= least) ?? [1, 'bytes'];
  return `${Number((bytes / size).toFixed(3))} ${unit}`;
}

const tooLarge = (maxBody: number): Refusal =>
  new Refusal(413, 'BODY_TOO_LARGE', `The request is larger than ${shownLimit(maxBody)}`);

/**
 * Refuses a request that says beforehand that it is too large, before any of it is read.
 *
 * @throws Refusal BODY_TOO_LARGE, UNSUPPORTED_TYPE
 */
export function checkDeclared({ headers }: Pick<IncomingMessage, 'headers'>, maxBody: number): void {
  if (Number(headers['content-length'] ?? 0) > maxBody) throw tooLarge(maxBody);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Refusal(415, 'UNSUPPORTED_TYPE', `Bodies with the content encoding ${encoding} are not supported`);
  }
}

/** Answers to clients that ask before they send their body. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Lets a client that asks (`Expect: 100-continue`) send its body once it is going to be read, and not where the request is refused before. */
export function continueLater(incoming: IncomingMessage, outgoing: ServerResponse): void {
  waiting.set(incoming, outgoing);
}

/** Why the rest of a body will not come. */
const broken = new WeakMap<IncomingMessage, Refusal>();
const BROKEN = 'broken';

/** Has whoever reads a body fail, or is about to: its bytes are no HTTP any more. */
export function breakOff(incoming: IncomingMessage, why: Refusal): void {
  broken.set(incoming, why);
  incoming.emit(BROKEN);
}

/**
 * Hands the body on as it comes, and counts it. What was counted is in the budget until `release` is called.
 *
 * @throws Refusal BODY_TOO_LARGE, REQUEST_TIMEOUT, QUEUE_FULL, BAD_REQUEST where the client went away or sends no HTTP; whatever `take` throws
 */
export async function streamBody(
  incoming: IncomingMessage,
  { maxBody, timeout, budget }: BodyLimits,
  take: (chunk: Buffer) => void,
): Promise<{ release: () => void }> {
  checkDeclared(incoming, maxBody);
  waiting.get(incoming)?.writeContinue();
  let bytes = 0;
  const release = (): void => {
    budget.free(bytes);
    bytes = 0;
  };
  let end = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new Refusal(408, 'REQUEST_TIMEOUT', `The request did not arrive within ${timeout / 1000} seconds`)),
        timeout,
      );
      const onData = (chunk: Buffer): void => {
        try {
          if (bytes + chunk.length > maxBody) throw tooLarge(maxBody);
          budget.take(chunk.length);
          bytes += chunk.length;
          take(chunk);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const onEnd = (): void => resolve();
      const onClose = (): void =>
        reject(broken.get(incoming) ?? new Refusal(400, 'BAD_REQUEST', 'The request ended too early'));
      incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose).on(BROKEN, onClose);
      if (broken.has(incoming)) onClose();
      end = () => {
        clearTimeout(timer);
        incoming.off('data', onData).off('end', onEnd).off('close', onClose).off(BROKEN, onClose);
      };
    });
    return { release };
  } catch (error) {
    // What still comes is thrown away once the answer is sent (node-server.ts), or else the client would not read it.
    incoming.pause();
    release();
    throw error;
  } finally {
    end();
  }
}
