/** Sums up what ncu prints: a line of CSV for each kernel that ran. */
'use strict';

/** The cells of a line of CSV, of which any may be quoted. */
const cells = (line) =>
  [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
    cell.replace(/^"|"$/g, '').replaceAll('""', '"'),
  );

const NANOSECONDS = { nsecond: 1, ns: 1, usecond: 1e3, us: 1e3, msecond: 1e6, ms: 1e6, second: 1e9, s: 1e9 };

/** A kernel's name without its template arguments and parameters, which are hundreds of characters. */
const shortName = (name) => name.replace(/^void /, '').replace(/[<(].*$/s, '');

/**
 * @param text what `ncu --csv --page raw --metrics gpu__time_duration.sum` printed
 * @returns for each kernel how often it ran, its nanoseconds in all and its share of all, the greatest first
 * @throws Error where there is no such table
 */
function kernelTimes(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('"'));
  const head = cells(lines[0] ?? '');
  const [name, duration] = ['Kernel Name', 'gpu__time_duration.sum'].map((column) => head.indexOf(column));
  if (name < 0 || duration < 0) throw new Error('the profiler printed no table');
  const unit = NANOSECONDS[cells(lines[1] ?? '')[duration]];
  if (unit === undefined) throw new Error('the profiler tells times in an unknown unit');
  const kernels = new Map();
  for (const line of lines.slice(2)) {
    const row = cells(line);
    const key = shortName(row[name]);
    const one = kernels.get(key) ?? { name: key, runs: 0, nanoseconds: 0 };
    one.runs += 1;
    one.nanoseconds += Number(row[duration].replaceAll(',', '')) * unit;
    kernels.set(key, one);
  }
  const all = [...kernels.values()].reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
  return [...kernels.values()]
    .map((kernel) => ({ ...kernel, share: kernel.nanoseconds / all }))
    .sort((a, b) => b.nanoseconds - a.nanoseconds);
}

module.exports = { kernelTimes };
