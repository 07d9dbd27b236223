import fs from 'node:fs';
import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, Box, ImageStore, RgbImage } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { scanImageFolder, type Sample } from '../../lib/data/image-folder';
import { keepImages } from '../../lib/data/images';
import { sha256 } from '../backend/sessions';
import { madeImage } from '../backend/images';
import { ANTS_BEES, scratch } from '../cli/run';
import { describeWithPillow } from '../python-pillow';

const tmp = scratch();
let backend: Backend;
beforeAll(async () => {
  backend = await openNativeBackend();
});

/** An image of these sides, whose bytes come from the noise that the script has too. */
const SIDES: readonly [number, number][] = [
  [500, 375],
  [97, 640],
  [1200, 90],
  [256, 256],
  [33, 21],
  [1, 7],
];

/** Numbers of a generator of its own, so that every run has the same windows. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomBox(random: (below: number) => number, width: number, height: number): Box {
  const [w, h] = [1 + random(width), 1 + random(height)];
  return { left: random(width - w + 1), top: random(height - h + 1), width: w, height: h };
}

async function filled(options: { memory: number; file?: string }, shortSide: number): Promise<ImageStore> {
  const store = backend.createImageStore(SIDES.length, options);
  await Promise.all(SIDES.map(([width, height], i) => store.put(i, madeImage(width, height), shortSide)));
  return store;
}

// torchvision 0.29.1, transforms/functional.py: resize of a short side, and resized_crop (crop, then resize), on Pillow's images.
const SCRIPT = `
import hashlib, json, sys
from PIL import Image
files, short, cases = json.load(open(sys.argv[1]))
images = []
for name, width, height in files:
    image = Image.frombytes('RGB', (width, height), open(name, 'rb').read())
    small, large = min(width, height), max(width, height)
    if short and small > short:
        large = int(short * large / small)
        image = image.resize((short, large) if width <= height else (large, short), Image.Resampling.BILINEAR)
    images.append(image)
    print(*image.size, hashlib.sha256(image.tobytes()).hexdigest())
for index, left, top, width, height, side, mirrored in cases:
    image = images[index].crop((left, top, left + width, top + height))
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    print(hashlib.sha256(image.tobytes()).hexdigest())
`;

describeWithPillow('images and windows of Pillow', (pillow) => {
  test.each([0, 64, 256])('short side %i', async (shortSide) => {
    const stores = [
      await filled({ memory: 1e9 }, shortSide),
      await filled({ memory: 0, file: path.join(tmp, `pillow-${shortSide}`) }, shortSide),
    ];
    const random = generator(11 + shortSide);
    const cases = SIDES.flatMap((_, index) => {
      const { width, height } = stores[0]?.size(index) as { width: number; height: number };
      const whole = { left: 0, top: 0, width, height };
      const boxes = [whole, ...Array.from({ length: 12 }, () => randomBox(random, width, height))];
      const square = Math.min(width, height);
      boxes.push({ left: width - square, top: height - square, width: square, height: square });
      return boxes.map((box) => ({
        index,
        box,
        side: [1, 31, 176, 224, square][random(5)] as number,
        mirrored: random(2) === 1,
      }));
    });
    const files = SIDES.map(([width, height], i) => {
      const name = path.join(tmp, `${i}.raw`);
      fs.writeFileSync(name, madeImage(width, height).data);
      return [name, width, height];
    });
    const list = path.join(tmp, 'cases.json');
    const rows = cases.map(({ index, box, side, mirrored }) => [
      ...[index, box.left, box.top, box.width, box.height, side],
      mirrored,
    ]);
    fs.writeFileSync(list, JSON.stringify([files, shortSide, rows]));
    const lines = pillow.run(SCRIPT, [list]).trim().split('\n');
    for (const store of stores) {
      const images = SIDES.map((_, i) => {
        const { width, height, data } = store.get(i);
        expect(store.size(i)).toEqual({ width, height });
        return `${width} ${height} ${sha256(data)}`;
      });
      const windows = await Promise.all(
        cases.map(async ({ index, box, side, mirrored }) => {
          const cut = await store.window(index, box, side, mirrored);
          expect([cut.width, cut.height]).toEqual([side, side]);
          return sha256(cut.data);
        }),
      );
      expect([...images, ...windows]).toEqual(lines);
      store.close();
    }
  });
});

test('a crop of the middle is that of the backend, and only a greater image is resized', async () => {
  const store = await filled({ memory: 1e9 }, 90);
  const large = madeImage(500, 375);
  expect(store.get(0)).toEqual(await backend.resizeCrop(large, { resize: 90, crop: 0 }));
  expect(store.get(4)).toEqual({ ...madeImage(33, 21), data: Buffer.from(madeImage(33, 21).data) });
  const { width, height } = store.size(0);
  const box = { left: Math.round((width - 80) / 2), top: (height - 80) / 2, width: 80, height: 80 };
  expect(await store.window(0, box, 80)).toEqual(await backend.resizeCrop(large, { resize: 90, crop: 80 }));
  store.close();
});

test('what memory has no room for is in a file without a name, and reads the same', async () => {
  const folder = path.join(tmp, 'file');
  fs.mkdirSync(folder);
  const whole = await filled({ memory: 1e9, file: path.join(folder, 'none') }, 0);
  const bytes = SIDES.map(([width, height]) => 3 * width * height);
  const total = bytes.reduce((sum, one) => sum + one, 0);
  expect(whole.usage()).toEqual({ memory: total, file: 0 });

  const store = backend.createImageStore(SIDES.length, { memory: 400_000, file: path.join(folder, 'images') });
  if (process.platform !== 'win32') expect(fs.readdirSync(folder)).toEqual([]);
  for (const [i, [width, height]] of SIDES.entries()) await store.put(i, madeImage(width, height), 0);
  const { memory, file } = store.usage();
  expect(memory).toBeLessThanOrEqual(400_000);
  expect([memory > 0, file > 0, memory + file]).toEqual([true, true, total]);
  for (let i = 0; i < SIDES.length; i++) expect(store.get(i)).toEqual(whole.get(i));
  store.close();
  whole.close();
});

test('without a file all are in memory, whatever was allowed', async () => {
  const store = await filled({ memory: 0 }, 0);
  expect(store.usage().file).toBe(0);
  store.close();
});

test('of two that put one image at once, only the one that is kept is counted', async () => {
  const store = backend.createImageStore(1, { memory: 1e9, file: path.join(tmp, 'twice') });
  const image = { ...madeImage(3000, 2000), lent: true };
  const put = await Promise.allSettled([store.put(0, image, 0), store.put(0, image, 0), store.put(0, image, 0)]);
  expect(put.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(store.usage()).toEqual({ memory: image.data.length, file: 0 });
  store.close();
});

test('windows are cut while other images are put, and by many at once', async () => {
  const store = backend.createImageStore(64, { memory: 1_000_000, file: path.join(tmp, 'busy') });
  const of = (i: number): RgbImage => madeImage(100 + i, 120 - i);
  await store.put(0, of(0), 0);
  const box = { left: 3, top: 5, width: 77, height: 59 };
  const first = sha256((await store.window(0, box, 40)).data);
  const work: Promise<unknown>[] = [];
  for (let i = 1; i < 64; i++) {
    work.push(store.put(i, of(i), 0));
    work.push(store.window(0, box, 40).then(({ data }) => expect(sha256(data)).toBe(first)));
  }
  await Promise.all(work);
  for (let i = 0; i < 64; i++) expect(Buffer.compare(store.get(i).data, of(i).data)).toBe(0);
  store.close();
});

test('the images of a data set stand at the indices of their samples, those that can be read', async () => {
  const { samples } = await scanImageFolder(path.join(ANTS_BEES, 'val'));
  const [ants, bees] = [samples.slice(0, 4), samples.slice(4)];
  const none = { ...(ants[0] as Sample), file: path.join(tmp, 'none.jpg') };
  const all = { backend, samples: [none, ...ants, none, ...bees], shortSide: 96, memory: 100_000 };
  await expect(keepImages({ ...all, skipUnreadable: false })).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: expect.stringMatching(/^2 images could not be read: .*none\.jpg: .*none\.jpg: /),
  });
  const storeFile = path.join(tmp, 'kept');
  const { store, kept, indices, unreadable } = await keepImages({ ...all, storeFile, skipUnreadable: true });
  expect([...indices]).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
  expect([kept, unreadable.length]).toEqual([samples, 2]);
  const { memory, file } = store.usage();
  expect([memory > 0, memory <= 100_000, file > 0]).toEqual([true, true, true]);
  for (const [i, at] of indices.entries()) {
    const image = await decodeImage(samples[i]?.file ?? '');
    expect(store.get(at)).toEqual(await backend.resizeCrop(image, { resize: 96, crop: 0 }));
  }
  store.close();
});

test('a closed store is read to the end by who began before', async () => {
  const store = await filled({ memory: 1e9 }, 0);
  const running = store.window(0, { left: 0, top: 0, width: 500, height: 375 }, 224);
  store.close();
  expect((await running).width).toBe(224);
  expect(() => store.get(0)).toThrow('the store of images is closed');
});

test('wrong calls are errors that say what is wrong', async () => {
  const store = backend.createImageStore(3, { memory: 1e9 });
  await store.put(0, madeImage(20, 10), 0);
  expect(store.size(1)).toEqual({ width: 0, height: 0 });
  const fits = { left: 0, top: 0, width: 1, height: 1 };
  await expect(store.put(0, madeImage(20, 10), 0)).rejects.toThrow('there is an image 0 already');
  await expect(store.put(3, madeImage(20, 10), 0)).rejects.toThrow('image index out of range');
  expect(() => store.get(-1)).toThrow('image index out of range');
  expect(() => store.get(2)).toThrow('there is no image 2');
  await expect(store.window(2, fits, 8)).rejects.toThrow('there is no image 2');
  for (const box of [
    { left: 20, top: 0, width: 1, height: 1 },
    { left: 0, top: 10, width: 1, height: 1 },
    { left: 1, top: 0, width: 20, height: 1 },
    { left: 0, top: 2, width: 1, height: 9 },
    { left: 2 ** 31 - 1, top: 2 ** 31 - 1, width: 2 ** 31 - 1, height: 2 ** 31 - 1 },
  ]) {
    await expect(store.window(0, box, 8)).rejects.toMatchObject({
      code: 'NATIVE_ERROR',
      message: 'the window does not lie in the image',
    });
  }
  expect(() => store.window(0, { ...fits, width: 0 }, 8)).toThrow('width must be a whole number from 1');
  expect(() => store.window(0, { ...fits, left: -1 }, 8)).toThrow('left must be a whole number from 0');
  expect(() => store.window(0, fits, 0)).toThrow('side must be a whole number from 1 to 16384');
  store.close();
  const file = path.join(tmp, 'missing', 'images');
  expect(() => backend.createImageStore(1, { memory: 0, file })).toThrow(
    `${file}: the file of the images can't be made (No such file or directory)`,
  );
});
