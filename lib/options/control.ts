import { rejectOption } from './spec';

/**
 * Checks what a call takes beside its options, where they are wrong before any work is begun.
 *
 * @param what it is called in the error
 * @throws ResnetFtError INVALID_OPTION for what is no object, for a `signal` that is no AbortSignal, for listeners that are no functions
 */
export function checkControl(control: unknown, what = 'the control'): void {
  if (typeof control !== 'object' || control === null) return rejectOption('an object', what, control);
  const { signal } = control as { signal?: unknown };
  if (signal !== undefined && !isSignal(signal)) rejectOption('an AbortSignal', 'signal', signal);
  for (const name of ['onEvent', 'onProgress', 'onLine']) {
    const listener = (control as Record<string, unknown>)[name];
    if (listener !== undefined && typeof listener !== 'function') rejectOption('a function', name, listener);
  }
}

/** Also one of another realm, such as jsdom's. */
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as AbortSignal).aborted === 'boolean' &&
  typeof (value as AbortSignal).addEventListener === 'function';
