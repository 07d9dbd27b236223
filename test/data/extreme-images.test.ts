import fs from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { openJsBackend } from '../../lib/backend/js/backend';
import { resizeAndCrop } from '../../lib/backend/js/resize';
import { loadAddon } from '../../lib/backend/native/load';
import { cropImages, makeCrops } from '../../lib/data/crops';
import { loadImage } from '../../lib/data/load-image';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { testOfMemory } from '../sanitized';

const tmp = scratch();

/** A gray PNG, of a few kilobytes whatever its size. */
function png(name: string, width: number, height: number): string {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((width + 1) * height));
  const file = path.join(tmp, name);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  fs.writeFileSync(file, Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])); // prettier-ignore
  return file;
}

// Pillow makes none of these (Resample.c refuses their tables of weights).
const REFUSED = [
  ['tall.png', 1, 9_000_000, '256 x 2304000000'],
  ['wide.png', 9_000_000, 1, '2304000000 x 256'],
  ['high.png', 1, 1_000_000, '256 x 256000000'],
  ['long.png', 1_000_000, 1, '256000000 x 256'],
] as const;
// Pillow would need 79 GB for these, of which the crop is a corner.
const MADE = [
  ['strip.png', 1, 300_000],
  ['band.png', 300_000, 1],
] as const;

const fileOf = ([name]: readonly [string, ...unknown[]]): string => path.join(tmp, name);
for (const [name, width, height] of [...REFUSED, ...MADE]) png(name, width, height);
const made = MADE.map(fileOf);
/** All but the first, which libvips takes seconds to decode. */
const soon = REFUSED.slice(1);

type Refused = (typeof REFUSED)[number];
const reasonOf = ([, width, height, resized]: Refused): string =>
  `the image is ${width} x ${height}: resized to ${resized} it is too large`;
const errorOf = (one: Refused): { code: string; message: string } => ({
  code: 'IMAGE_UNREADABLE',
  message: `${fileOf(one)}: ${reasonOf(one)}`,
});

/** Runs the command line; also the most memory that it took, in megabytes, where the system tells. */
async function measured(args: string[]): Promise<Awaited<ReturnType<typeof run>> & { peak: number }> {
  const hook = path.join(tmp, 'peak.js');
  const file = path.join(tmp, 'peak');
  fs.rmSync(file, { force: true });
  fs.writeFileSync(
    hook,
    `const fs = require('node:fs');
    const note = () => {
      try {
        const [, peak] = /^VmHWM:\\s+(\\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
        fs.writeFileSync(${JSON.stringify(file)}, peak);
      } catch {}
    };
    process.on('exit', note);`,
  );
  const ran = await run(args, { env: { NODE_OPTIONS: `--require ${hook}` } });
  const peak = process.platform === 'linux' ? Number(fs.readFileSync(file, 'utf8')) / 1024 : 0;
  return { ...ran, peak };
}

describe('images of extreme shapes', () => {
  const data = path.join(tmp, 'data');
  beforeAll(() => {
    fs.cpSync(ANTS_BEES, data, { recursive: true });
    for (const one of [...REFUSED, ...MADE]) fs.copyFileSync(fileOf(one), path.join(data, 'train', 'ants', one[0]));
  });
  const training = ['train', data, '--weights', 'none', '--arch', 'resnet18', '--batch-size', '4', '--steps', '1'];

  testOfMemory(
    'a run with --skip-unreadable goes on without those that nobody can resize, and in little memory',
    async () => {
      const ran = await measured([...training, '--skip-unreadable', '--json', '--output', path.join(tmp, 'skipped')]);
      expect(ran.stderr).toBe('');
      const skipped = records(ran.stdout).filter(({ kind }) => kind === 'skipped');
      expect(Object.fromEntries(skipped.map(({ file, reason }) => [path.basename(String(file)), reason]))).toEqual(
        Object.fromEntries(REFUSED.map((one) => [one[0], reasonOf(one)])),
      );
      expect(ran.code).toBe(0);
      expect(ran.peak).toBeLessThan(1024);
    },
  );

  testOfMemory('predict and eval tell of them, and of the others what they are', async () => {
    const model = path.join(tmp, 'skipped'); // of the first test
    const predicted = await measured(['predict', model, ...soon.map(fileOf), ...made, '--json', '--device', 'cpu']);
    const results = records(predicted.stdout);
    expect(results).toHaveLength(soon.length + MADE.length);
    soon.forEach((one, i) => expect(results[i]).toMatchObject({ error: errorOf(one) }));
    for (const result of results.slice(soon.length)) expect(result).toMatchObject({ class: expect.any(String) });
    expect(predicted.peak).toBeLessThan(1024);
    for (const one of soon) fs.copyFileSync(fileOf(one), path.join(data, 'val', 'ants', one[0]));
    const evaluated = await measured(['eval', model, path.join(data, 'val'), '--json', '--device', 'cpu']);
    expect(evaluated.code).toBe(1);
    expect(evaluated.stderr).toContain(`${soon.length} of `);
    expect(evaluated.peak).toBeLessThan(1024);
  });

  test.each(['native', 'js'])('the reason is that of the image, which it names: %s', async (name) => {
    const backend = name === 'native' ? loadAddon() : await openJsBackend('wasm');
    const inputs = [...soon.map(fileOf), ...made];
    const { store, indices, errors } = await cropImages({ backend, inputs, resize: 256, crop: 224 });
    store.close();
    expect([...indices]).toEqual(MADE.map((_, i) => soon.length + i));
    expect(errors.size).toBe(soon.length);
    soon.forEach((one, i) => expect(errors.get(i)).toMatchObject(errorOf(one)));
    const samples = inputs.map((file) => ({ file, target: 0, name: path.join('a', path.basename(file)) }));
    await expect(makeCrops({ backend, samples, resize: 256, crop: 224, skipUnreadable: false })).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: `3 images could not be read: ${soon.map((one) => errorOf(one).message).join('; ')}`,
    });
  });

  test('without a crop the whole result counts', async () => {
    const file = png('lean.png', 1, 5_000);
    await expect(loadImage(file, { resize: 256 })).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: `${file}: the image is 1 x 5000: resized to 256 x 1280000 it is too large`,
    });
    const small = await loadImage(file, { resize: 2 });
    expect([small.width, small.height]).toEqual([2, 10_000]);
  });

  test('the backends themselves refuse what they must not be asked for', async () => {
    const image = { width: 1, height: 9_000_000, data: new Uint8Array(27_000_000) };
    const error = { code: 'NATIVE_ERROR', message: reasonOf(REFUSED[0]) };
    await expect(loadAddon().resizeCrop(image, { resize: 256, crop: 224 })).rejects.toMatchObject(error);
    await expect(resizeAndCrop(image, { resize: 256, crop: 224 })).rejects.toMatchObject(error);
  });
});
