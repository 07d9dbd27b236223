import path from 'node:path';
import { records, run, scratch } from '../cli/run';
import { drawOthers } from './other-images';

const data = process.env['RESNET_FT_TEST_DATA'] ?? '';
const withData = data === '' ? describe.skip : describe;

withData('a model of ants and bees, which RESNET_FT_TEST_DATA names', () => {
  const folder = scratch();

  test('keeps the share of known images that was asked for, and judges every other image', async () => {
    const model = path.join(folder, 'run');
    const recipe = [
      '--arch',
      'resnet18',
      '--weights',
      'none',
      '--image-size',
      '64',
      '--epochs',
      '6',
      '--batch-size',
      '16',
    ];
    const trained = await run(['train', data, ...recipe, '--device', 'cpu', '--precision', 'fp32', '--output', model]);
    expect(trained.code).toBe(0);
    const others = path.join(folder, 'others');
    await drawOthers(others, 10);
    const fitted = await run(['unknown', model, '--device', 'cpu', '--json']);
    const [{ images = 0, kept = 0 } = {}] = records(fitted.stdout) as { images?: number; kept?: number }[];
    expect(images).toBe(153);
    expect(kept / images).toBeGreaterThanOrEqual(0.95);

    const judge = async (what: string): Promise<unknown[]> => {
      const { stdout } = await run(['predict', model, what, '--device', 'cpu', '--json']);
      return records(stdout).map(({ unknown }) => unknown);
    };
    const known = await judge(path.join(data, 'val'));
    expect([known.length, known.filter((unknown) => unknown === false).length]).toEqual([images, kept]);
    // How many are found depends on the features: of this model hardly any, as docs/explain.md says.
    const judged = await judge(others);
    expect([judged.length, judged.filter((unknown) => typeof unknown === 'boolean').length]).toEqual([60, 60]);
  });
});
