import fs from 'node:fs';
import path from 'node:path';
import type { EvalResult } from '../../lib/eval/types';
import type { StepRecord, TrainResult } from '../../lib/train/events';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { slowRows } from '../slow';
import { SMALL_RUN } from './small-run';

const tmp = scratch();
const base = [...SMALL_RUN, '--quiet'];

async function train(
  name: string,
  ...args: string[]
): Promise<{ steps: StepRecord[]; result: TrainResult; folder: string }> {
  const folder = path.join(tmp, name);
  const ran = await run([...base, '--output', folder, ...args]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const read = (file: string): string => fs.readFileSync(path.join(folder, file), 'utf8');
  const steps = records(read('metrics.jsonl')).filter(({ kind }) => kind === 'step') as unknown as StepRecord[];
  return { steps, result: JSON.parse(read('result.json')) as TrainResult, folder };
}

describe('--keep', () => {
  test('min-batch-loss keeps the weights of the least loss after four fifths of the steps', async () => {
    const { steps, result, folder } = await train('least', '--epochs', '5', '--keep', 'min-batch-loss');
    const late = steps.filter(({ step }) => step > 0.8 * steps.length);
    const least = late.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect(steps).toHaveLength(15);
    expect(late).toHaveLength(3);
    expect(result.model).toMatchObject({ step: least.step, epoch: least.epoch, batchLoss: least.loss });

    // What the file holds is what was measured, and not the last weights.
    const evaluated = JSON.parse(
      (await run(['eval', folder, ANTS_BEES, '--json', '--device', 'cpu'])).stdout,
    ) as EvalResult;
    expect(evaluated.loss).toBeCloseTo(result.model.valLoss, 5);
    expect(result.model.step).toBeLessThan(15);
    expect(result.model.valLoss).not.toBeCloseTo(result.last.valLoss, 3);
  });

  test('last keeps the weights of the last step', async () => {
    const { result, folder } = await train('last', '--epochs', '2', '--keep', 'last');
    expect(result.model).toMatchObject({ epoch: 2, step: 6, valLoss: result.last.valLoss });
    const [model, last] = ['model', 'last'].map((name) => fs.readFileSync(path.join(folder, `${name}.safetensors`)));
    expect(model?.equals(last ?? Buffer.alloc(0))).toBe(true);
  });
});

describe('features of frozen modules', () => {
  const losses = async (name: string, ...args: string[]): Promise<number[]> => {
    const { steps } = await train(name, '--epochs', '2', '--train-from', 'layer4', '--lr', '0.001', ...args);
    return steps.map(({ loss }) => loss);
  };

  test('give the same losses from memory, from a file, and computed each time', async () => {
    const each = await losses('each', '--cache-memory', '0', '--cache-disk', '0');
    expect(each).toHaveLength(6);
    // Room for a few rows in memory (a row is 16 KB), a few in the file, and none for the others.
    const places = [
      ...slowRows<string[]>([], ['--cache-memory', '0']),
      ['--cache-memory', '50k', '--cache-disk', '80k'],
    ];
    for (const place of places) {
      const found = await losses(`place${place.join('')}`, ...place);
      found.forEach((loss, step) => expect(loss).toBeCloseTo(each[step] ?? NaN, 5));
    }
    const half = await losses('half', '--cache-bf16');
    half.forEach((loss, step) => expect(Math.abs(loss - (each[step] ?? NaN))).toBeLessThan(0.05));
    expect(half).not.toEqual(each);
    expect(
      fs
        .readdirSync(path.join(tmp, 'place--cache-memory50k--cache-disk80k'))
        .filter((file) => file.startsWith('.features')),
    ).toEqual([]);
  });
});
