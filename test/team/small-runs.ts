import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, ROOT, scratch } from '../cli/run';

// Runs of several processes, and what one process comes to.

const tmp = scratch();

export const MAIN = path.join(ROOT, 'bin', 'resnet-ft.js');
/** Small, and to the last digits the same for any number of processes. */
export const SMALL = [
  ...['train', ANTS_BEES, '--arch', 'resnet18', '--weights', 'none', '--image-size', '64', '--batch-size', '4'],
  ...['--threads', '1', '--precision', 'fp64', '--device', 'cpu', '--sync-batch-norm', '--lr', '0.001'],
];

export const folderOf = (name: string): string => path.join(tmp, name);
export const output = (name: string): string[] => ['--output', folderOf(name)];

export const recordsOf = (name: string) => records(fs.readFileSync(path.join(folderOf(name), 'metrics.jsonl'), 'utf8'));

/** The figures of a run, without its times. */
const figures = (folder: string): number[] =>
  recordsOf(folder).flatMap(({ loss, trainLoss, valLoss, valAccuracy }) =>
    [loss, trainLoss, valLoss, valAccuracy].filter((value) => typeof value === 'number'),
  );

export function expectSame(folder: string, expected: string): void {
  const [own, other] = [figures(folder), figures(expected)];
  expect(own).toHaveLength(other.length);
  for (const [i, value] of own.entries()) expect(Math.abs(value - (other[i] ?? NaN))).toBeLessThan(1e-6);
}
