import { throwIfAborted } from '../errors';

/** Milliseconds after which the event loop gets a turn. */
const TURN = 20;

/**
 * For long work on the main thread: lets the event loop do what else is waiting, wherever the last time is long enough ago. Without it no signal would
 * be heard, and no bar would move.
 *
 * @param stopped what the error says where the signal has aborted
 * @returns to be called as often as one likes; rejects with code ABORTED
 */
export function pauses(signal: AbortSignal, stopped: string): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < TURN) return;
    await new Promise(setImmediate);
    throwIfAborted(signal, stopped);
    last = performance.now();
  };
}
