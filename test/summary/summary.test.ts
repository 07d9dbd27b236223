import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buildNetwork, tensorsOf } from '../../lib/network/architecture';
import { ARCHITECTURES, PREPROCESSING, TRAIN_FROM, type Architecture } from '../../lib/options';
import { makeTensors, writeModel } from '../export/made-model';
import { summarize } from '../../lib/summary/summarize';
import { formatTable } from '../../lib/summary/table';
import { run, scratch } from '../cli/run';

interface Golden {
  tree: string;
  shapes224: string;
  shapes299: string;
  stateDict: string;
  parameters: number;
  trained: Record<string, number>;
  bytes: number;
  ops: number;
}

const folder = path.join(__dirname, 'golden');
// What torch and torchvision say: make_golden.py.
const golden = (
  JSON.parse(fs.readFileSync(path.join(folder, 'networks.json'), 'utf8')) as { networks: Record<Architecture, Golden> }
).networks;
const tmp = scratch();

function sha256(lines: string[]): string {
  return createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');
}

/** Standard output of a `summary` that succeeds. */
async function summary(...args: string[]): Promise<string> {
  // Where LIBTORCH is no LibTorch, loading it is an error: summary must not try.
  const ran = await run(['summary', ...args], { env: { LIBTORCH: path.join(tmp, 'no-libtorch') } });
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  return ran.stdout;
}

async function fails(args: string[], code: number, message: RegExp): Promise<void> {
  const ran = await run(['summary', ...args]);
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  expect(ran.stderr).toMatch(message);
  expect(ran.stdout).toBe('');
  expect(ran.code).toBe(code);
}

interface Json {
  model: string | null;
  arch: string;
  outputs: number;
  input: number[];
  rows: { name: string; outputShape: number[]; parameters: number; macs: number; trained: boolean | null }[];
  totals: { parameters: number; trainedParameters: number; bytes: number; macs: number };
  tree: string;
}

async function json(...args: string[]): Promise<Json> {
  return JSON.parse(await summary(...args, '--json')) as Json;
}

const shapesOf = ({ rows }: Json): string =>
  sha256(rows.map(({ name, outputShape }) => `${name} ${outputShape.join(',')}`));

describe('without a model', () => {
  test('the tree is what Python prints of torchvision, to the letter', async () => {
    expect(await summary()).toBe(fs.readFileSync(path.join(folder, 'resnet50.txt'), 'utf8'));
    const text = fs.readFileSync(path.join(folder, 'resnet18.txt'), 'utf8');
    expect(await summary('--arch', 'resnet18')).toBe(text);
    const grouped = fs.readFileSync(path.join(folder, 'resnext50_32x4d.txt'), 'utf8');
    expect(await summary('--arch', 'resnext50_32x4d')).toBe(grouped);
    const two = text.replace('out_features=1000', 'out_features=2');
    expect(await summary('--arch', 'resnet18', '--outputs', '2')).toBe(two);
  });

  test.each(ARCHITECTURES)('%s: tree, shapes and sums are those of torchvision', async (arch) => {
    const made = await json('--arch', arch);
    const expected = golden[arch];
    expect(sha256([made.tree])).toBe(expected.tree);
    expect(shapesOf(made)).toBe(expected.shapes224);
    expect(made.input).toEqual([3, 224, 224]);
    expect(made.totals.parameters).toBe(expected.parameters);
    expect(made.totals.trainedParameters).toBe(expected.parameters);
    expect(made.totals.bytes).toBe(expected.bytes);
    expect((made.totals.macs / 1e9).toFixed(3)).toBe(expected.ops.toFixed(3));
  });

  test.each(ARCHITECTURES)('%s: names and shapes of the state dict are those of torchvision', (arch) => {
    const lines = tensorsOf(buildNetwork(arch, 1000)).map(({ name, shape }) => `${name} ${shape.join(',')}`);
    expect(sha256(lines)).toBe(golden[arch].stateDict);
  });

  test.each(TRAIN_FROM)('--train-from %s', async (from) => {
    const { rows, totals } = await json('--arch', 'resnet50', '--train-from', from);
    expect(totals.trainedParameters).toBe(golden.resnet50.trained[from]);
    expect(rows.every(({ parameters, trained }) => (trained === null) === (parameters === 0))).toBe(true);
    expect(rows.at(-1)?.trained).toBe(true);
    expect(rows[0]?.trained).toBe(from === 'conv1');
  });

  test('--table', async () => {
    const lines = (await summary('--arch', 'resnet34', '--table', '--train-from', 'layer4')).split('\n');
    const row = (name: string): string[] => (lines.find((line) => line.startsWith(`${name} `)) ?? '').split(/\s{2,}/);
    expect(row('conv1')).toEqual(['conv1', 'Conv2d', '[N, 64, 112, 112]', '9,408', 'no']);
    expect(row('layer4.0.downsample.0')).toEqual([
      'layer4.0.downsample.0',
      'Conv2d',
      '[N, 512, 7, 7]',
      '131,072',
      'yes',
    ]);
    expect(row('fc')).toEqual(['fc', 'Linear', '[N, 1000]', '513,000', 'yes']);
    expect(row('maxpool').at(-1)).toBe('-');
    expect(row('parameters')[1]).toBe('21,797,672');
    expect(row('trained')[1]).toContain(golden.resnet34.trained['layer4']?.toLocaleString('en-US'));
    expect(row('size')[1]).toContain(`${(golden.resnet34.bytes / 1e6).toFixed(1)} MB`);
    expect(row('multiply-adds')[1]).toContain('3.664 G');
  });
});

describe('of a model', () => {
  const card = { arch: 'resnet18', classes: ['a', 'b', 'c'], preprocessing: { ...PREPROCESSING, crop: 299 } } as const;
  const file = path.join(tmp, 'model.safetensors');

  beforeAll(async () => {
    await writeModel(
      file,
      { ...card, classes: [...card.classes] },
      makeTensors({ arch: 'resnet18', classes: ['a', 'b', 'c'] }),
    );
  });

  test('a file and the folder that holds it tell architecture, classes and crop', async () => {
    const text = fs.readFileSync(path.join(folder, 'resnet18.txt'), 'utf8').replace('=1000', '=3');
    expect(await summary(file)).toBe(text);
    expect(await summary(tmp)).toBe(text);
    const made = await json(file);
    expect(made).toMatchObject({ model: file, arch: 'resnet18', outputs: 3, input: [3, 299, 299] });
    expect(made.rows.at(-1)?.outputShape).toEqual([3]);
    const whole = {
      ...made,
      rows: made.rows.map((row) => (row.name === 'fc' ? { ...row, outputShape: [1000] } : row)),
    };
    expect(shapesOf(whole)).toBe(golden.resnet18.shapes299);
  });

  test('named weights are described without a download', async () => {
    const ran = await run(['summary', 'imagenet-v1', '--arch', 'resnet18'], {
      env: { RESNET_FT_OFFLINE: '1', TORCH_HOME: path.join(tmp, 'empty') },
    });
    expect(ran).toEqual({ code: 0, stderr: '', stdout: fs.readFileSync(path.join(folder, 'resnet18.txt'), 'utf8') });
  });

  test('a state dict with the names of a ResNet and other shapes is refused', async () => {
    const tensors = makeTensors({ arch: 'resnet18', classes: ['a'] });
    tensors.set('layer1.0.conv1.weight', { dtype: 'F32', shape: [128, 64, 3, 3], data: new Uint8Array(4 * 73728) });
    const wide = path.join(tmp, 'wide.safetensors');
    await writeModel(wide, { ...card, classes: ['a'] }, tensors);
    await fails([wide], 1, /wide\.safetensors do not fit .*layer1\.0\.conv1\.weight is \[128, 64, 3, 3\]/);
  });

  test('errors', async () => {
    await fails([path.join(tmp, 'no.pth')], 1, /no\.pth: no such file/);
    await fails(
      ['nothere'],
      2,
      /There is no file or folder nothere\. Weights of resnet50 that have a name: imagenet-v1, imagenet-v2/,
    );
    await fails(['imagenet-v9'], 2, /for weights of resnet50 but received imagenet-v9/);
    await fails([file, '--outputs', '2'], 2, /--outputs can't be used with a model, which has its own/);
    await fails([file, '--arch', 'resnet50'], 1, /are of resnet18, not of resnet50/);
    await fails(['--arch', 'resnet51'], 2, /--arch but received resnet51/);
    await fails(['--outputs', '0'], 2, /at least 1 .*--outputs but received 0/);
    await fails(['--train-from', 'layer4'], 2, /--train-from needs --table or --json/);
    await fails(['a', 'b'], 2, /b/);
  });
});

test.each([
  [{ trainFrom: 'layer1' }, '25,547,496 (> 99.9 %) from layer1 on'],
  [{ trainFrom: 'fc', outputs: 1 }, '2,049 (< 0.1 %) from fc on'],
  [{ trainFrom: 'conv1' }, '25,557,032 (100.0 %) from conv1 on'],
] as const)('a share of nearly all or of next to nothing is not said to be that: %j', async (options, line) => {
  expect(formatTable(await summarize({ arch: 'resnet50', ...options }))).toContain(line);
});
