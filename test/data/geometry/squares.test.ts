import fs from 'node:fs';
import path from 'node:path';
import { openJsBackend } from '../../../lib/backend/js/backend';
import { openNativeBackend } from '../../../lib/backend/native/backend';
import type { CropOptions } from '../../../lib/backend/types';
import { sha256 } from '../../backend/sessions';
import { FOLLOWED_PILLOW } from '../../python-pillow';
import { noise } from './noise';

type Case = [number, number, number, number, 'crop' | 'pad' | 'stretch', 'bilinear' | 'bicubic', string];

const { pillow, cases } = JSON.parse(fs.readFileSync(path.join(__dirname, 'squares.json'), 'utf8')) as {
  pillow: string;
  cases: Case[];
};

const OPENED = { native: openNativeBackend, js: () => openJsBackend('cpu') };

test('the vectors are those of the Pillow that is followed', () => {
  expect(pillow).toBe(FOLLOWED_PILLOW);
});

test('what is no way to make a square is refused at the border', async () => {
  const backend = await openNativeBackend();
  const size = { resize: 8, crop: 8 };
  for (const how of [{ fit: 'squeeze' }, { interpolation: 'lanczos' }, { filter: 'bicubic' }]) {
    const [[key = ''] = []] = Object.entries(how);
    const problem = new RegExp(key);
    await expect((async () => backend.resizeCrop(noise(9, 9), { ...size, ...(how as object) }))()).rejects.toThrow(
      problem,
    );
    const store = backend.createCropStore(1, 8);
    await expect((async () => store.put(0, noise(9, 9), 8, how as never))()).rejects.toThrow(problem);
    store.close();
  }
});

test.each(['native', 'js'] as const)('crop, pad and stretch give the bytes of Pillow: %s', async (name) => {
  const backend = await OPENED[name]();
  const made: typeof cases = [];
  for (const [width, height, resize, crop, fit, interpolation] of cases) {
    const { data } = await backend.resizeCrop(noise(width, height), { resize, crop, fit, interpolation });
    made.push([width, height, resize, crop, fit, interpolation, sha256(data)]);
  }
  expect(made).toEqual(cases);
});

test.each(['native', 'js'] as const)(
  'a store keeps what is asked for, and crops where nothing is: %s',
  async (name) => {
    const backend = await OPENED[name]();
    const image = noise(90, 60);
    const of = async (options: Partial<CropOptions>): Promise<string> =>
      sha256((await backend.resizeCrop(image, { resize: 40, crop: 33, ...options })).data);
    const store = backend.createCropStore(3, 33);
    await store.put(0, image, 40);
    await store.put(1, image, 40, { fit: 'pad' });
    const given = await store.putAndGet(2, image, 40, { fit: 'stretch', interpolation: 'bicubic' });
    const expected = [await of({}), await of({ fit: 'pad' }), await of({ fit: 'stretch', interpolation: 'bicubic' })];
    expect([0, 1, 2].map((index) => sha256(store.get(index)))).toEqual(expected);
    expect(sha256(given)).toBe(expected[2]);
    expect(new Set(expected).size).toBe(3);
    store.close();
  },
);
