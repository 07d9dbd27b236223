import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../../lib/backend/native/load';
import { CropCache } from '../../lib/data/crop-cache';
import { makeCrops } from '../../lib/data/crops';
import { scanImageFolder, type Sample } from '../../lib/data/image-folder';
import { ANTS_BEES, scratch } from '../cli/run';

const tmp = scratch();
const CROP = 64;
const BYTES = 3 * CROP * CROP;
let count = 0;
const fresh = (): string => path.join(tmp, String(++count));

const open = (dir: string, options: { limit?: number; kind?: string; packBytes?: number } = {}): Promise<CropCache> =>
  CropCache.open({ dir, limit: 1e9, kind: 'test', bytes: BYTES, ...options });

/** The crops of a run with a cache, and how many of them the cache had. */
async function crops(samples: Sample[], cache: CropCache | undefined): Promise<{ crops: string[]; found: number }> {
  const made = await makeCrops({ backend: loadAddon(), samples, resize: 72, crop: CROP, skipUnreadable: false, cache });
  const out = samples.map((_, i) => Buffer.from(made.store.get(i)).toString('base64'));
  made.store.close();
  await cache?.close();
  return { crops: out, found: cache?.found ?? 0 };
}

const packs = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.crops'))
    .map((name) => path.join(dir, name));

let samples: Sample[];
let expected: string[];
beforeAll(async () => {
  ({ samples } = await scanImageFolder(path.join(ANTS_BEES, 'train')));
  expected = (await crops(samples, undefined)).crops;
});

test('the second run finds every crop, byte for byte; another kind finds none', async () => {
  const dir = path.join(fresh(), 'shared', 'crops');
  expect(await crops(samples, await open(dir))).toEqual({ crops: expected, found: 0 });
  expect(await crops(samples, await open(dir))).toEqual({ crops: expected, found: samples.length });
  expect(await crops(samples, await open(dir, { kind: 'other' }))).toEqual({ crops: expected, found: 0 });
  expect(readdirSync(dir).filter((name) => !name.endsWith('.crops'))).toEqual([]);
  if (process.platform !== 'win32') {
    expect(statSync(dir).mode & 0o077).toBe(0);
    // Weights and data sets beside the crops are for whoever shares the cache.
    expect(statSync(path.dirname(dir)).mode & 0o055).toBe(0o055);
    for (const pack of packs(dir)) expect(statSync(pack).mode & 0o077).toBe(0);
  }
});

test('another image under the same name, size and time is not taken for the old one', async () => {
  const dir = fresh();
  const folder = fresh();
  mkdirSync(folder);
  const [first, second] = samples.map(({ file }) => file) as [string, string];
  const file = path.join(folder, 'image.jpg');
  const time = new Date(1e12);
  const one: Sample[] = [{ file, name: 'a/image.jpg', target: 0 }];
  const size = Math.max(statSync(first).size, statSync(second).size);
  for (const [source, index] of [
    [first, 0],
    [second, 1],
  ] as const) {
    copyFileSync(source, file);
    truncateSync(file, size); // zeros behind the end of a JPEG change nothing
    utimesSync(file, time, time);
    expect(await crops(one, await open(dir))).toEqual({ crops: [expected[index]], found: 0 });
  }
});

describe('damage is found, and the crops are made anew and kept', () => {
  const damages: Record<string, (file: string) => void> = {
    'a byte of a crop': (file) => {
      const bytes = readFileSync(file);
      bytes[BYTES + 5] = (bytes[BYTES + 5] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
    'a byte of the index': (file) => {
      const bytes = readFileSync(file);
      const at = samples.length * BYTES + 7;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
    'a cut end': (file) => truncateSync(file, statSync(file).size - 10),
    'an empty file': (file) => truncateSync(file, 0),
    'other content': (file) => writeFileSync(file, 'x'.repeat(1000)),
  };
  test.each(Object.keys(damages))('%s', async (name) => {
    const dir = fresh();
    await crops(samples, await open(dir));
    const [pack = ''] = packs(dir);
    damages[name]?.(pack);
    const again = await crops(samples, await open(dir));
    expect(again.crops).toEqual(expected);
    expect(again.found).toBeLessThan(samples.length);
    const third = await crops(samples, await open(dir));
    expect(third.crops).toEqual(expected);
    // Crops read before the damage was met may have gone with their pack.
    const fourth = await crops(samples, await open(dir));
    expect(fourth).toEqual({ crops: expected, found: samples.length });
  });
});

test('the packs used longest ago go when there is no room, and nothing else in the folder', async () => {
  const dir = fresh();
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'photo.crops'), 'not ours');
  const parts = [samples.slice(0, 4), samples.slice(4, 8), samples.slice(8, 10)] as [Sample[], Sample[], Sample[]];
  const limit = 9 * BYTES; // two packs of four with what belongs to them
  await crops(parts[0], await open(dir, { limit }));
  for (const pack of packs(dir)) utimesSync(pack, new Date(1e12), new Date(1e12));
  await crops(parts[1], await open(dir, { limit }));
  for (const pack of packs(dir)) utimesSync(pack, new Date(1e12), new Date(statSync(pack).mtimeMs - 1e6));
  expect((await crops(parts[0], await open(dir, { limit }))).found).toBe(4); // now the one used last
  await crops(parts[2], await open(dir, { limit }));
  const total = packs(dir).reduce((sum, pack) => sum + statSync(pack).size, 0);
  expect(total).toBeLessThanOrEqual(limit);
  expect(readFileSync(path.join(dir, 'photo.crops'), 'utf8')).toBe('not ours');
  expect((await crops(parts[0], await open(dir, { limit }))).found).toBe(4);
  expect((await crops(parts[1], await open(dir, { limit }))).found).toBe(0);
});

test('a run makes room while it goes on, but of its own kind only at its end', async () => {
  const dir = fresh();
  const limit = 10 * (BYTES + 100);
  const packBytes = BYTES; // each crop is a pack
  const sizeOf = (): number => packs(dir).reduce((sum, pack) => sum + statSync(pack).size, 0);
  const old = samples.slice(0, 4);
  await crops(samples.slice(0, 6), await open(dir, { kind: 'other', limit, packBytes }));
  await crops(old, await open(dir, { limit, packBytes }));
  for (const pack of packs(dir)) utimesSync(pack, new Date(1e12), new Date(1e12));
  const cache = await open(dir, { limit, packBytes });
  const crop = Buffer.alloc(BYTES);
  for (let i = 0; i < 6; i++) {
    await cache.add(String(i).padStart(32), crop);
    expect(sizeOf()).toBeLessThanOrEqual(limit);
  }
  // The others have gone; what this run may still use has not.
  for (const { file } of old) expect(await cache.get(await CropCache.key(readFileSync(file)))).toHaveLength(BYTES);
  await cache.close();
  expect(packs(dir)).toHaveLength(10);
  expect((await crops(old, await open(dir, { limit, packBytes }))).found).toBe(4);
});

test('a full pack is followed by another', async () => {
  const dir = fresh();
  const packBytes = 3 * BYTES; // passed by the third crop
  expect(await crops(samples, await open(dir, { packBytes }))).toEqual({ crops: expected, found: 0 });
  expect(packs(dir)).toHaveLength(Math.ceil(samples.length / 3));
  expect(await crops(samples, await open(dir, { packBytes }))).toEqual({ crops: expected, found: samples.length });
});

test('a set larger than the limit is cached as far as it fits, and stays', async () => {
  const dir = fresh();
  const limit = 5.5 * BYTES;
  for (const found of [0, 5, 5]) {
    expect(await crops(samples, await open(dir, { limit }))).toEqual({ crops: expected, found });
  }
});

test('several runs at the same time share a folder', async () => {
  const dir = fresh();
  const runs = [1, 2, 3].map(async () => crops(samples, await open(dir)));
  for (const run of await Promise.all(runs)) expect(run.crops).toEqual(expected);
  expect(await crops(samples, await open(dir))).toEqual({ crops: expected, found: samples.length });
});

test('a pack that another process removes only means work', async () => {
  const dir = fresh();
  await crops(samples, await open(dir));
  const cache = await open(dir);
  for (const pack of packs(dir)) truncateSync(pack, 0);
  expect(await crops(samples, cache)).toEqual({ crops: expected, found: 0 });
});

test('a folder that cannot be written to is a reason to tell, not to fail', async () => {
  const file = fresh();
  writeFileSync(file, 'a file where the folder should be');
  const cache = await open(path.join(file, 'crops'));
  expect(await crops(samples, cache)).toEqual({ crops: expected, found: 0 });
  expect(cache.problem).toMatch(/can't be written \(ENOTDIR\)/);
});
