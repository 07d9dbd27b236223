import { resolveTrainOptions, type ResolvedTrainOptions } from '../../lib/options';
import type { SessionOptions } from '../../lib/backend/types';
import { withChosenRate } from '../../lib/train/choose-rate';
import { trainHead } from '../../lib/train/head';
import type { OpenTraining } from '../../lib/train/open-training';
import { recipeOf } from '../../lib/train/recipe';
import type { RunControl } from '../../lib/train/run';

const MADE = new Error('a session is made');

/** The precision of the session that something makes of a run in bfloat16 on a CPU. */
async function precisionOf(
  given: Partial<ResolvedTrainOptions>,
  make: (open: OpenTraining, options: ResolvedTrainOptions, run: RunControl) => Promise<unknown>,
): Promise<string | undefined> {
  let made: string | undefined;
  const createSession = ({ precision }: SessionOptions): Promise<never> => {
    made = precision;
    return Promise.reject(MADE);
  };
  const options = resolveTrainOptions({ data: 'a', cacheMemory: '1MB', cacheDisk: '0', ...given });
  const open = {
    session: {},
    parts: {
      options,
      trainer: {
        backend: { capabilities: { keptFeatures: ['flip'] }, createSession },
        ...{ device: 'cpu', precision: 'bf16', recipe: recipeOf(options) },
      },
      dataset: { classes: ['a', 'b'] },
      start: { arch: 'resnet18', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1], crop: 64 } },
      folder: { path: __dirname, file: (name: string) => name },
    },
  } as unknown as OpenTraining;
  const run = { emit: () => {}, signal: new AbortController().signal } as unknown as RunControl;
  await expect(make(open, options, run)).rejects.toBe(MADE);
  return made;
}

test('rates are tried in the precision of the run', async () => {
  const views = { cacheViews: 2, colorJitter: '0.5', trainFrom: 'fc', chooseLr: true } as const;
  expect(await precisionOf(views, withChosenRate)).toBe('bf16');
});

test('the head alone is trained in float32, which takes no longer', async () => {
  expect(await precisionOf({ headEpochs: 1 }, trainHead)).toBe('fp32');
});
