import path from 'node:path';
import { ANTS_BEES, records, run, scratch } from '../cli/run';

const tmp = scratch();
const trained = path.join(tmp, 'run');
const IMAGES = path.join(ANTS_BEES, 'val', 'bees');

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('a ResNeXt is trained, and its file alone is enough for every other command, with either backend', async () => {
  const recipe = [
    ...['--arch', 'resnext50_32x4d', '--weights', 'none'],
    ...['--steps', '1', '--batch-size', '4', '--image-size', '64'],
  ];
  await succeeds(
    'train',
    ANTS_BEES,
    ...recipe,
    '--device',
    'cpu',
    '--train-from',
    'layer4',
    '--output',
    trained,
    '--quiet',
  );

  const predict = async (model: string, backend: string) => {
    const stdout = await succeeds('predict', model, IMAGES, '--json', '--backend', backend, '--top-k', '2');
    return records(stdout).map(({ file, top }) => {
      const probabilities = (top as { class: string; probability: number }[]).map(
        (one) => [one.class, one.probability] as const,
      );
      return { file, of: Object.fromEntries(probabilities) };
    });
  };
  const native = await predict(trained, 'native');
  expect(native).toHaveLength(4);
  const plain = path.join(tmp, 'model.pth');
  await succeeds('export', trained, '--output', plain);
  for (const [model, backend] of [
    [trained, 'js'],
    [plain, 'native'],
  ] as const) {
    const made = await predict(model, backend);
    for (const [i, { file, of }] of native.entries()) {
      expect(made[i]?.file).toBe(file);
      for (const [name, probability] of Object.entries(of)) expect(made[i]?.of[name]).toBeCloseTo(probability, 4);
    }
  }

  const summary = JSON.parse(await succeeds('summary', plain, '--json')) as Record<string, unknown>;
  expect(summary).toMatchObject({ arch: 'resnext50_32x4d', outputs: 2 });
  const evaluated = JSON.parse(await succeeds('eval', trained, path.join(ANTS_BEES, 'val'), '--json')) as unknown;
  expect(evaluated).toMatchObject({ arch: 'resnext50_32x4d', images: 8 });
});

test('weights that a network does not have are refused with those that it has', async () => {
  const args = [
    'train',
    ANTS_BEES,
    '--arch',
    'resnext101_64x4d',
    '--weights',
    'imagenet-v2',
    '--output',
    path.join(tmp, 'none'),
  ];
  const { code, stderr } = await run(args);
  expect(stderr).toMatch(
    /^resnet-ft: Expected imagenet-v1, none or a file for weights of resnext101_64x4d but received imagenet-v2\./,
  );
  expect(code).toBe(2);
});
