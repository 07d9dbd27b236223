import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import type { CheckReport } from '../../lib';
import { mulberry32 } from '../../lib/data/draw';
import { PREPROCESSING } from '../../lib/options';
import { makeTensors, writeModel } from '../export/made-model';
import { run, scratch } from '../cli/run';
import { put } from './pictures';

const tmp = scratch();
const model = path.join(tmp, 'model.safetensors');
const CPU = ['--device', 'cpu', '--precision', 'fp32'];

/** Noise in which one colour stands out: even the features of a network that was never trained tell red from blue. */
async function tinted(seed: number, tint: 0 | 1 | 2): Promise<Buffer> {
  const random = mulberry32(seed);
  const data = Uint8Array.from(
    { length: 16 * 16 * 3 },
    (_, i) => Math.floor(random() * 160) + (i % 3 === tint ? 80 : 0),
  );
  return sharp(data, { raw: { width: 16, height: 16, channels: 3 } })
    .resize(64, 64)
    .png()
    .toBuffer();
}

beforeAll(async () => {
  const card = {
    arch: 'resnet18',
    classes: ['x', 'y'],
    preprocessing: { ...PREPROCESSING, resize: 64, crop: 64 },
  } as const;
  await writeModel(
    model,
    { ...card, classes: [...card.classes] },
    makeTensors({ arch: 'resnet18', classes: ['x', 'y'] }),
  );
});

async function check(data: string, ...args: string[]): Promise<CheckReport> {
  const ran = await run(['check', data, '--model', model, ...CPU, '--json', ...args]);
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout) as CheckReport;
}

test('labels that were swapped are found by cross-validation over both splits, and nothing else is', async () => {
  const data = path.join(tmp, 'tinted');
  for (let i = 0; i < 40; i++) {
    const [name, tint] = i % 2 === 0 ? (['red', 0] as const) : (['blue', 2] as const);
    put(path.join(data, i < 28 ? 'train' : 'val', name, `${i}.png`), await tinted(i, tint));
  }
  const swapped = [path.join(data, 'train', 'red', 'swapped.png'), path.join(data, 'val', 'blue', 'swapped.png')];
  put(swapped[0] ?? '', await tinted(100, 2));
  put(swapped[1] ?? '', await tinted(101, 0));
  const report = await check(data);
  const found = report.findings.filter(({ kind }) => kind === 'wrong-label');
  expect(found.map(({ files }) => files[0]).sort()).toEqual(swapped);
  const [first] = found;
  expect(first?.label?.givenProbability).toBeLessThan(first?.label?.suggestedProbability ?? 0);
  expect(first?.score).toBeCloseTo(
    (first?.label?.suggestedProbability ?? 0) - (first?.label?.givenProbability ?? 0),
    9,
  );
  for (const { files, label, commands } of found) {
    const other = path.join(path.dirname(path.dirname(files[0] ?? '')), label?.suggested ?? '', 'swapped.png');
    expect(commands).toEqual([`# mv -n -- ${files[0]} ${other}`]);
  }
  expect(report.judgedBy).toMatchObject({
    model,
    arch: 'resnet18',
    device: 'cpu',
    precision: 'fp32',
    features: 512,
    images: 42,
    folds: 5,
  });
  expect(report.judgedBy?.accuracy).toBeGreaterThan(0.9);
  expect(report.skipped).toEqual([]);
  const again = await check(data);
  expect({ ...again, seconds: 0 }).toEqual({ ...report, seconds: 0 });
  const text = await run(['check', data, '--model', model, ...CPU]);
  expect(text.stdout).toMatch(
    /labels were judged by the embeddings of .*: right for 9\d\.\d % of 42 images in 5 parts/,
  );
});

test('embeddings that tell nothing give no findings, and the reason', async () => {
  const data = path.join(tmp, 'noise');
  for (let i = 0; i < 40; i++) put(path.join(data, i % 2 === 0 ? 'a' : 'b', `${i}.png`), await tinted(i, 1));
  const { findings, skipped, judgedBy } = await check(data);
  expect(findings.filter(({ kind }) => kind === 'wrong-label')).toEqual([]);
  expect(skipped).toEqual([
    { part: 'labels', reason: expect.stringMatching(/guessing comes to 50\.0 %: take a better model$/) },
  ]);
  expect(judgedBy?.chance).toBe(0.5);
  const html = path.join(tmp, 'noise.html');
  const { stdout } = await run(['check', data, '--model', model, ...CPU, '--html', html]);
  expect(stdout).toMatch(/^could not be judged: probable wrong labels; by this model's embeddings/m);
  expect(stdout).not.toMatch(/labels were judged|not looked for/);
  const page = fs.readFileSync(html, 'utf8');
  expect(page).toMatch(/>Could not be judged: probable wrong labels\. By this model&#39;s embeddings/);
  expect(page).not.toMatch(/labels were judged|not looked for/i);
});

test('classes with fewer images than parts are not judged', async () => {
  const data = path.join(tmp, 'few');
  for (let i = 0; i < 8; i++) put(path.join(data, i % 2 === 0 ? 'a' : 'b', `${i}.png`), await tinted(i, 1));
  const { skipped, judgedBy } = await check(data);
  expect(skipped).toEqual([{ part: 'labels', reason: 'fewer than two classes have 5 images that can be read' }]);
  expect(judgedBy?.accuracy).toBeNull();
  expect((await check(data, '--folds', '4')).skipped[0]?.reason).not.toMatch(/fewer than two/);
});

test('weights that can not be had are an error that says what works without them', async () => {
  const env = { RESNET_FT_OFFLINE: '1', TORCH_HOME: path.join(tmp, 'empty') };
  const ran = await run(['check', path.join(tmp, 'few'), '--model', 'imagenet-v1'], { env });
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(
    /^resnet-ft: [^\n]*leave it out: all but labels and embeddings is checked without[^\n]*\n$/,
  );
});
