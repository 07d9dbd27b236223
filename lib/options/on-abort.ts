interface Waiting {
  acts: Set<() => void>;
  listener: () => void;
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `act` once the signal aborts, at once where it has. All that wait for a signal share one listener: of more than ten Node.js warns, and a
 * program may give hundreds of calls the same signal.
 *
 * @returns what takes it back
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    act();
    return () => {};
  }
  const { acts, listener } = waitingFor.get(signal) ?? listenTo(signal);
  acts.add(act);
  return () => {
    acts.delete(act);
    if (acts.size > 0) return;
    signal.removeEventListener('abort', listener);
    waitingFor.delete(signal);
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const acts = new Set<() => void>();
  const listener = (): void => {
    for (const act of acts) act();
  };
  signal.addEventListener('abort', listener);
  const waiting = { acts, listener };
  waitingFor.set(signal, waiting);
  return waiting;
}
