import fs from 'node:fs';
import path from 'node:path';
import type { Backend, CropStore, ModelOptions, RgbImage, SessionOptions } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { buildNetwork } from '../../lib/network/architecture';
import { ANTS_BEES } from '../cli/run';
import { ON_DEVICE } from '../device';
import { sessionWith } from '../made-weights';

/** The fixture's validation images, ants first. */
export const FILES = ['ants', 'bees'].flatMap((name) => {
  const folder = path.join(ANTS_BEES, 'val', name);
  return fs
    .readdirSync(folder)
    .sort()
    .map((file) => path.join(folder, file));
});
export const TARGETS = Int32Array.from(FILES, (file) => (file.includes('ants-bees/val/ants') ? 0 : 1));

/** A store of crops of the fixture's validation images. */
export async function fillStore(backend: Backend, crop: number, count = FILES.length): Promise<CropStore> {
  const store = backend.createCropStore(count, crop);
  for (let i = 0; i < count; i++) await store.put(i, await decodeImage(FILES[i] ?? ''), Math.round((crop * 8) / 7));
  return store;
}

/** An image without meaning, the same every time. */
export function madeImage(width: number, height: number): RgbImage {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + (i >> 3) * 104729) >>> 3),
  };
}

export const OPTIONS: SessionOptions = sessionWith({
  network: buildNetwork('resnet18', 2),
  seed: 3,
  threads: 2,
  trainFrom: 'fc',
  momentum: 0.5,
  cacheMemory: 1e9,
  ...ON_DEVICE,
});

const { network, device, precision, threads, mean, std } = OPTIONS;
export const MODEL: ModelOptions = { network, device, precision, threads, mean, std };

/** The elements of a tensor of float32. */
export function floats({ data }: { data: Uint8Array }): Float32Array {
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

/** The greatest difference, as a share of the greatest value. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let greatest = 0;
  let apart = 0;
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i] as number, b[i] as number];
    const distance = one > other ? one - other : other - one;
    // Written so that what is no number is infinitely far.
    if (!(distance <= apart)) apart = distance === distance ? distance : Infinity;
    const size = other < 0 ? -other : other;
    if (size > greatest) greatest = size;
  }
  return apart === 0 ? 0 : apart / greatest;
}
