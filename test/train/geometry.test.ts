import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { loadImage } from '../../lib/data/load-image';
import { scanImageFolder } from '../../lib/data/image-folder';
import { PREPROCESSING, type Preprocessing } from '../../lib/options';
import type { Summary } from '../../lib/summary/summarize';
import type * as Js from '../../lib/backend/js/backend';
import type * as Crops from '../../lib/train/crop-data';
import type { TrainResult } from '../../lib/train/events';
import { parseCard } from '../../lib/model/describe';
import { readWeights } from '../../lib/weights';
import { ANTS_BEES, records, run, scratch, type Outcome } from '../cli/run';
import { callApi } from '../predict/call-api';
import { SMALL_RUN } from './small-run';

const tmp = scratch();
const GEOMETRY = ['--image-size', '64', '--fit', 'pad', '--interpolation', 'bicubic', '--exif-rotate'];
const first = path.join(tmp, 'first');

async function succeeds(args: string[]): Promise<Outcome> {
  const ran = await run(args);
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  return ran;
}

const train = (output: string, ...args: string[]): Promise<Outcome> =>
  succeeds([...SMALL_RUN, '--steps', '2', '--json', '--output', output, ...args]);

const cardOf = async (output: string): Promise<Preprocessing | undefined> => {
  const file = path.join(output, 'model.safetensors');
  return parseCard(file, (await readWeights(file)).metadata).preprocessing;
};

const resultOf = (output: string): TrainResult =>
  JSON.parse(fs.readFileSync(path.join(output, 'result.json'), 'utf8')) as TrainResult;

/** Mean and deviation of the training images, pixel by pixel. */
async function channels(geometry: Preprocessing): Promise<{ mean: number[]; std: number[] }> {
  const { samples } = await scanImageFolder(path.join(ANTS_BEES, 'train'));
  const images = await Promise.all(samples.map(({ file }) => loadImage(file, geometry)));
  const of = (channel: number): number[] => {
    const values = images.flatMap(({ data }) => [...data].filter((_, at) => at % 3 === channel).map((v) => v / 255));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
  };
  const all = [0, 1, 2].map(of) as [number, number][];
  return { mean: all.map(([mean]) => mean), std: all.map(([, std]) => std) };
}

beforeAll(() => train(first, ...GEOMETRY, '--mean', 'auto', '--std', 'auto'));

test('the geometry and the measured normalisation are in the model file and in config.json', async () => {
  const card = await cardOf(first);
  expect(card).toMatchObject({ resize: 64, crop: 64, fit: 'pad', interpolation: 'bicubic', exifRotate: true });
  const expected = await channels(card as Preprocessing);
  for (const name of ['mean', 'std'] as const) {
    expected[name].forEach((value, i) => expect(card?.[name][i]).toBeCloseTo(value, 9));
  }
  const config = JSON.parse(fs.readFileSync(path.join(first, 'config.json'), 'utf8')) as Record<string, unknown>;
  expect(config).toMatchObject({ preprocessing: card, options: { imageSize: 64, fit: 'pad', mean: 'auto' } });
});

test.each(['native', 'js'])('eval sees the images as the training did: %s', async (backend) => {
  const ran = await succeeds(['eval', first, ANTS_BEES, '--json', '--backend', backend]);
  const { loss, correct } = JSON.parse(ran.stdout) as { loss: number; correct: number };
  const { last } = resultOf(first);
  expect(loss).toBeCloseTo(last.valLoss, 4);
  expect(correct / 8).toBeCloseTo(last.valAccuracy, 9);
});

test('a file that says nothing of its shape is cropped, so that the same weights answer differently', async () => {
  const plain = path.join(tmp, 'plain.safetensors');
  const bytes = fs.readFileSync(path.join(first, 'model.safetensors'));
  const without = bytes.toString('latin1').replace(/\\"fit\\":\\"pad\\",/, (text) => ' '.repeat(text.length));
  fs.writeFileSync(plain, Buffer.from(without, 'latin1'));
  const ran = await succeeds(['eval', plain, ANTS_BEES, '--json']);
  const { loss } = JSON.parse(ran.stdout) as { loss: number };
  expect(Math.abs(loss - resultOf(first).last.valLoss)).toBeGreaterThan(1e-3);
});

test('predict, summary and export know the size', async () => {
  const [image = ''] = fs
    .readdirSync(path.join(ANTS_BEES, 'val', 'bees'))
    .map((name) => path.join(ANTS_BEES, 'val', 'bees', name));
  const answers = await Promise.all(
    ['native', 'js'].map(async (backend) => {
      const ran = await succeeds(['predict', first, image, '--json', '--backend', backend]);
      return (records(ran.stdout)[0] as { probability: number }).probability;
    }),
  );
  expect(answers[0]).toBeCloseTo(answers[1] ?? NaN, 4);
  const summary = JSON.parse((await succeeds(['summary', first, '--json'])).stdout) as Summary;
  expect(summary.input).toEqual([3, 64, 64]);
  const file = path.join(tmp, 'model.pth');
  await succeeds(['export', first, '--output', file]);
  const { metadata } = await readWeights(file);
  expect(parseCard(file, metadata).preprocessing).toEqual(await cardOf(first));
});

test('a training that starts from the file goes on with its geometry, but for what its options say', async () => {
  const weights = ['--weights', path.join(first, 'model.safetensors'), '--train-from', 'fc'];
  const second = path.join(tmp, 'second');
  await train(second, ...weights);
  const card = await cardOf(first);
  expect(await cardOf(second)).toEqual(card);
  const third = path.join(tmp, 'third');
  await train(third, ...weights, '--fit', 'stretch', '--no-exif-rotate', '--mean', '0.5,0.5,0.5');
  const { exifRotate: _not, ...rest } = card as Preprocessing;
  expect(await cardOf(third)).toEqual({ ...rest, fit: 'stretch', mean: [0.5, 0.5, 0.5] });
});

test('a photo is turned before it is predicted where the model says so, and only there', async () => {
  const source = path.join(ANTS_BEES, 'val', 'ants', '8124241_36b290d372.jpg');
  const upright = path.join(tmp, 'upright.png');
  const lying = path.join(tmp, 'lying.png');
  await sharp(source).png().toFile(upright);
  // Lies on its side, and says that it is to be turned by 90 degrees.
  await sharp(source).rotate(270).png().withMetadata({ orientation: 6 }).toFile(lying);
  const given = { models: [first, path.join(tmp, 'third')], images: [upright, lying] };
  const logits = await callApi<typeof given, number[][]>(async ({ api }, { models, images }) => {
    const all = [];
    for (const name of models) {
      const model = await api.loadModel(name, { backend: 'native', device: 'cpu' });
      all.push((await model.predict(images)).map(({ probability }) => probability));
      await model.close();
    }
    return all;
  }, given);
  const [turned = [], as = []] = logits;
  expect(turned[1]).toBe(turned[0]);
  expect(as[1]).not.toBe(as[0]);
});

test('crops of another geometry are not found in the cache, nor those of a file that is turned', async () => {
  const kinds: Partial<Preprocessing>[] = [
    {},
    { resize: 64 },
    { resize: 64, fit: 'pad' },
    { resize: 64, fit: 'stretch' },
    { interpolation: 'bicubic' },
    { resize: 64, fit: 'pad', interpolation: 'bicubic' },
    { exifRotate: true },
  ];
  const given = {
    train: (await scanImageFolder(path.join(ANTS_BEES, 'train'))).samples,
    dir: path.join(tmp, 'crops'),
    preprocessings: [...kinds, ...kinds].map((kind) => ({ ...PREPROCESSING, resize: 73, crop: 64, ...kind })),
  };
  const made = await callApi<typeof given, { found: boolean; crop: string }[]>(
    async ({ root }, { train, dir, preprocessings }) => {
      const { cropData } = (await import(`${root}/dist/train/crop-data.js`)) as typeof Crops;
      const { openJsBackend } = (await import(`${root}/dist/backend/js/backend.js`)) as typeof Js;
      const backend = await openJsBackend('cpu');
      const all = [];
      for (const preprocessing of preprocessings) {
        let found = false;
        const { store } = (
          await cropData({
            backend,
            dataset: { train, val: [] },
            preprocessing,
            shortSide: undefined,
            skipUnreadable: false,
            storage: { memory: 1e9, folder: dir, reserve: 0, cache: { dir, limit: 1e9, reserve: 0 } },
            signal: new AbortController().signal,
            emit: ({ kind }) => (found ||= kind === 'note'),
            stores: [],
          })
        ).train;
        all.push({ found, crop: Buffer.from(store.get(0) as Uint8Array).toString('base64') });
        store.close();
      }
      return all;
    },
    given,
  );
  const [first, again] = [made.slice(0, kinds.length), made.slice(kinds.length)];
  expect(first.map(({ found }) => found)).toEqual(kinds.map(() => false));
  expect(again).toEqual(first.map(({ crop }) => ({ found: true, crop })));
  // The photos say nothing of a rotation.
  expect(new Set(first.map(({ crop }) => crop)).size).toBe(kinds.length - 1);
});

test('the smallest images train, but not one of them alone', async () => {
  const small = ['--image-size', '32', '--steps', '3', '--json', '--output', path.join(tmp, 'small')];
  const alone = await run([...SMALL_RUN, ...small, '--batch-size', '11']);
  expect(alone.code).toBe(2);
  expect(alone.stderr).toMatch(
    /^resnet-ft: --batch-size 11 leaves one of 12 images for the last batch, which is too few at --image-size 32\. Take another --batch-size/,
  );
  await succeeds([...SMALL_RUN, ...small]);
  expect(resultOf(path.join(tmp, 'small')).last.valLoss).toBeGreaterThan(0);
});

test('photos of one colour have no deviation to divide by', async () => {
  const data = path.join(tmp, 'flat');
  // A bitmap of one pixel, as many times as a split needs.
  const pixel = Buffer.from(
    '424d3a0000000000000036000000280000000100000001000000010018000000000004000000000000000000000000000000000000000000ff00',
    'hex',
  );
  for (const name of ['a', 'b']) {
    fs.mkdirSync(path.join(data, name), { recursive: true });
    for (const i of [1, 2]) fs.writeFileSync(path.join(data, name, `${i}.bmp`), pixel);
  }
  const args = ['train', data, ...SMALL_RUN.slice(2), '--val-split', '0.5', '--image-size', '32', '--steps', '1'];
  const { code, stderr } = await run([...args, '--std', 'auto', '--output', path.join(tmp, 'flat-run')]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^resnet-ft: .*flat: all pixels of the training images have the same red, green, and blue, .+\. Give three numbers for --std\n$/,
  );
  expect(fs.existsSync(path.join(tmp, 'flat-run'))).toBe(false);
});
