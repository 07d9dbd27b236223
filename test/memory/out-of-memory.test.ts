import path from 'node:path';
import type { BenchReport } from '../../lib/bench/types';
import { FILES } from '../backend/images';
import { ANTS_BEES, run, scratch, type Outcome } from '../cli/run';
import { callApi } from '../predict/call-api';

// Whatever runs a network says which batch would fit, where one does not; a GPU's answer is given by no-room.js.

const tmp = scratch();
const VAL = path.join(ANTS_BEES, 'val');
const CHEAP = [
  ...['--weights', 'none', '--arch', 'resnet18', '--image-size', '64', '--device', 'cpu', '--precision', 'fp32'],
  ...['--threads', '1', '--batch-size', '8'],
];
const env = (fits: number): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--require ${JSON.stringify(path.join(__dirname, 'no-room.js'))}`,
  RESNET_FT_TEST_FITS: String(fits),
});
const withRoomFor = (fits: number, ...args: string[]): Promise<Outcome> => run(args, { env: env(fits) });

const CUDA = 'CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.25 GiB';
const batchOf = (images: number): string =>
  `resnet-ft: A batch of ${images} images does not fit into memory: ${CUDA}. `;
const TWO = 'Batches of 2 fit: --batch-size 2';
const TRAIN = `${TWO}, and with --accumulate 4 beside it each step has as many images as before`;

const model = path.join(tmp, 'run');
beforeAll(async () => {
  const made = await run(['train', ANTS_BEES, ...CHEAP, '--train-from', 'fc', '--epochs', '1', '--output', model]);
  expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
}, 120_000);

test.each([
  // The first image comes alone, for an early answer.
  [
    'predict',
    'Batches of 3 fit: --batch-size 3',
    () => ['predict', model, VAL, '--device', 'cpu', '--batch-size', '8'],
  ],
  ['eval', TWO, () => ['eval', model, VAL, '--device', 'cpu', '--batch-size', '8']],
  ['lr-find', TRAIN, () => ['lr-find', ANTS_BEES, ...CHEAP]],
  ['train', TRAIN, () => ['train', ANTS_BEES, ...CHEAP, '--output', path.join(tmp, 'a')]],
  [
    'the head alone',
    TRAIN,
    () => ['train', ANTS_BEES, ...CHEAP, '--head-epochs', '1', '--output', path.join(tmp, 'b')],
  ],
  [
    '--choose-lr',
    TRAIN,
    () => ['train', ANTS_BEES, ...CHEAP, '--train-from', 'fc', '--choose-lr', '--output', path.join(tmp, 'c')],
  ],
  ['--max-time', TRAIN, () => ['train', ANTS_BEES, ...CHEAP, '--max-time', '1h', '--output', path.join(tmp, 'd')]],
  ['--folds', TRAIN, () => ['train', ANTS_BEES, ...CHEAP, '--folds', '2', '--output', path.join(tmp, 'e')]],
])('%s', async (what, hint, args) => {
  const { code, stderr } = await withRoomFor(3, ...args());
  expect(code).toBe(1);
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .at(-1)
      ?.startsWith(`${batchOf(what === 'predict' ? 7 : 8)}${hint}`) === true
      ? ''
      : stderr,
  ).toBe('');
});

test('a batch of one image, and a network', async () => {
  const args = ['predict', model, path.join(VAL, 'ants', 'F.pergan.28(f).jpg')];
  const { code, stderr } = await withRoomFor(0, ...args, '--device', 'cpu');
  expect([code, stderr]).toEqual([
    1,
    `resnet-ft: The network does not fit into memory: ${CUDA}. Make room in memory\n`,
  ]);
});

describe('bench', () => {
  const bench = async (fits: number, ...args: string[]) => {
    const quick = ['bench', '--model', model, '--backends', 'native', '--duration', '0.1', '--repeats', '1'];
    const outcome = await withRoomFor(fits, ...quick, '--threads', '1', '--json', ...args);
    return { ...outcome, native: (JSON.parse(outcome.stdout) as BenchReport).backends[0] };
  };

  test('measures the batches that fit, and says of the others what fits', async () => {
    const { code, native, stderr } = await bench(3, '--batch-sizes', '1,2,8');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const tooLarge = (images: number) => `A batch of ${images} images does not fit into memory: ${CUDA}`;
    expect(native).toMatchObject({
      status: 'measured',
      inference: [
        { batchSize: 1, imagesPerSecond: expect.any(Number) },
        { batchSize: 2, imagesPerSecond: expect.any(Number) },
        { batchSize: 8, skipped: `${tooLarge(8)}. Batches of 2 fit: --batch-sizes 2` },
      ],
      headStep: { skipped: expect.stringContaining('does not fit into memory: CUDA out of memory') },
    });
  });

  test('a network that does not fit', async () => {
    const { native } = await bench(0, '--batch-sizes', '1');
    expect(native).toMatchObject({
      status: 'failed',
      reason: `The network does not fit into memory: ${CUDA}. Make room in memory`,
    });
  });
});

test('the API has a code for it, and goes on with smaller batches', async () => {
  const told = await callApi(
    async ({ api, codeOf }, given) => {
      const options = { device: 'cpu' as const, batchSize: 8 };
      const code = await codeOf(api.evaluate({ model: given.model, data: given.val, ...options }));
      const model = await api.loadModel(given.model, options);
      const codes = [code, await codeOf(model.predict(given.images))];
      const fits = await model.predict(given.images.slice(0, 2));
      await model.close();
      return { codes, fits: fits.length };
    },
    { model, val: VAL, images: FILES },
    env(2),
  );
  expect(told).toEqual({ codes: ['OUT_OF_MEMORY', 'OUT_OF_MEMORY'], fits: 2 });
});
