import type { DownloadControl } from '../download/types';
import type { Team } from '../team/team';
import type { TrainEvent } from './events';

/** What a caller of {@link train} may pass beside the options. */
export interface TrainControl {
  /** Stops the run within a batch; the promise then rejects with code ABORTED. */
  signal?: AbortSignal | undefined;
  /** Told everything that happens. It may be asynchronous; what it throws or rejects with ends the run. */
  onEvent?: ((event: TrainEvent) => unknown) | undefined;
  /** For the hint where the named weights can't be downloaded: what works without them. */
  withoutWeights?: string | undefined;
}

/** How the steps of a run are stopped and tell what happens. */
export interface RunControl {
  signal: AbortSignal;
  emit: (event: TrainEvent) => void;
  download: DownloadControl;
  /** The processes that train with this one, which conducts them. */
  team?: Team | undefined;
}

/** The control of a run whose caller may have left out any of it. */
export function runControl({ signal: given, onEvent }: TrainControl, offline: boolean): RunControl {
  const signal = given ?? new AbortController().signal;
  const emit = onEvent ?? ((): void => {});
  return { signal, emit, download: { offline, signal, onProgress: (event) => emit({ kind: 'download', event }) } };
}
