import fs from 'node:fs';
import path from 'node:path';
import type { EvalResult } from '../../lib/eval/types';
import type { StepRecord, TrainResult } from '../../lib/train/events';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { SMALL_RUN } from './small-run';

const tmp = scratch();

test('a run with every option: steps of several batches, rates of the schedule, and the model is the average', async () => {
  const folder = path.join(tmp, 'all');
  const ran = await run([
    ...[...SMALL_RUN, '--quiet', '--output', folder, '--epochs', '2', '--accumulate', '2'],
    ...['--optimizer', 'adamw', '--weight-decay', '0.1', '--no-decay-norm-bias', '--clip-grad', '1', '--ema', '0.8'],
    ...['--schedule', 'cosine', '--warmup', '1', '--lr-head', '0.003', '--lr-layer-decay', '0.9'],
    ...['--label-smoothing', '0.1', '--class-weights', 'balanced', '--sampling', 'balanced', '--keep', 'last'],
  ]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const read = (file: string): string => fs.readFileSync(path.join(folder, file), 'utf8');
  const steps = records(read('metrics.jsonl')).filter(({ kind }) => kind === 'step') as unknown as StepRecord[];
  expect(steps.map(({ step, images }) => [step, images])).toEqual([1, 2, 3, 4].map((n) => [n, n % 2 ? 8 : 4]));
  const cosine = [0, 1, 2].map((step) => (1 + Math.cos((Math.PI * step) / 3)) / 2);
  const rates = [0.01, ...cosine].map((share) => 0.003 * share);
  expect(steps.map(({ lr }, i) => Math.abs(lr / (rates[i] ?? NaN) - 1) < 1e-12)).toEqual(steps.map(() => true));

  const { options } = JSON.parse(read('config.json')) as { options: object };
  expect(options).toMatchObject({ optimizer: 'adamw', lr: 0.001, beta2: 0.999, decayNormBias: false, ema: 0.8 });
  // What was validated, the average, is what the file holds; its loss is plain cross entropy.
  const result = JSON.parse(read('result.json')) as TrainResult;
  const told = await run(['eval', folder, ANTS_BEES, '--json', '--device', 'cpu']);
  expect((JSON.parse(told.stdout) as EvalResult).loss).toBeCloseTo(result.model.valLoss, 5);
});

test('a warm-up as long as the run is refused before there is any work, and leaves no folder', async () => {
  const folder = path.join(tmp, 'warm');
  const ran = await run([...SMALL_RUN, '--output', folder, '--epochs', '2', '--warmup', '6']);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain('Expected fewer steps than the 6 of the run for --warmup but received 6');
  expect(fs.existsSync(folder)).toBe(false);
});
