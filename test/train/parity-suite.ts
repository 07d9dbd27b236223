import fs from 'node:fs';
import path from 'node:path';
import { DEVICE } from '../device';
import { ANTS_BEES, ROOT, records, run, scratch } from '../cli/run';

const tmp = scratch();
const fixtures = path.join(ROOT, 'test', 'fixtures', 'reference');
// The losses depend on the kernels that LibTorch picks; the references were made with AVX2.
const env = { ATEN_CPU_CAPABILITY: 'avx2' };

interface Reference {
  args: { seed: number; batch: number; iters: number; lr: number; momentum: number; freeze: string };
  losses: number[];
}

/** Trains as the reference script did, and gives the losses of both. */
async function losses(data: string, file: string, precision: string, limit?: number): Promise<[number[], number[]]> {
  const { args, losses: expected } = JSON.parse(fs.readFileSync(file, 'utf8')) as Reference;
  const steps = Math.min(limit ?? expected.length, expected.length);
  const output = fs.mkdtempSync(path.join(tmp, 'run-'));
  const options = {
    precision,
    steps,
    seed: args.seed,
    'batch-size': args.batch,
    lr: args.lr,
    momentum: args.momentum,
    'train-from': args.freeze === '' ? 'conv1' : 'layer4',
    device: DEVICE,
    deterministic: true,
    output,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const ran = await run(['train', data, '--weights', 'none', '--arch', 'resnet50', '--json', ...flags], { env });
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const made = records(ran.stdout).filter(({ kind }) => kind === 'step');
  return [made.map(({ loss }) => Number(loss)), expected.slice(0, steps)];
}

function expectClose(actual: number[], expected: number[], relative: number): void {
  expect(actual).toHaveLength(expected.length);
  const worst = Math.max(...expected.map((loss, i) => Math.abs((actual[i] ?? NaN) - loss) / Math.abs(loss)));
  expect(worst).toBeLessThan(relative);
}

/**
 * The tests against the losses of a data set, in float64 so many steps of them.
 *
 * @param limit all where left out
 */
function suite(data: string, references: string, limit?: number): void {
  test.each(['train_full.json', 'train_layer4.json'])(
    'fp64 losses of %s within 1e-6',
    async (name) => {
      const [actual, expected] = await losses(data, path.join(references, name), 'fp64', limit);
      expectClose(actual, expected, 1e-6);
    },
    1_800_000,
  );

  test('the first fp32 loss of train_full.json within 1e-4', async () => {
    const [actual, expected] = await losses(
      data,
      path.join(references, 'train_full.json'),
      DEVICE === 'cpu' ? 'fp32' : 'fp32-strict',
      1,
    );
    expectClose(actual, expected, 1e-4);
  }, 1_800_000);
}

const data = process.env['RESNET_FT_TEST_DATA'];
const references = process.env['RESNET_FT_TEST_REFERENCE'];

/** Tests on the excerpt. */
export function excerptParity(): void {
  describe('losses on the excerpt equal those of PyTorch', () => suite(ANTS_BEES, fixtures));
}

/** Tests on the whole data set. */
export function paritySuite(): void {
  if (data && references) {
    describe('losses on the whole data set equal those of PyTorch', () => suite(data, references));
  } else {
    test.skip('the whole data set: set RESNET_FT_TEST_DATA and RESNET_FT_TEST_REFERENCE', () => {});
  }
}
