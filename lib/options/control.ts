import { suggest } from '../text/suggest';
import { onAbort } from './on-abort';
import { rejectOption, requireObject } from './spec';

/**
 * Checks what a call takes beside its options, where they are wrong before any work is begun.
 *
 * @param what it is called in the error
 * @throws ResnetFtError INVALID_OPTION for what is no object, for a `signal` that is no AbortSignal, for listeners that are no functions
 */
export function checkControl(control: unknown, what = 'the control'): void {
  requireObject(control, what);
  const { signal } = control as { signal?: unknown };
  if (signal !== undefined && !isSignal(signal)) rejectOption('an AbortSignal', 'signal', signal);
  for (const name of Object.keys(control)) {
    if (KNOWN.includes(name)) continue;
    // Whatever else it has is another's; what was meant for one of these is not passed over in silence.
    const near = suggest(name, KNOWN);
    if (near !== undefined) rejectOption('something that it may have', what, name, `Did you mean ${near}?`);
  }
  for (const name of LISTENERS) {
    const listener = (control as Record<string, unknown>)[name];
    if (listener !== undefined && typeof listener !== 'function') rejectOption('a function', name, listener);
  }
}

/** What tells a caller what happens. */
const LISTENERS = ['onEvent', 'onProgress', 'onLine'];
/** What controls have; each call takes some of it. */
const KNOWN = [...LISTENERS, 'signal', 'features', 'unreadable'];

/**
 * Does the work of a call that tells its caller what happens. A listener may be asynchronous: the call waits at its end for what it returned, and
 * where that rejects, the work is stopped and the call rejects with it, as it does with what a listener throws: with the first of these, after
 * which no listener is told anything more. Signal and listeners are those that the control has at the call.
 *
 * @param work gets the control to use in place of the caller's
 * @throws ResnetFtError as {@link checkControl}; what the work throws, and what a listener does
 */
export async function controlled<C extends object, R>(control: C, work: (control: C) => Promise<R>): Promise<R> {
  checkControl(control);
  const given = control as Record<string, unknown> & { signal?: AbortSignal };
  const listeners = LISTENERS.filter((name) => given[name] !== undefined);
  const { signal } = given;
  // A signal of another realm is none to Node's own functions, AbortSignal.any among them.
  const isOwn = signal === undefined || signal instanceof AbortSignal;
  if (listeners.length === 0 && isOwn) return work({ ...control });

  const stop = new AbortController();
  const unlink = onAbort(signal, () => stop.abort(signal?.reason));
  let failed: { error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failed ??= { error };
    stop.abort(error);
  };
  const pending = new Set<Promise<void>>();
  const follow = (returned: unknown): void => {
    if (typeof (returned as PromiseLike<unknown> | undefined)?.then !== 'function') return;
    const told = Promise.resolve(returned)
      .then(() => {}, fail)
      .finally(() => pending.delete(told));
    pending.add(told);
  };
  const heard: Record<string, unknown> = { ...given, signal: stop.signal };
  for (const name of listeners) {
    const listener = given[name] as (...told: unknown[]) => unknown;
    heard[name] = (...told: unknown[]): void => {
      if (failed !== undefined) return;
      try {
        follow(Reflect.apply(listener, given, told));
      } catch (error) {
        // Also where the work takes it for a failure of its own and goes on.
        fail(error);
        throw error;
      }
    };
  }
  try {
    const result = await work(heard as C);
    await Promise.all(pending);
    if (failed !== undefined) throw failed.error;
    return result;
  } catch (error) {
    throw failed === undefined ? error : failed.error;
  } finally {
    unlink();
  }
}

/** Also one of another realm, such as jsdom's. */
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as AbortSignal).aborted === 'boolean' &&
  typeof (value as AbortSignal).addEventListener === 'function' &&
  typeof (value as AbortSignal).removeEventListener === 'function';
