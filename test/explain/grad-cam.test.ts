import { openBackend } from '../../lib/backend/registry';
import type { Backend, GradCamResult } from '../../lib/backend/types';
import { normalised } from '../../lib/grad-cam/grad-cam';
import { mapLayers } from '../../lib/grad-cam/layers';
import { upsample } from '../../lib/grad-cam/upsample';
import { buildNetwork } from '../../lib/network/architecture';
import type { Architecture } from '../../lib/options';
import { IMAGES, REFERENCE, withSeeded } from './seeded';

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend('native', () => {}, 'cpu');
});

/** The greatest difference from the reference, of maps that are normalised one by one. */
function apart({ maps, height, width }: GradCamResult, expected: readonly number[]): number {
  const area = height * width;
  const made = Array.from({ length: IMAGES }, (_, k) => [...normalised(maps.slice(k * area, (k + 1) * area))]).flat();
  expect(made.length).toBe(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - (made[i] ?? NaN))));
}

describe.each(Object.keys(REFERENCE.networks) as Architecture[])('Grad-CAM of %s', (arch) => {
  const layers = Object.entries(REFERENCE.networks[arch]?.layers ?? {});

  // The reference has five decimals.
  const precisions = [['fp32', 1e-3] as const, ...(arch === 'resnet18' ? [['fp64', 1e-5] as const] : [])];
  test.each(precisions)("in %s is that of torch's hooks and autograd", async (precision, tolerance) => {
    await withSeeded(backend, arch, precision, async (explain) => {
      for (const [layer, { size, classes }] of layers) {
        for (const [target, expected] of Object.entries(classes)) {
          const made = await explain(layer, Number(target));
          expect([layer, made.height, made.width]).toEqual([layer, ...size]);
          expect([layer, target, apart(made, expected) < tolerance]).toEqual([layer, target, true]);
        }
      }
    });
  });
});

test('one image at a time and several give the same, and the most probable class is taken where none is asked for', async () => {
  await withSeeded(backend, 'resnet18', 'fp32', async (explain) => {
    const { logits } = REFERENCE.networks['resnet18'] ?? { logits: [] };
    const best = logits.map((row) => row.indexOf(Math.max(...row)));
    const together = await explain('layer3', -1, 2);
    const apart = await explain('layer3', -1, 1);
    expect([...together.classes]).toEqual(best);
    expect([...apart.classes]).toEqual(best);
    logits.flat().forEach((value, i) => expect(together.logits[i]).toBeCloseTo(value, 3));
    const largest = Math.max(...together.maps);
    together.maps.forEach((value, i) => expect(Math.abs(value - (apart.maps[i] ?? NaN))).toBeLessThan(1e-4 * largest));
  });
});

test('every module that is said to have a map has one, and no other', async () => {
  await withSeeded(backend, 'resnet18', 'fp32', async (explain) => {
    const layers = mapLayers(buildNetwork('resnet18', 5));
    expect(layers).toHaveLength(65);
    const kinds = layers.filter((name) => !/^layer[23]|1\.(conv|bn)1/.test(name));
    for (const layer of kinds) expect([layer, (await explain(layer, 1)).width > 0]).toEqual([layer, true]);
    for (const layer of [
      '',
      'fc',
      'avgpool',
      'layer5',
      'layer1.2',
      'layer1.0.bn3',
      'layer1.0.downsample.0',
      'layer2.',
      'layer11',
    ]) {
      await expect(explain(layer, 1)).rejects.toThrow(`no module ${layer} whose output is an image`);
    }
  });
});

test('a map in another size is as torch interpolates it', () => {
  for (const { size, values, to, made } of REFERENCE.upsampled) {
    const map = { values: Float32Array.from(values), height: size[0], width: size[1] };
    const larger = upsample(map, to[1], to[0]);
    expect([larger.height, larger.width]).toEqual(to);
    made.forEach((value, i) => expect(Math.abs(value - (larger.values[i] ?? NaN))).toBeLessThan(2e-5));
  }
});

test('a map is from 0 to 1, and all 0 where there is nothing to tell apart', () => {
  expect([...normalised(Float32Array.of(2, 3, 4))]).toEqual([0, 0.5, 1]);
  expect([...normalised(Float32Array.of(0, 0))]).toEqual([0, 0]);
  expect([...normalised(Float32Array.of(7))]).toEqual([0]);
});
