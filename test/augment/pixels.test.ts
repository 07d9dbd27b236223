import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../../lib/backend/native/load';
import type { RgbImage } from '../../lib/backend/types';
import { FOLLOWED_PILLOW } from '../python-pillow';
import { IMAGES } from './images';

interface Case {
  name: string;
  values: number[];
  image: string;
  bilinear: boolean;
  fill: number[];
  sha: string;
}

interface Vectors {
  versions: { torchvision: string; pillow: string };
  images: Record<string, string>;
  cases: Case[];
  magnitudes: Record<'trivial-augment' | 'rand-augment', Record<string, number[] | number>>;
  batch: {
    images: number[];
    targets: number[];
    mixes: { own: number; part: number[]; images: number[]; targets: number[] }[];
  };
}

const VECTORS = JSON.parse(fs.readFileSync(path.join(__dirname, 'vectors.json'), 'utf8')) as Vectors;

const shaOf = ({ data }: RgbImage): string => crypto.createHash('sha256').update(data).digest('hex').slice(0, 16);

function imageOf(name: string): RgbImage {
  const image = IMAGES[name];
  if (image === undefined) throw new Error(`there is no image ${name}`);
  return image;
}

const augmented = ({ name, values, image, bilinear, fill }: Case): RgbImage =>
  loadAddon().augmentImage({ ...imageOf(image), name, values, bilinear, fill: Uint8Array.from(fill) });

test('the vectors are of the Pillow that is followed, and of these images', () => {
  expect(VECTORS.versions).toEqual({
    torchvision: expect.stringMatching(/^0\.29\.1/) as string,
    pillow: FOLLOWED_PILLOW,
  });
  expect(Object.fromEntries(Object.entries(IMAGES).map(([name, image]) => [name, shaOf(image)]))).toEqual(
    VECTORS.images,
  );
});

const names = [...new Set(VECTORS.cases.map(({ name }) => name))];

test.each(names)("%s gives torchvision's bytes", (name) => {
  const cases = VECTORS.cases.filter((one) => one.name === name);
  const wrong = cases.filter((one) => shaOf(augmented(one)) !== one.sha);
  expect(wrong).toEqual([]);
});

test('the cases are of every change, and most of them change something', () => {
  expect(names).toHaveLength(15);
  const same = VECTORS.cases.filter((one) => shaOf(imageOf(one.image)) === one.sha);
  expect(same.length).toBeLessThan(VECTORS.cases.length / 5);
});

test.each(['trivial-augment', 'rand-augment'] as const)(
  "the magnitudes of %s are torchvision's to the bit",
  (policy) => {
    const asked = { what: `${policy}-magnitudes`, seed: 0, sample: 0, side: 224, value: 0 } as const;
    const magnitudes = loadAddon().drawAugmentation(asked);
    const expected = Object.values(VECTORS.magnitudes[policy]).flatMap((values) =>
      typeof values === 'number' ? new Array<number>(31).fill(values) : values,
    );
    expect([...magnitudes]).toEqual(expected);
  },
);

test.each(VECTORS.batch.mixes)("a batch mixed by $own, part $part, is torchvision's within 1e-6", (mix) => {
  const { images, targets } = VECTORS.batch;
  const made = loadAddon().augmentBatch({
    ...{ count: 3, side: 4, classes: 4, own: mix.own, part: Int32Array.from(mix.part) },
    ...{ images: Float64Array.from(images), targets: Int32Array.from(targets) },
  });
  const apart = (a: Float32Array, b: number[]) => Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
  expect(made.images).toHaveLength(mix.images.length);
  expect(apart(made.images, mix.images)).toBeLessThan(1e-6);
  expect(made.targets).toHaveLength(mix.targets.length);
  expect(apart(made.targets, mix.targets)).toBeLessThan(1e-6);
});
