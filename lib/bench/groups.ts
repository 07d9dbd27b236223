import type { Unit } from './format';
import type { BackendReport, BenchReport, Figure } from './types';

/** One backend's value of one measurement. */
export interface Entry {
  label: string;
  /** Left out where it was not measured, for the reason of `note`. */
  value?: number;
  spread: number | null;
  /** `value` divided by that of the backend that all are compared with. */
  ratio?: number;
  note: string;
}

/** One measurement, of all backends. */
export interface Group {
  title: string;
  unit: Unit;
  entries: Entry[];
}

/** The measurements of a report in the order in which they are shown; those that no backend reached are left out. */
export function groupsOf(report: BenchReport): { groups: Group[]; base: string } {
  const reached = report.backends.filter(({ load }) => load !== undefined);
  const base = baseOf(reached);
  const groups: Group[] = [];
  const add = (
    title: string,
    unit: Unit,
    entryOf: (backend: BackendReport) => Omit<Entry, 'label'> | undefined,
  ): void => {
    const found = reached.flatMap((backend) => {
      const entry = entryOf(backend);
      return entry === undefined ? [] : [{ backend: backend.backend, entry: { label: backend.label, ...entry } }];
    });
    const to = found.find(({ backend }) => backend === base?.backend)?.entry.value;
    const entries = found.map(({ entry }) =>
      to === undefined || entry.value === undefined ? entry : { ...entry, ratio: entry.value / to },
    );
    if (entries.length > 0) groups.push({ title, unit, entries });
  };
  for (const size of report.settings.batchSizes) {
    add(`inference, batch ${size}`, 'images/s', ({ inference }) =>
      throughput(
        inference.find(({ batchSize }) => batchSize === size),
        size,
      ),
    );
  }
  // The largest batch that was measured; those that were not say which one was too slow.
  const largest = (key: 'headStep' | 'fullStep'): number => {
    const figures = reached.flatMap((backend) => backend[key] ?? []);
    const measured = figures.filter((figure) => !('skipped' in figure));
    return Math.max(0, ...(measured.length > 0 ? measured : figures).map(({ batchSize }) => batchSize));
  };
  for (const [key, title] of [
    ['headStep', 'training of fc'],
    ['fullStep', 'full training'],
  ] as const) {
    const size = largest(key);
    add(`${title}, batch ${size}`, 'images/s', (backend) => throughput(backend[key], size));
  }
  add('opening the library', 's', ({ load }) => load && { value: load.openSeconds, spread: null, note: '' });
  add('loading the model', 's', ({ load }) => load && { value: load.modelSeconds, spread: load.spread, note: '' });
  const megabytes = (bytes: number): Omit<Entry, 'label'> => ({ value: bytes / 1e6, spread: null, note: '' });
  add('peak memory, inference', 'MB', ({ memory }) => memory && megabytes(memory.inferenceBytes));
  add('peak memory, with training', 'MB', ({ memory, headStep, fullStep }) => {
    const trained = [headStep, fullStep].some((figure) => figure !== undefined && !('skipped' in figure));
    return trained && memory?.peakBytes !== undefined ? megabytes(memory.peakBytes) : undefined;
  });
  return { groups, base: base?.label ?? '' };
}

/** Native where it was measured; else the slowest, so that the others are some times as fast. */
function baseOf(reached: readonly BackendReport[]): BackendReport | undefined {
  const native = reached.find(({ backend, status }) => backend === 'native' && status !== 'wrong');
  if (native !== undefined) return native;
  const speed = ({ inference }: BackendReport): number => {
    const first = inference.find((figure) => !('skipped' in figure));
    return first === undefined || 'skipped' in first ? Infinity : first.imagesPerSecond;
  };
  return [...reached].sort((a, b) => speed(a) - speed(b))[0];
}

/** @param batchSize of the group; an entry with another one says so */
function throughput(figure: Figure | undefined, batchSize: number): Omit<Entry, 'label'> | undefined {
  if (figure === undefined) return undefined;
  if ('skipped' in figure) return { spread: null, note: figure.skipped };
  const notes: string[] = [];
  if (figure.sample) notes.push('sample');
  if (figure.batchSize !== batchSize) notes.push(`batch ${figure.batchSize}`);
  return { value: figure.imagesPerSecond, spread: figure.spread, note: notes.join(', ') };
}
