import type { Decoded } from '../../lib/check/duplicates';
import { lookAlikes } from '../../lib/check/look-alikes';
import { likeness } from '../../lib/check/perceptual-hash';
import { mulberry32 } from '../../lib/data/draw';

jest.mock('../../lib/check/perceptual-hash', () => {
  const actual = jest.requireActual<{ likeness: typeof likeness }>('../../lib/check/perceptual-hash');
  return { ...actual, likeness: jest.fn(actual.likeness) };
});

const random = mulberry32(7);
const thumb = (): Uint8Array => Uint8Array.from({ length: 256 }, () => Math.floor(random() * 256));
/** As `share` of one picture and else of another. */
const mixed = (a: Uint8Array, b: Uint8Array, share: number): Uint8Array =>
  a.map((value, i) => Math.round(share * value + (1 - share) * (b[i] ?? 0)));

/** An image of which only its look counts. */
const image = (low: number, look: Uint8Array): Decoded =>
  ({ inspected: { contrast: 50, look: { high: 0, low, thumb: look } } }) as unknown as Decoded;

async function pairsOf(images: Decoded[]): Promise<string[]> {
  const each = images.map((_, i) => [i]);
  const pairs = await lookAlikes(images, each, () => Promise.resolve());
  return pairs.map(({ a, b }) => `${a} ${b}`).sort();
}

const [ONE, OTHER, THIRD] = [thumb(), thumb(), thumb()];
const near = (look: Uint8Array): Uint8Array => mixed(look, THIRD, 0.95);

test('of images with the very same hash each is compared with those whose hash is near', async () => {
  expect(await pairsOf([image(0, ONE), image(0, OTHER), image(3, near(OTHER))])).toEqual(['1 2']);
  // Whichever of them comes first.
  expect(await pairsOf([image(3, near(OTHER)), image(0, ONE), image(0, OTHER)])).toEqual(['0 2']);
});

test('of images with the very same hash each is compared with the others', async () => {
  expect(await pairsOf([image(0, ONE), image(0, OTHER), image(0, near(OTHER))])).toEqual(['1 2']);
  expect(await pairsOf([image(0, ONE), image(0, OTHER), image(0, near(ONE)), image(0, near(OTHER))])).toEqual([
    '0 2',
    '1 3',
  ]);
  // A chain, whose ends are not alike: no image stands for another that is much unlike it.
  const chain = [ONE, mixed(ONE, OTHER, 0.75), mixed(ONE, OTHER, 0.55)];
  expect(await pairsOf(chain.map((look) => image(0, look)))).toEqual(['0 1', '1 2']);
});

test.each([
  ['copies of one image', () => near(ONE), 1],
  ['images that are all different', thumb, 8],
])('%s of the same hash are not compared all with all', async (_what, look, most) => {
  jest.mocked(likeness).mockClear();
  const count = 3000;
  await pairsOf(Array.from({ length: count }, () => image(0, look())));
  expect(jest.mocked(likeness).mock.calls.length).toBeLessThanOrEqual(most * count);
});

test('many images of two near hashes are compared by few', async () => {
  jest.mocked(likeness).mockClear();
  await pairsOf(Array.from({ length: 2000 }, (_, i) => image(i % 2, thumb())));
  expect(jest.mocked(likeness).mock.calls.length).toBeLessThanOrEqual(8 * 2000 + 8 * 8);
});
