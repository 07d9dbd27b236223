import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../../lib/backend/native/load';
import { resizeAndCrop } from '../../lib/backend/js/resize';
import { cropImages, makeCrops } from '../../lib/data/crops';
import { scanImageFolder } from '../../lib/data/image-folder';
import { ANTS_BEES, scratch } from '../cli/run';
import { testOfMemory } from '../sanitized';

const tmp = scratch();

test('crops in a file are those in memory, and no file is left to see', async () => {
  const { samples } = await scanImageFolder(path.join(ANTS_BEES, 'val'));
  const options = { backend: loadAddon(), samples, resize: 256, crop: 224, skipUnreadable: false };
  const folder = path.join(tmp, 'store');
  mkdirSync(folder);
  const memory = await makeCrops(options);
  const file = await makeCrops({ ...options, storeFile: path.join(folder, 'crops') });
  try {
    expect(memory.store.inFile).toBe(false);
    if (process.platform !== 'win32') {
      expect(file.store.inFile).toBe(true);
      expect(readdirSync(folder)).toEqual([]);
    }
    for (let i = 0; i < samples.length; i++) expect(file.store.get(i)).toEqual(memory.store.get(i));
  } finally {
    memory.store.close();
    file.store.close();
  }
});

test('the crop of an image stands at its index, whatever could not be read before it', async () => {
  const { samples } = await scanImageFolder(path.join(ANTS_BEES, 'val'));
  const files = samples.map(({ file }) => file);
  const options = { backend: loadAddon(), resize: 72, crop: 64 };
  const whole = await cropImages({ ...options, inputs: files });
  const none = path.join(tmp, 'none.jpg');
  const inputs = [none, ...files.slice(0, 3), none, none, ...files.slice(3), none];
  for (const storeFile of [undefined, path.join(tmp, 'gaps')]) {
    const { store, indices, errors } = await cropImages({ ...options, inputs, storeFile });
    expect([...errors.keys()].sort((a, b) => a - b)).toEqual([0, 4, 5, inputs.length - 1]);
    expect([...indices]).toEqual([1, 2, 3, 6, 7, 8, 9, 10]);
    [...indices].forEach((at, i) => expect(store.get(at)).toEqual(whole.store.get(i)));
    store.close();
  }
  whole.store.close();
});

const posix = process.platform === 'win32' ? test.skip : test;

posix('a file that cannot be made, or has no room, is an error of ours', async () => {
  const { samples } = await scanImageFolder(path.join(ANTS_BEES, 'val'));
  const options = { backend: loadAddon(), samples, resize: 256, crop: 224, skipUnreadable: false };
  const none = path.join(tmp, 'missing', 'crops');
  await expect(makeCrops({ ...options, storeFile: none })).rejects.toMatchObject({
    code: 'OUTPUT_NOT_WRITABLE',
    message: expect.stringMatching(/missing.crops: the file of the crops can't be made \(No such file or directory\)/),
  });
  expect(existsSync(none)).toBe(false);
});

testOfMemory('memory that the system refuses is an error of ours', async () => {
  const inputs = new Array<string>(1e6).fill('image.jpg'); // 800 TB
  await expect(cropImages({ backend: loadAddon(), inputs, resize: 0, crop: 16384 })).rejects.toMatchObject({
    code: 'NATIVE_ERROR',
    message: 'no memory for the crops',
  });
});

test('native resizing gives the bytes of the plain implementation, whatever the size', async () => {
  const addon = loadAddon();
  const sizes = [
    [1, 1],
    [2, 3],
    [3, 900],
    [900, 3],
    [224, 224],
    [256, 300],
    [257, 256],
    [255, 257],
    [500, 375],
    [375, 500],
    [1031, 97],
    [2500, 1700],
  ];
  let state = 1;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  for (const [width = 0, height = 0] of sizes) {
    const data = Uint8Array.from({ length: width * height * 3 }, random);
    const image = { width, height, data };
    for (const options of [
      { resize: 256, crop: 224 },
      { resize: 31, crop: 0 },
      { resize: 0, crop: 100 },
    ]) {
      const [got, want] = [await addon.resizeCrop(image, options), await resizeAndCrop(image, options)];
      const same = Buffer.compare(Buffer.from(got.data), Buffer.from(want.data)) === 0;
      expect([width, height, options, got.width, got.height, same]).toEqual([
        width,
        height,
        options,
        want.width,
        want.height,
        true,
      ]);
    }
  }
});
