import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readStateDict, writeStateDict } from '../../lib/weights/index';
import type { StateDict } from '../../lib/weights/state-dict';
import { ANTS_BEES, ROOT, run, scratch, type Outcome } from '../cli/run';
import { resultsOf } from './resume-runs';

// A model that learns a class more, or forgets one.

const tmp = scratch();
const inTmp = (name: string): string => path.join(tmp, name);
const old = inTmp('old');
const FAST = ['--train-from', 'fc', '--batch-size', '4', '--device', 'cpu', '--precision', 'fp32', '--threads', '1'];
/** One epoch at a rate that moves no weight: the model as it is before training. */
const UNTRAINED = [...FAST, '--lr', '1e-30', '--epochs', '1', '--keep', 'last'];

/** A data set of the fixture's images under other names of classes. */
function dataOf(name: string, classes: Record<string, 'ants' | 'bees'>): string {
  for (const split of ['train', 'val']) {
    for (const [folder, source] of Object.entries(classes)) {
      fs.cpSync(path.join(ANTS_BEES, split, source), inTmp(path.join(name, split, folder)), { recursive: true });
    }
  }
  return inTmp(name);
}

const extend = (data: string, output: string, ...more: string[]): Promise<Outcome> =>
  run(['train', data, '--extend', old, '--output', inTmp(output), ...UNTRAINED, ...more]);

const row = (tensors: StateDict, name: string, index: number): number[] => {
  const { data, shape } = tensors.get(name) as { data: Uint8Array; shape: number[] };
  const values = new Float32Array(data.slice().buffer);
  const length = values.length / (shape[0] ?? 1);
  return [...values.slice(index * length, (index + 1) * length)];
};
const modelOf = (folder: string): Promise<StateDict> => readStateDict(path.join(folder, 'model.safetensors'));

/** Of every validation image of the fixture. */
function logitsOf(folder: string): number[][] {
  const images = ['ants', 'bees'].flatMap((name) => {
    const from = path.join(ANTS_BEES, 'val', name);
    return fs.readdirSync(from).map((file) => path.join(from, file));
  });
  const program = path.join(ROOT, 'test', 'export', 'native-logits.js');
  const args = [program, path.join(folder, 'model.safetensors'), inTmp('crops'), ...images];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as number[][];
}

beforeAll(async () => {
  const start = ['--weights', 'none', '--arch', 'resnet18', '--image-size', '64', '--seed', '3', '--epochs', '2'];
  const ran = await run(['train', ANTS_BEES, ...FAST, ...start, '--output', old]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
}, 60_000);

describe('with a new class that sorts first', () => {
  const data = dataOf('wider', { aphids: 'ants', ants: 'ants', bees: 'bees', 'Big wasps': 'bees' });

  test('the classes that it knew have the logits of before, image by image', async () => {
    const ran = await extend(data, 'wide');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('; kept 2 classes: ants, bees; new: Big wasps, aphids; gone: none\n');
    // Big wasps, ants, aphids, bees
    const before = logitsOf(old);
    const now = logitsOf(inTmp('wide'));
    expect(now).toHaveLength(8);
    now.forEach((logits, i) => {
      expect(logits).toHaveLength(4);
      expect(logits[1]).toBeCloseTo(before[i]?.[0] ?? NaN, 5);
      expect(logits[3]).toBeCloseTo(before[i]?.[1] ?? NaN, 5);
    });
  });

  test('all but the rows of the new classes is the model, and these are as the seed draws them', async () => {
    const [was, is] = [await modelOf(old), await modelOf(inTmp('wide'))];
    for (const name of ['fc.weight', 'fc.bias']) {
      expect([row(is, name, 1), row(is, name, 3)]).toEqual([row(was, name, 0), row(was, name, 1)]);
    }
    for (const [name, { data }] of was) {
      // Not toEqual, which takes minutes for so many bytes.
      if (!name.startsWith('fc.'))
        expect([name, Buffer.compare(is.get(name)?.data ?? Buffer.of(), data)]).toEqual([name, 0]);
    }
    const scratchRun = ['--weights', 'none', '--arch', 'resnet18', '--image-size', '64', '--output', inTmp('drawn')];
    expect((await run(['train', data, ...UNTRAINED, ...scratchRun])).code).toBe(0);
    const drawn = await modelOf(inTmp('drawn'));
    for (const index of [0, 2]) {
      expect(row(is, 'fc.weight', index)).toEqual(row(drawn, 'fc.weight', index));
      expect(row(is, 'fc.bias', index)).toEqual(row(drawn, 'fc.bias', index));
    }
  });

  test('the size of images and the architecture are those of the model', () => {
    const config = JSON.parse(fs.readFileSync(path.join(inTmp('wide'), 'config.json'), 'utf8')) as {
      options: Record<string, unknown>;
      preprocessing: { crop: number };
    };
    expect(config.options).toMatchObject({ arch: 'resnet18', extend: old, weights: old });
    expect(config.preprocessing.crop).toBe(64);
  });

  test('a run that was stopped goes on without the model', async () => {
    const moved = inTmp('moved');
    fs.cpSync(old, moved, { recursive: true });
    const args = [data, '--extend', moved, ...FAST, '--lr', '0.01', '--epochs', '3'];
    expect((await run(['train', ...args, '--output', inTmp('whole')])).code).toBe(0);
    const one = await run(['train', ...args, '--output', inTmp('parts')], {
      onStdout: (text, process) => {
        if (text.includes('epoch 1/3')) process.kill('SIGINT');
      },
    });
    expect(one.code).toBe(130);
    fs.rmSync(moved, { recursive: true });
    const two = await run(['train', '--resume', inTmp('parts')]);
    expect([two.code, two.stderr]).toEqual([0, '']);
    expect(await resultsOf(inTmp('parts'))).toEqual(await resultsOf(inTmp('whole')));
  });
});

test('a class may go while another comes, and the model may be named by its file', async () => {
  const data = dataOf('other', { bees: 'bees', wasps: 'ants' });
  const file = path.join(old, 'model.safetensors');
  const ran = await run(['train', data, '--extend', file, '--output', inTmp('changed'), ...UNTRAINED]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toContain('; kept 1 class: bees; new: wasps; gone: ants\n');
  const [was, is] = [await modelOf(old), await modelOf(inTmp('changed'))];
  expect(row(is, 'fc.weight', 0)).toEqual(row(was, 'fc.weight', 1));
});

test('the same command may be given again with --resume', async () => {
  const data = path.relative(ROOT, inTmp('other'));
  const model = path.relative(ROOT, old);
  const args = ['train', data, '--extend', model, ...UNTRAINED, '--resume', inTmp('again')];
  expect((await run(args)).code).toBe(0);
  const again = await run(args);
  expect([again.code, again.stderr]).toEqual([0, '']);
  expect(again.stdout).toContain(
    'is finished, after 1 epoch (3 steps); to train it further: npx resnet-ft train --resume ',
  );
});

describe('what does not fit is refused', () => {
  const refused = async (data: string, ...args: string[]): Promise<[number | null, string]> => {
    const ran = await run(['train', data, ...args, ...UNTRAINED, '--output', inTmp('refused')]);
    expect(fs.existsSync(inTmp('refused'))).toBe(false);
    return [ran.code, ran.stderr];
  };

  test('weights beside it', async () => {
    const message = "resnet-ft: --weights can't be used with --extend. ";
    expect(await refused(ANTS_BEES, '--extend', old, '--weights', 'none')).toEqual([
      2,
      expect.stringContaining(message),
    ]);
  });

  test('another architecture', async () => {
    const message = 'Expected resnet18, that of the model to extend, for --arch but received resnet34';
    expect(await refused(ANTS_BEES, '--extend', old, '--arch', 'resnet34')).toEqual([
      2,
      expect.stringContaining(message),
    ]);
  });

  test('the name of weights', async () => {
    const message = 'Expected the folder of a run, or its model file for --extend but received imagenet-v1';
    expect(await refused(ANTS_BEES, '--extend', 'imagenet-v1')).toEqual([2, expect.stringContaining(message)]);
  });

  test('a file without class names', async () => {
    await writeStateDict(inTmp('plain.pth'), await modelOf(old));
    expect(await refused(ANTS_BEES, '--extend', inTmp('plain.pth'))).toEqual([
      1,
      expect.stringMatching(/plain\.pth: they don't say which class each row of fc is for\. .* --weights\n$/),
    ]);
  });

  test('a model that knows none of the classes', async () => {
    const data = dataOf('unknown', { Ants: 'ants', Bees: 'bees' });
    expect(await refused(data, '--extend', old)).toEqual([
      1,
      expect.stringMatching(/none of the classes is one that .* knows: Ants, Bees here, ants, bees there\. /),
    ]);
  });
});
