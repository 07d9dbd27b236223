import { openNativeBackend } from '../../lib/backend/native/backend';
import { loadAddon } from '../../lib/backend/native/load';
import type { BatchOptions } from '../../lib/backend/native/addon';
import type { Backend, Box, CropStore, ImageStore } from '../../lib/backend/types';
import { fillStore, madeImage } from '../backend/images';

const SIDE = 24;
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const NORMALISED = { mean: MEAN, std: STD, asOnGpu: false };
const none = new Uint8Array();
const crops = new Int32Array();

/** Left, top, width and height of a window of each image. */
const BOXES: readonly Box[] = [
  { left: 0, top: 0, width: 50, height: 40 },
  { left: 7, top: 3, width: 24, height: 24 },
  { left: 30, top: 10, width: 9, height: 31 },
];

let backend: Backend;
let images: ImageStore;
let store: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend();
  images = backend.createImageStore(BOXES.length + 1, { memory: 1e6 });
  // Image 1 could not be read.
  for (const [i, at] of [0, 2, 3].entries()) await images.put(at, madeImage(50 + i, 41), 0);
  store = await fillStore(backend, SIDE, 4);
});
afterAll(() => {
  images.close();
  store.close();
});

/** ToTensor and Normalize in float32, with true divisions. */
function normalised(bytes: Uint8Array): number[] {
  return Array.from(bytes, (byte, at) => {
    const c = at % 3;
    const less = Math.fround(Math.fround(byte / 255) - Math.fround(MEAN[c] as number));
    return Math.fround(less / Math.fround(STD[c] as number));
  });
}

const ORDER = Int32Array.of(2, 0, 1, 2);
const MIRRORED = Uint8Array.of(0, 1, 0, 1);
const INDICES = Int32Array.of(0, 2, 3);

function windows(): BatchOptions {
  const numbers = [...ORDER].flatMap((sample) => {
    const { left, top, width, height } = BOXES[sample] as Box;
    return [left, top, width, height];
  });
  const indices = Int32Array.of(...INDICES, 0);
  const drawn = { order: ORDER, mirrored: MIRRORED, windows: Int32Array.from(numbers) };
  return { store: images, size: SIDE, indices, ...drawn, ...NORMALISED };
}

test('a batch has the window that was drawn for each sample, mirrored where that was drawn too', async () => {
  const expected: number[] = [];
  for (const [at, sample] of ORDER.entries()) {
    const cut = await images.window(INDICES[sample] as number, BOXES[sample] as Box, SIDE, MIRRORED[at] === 1);
    expected.push(...normalised(cut.data));
  }
  expect([...loadAddon().makeBatch(windows())]).toEqual(expected);
});

test('of crops it has the bytes of the store, also of one with gaps', () => {
  const order = Int32Array.of(1, 0);
  const indices = Int32Array.of(2, 3, 0, 0);
  const made = loadAddon().makeBatch({ store, indices, order, mirrored: none, windows: crops, ...NORMALISED });
  expect([...made]).toEqual([...normalised(store.get(3)), ...normalised(store.get(2))]);
});

test('made as on a GPU it is the same but for rounding; windows are cut anew, crops may lie there', () => {
  const indices = Int32Array.of(2, 3, 0, 1);
  const fixed = { store, indices, order: Int32Array.of(3, 1, 2), mirrored: Uint8Array.of(1, 0, 1), windows: crops };
  for (const options of [windows(), { ...fixed, ...NORMALISED }]) {
    const expected = loadAddon().makeBatch(options);
    const made = loadAddon().makeBatch({ ...options, asOnGpu: true });
    expect(made).toHaveLength(expected.length);
    let apart = 0;
    made.forEach((value, i) => (apart = Math.max(apart, Math.abs(value - (expected[i] as number)))));
    expect(apart).toBeLessThan(1e-6);
  }
});

test('a window of crops, and images without one, are refused', () => {
  const order = Int32Array.of(0);
  const base = { order, mirrored: none, ...NORMALISED };
  expect(() => loadAddon().makeBatch({ store, ...base, windows: Int32Array.of(0, 0, 2, 2) })).toThrow(
    'of crops there is no other part: that needs a store of images',
  );
  expect(() => loadAddon().makeBatch({ store: images, size: SIDE, ...base, windows: crops })).toThrow(
    'of images a window must be given',
  );
  expect(() =>
    loadAddon().makeBatch({ store: images, size: SIDE, ...base, windows: Int32Array.of(0, 0, 99, 1) }),
  ).toThrow('the window does not lie in the image');
});
